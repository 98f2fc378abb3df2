"""Plans made ready: a format's plan and generated code as one file, so that a run reads no YAML and generates nothing.

The file is build output, or lies in a cache of the user. It begins with the digest of all that it follows from, the
specs and our own source; one with another digest is not looked at. A cached file is used only if it belongs to the
user and nobody else can write it or its folder, because to read it is to trust it.
"""

from __future__ import annotations

import hashlib
import io
import marshal
import os
import pickle
import stat
import sys
from contextlib import suppress
from functools import lru_cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codec.api import DEFAULT_FORMAT

if TYPE_CHECKING:
    from codec.spec.container import Container

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT = os.path.join(PACKAGE, "built")
FOLLOWS_FROM = ("frozen.py", "errors.py", "spec", "layout", "compile", "engine")  # of the package: a plan, its code
CACHE = "declarative-codec"


def load(name: str | Container) -> Container:
    """The plan of a format, as `codec.spec.library.load` gives it, with its engines compiled."""
    return _load(name or DEFAULT_FORMAT) if isinstance(name, str) else name


@lru_cache
def _load(name: str) -> Container:
    folder = specs(name)
    if folder is None:
        from codec.spec import library

        return library.load(name)
    key = digest(folder)
    for path in (os.path.join(BUILT, f"{name}.plan"), cached(key)):
        data = _read(path, key, trusted=path.startswith(BUILT))
        if data is not None:
            return _restored(data, folder)
    data = make(name)
    _keep(cached(key), key + data)
    return _restored(data, folder)


def build(name: str) -> Path:
    """Make the file of a shipped format, as build output; its path."""
    folder = specs(name)
    assert folder is not None, name
    path = Path(BUILT) / f"{name}.plan"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(digest(folder) + make(name))
    return path


def make(name: str) -> bytes:
    """A plan and its generated code, as bytes."""
    from codec.compile.engine import generate
    from codec.spec import library

    container = library.load(name)
    modules = []
    for adapter in container.adapters:
        text, objects = generate(adapter)
        modules.append((marshal.dumps(compile(text, f"<generated from {adapter.format}>", "exec")), objects))
    out = io.BytesIO()
    _Placeless(out, os.path.dirname(specs(name) or "")).dump((container, modules))
    return out.getvalue()


class _Placeless(pickle.Pickler):
    """Parts of a spec lose their places, which only the loader of YAML knows how to keep; what knows its place, a row or
    a check, keeps it from the folder of all specs on: what is built here may be used elsewhere."""

    def __init__(self, file: io.BytesIO, root: str) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._root = root + os.sep

    def persistent_id(self, value: Any) -> Any:
        return value[len(self._root) :] if type(value) is str and value.startswith(self._root) else None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, dict):
            return dict, (dict(value.items()),)
        return (list, (list(value),)) if isinstance(value, list) else NotImplemented


class _Below(dict[str, str]):
    """Names of files as paths below a folder."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> str:
        path = self[name] = os.path.join(self._folder, name)
        return path


def _restored(data: bytes, folder: str) -> Container:
    from codec.compile.engine import know

    unpickler = pickle.Unpickler(io.BytesIO(data))
    unpickler.persistent_load = _Below(os.path.dirname(folder)).__getitem__  # type: ignore[method-assign]
    container, modules = unpickler.load()
    for adapter, (code, objects) in zip(container.adapters, modules, strict=True):
        know(adapter, marshal.loads(code), objects)
    return container  # type: ignore[no-any-return]


def specs(name: str) -> str | None:
    """The folder of a shipped format; None for a user's own, which is always read anew."""
    for folder in (os.path.join(PACKAGE, "specs"), os.path.join(os.path.dirname(PACKAGE), "specs")):
        if os.sep not in name and os.path.isdir(os.path.join(folder, name)):
            return os.path.join(folder, name)
    return None


def digest(folder: str) -> bytes:
    """The digest of all that a plan follows from: which spec it is, every spec beside it, our source, the bytecode."""
    whole = hashlib.sha256(os.path.basename(folder).encode() + MAGIC_NUMBER)
    for root in (os.path.dirname(folder), *(os.path.join(PACKAGE, part) for part in FOLLOWS_FROM)):
        for path in _files(root):
            with open(path, "rb", buffering=0) as file:
                whole.update(hashlib.sha256(file.read()).digest())
    return whole.digest()


def _files(root: str) -> list[str]:
    if os.path.isfile(root):
        return [root]
    found = []
    with os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir():
                found += [] if entry.name.startswith((".", "_")) else _files(entry.path)
            elif entry.name.endswith((".py", ".yaml")):
                found.append(entry.path)
    return found


def cached(key: bytes) -> str:
    """Where the user's cache has the file for a digest."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    base = base if os.path.isabs(base) else os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, CACHE, f"{key.hex()}.plan")


def _read(path: str, key: bytes, trusted: bool) -> bytes | None:
    """What the file has behind its digest; None if it is not there, is of something else, or may be anybody's."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with open(fd, "rb") as file:
        if not trusted and not (_is_ours(os.fstat(fd)) and _is_ours(os.stat(os.path.dirname(path)))):
            return None
        data = file.read()
    return data[len(key) :] if data.startswith(key) else None


def _is_ours(status: os.stat_result) -> bool:
    others = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid == os.geteuid() and not status.st_mode & others


def _keep(path: str, data: bytes) -> None:
    """Put a file into the cache, whole or not at all; without a cache everything works, only later."""
    folder = os.path.dirname(path)
    temporary = f"{path}.{os.getpid()}"
    with suppress(OSError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if not _is_ours(os.stat(folder)):
            return
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with open(fd, "wb") as file:
                file.write(data)
            os.rename(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise


if __name__ == "__main__":
    for format in sys.argv[1:]:
        build(format)
