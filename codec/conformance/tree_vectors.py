"""Vectors of trees: each kind of document, each member, each name, wrong at its edges, in a tree that is right otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TypeAlias

from codec.conformance import damage
from codec.conformance.bench import Bench, Tally
from codec.conformance.json_paths import absent_paths, member_paths, plain_paths
from codec.conformance.points import parents
from codec.conformance.vectors import Files, Link, Options, Vector
from codec.layout.literal_path import LiteralPath
from codec.spec import plan
from codec.spec.words import Among, Compared, Condition, Constant, Field, Joined, Name, Not

MOST_TREES = 4  # in which a member is damaged until enough of it was refused
MOST_CHECKED = 100  # the same, while a check of the thing has not been broken
MOST_NAMES = 2  # documents of a kind that are called otherwise
MOST_LINES = 6  # of a document of lines that are damaged
NAMES = (
    ("escape", "%zz"),
    ("blank", "a b"),
    ("letters", "\u00e9"),
    ("percent", "%"),
    ("mark", "b64.!"),
    ("plain", "x"),
)
Spoken: TypeAlias = Mapping[str, tuple[str, ...]]  # JSON texts for members
Group = tuple[str, Iterator[damage.Candidate]]
ASIDE = "elsewhere"  # a folder that belongs to no adapter


class TreeVectors:
    """Makes the vectors of the documents of one adapter, out of trees; `options` are those that the trees were made with."""

    def __init__(self, bench: Bench, adapter: plan.Adapter, trees: list[tuple[Files, Options]]) -> None:
        self.bench, self.adapter, self.trees = bench, adapter, trees
        self._tallies: dict[str, Tally] = {}
        self._right: set[tuple[str, ...]] = (
            set()
        )  # members, and values that checks name and that are right in such trees
        self._names = {f"{adapter.name}.{names.name}": names for names in adapter.names.values()}

    def vectors(self) -> Iterator[Vector]:
        """Of every kind of document, and of what stands around them."""
        for files, options in self.trees:
            for path in sorted(files):
                for anchor, document in self.bench.observer.documents(path):
                    if anchor.startswith(f"{self.adapter.name}."):
                        yield from self._of_document(files, path, anchor, document, tuple(options))
        for files, _ in self.trees[:MOST_TREES]:
            yield from self._of_folders(files)
        yield from self._too_large()

    # -------------------------------------------------------------------------------------------- one document

    def _of_document(
        self, files: Files, path: str, anchor: str, document: plan.Document | None, options: tuple[str, ...]
    ) -> Iterator[Vector]:
        entity = self.adapter.entity(document.entity if document is not None else self.adapter.entities[0].name)
        spoken = dict(spoken_of(entity, document, anchor)) if document is not None else {}
        for found, candidates in self._groups(files[path], anchor, document, spoken):
            tally = self._tally(found)
            checking = found in spoken and tally.places < MOST_CHECKED and not self.bench.all_broken(entity)
            if not checking and (tally.full() or tally.places >= MOST_TREES):
                continue
            tally.places += 1
            full = tally.places > MOST_TREES
            for name, sentence, data in candidates:
                full = full or tally.full()
                if full and not checking:
                    break
                if not full or name.startswith(damage.IN_RANGE):
                    yield from self._ask(found, name, f"`{found}` {sentence}", files | {path: data}, options=options)
        names = self._tallies.setdefault(f"{anchor} names", Tally())
        if names.places < MOST_NAMES:
            names.places += 1
            yield from self._of_names(files, path, anchor)

    def _groups(self, data: bytes, anchor: str, document: plan.Document | None, values: Spoken) -> Iterator[Group]:
        """The points of a document, each with the texts that are wrong in it."""
        if document is not None and document.kind == "raw":
            return
        whole = document is not None and document.kind in ("json", "keyed")
        texts = [data] if whole else data.splitlines(keepends=True)
        for index, text in enumerate(texts[:MOST_LINES]):
            before, after, value = b"".join(texts[:index]), b"".join(texts[index + 1 :]), damage.load(text)
            for found, path in self._members(value, anchor, document):
                yield found, _between(before, damage.of_member(value, path, values.get(found, ())), b"\n" + after)
            for found, path in self._absent(value, anchor, document):
                yield found, _between(before, damage.of_absent(value, path), b"\n" + after)
            yield anchor, _between(before, damage.of_text(text), after)
        if not whole:
            yield anchor, damage.of_lines(data)
        names, longest = self._names.get(anchor), f"{anchor}.longest"
        if names is not None and texts and not self._tally(longest).places:
            yield longest, _between(b"", damage.of_length(texts[0], names.max_line), b"".join(texts[1:]))

    @staticmethod
    def _members(
        value: object, anchor: str, document: plan.Document | None
    ) -> Iterator[tuple[str, tuple[damage.Step, ...]]]:
        if document is None:
            for _, path in plain_paths(anchor, value):
                yield anchor, path
        elif document.keyed is not None:
            for _, path in plain_paths(anchor, value):
                yield f"{anchor}.{document.members[0].name}" if document.members[0].name else anchor, path
        else:
            for members in (document.members, *(line.members for line in document.lines)):
                yield from member_paths(anchor, members, value)

    @staticmethod
    def _absent(
        value: object, anchor: str, document: plan.Document | None
    ) -> Iterator[tuple[str, tuple[damage.Step, ...]]]:
        if document is not None and document.keyed is None:
            for members in (document.members, *(line.members for line in document.lines if _is_line(line, value))):
                yield from absent_paths(anchor, members, value)

    # -------------------------------------------------------------------------------------------- names and kinds

    def _of_names(self, files: Files, path: str, anchor: str) -> Iterator[Vector]:
        others = {name: data for name, data in files.items() if name != path}
        folder, _, last = path.rpartition("/")
        stem, dot, suffix = last.partition(".")
        for name, text in NAMES:
            sentence = f"The name of `{anchor}` is {text!r}"
            yield from self._ask(
                anchor, f"name-{name}", sentence, others | {f"{folder}/{text}{dot}{suffix}": files[path]}
            )
        for step in range(1, path.count("/")):
            steps = path.split("/")
            steps[step] = "%zz"
            yield from self._ask(
                anchor, f"folder-{step}", f"A folder of `{anchor}` has no name", _moved(files, path, steps, step)
            )
        twin = f"%{ord(stem[0]):02X}{last[1:]}" if stem[:1].isalpha() else f"{last}x"
        yield from self._ask(
            anchor, "twin", f"`{anchor}` stands under two names", files | {f"{folder}/{twin}": files[path]}
        )
        copy = f"{folder}/{stem}-2{dot}{suffix}"
        yield from self._ask(anchor, "copy", f"Beside `{anchor}` stands the same again", files | {copy: files[path]})
        yield from self._ask(anchor, "gone", f"`{anchor}` is missing", others)
        yield from self._ask(anchor, "folder", f"`{anchor}` is a folder", others, (Link("folder", path),))
        target = self.bench.container.manifest.path
        yield from self._ask(
            anchor, "symbolic", f"`{anchor}` is a symbolic link", others, (Link("symbolic", path, target),)
        )
        yield from self._ask(anchor, "hard", f"`{anchor}` has two links", files, (Link("hard", f"{ASIDE}-link", path),))
        yield from self._ask(
            anchor, "stray", f"Beside `{anchor}` stands another file", files | {f"{folder}/stray": b"?"}
        )

    def _of_folders(self, files: Files) -> Iterator[Vector]:
        """Folders that are files, links, or of another number; names that the format keeps for itself."""
        assert self.adapter.folder is not None
        folder, anchor = self.adapter.folder, self.adapter.name
        paths = sorted(path for path in files if path.startswith(f"{folder.root}/"))
        if not paths:
            return
        for depth in range(1, paths[0].count("/") + 1):
            top = "/".join(paths[0].split("/")[:depth])
            outside = {path: data for path, data in files.items() if not path.startswith(f"{top}/")}
            moved = {
                f"{ASIDE}{path.removeprefix(top)}": data for path, data in files.items() if path.startswith(f"{top}/")
            }
            yield from self._ask(anchor, f"file-{depth}", "A folder is a file", outside | {top: b""})
            link = (Link("symbolic", top, ASIDE),)
            yield from self._ask(anchor, f"link-{depth}", "A folder is a symbolic link", outside | moved, link)
            yield from self._ask(
                anchor, f"stray-{depth}", "Among the folders stands a file", files | {f"{top}/stray": b"?"}
            )
        if folder.pattern:
            other = f"{folder.root}/{folder.pattern}1/stray"
            yield from self._ask(anchor, "number", "There is a folder of another number", files | {other: b"?"})
        home = paths[0].rpartition("/")[0]
        for name in self._reserved():
            sidecars = {f"{home}/{name}/x{end}": b"{}" for end in self._beside()}
            yield from self._ask(anchor, "reserved", f"A folder is called `{name}`", files | sidecars)

    def _too_large(self) -> Iterator[Vector]:
        """A text that is too long for the key that it goes into, if there is one."""
        frame, errors = self.bench.container.written.key, self.bench.container.written.write_errors
        assert frame is not None
        for files, _ in self.trees:
            for path in sorted(files):
                for anchor, document in self.bench.observer.documents(path):
                    if document is None or document.kind != "json" or not anchor.startswith(f"{self.adapter.name}."):
                        continue
                    value = damage.load(files[path])
                    for found, where in self._members(value, anchor, document):
                        tried = self._tally(f"{found} giant")
                        if not isinstance(damage.at(value, where), str) or self.bench.has_refused(errors["key_limit"]):
                            continue
                        if tried.places:
                            continue
                        tried.places += 1
                        data = damage.with_text(value, where, "k" * (frame.most + 1))
                        yield from self._ask(
                            found, "giant", f"`{found}` is longer than a key may be", files | {path: data}
                        )

    def _literal_paths(self) -> Iterator[LiteralPath]:
        for entity in self.adapter.entities:
            for document in entity.documents:
                for step in document.path:
                    yield from (
                        p.segment for p in step if isinstance(p, plan.PathPart) and isinstance(p.segment, LiteralPath)
                    )

    def _reserved(self) -> Iterable[str]:
        return dict.fromkeys(name for path in self._literal_paths() for name in (*path.folders, *path.files))

    def _beside(self) -> Iterable[str]:
        return ("", *dict.fromkeys(path.beside for path in self._literal_paths()))

    # -------------------------------------------------------------------------------------------- asking

    def _tally(self, anchor: str) -> Tally:
        return self._tallies.setdefault(anchor, Tally(self.bench.most))

    def _ask(
        self,
        anchor: str,
        name: str,
        sentence: str,
        files: Files,
        links: tuple[Link, ...] = (),
        options: tuple[str, ...] = (),
    ) -> Iterator[Vector]:
        if not possible({*files, *(link.path for link in links)}):
            return
        vector = self.bench.encode(
            anchor, name, sentence, files, hit=parents(anchor), kinds=("near-valid", "invalid"), links=links
        )
        if vector is None:
            return
        right = (anchor, name, *options)
        if vector.accepted and name.startswith(damage.NAMED) and right not in self._right:
            self._right.add(right)
            yield vector
        elif self._tally(anchor).take(vector, new=self.bench.is_new(vector)):
            yield vector


def spoken_of(entity: plan.Entity, document: plan.Document, anchor: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The members that checks speak of, each with JSON texts of values that checks name: right alone, wrong beside others."""
    known: dict[str, set[str]] = {}
    for check in entity.checks:
        for name in names_in(check.condition):
            known.setdefault(name, set())
        for name, value in _among(check.condition):
            known[name].add(json.dumps(value))
    for members in (document.members, *(line.members for line in document.lines)):
        for member in members:
            if member.target is not None and member.target.field in known:
                yield f"{anchor}.{member.name}", tuple(sorted(known[member.target.field]))
            elif member.each is not None and member.each.field in known:
                yield f"{anchor}.{member.name}", ()


