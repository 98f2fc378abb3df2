"""What a published tree has to say: that it could not appear in one step, or that something is left of the old one."""

from __future__ import annotations

from collections.abc import Callable

from codec.api import Warned
from codec.tree.names import shown_path
from codec.tree.staging import StagedTree


def warn_of(tree: StagedTree, warn: Callable[[Warned], None]) -> None:
    """Say it, after the publish (docs/publish-protocol.md)."""
    if tree.staged_inside:
        hint = "the output cannot be renamed over (a mount point, the current folder?), so its entries came one by one"
        warn(Warned("staged_inside", (("hint", hint),)))
    if tree.leftover:
        hint = "the older tree was replaced, but could not be removed"
        warn(Warned("left_over", (("path", shown_path(tree.leftover)), ("hint", hint))))
