"""Plans made ready: the same plan as from YAML, trusted only where nobody else can write, and made anew for other specs."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from codec.spec import library, ready

HEAVY = ("yaml", "jsonschema", "construct", "hypothesis", "google.protobuf")
UNUSED = {"bz2", "lzma", "tempfile", "random", "multiprocessing", "subprocess"}
NEVER = {  # what a small run has no use for, by direction
    "decode": UNUSED | {"codec.encoding", "codec.recall"},
    "encode": UNUSED | {"codec.decoding", "codec.verify", "_strptime"},
}
RUN = """
import sys
from dataclasses import is_dataclass
from tools.main import main
status = main(sys.argv[1:])
plan = [kind for name in ("plan", "words", "container", "bodies")
        for kind in vars(sys.modules["codec.spec." + name]).values() if isinstance(kind, type) and is_dataclass(kind)]
print([name for name in {never!r} if name in sys.modules], {{kind for kind in plan if "__frozen_fields__" not in vars(kind)}})
sys.exit(status)
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(ready, "BUILT", str(tmp_path / "built"))
    ready._load.cache_clear()
    return tmp_path / ready.CACHE


def test_a_ready_plan_is_the_plan(cache: Path) -> None:
    first, ready_made = library.load(library.DEFAULT), ready.load(library.DEFAULT)
    assert pickle.dumps([row.label for a in first.adapters for row in a.rows]) == pickle.dumps(
        [row.label for a in ready_made.adapters for row in a.rows]
    )
    (file,) = cache.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700


def test_a_plan_that_was_built_elsewhere_names_the_specs_that_stand_here(tmp_path: Path) -> None:
    data, here = ready.make(library.DEFAULT), ready.specs(library.DEFAULT)
    assert here is not None
    assert str(Path(here).parent).encode() not in data
    for folder in (Path(here), tmp_path / library.DEFAULT):
        places = [row.place for adapter in ready._restored(data, str(folder)).adapters for row in adapter.rows]
        assert {Path(place.source).parent for place in places} == {folder}
        assert all(place.line and place.column for place in places)


def test_a_file_that_others_can_write_is_not_read(cache: Path) -> None:
    ready.load(library.DEFAULT)
    (file,) = cache.iterdir()
    key = ready.digest(ready.specs(library.DEFAULT) or "")
    assert ready._read(str(file), key, trusted=False) is not None
    file.chmod(0o620)
    assert ready._read(str(file), key, trusted=False) is None
    file.chmod(0o600)
    cache.chmod(0o777)
    assert ready._read(str(file), key, trusted=False) is None


def test_a_file_of_other_specs_is_not_read(cache: Path) -> None:
    ready.load(library.DEFAULT)
    (file,) = cache.iterdir()
    assert ready._read(str(file), b"another digest" * 2, trusted=False) is None


def test_a_normal_run_loads_only_what_it_needs(cache: Path, tmp_path: Path) -> None:
    source = next(Path("tests/golden/data/real-a-runtime-file").glob("*.fsm"))
    tree, stream = str(tmp_path / "tree"), str(tmp_path / "out.fsm")
    ready.load(library.DEFAULT)  # into the cache
    for arguments in (
        ["decode", "--input", str(source), "--output", tree],
        ["encode", "--input", tree, "--output", stream],
    ):
        code = RUN.format(never=sorted(NEVER[arguments[0]].union(HEAVY)))
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, env=dict(os.environ)
        )
        assert done.stdout.splitlines()[-1] == "[] set()"
