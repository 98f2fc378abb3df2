"""Makes runs take their fast ways at once, however little there is to do: small data must go through them too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from codec import encoding
from codec.complement import beside
from codec.complement import decode as complement
from codec.mapping import documents, sharing
from codec.stream import framed


@contextmanager
def in_a_hurry(*, shared: bool = False, spilled: bool = False) -> Iterator[None]:
    """The fast ways at once, however little there is to do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "PATIENCE", -1)
        for module in (encoding, complement):
            patch.setattr(module, "jobs_of", lambda asked: 2 if shared else 1)
        patch.setattr(sharing, "LEAST", 0)
        patch.setattr(sharing, "TRIED", 0)
        if spilled:
            patch.setattr(framed, "PER_RECORD", framed.BUDGET)
        yield


@contextmanager
def short_runs(least: int = 1, most: int = 8) -> Iterator[None]:
    """Records and entries, or steps, that agree are taken together even if they are few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beside, "LEAST", least)
        patch.setattr(beside, "MOST", most)
        yield
