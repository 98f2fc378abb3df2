"""Keys as paths and bodies in pieces: no two keys exclude each other, and what is stored comes back byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot
from codec.layout.literal_path import LiteralPath
from codec.mapping.collisions import Paths, Siblings, folded, names_any, unfolded
from codec.spec import library
from codec.spec.plan import PathPart
from tests.support.golden_cases import ENGINES
from tests.support.stream_oracle import Row, read_stream, write_stream

PATH = next(
    part.segment
    for step in library.load("elastickv").adapter("s3").entity("Object").documents[0].path
    for part in step
    if isinstance(part, PathPart) and isinstance(part.segment, LiteralPath)
)
NAMES = "KEYMAP.jsonl"
WORDS = (b"a", b"b", b"", b".", b"..", b"a!", b"\0", b"\\", b"\xff", b"\1", b"_orphans", b"_bucket.json", b"KEYMAP.jsonl",
         b"a.elastickv-leaf-data", b"a.elastickv-meta.json", b"_elastickv-escaped", b"x" * 240, b".user-data",
         b"a.elastickv-leaf-data.elastickv-meta.json")  # fmt: skip
KEYS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(b"/".join)
KEY_SETS = st.sets(KEYS, max_size=12)


def paths_of(keys: set[bytes], shown: frozenset[str]) -> dict[bytes, tuple[str, str]]:
    forms = sorted(map(folded, keys))
    late = {form for form in forms if unfolded(form).split(b"/")[0] == NAMES.encode()}
    result, renamed = {}, False
    for section in (sorted(set(forms) - late), sorted(late)):
        renamed = renamed or (set(section) == late and names_any(PATH, NAMES, sorted(late), shown))
        paths = Paths(PATH, NAMES, Siblings(section, PATH), shown)
        paths.renamed = renamed
        result |= {unfolded(form): paths.choose(unfolded(form), form) for form in section}
        renamed = paths.renamed
    return result


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_the_folded_order_puts_a_folder_right_behind_its_name(one: bytes, other: bytes) -> None:
    assert unfolded(folded(one)) == one
    assert folded(other).startswith(folded(one) + b"\0") == other.startswith(one + b"/")
    below = one.split(b"/") < other.split(b"/")
    assert (folded(one) < folded(other)) == below


@given(KEY_SETS, st.sampled_from([frozenset[str](), frozenset({"rename_collisions"})]))
@example({b"KEYMAP.jsonl", b"KEYMAP.jsonl/\0"}, frozenset())
@example({b"KEYMAP.jsonl/a.elastickv-meta.json"}, frozenset({"rename_collisions"}))
def test_no_two_keys_get_paths_that_exclude_each_other(keys: set[bytes], shown: frozenset[str]) -> None:
    chosen = paths_of(keys, shown)
    files = [path + end for path, _ in chosen.values() for end in ("", PATH.beside)]
    files += [NAMES, "_bucket.json"] if any(kind for _, kind in chosen.values()) else ["_bucket.json"]
    assert len(set(files)) == len(files)
    folders = {"/".join(file.split("/")[:depth]) for file in files for depth in range(1, file.count("/") + 1)}
    assert folders.isdisjoint(files)
    for path, _ in chosen.values():
        assert {"", ".", ".."}.isdisjoint(path.split("/"))
        assert all(len(piece.encode("utf-8", "surrogateescape")) <= 255 for piece in path.split("/"))


@given(KEY_SETS)
def test_a_key_that_can_stand_as_it_is_does(keys: set[bytes]) -> None:
    plain = {key for key in keys if key.split(b"/")[0] in (b"a", b"b") and key.count(b"/") == 0}
    for key, (path, kind) in paths_of(plain, frozenset()).items():
        assert (path, kind) == (key.decode(), "")


def escaped(raw: bytes) -> bytes:
    return raw.replace(b"\0", b"\0\xff") + b"\0\1"


def number(value: int) -> bytes:
    return value.to_bytes(8, "big")


def rows_of(bodies: dict[bytes, list[bytes]]) -> list[Row]:
    meta = {"bucket_name": "bk", "generation": 7, "created_at_hlc": 5}
    rows = [(b"!s3|bucket|meta|" + escaped(b"bk"), json.dumps(meta).encode())]
    for key, chunks in bodies.items():
        place = escaped(b"bk") + number(7) + escaped(key)
        part = {
            "part_no": 1,
            "etag": "e",
            "size_bytes": 0,
            "chunk_count": len(chunks),
            "chunk_sizes": [len(c) for c in chunks],
        }
        head = {
            "upload_id": "u",
            "etag": "e",
            "size_bytes": sum(map(len, chunks)),
            "last_modified_hlc": 1 << 40,
            "parts": [part],
        }
        rows.append((b"!s3|obj|head|" + place, json.dumps(head).encode()))
        rows += [
            (b"!s3|blob|" + place + escaped(b"u") + number(1) + number(i), chunk) for i, chunk in enumerate(chunks)
        ]
    return sorted(
        (Row(key, 5 << 16, 0, 0, value) for key, value in rows),
        key=lambda row: row.user_key + number((5 << 16) ^ ((1 << 64) - 1)),
    )


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(bodies={b"KEYMAP.jsonl": [b"a"], b"KEYMAP.jsonl/\0": [b"b"]})
@given(bodies=st.dictionaries(KEYS, st.lists(st.binary(max_size=9), max_size=4), max_size=6))
def test_every_key_and_body_comes_back(
    engine: str, bodies: dict[bytes, list[bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("s3")
    source, again = folder / "input.fsm", folder / "again.fsm"
    source.write_bytes(write_stream(5 << 16, rows_of(bodies)))

    decode_snapshot(source, folder / "tree", DecodeOptions(adapters=("s3",), engine=engine))
    with again.open("wb") as sink:
        result = encode_snapshot(folder / "tree", sink, EncodeOptions(adapters=("s3",), engine=engine, self_test=True))

    assert result.self_test_matched, result.mismatch
    assert restored(again) == {key: b"".join(chunks) for key, chunks in bodies.items()}


def restored(file: Path) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for row in read_stream(file.read_bytes()).rows:
        for prefix, value in ((b"!s3|obj|head|", b""), (b"!s3|blob|", row.body)):
            if row.user_key.startswith(prefix):
                rest = row.user_key[len(prefix) + len(escaped(b"bk")) + 8 :]
                key = rest[: rest.index(b"\0\1")].replace(b"\0\xff", b"\0")
                found[key] = found.get(key, b"") + value
    return found


def test_a_key_that_is_renamed_does_not_need_its_own_place() -> None:
    """s3.md §5.4: the sidecar of `x` has the name that the renamed key gave up."""
    chosen = paths_of({b"x", b"x.elastickv-meta.json"}, frozenset({"rename_collisions"}))
    assert chosen[b"x"] == ("x", "")
    assert chosen[b"x.elastickv-meta.json"] == ("x.elastickv-meta.json.user-data", "meta-suffix-rename")
