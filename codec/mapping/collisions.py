"""Which path each key of a folder gets, seen in one pass over the sorted keys (s3.md §5.4).

Invariant: no two keys get paths that exclude each other, whatever the keys. Memory: the keys that are prefixes of the
present one.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, takewhile, tee

from codec.layout.literal_path import LiteralPath, Rename
from codec.tree.names import to_text


def folded(key: bytes) -> bytes:
    """A key in a form whose order puts everything in a folder right behind what the folder is called.

    `/` becomes the least byte; the form of a key in a folder begins with that of the folder and this byte.
    """
    return key.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1").replace(b"/", b"\0")


class Siblings:
    """Says of one key after the other, in the order of `folded`, whether another of the keys lies below it."""

    def __init__(self, keys: Iterable[bytes], path: LiteralPath) -> None:
        """`keys` are the folded forms of all keys, sorted."""
        self._keys, self._path = iter(keys), path
        self._next: bytes | None = b""

    def below(self, form: bytes) -> bool:
        """Whether there is a key below the one with this folded form that can be a path; forms must ascend."""
        while self._next is not None and (self._next <= form or not self._path.fits(unfolded(self._next))):
            self._next = next(self._keys, None)
        return self._next is not None and self._next.startswith(form + b"\0")


def unfolded(form: bytes) -> bytes:
    """The key of a folded form."""
    return form.replace(b"\0", b"/").replace(b"\1\1", b"\0").replace(b"\1\2", b"\1")


def names_any(path: LiteralPath, names_file: str, forms: Iterable[bytes], shown: frozenset[str]) -> bool:
    """Whether one of the keys with these folded forms, sorted, gets a line in the names file; reads up to the first."""
    ours, ahead = tee(forms)
    fitting = takewhile(lambda form: path.fits(unfolded(form)), ahead)  # the first other one gets a line
    paths = Paths(path, names_file, Siblings(fitting, path), shown)
    return any(paths.choose(unfolded(form), form)[1] for form, _ in groupby(ours))


class Paths:
    """Gives keys their paths, in the order of `folded`; `shown` are the options that are on.

    `renamed` says whether there is a names file; keys with its name come last, and see `names_any`.
    """

    def __init__(self, path: LiteralPath, names_file: str, siblings: Siblings, shown: frozenset[str]) -> None:
        self._path, self._siblings, self._shown = path, siblings, shown
        self._names_file = names_file.encode()
        self._folders = {folder.encode(): option for folder, option in path.folders.items()}
        self._files = {file.encode() for file in path.files}
        self._taken: list[bytes] = []  # folded forms of names that later keys could be in the way of
        self.renamed = False

    def choose(self, key: bytes, form: bytes) -> tuple[str, str]:
        """The path of a key, whose folded form is `form`, and the kind of its line in the names file, empty if none."""
        folder_of = self._siblings.below(form)
        rule = self._rule(key, folder_of)
        if rule is not None and self._in_the_way(key, form, folder_of, moved=rule[0] != key):
            rule = None
        if rule is None:
            self.renamed = True
            return self._path.carried.path(key), self._path.carried.kind
        name, kind = rule
        for taken in (name, name + self._path.beside.encode()):
            if taken != key:
                self._taken.append(folded(taken))
        self.renamed = self.renamed or bool(kind)
        return to_text(name), kind

    def _in_the_way(self, key: bytes, form: bytes, folder_of: bool, moved: bool) -> bool:
        """Whether the key cannot stand where it says: it is no path, or the place belongs to something else.

        A key that is `moved` to another name needs its folders, but not its own place.
        """
        self._taken = [taken for taken in self._taken if form <= taken or form.startswith(taken + b"\0")]
        if not self._path.fits(key):
            return True
        if any((form == taken and not moved) or form.startswith(taken + b"\0") for taken in self._taken):
            return True
        first, slash, _ = key.partition(b"/")
        if first in self._files or first == self._path.carried.folder.encode():
            return True
        if first in self._folders:
            return bool(slash) or folder_of or self._folders[first] in self._shown
        return self.renamed and first == self._names_file

    def _rule(self, key: bytes, folder_of: bool) -> tuple[bytes, str] | None:
        """The name of a key that can be a path, by the first rule that applies; None if it must be carried."""
        for rule in self._path.renames:
            if key.endswith(rule.ends.encode()) if rule.ends else folder_of:
                return self._renamed(rule, key)
        return key, ""

    def _renamed(self, rule: Rename, key: bytes) -> tuple[bytes, str] | None:
        name = key + rule.append.encode()
        off = rule.option and rule.option not in self._shown
        return None if off or not is_text(name) or not self._path.fits(name) else (name, rule.kind)


def is_text(raw: bytes) -> bool:
    """Whether bytes are UTF-8, so that a line of a names file can say them."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
