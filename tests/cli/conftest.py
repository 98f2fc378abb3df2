"""The three programs with a library that does what a test tells it to: the command lines are tested alone."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import codec
import codec.spec
from codec import api
from tests.cli.stand_in import ADAPTERS, FormatOption, Library, Shell


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    options = ModuleType("codec.spec.options")
    options.adapters = lambda format: ADAPTERS
    options.options = lambda format, direction: (
        FormatOption("show_all", "flag"),
        FormatOption("bundle", "choice", ("one", "many"), "one"),
    )
    runs = ModuleType("codec.runs")
    runs.encode_to_file = library.encode_to_file
    for parent, module in ((codec.spec, options), (codec, runs)):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(parent, module.__name__.rpartition(".")[2], module, raising=False)
    monkeypatch.setattr(api, "decode_snapshot", library.decode_snapshot)
    return library


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], library: Library) -> Shell:
    return Shell(capsys)
