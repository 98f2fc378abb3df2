"""Nothing here waits for the disk: what a sync is for, a power cut, is not tried, and it would wait for everybody's data."""

from __future__ import annotations

import os

import pytest

from codec.tree import system


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(system, "sync_file_system", lambda fd: None)
