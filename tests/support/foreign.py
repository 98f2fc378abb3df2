"""What may stand where it does not belong: entries of every kind, put there by somebody else, and the state around them."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IS_ROOT = os.geteuid() == 0
ENTRIES = ["file", "hard-link", "link", "dangling-link", "fifo", "socket", "directory", "full-directory"]
ENTRIES += ["device"] if IS_ROOT else []  # only root can make one

State = dict[str, tuple[object, ...]]


def state(root: Path) -> State:
    """Everything below `root`: inode, mode, number of names, and content."""
    found: State = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content: object = None
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            content = path.read_bytes()
        found[str(path.relative_to(root))] = (status.st_ino, status.st_mode, status.st_nlink, content)
    return found


def put(kind: str, path: Path) -> None:
    """Put a foreign entry at `path`; what it needs besides goes to the folder `other` beside it."""
    other = path.parent / "other"
    other.mkdir(exist_ok=True)
    match kind:
        case "file":
            path.write_bytes(b"foreign")
        case "hard-link":
            (other / "name").write_bytes(b"foreign")
            os.link(other / "name", path)
        case "link":
            (other / "led-to").write_bytes(b"foreign")
            path.symlink_to(other / "led-to")
        case "dangling-link":
            path.symlink_to(other / "nowhere")
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with cwd(path.parent), socket.socket(socket.AF_UNIX) as server:  # its path must be short
                server.bind(path.name)
        case "directory":
            path.mkdir()
        case "full-directory":
            path.mkdir()
            (path / "file").write_bytes(b"foreign")
        case "device":
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))


@contextmanager
def cwd(path: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
