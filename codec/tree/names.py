"""Paths inside a tree: `/`-separated text that stands for bytes (UTF-8, other bytes as surrogate escapes).

Invariant: what leaves here names an entry below the root: never absolute, no empty, `.` or `..` component, no NUL.
"""

from __future__ import annotations

from codec.errors import SHOWN_BYTES, Place, TreeError

LONGEST_PATH = 4095  # bytes, PATH_MAX of Linux: a longer path could be written here, but no other tool could open it
NOT_A_NAME = frozenset((b"", b".", b".."))
_SHOWN_HEAD, _SHOWN_TAIL = 3 * SHOWN_BYTES, SHOWN_BYTES


def to_bytes(path: str) -> bytes:
    """The bytes that `path` stands for, whatever the locale; `TreeError` for text that stands for no bytes."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _refused(path.encode("utf-8", "surrogatepass"), "it holds a lone surrogate") from None


def to_text(raw: bytes) -> str:
    """The text of a path's bytes; inverse of `to_bytes`."""
    return raw.decode("utf-8", "surrogateescape")


def split(path: str) -> tuple[bytes, bytes, bytes]:
    """`path` as bytes, the path of its directory (empty = the root), and its last component.

    The components of the directory are looked at by `check_component`, once, when the directory is first opened.
    Raises `TreeError` for a path that is absolute or too long or whose last component names nothing.
    """
    raw = path.encode() if path.isascii() else to_bytes(path)
    head, slash, name = raw.rpartition(b"/")
    if name in NOT_A_NAME or (slash and not head) or len(raw) > LONGEST_PATH or b"\0" in raw:
        raise _refused(raw, _why(raw))
    return raw, head, name


def check_component(name: bytes, path: bytes) -> None:
    """Refuse (`TreeError`) a `name` out of `path` that stands for no entry of its own."""
    if name in NOT_A_NAME or b"\0" in name or len(path) > LONGEST_PATH:
        raise _refused(path, _why(path))


def shown_path(path: bytes | str) -> str:
    """`path` for a message: what a terminal could take as a command is escaped, the middle of a long one left out."""
    text = path if isinstance(path, str) else to_text(path)
    if len(text) > _SHOWN_HEAD + _SHOWN_TAIL:
        text = f"{text[:_SHOWN_HEAD]}…{text[-_SHOWN_TAIL:]}"
    return "".join(_shown_char(char) for char in text)


def _shown_char(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def _why(raw: bytes) -> str:
    if b"\0" in raw:
        return "it holds a NUL byte"
    if raw.startswith(b"/"):
        return "it is absolute"
    if len(raw) > LONGEST_PATH:
        return f"it is longer than {LONGEST_PATH} bytes"
    return "it has an empty, `.` or `..` component"


def _refused(raw: bytes, why: str) -> TreeError:
    return TreeError(
        "tree-path",
        f"a path that cannot stand in a tree: {why}",
        Place(shown_path(raw)),
        hint="paths are relative to the root of the tree, with plain names between single slashes",
    )
