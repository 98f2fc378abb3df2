"""Vectors of golden cases: what the reference made of real and hand-made inputs, wherever the toolkit gives its answer.

A folder of cases has one folder each, with `case.json`, the input, the tree, and the stream made of that tree, each
perhaps packed; and a file of lines, each a small tree and its stream. Where the toolkit differs on purpose there is no vector.
"""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import cast

from codec.compression import Expanded
from codec.conformance.compare import tree_differences
from codec.conformance.declared import MOST_DATA
from codec.conformance.index import rules_of
from codec.conformance.observe import Observer
from codec.conformance.oracle import Oracle, read_files, write_files
from codec.conformance.vectors import Direction, Files, Link, Options, Vector
from codec.errors import CodecError, Place, UsageError

PACKED = "zst"  # what names of packed files end with
CASE, TREE, STREAM, LINES = "case.json", "tree", "reencoded", "encoder_cases.jsonl"
ENDS = ("input", "output", "self-test")  # arguments that say nothing about what is right
WAYS: tuple[Options, ...] = ({}, {"versions": "all"})


def golden_vectors(name: str, root: Path) -> Iterator[Vector]:
    """The vectors of the cases in `root`, in the order of their names. Raises `UsageError` if there are none."""
    cases = sorted(root.glob(f"*/{CASE}"))
    if not cases:
        hint = f"a folder of folders with a {CASE}"
        raise UsageError("golden", "there are no golden cases", Place(str(root)), hint=hint)
    oracle = Oracle(name)
    golden = _Golden(oracle)
    for path in cases:
        yield from golden.case(path.parent, json.loads(path.read_bytes()))
    if (root / LINES).is_file():
        yield from golden.lines(root / LINES)


class _Golden:
    def __init__(self, oracle: Oracle) -> None:
        self.oracle, self.observer, self.rules = oracle, Observer(oracle.container), rules_of(oracle.container)

    def case(self, folder: Path, case: Mapping[str, object]) -> Iterator[Vector]:
        """A stream and its tree, and that tree and its stream; what is larger than any vector is left out."""
        source = str(case.get("input", f"input{self.oracle.container.input_suffix}"))
        data = content(folder / source)
        if data is None or len(data) > MOST_DATA:
            return
        tree, what = tree_of(folder / TREE), str(case.get("what", ""))
        yield from self._decoded(folder.name, what, source, data, _options(case["decode_args"]), tree)
        if tree is not None and "encode_args" in case:
            stream = content(folder / f"{STREAM}{self.oracle.container.input_suffix}")
            yield from self._encoded(folder.name, what, tree, case, stream, ())

    def _decoded(
        self, name: str, what: str, source: str, data: bytes, options: Options, tree: Files | None
    ) -> Iterator[Vector]:
        for way in WAYS:
            answer = self.oracle.decode(data, {**options, **way}, source)
            if isinstance(answer, CodecError) == (tree is None) and (tree is None or self._same(tree, answer)):
                seen = self.observer.files(tree) if tree is not None else frozenset[str]()
                parts = (data, tree, {**options, **way})
                yield self._vector("decode", name, what, parts, answer, frozenset(seen), (), source)
                return

    def _encoded(
        self,
        name: str,
        what: str,
        tree: Files,
        case: Mapping[str, object],
        stream: bytes | None,
        links: tuple[Link, ...],
    ) -> Iterator[Vector]:
        if case["encode_exit"] != 0 and "--self-test" in cast("list[str]", case["encode_args"]):
            return  # what a self-test refuses is no mistake of the input
        options = _options(case["encode_args"])
        if not str(options.get("last-commit-ts", 0)).isdecimal():
            return  # about the spelling of numbers on a command line
        answer = self.oracle.encode(tree, options, links)
        if (answer == stream) if stream is not None else isinstance(answer, CodecError):
            seen = self.observer.files(tree) if stream is not None else set()
            yield self._vector("encode", name, what, (tree, stream, options), answer, frozenset(seen), links)

    def _same(self, tree: Files, answer: Files | CodecError) -> bool:
        assert isinstance(answer, dict)
        with tempfile.TemporaryDirectory() as folder:
            write_files(Path(folder, "one"), tree)
            write_files(Path(folder, "other"), answer)
            return not any(tree_differences(Path(folder, "one"), Path(folder, "other"), self.rules))

    def _vector(
        self,
        direction: Direction,
        name: str,
        what: str,
        parts: tuple[bytes | Files, bytes | Files | None, Options],
        answer: object,
        seen: frozenset[str],
        links: tuple[Link, ...],
        input_name: str = "input",
    ) -> Vector:
        source, output, options = parts
        code = answer.code if isinstance(answer, CodecError) else ""
        paragraph = min((anchor for anchor in seen if anchor.count(".") == 2), default=self.oracle.container.name)
        sentence = (
            f"Golden case {name}: {what or 'as the reference does'}: {f'refused, {code}' if code else 'accepted'}."
        )
        return Vector(
            f"{direction}/golden/{name}", direction, "golden", sentence, paragraph, source, output, code, options, seen,
            links, input_name,
        )  # fmt: skip

    def lines(self, path: Path) -> Iterator[Vector]:
        """Small trees, one a line; the first line has the manifest that most of them share."""
        head, *lines = map(json.loads, path.read_text("utf-8").splitlines())
        for line in lines:
            files = {
                name: _content(text, str(head["default_manifest"])) for name, text in line.get("files", {}).items()
            }
            links = tuple(Link("folder", name) for name in line.get("dirs", ()) if not _inside(name, files))
            symbolic = line.get("symlinks", {}).items()
            links += tuple(Link("symbolic", name, normpath(join(dirname(name), to))) for name, to in symbolic)
            links += tuple(Link("hard", name, to) for to, name in line.get("hardlinks", ()))
            stream = _content(line["fsm"], "") if "fsm" in line else None
            yield from self._encoded(line["name"], str(line.get("what", "")), files, line, stream, links)


def content(path: Path) -> bytes | None:
    """The content of a file of a case, which may be packed; None if there is none."""
    if path.is_file():
        return path.read_bytes()
    packed = path.with_name(f"{path.name}.{PACKED}")
    if not packed.is_file():
        return None
    with packed.open("rb") as file:
        return Expanded(file, packed.name, "zstd").read(MOST_DATA + 1)


def tree_of(folder: Path) -> Files | None:
    """The files of a case's tree, which may be packed as one archive; None if there is none."""
    if folder.is_dir():
        return read_files(folder)
    archive = content(folder.with_name(f"{folder.name}.tar"))
    if archive is None:
        return None
    with tarfile.open(fileobj=io.BytesIO(archive)) as entries:
        files = ((entry.name.partition("/")[2], entries.extractfile(entry)) for entry in entries if entry.isfile())
        return {name: file.read() for name, file in files if file is not None}


def _inside(folder: str, files: Files) -> bool:
    return any(path.startswith(f"{folder}/") for path in files)


def _content(text: object, default: str) -> bytes:
    """A file as a line has it: as text, in base64, packed, or the manifest that lines share."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    assert isinstance(text, dict)
    if text.get("default"):
        return default.encode()
    return zlib.decompress(b64decode(text["zlib_b64"])) if "zlib_b64" in text else b64decode(text["b64"])


def _options(arguments: object) -> Options:
    """The options among the arguments of a run, without those that name its ends."""
    words = cast("list[str]", arguments)
    found: dict[str, object] = {}
    for word, following in zip(words, [*words[1:], "--"], strict=True):
        if word.startswith("--"):
            found[word[2:]] = True if following.startswith("--") else following
    return {name: value for name, value in found.items() if name not in ENDS}