def names_in(part: object) -> Iterator[str]:
    """The fields that a condition, or anything in it, speaks of."""
    if isinstance(part, Name):
        yield part.field
    elif isinstance(part, tuple):
        for inner in part:
            yield from names_in(inner)
    elif is_dataclass(part) and not isinstance(part, type):
        for one in fields(part):
            yield from names_in(getattr(part, one.name))


def _among(condition: Condition) -> Iterator[tuple[str, object]]:
    if isinstance(condition, Among):
        yield from ((condition.name.field, value) for value in condition.values)
    elif isinstance(condition, Compared) and isinstance(condition.left, Field):
        if isinstance(condition.right, Constant) and isinstance(condition.right.value, int):
            yield from ((condition.left.name.field, condition.right.value + more) for more in (0, 1))
    elif isinstance(condition, Not):
        yield from _among(condition.inner)
    elif isinstance(condition, Joined):
        for part in condition.parts:
            yield from _among(part)


def _is_line(line: plan.Line, value: object) -> bool:
    """Whether a value is a line of this kind, by the member that tells it."""
    names = {name for name, _ in value.members} if isinstance(value, damage.Object) else set()
    return line.members[0].name in names


def _between(before: bytes, candidates: Iterable[damage.Candidate], after: bytes) -> Iterator[damage.Candidate]:
    return ((name, sentence, before + data + after) for name, sentence, data in candidates)


def possible(paths: set[str]) -> bool:
    """Whether files can stand at all these paths: they are names, and none is a folder of another."""
    steps = {step for path in paths for step in path.split("/")}
    named = all(step not in ("", ".", "..") and len(step.encode("utf-8", "surrogateescape")) < 256 for step in steps)
    folders = {path[:at] for path in paths for at in range(len(path)) if path[at] == "/"}
    return named and folders.isdisjoint(paths)


def _moved(files: Files, path: str, steps: list[str], step: int) -> Files:
    """The tree with one folder of `path` called otherwise."""
    old = "/".join(path.split("/")[: step + 1]) + "/"
    new = "/".join(steps[: step + 1]) + "/"
    return {new + name.removeprefix(old) if name.startswith(old) else name: data for name, data in files.items()}
