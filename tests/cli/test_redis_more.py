"""Redis data that the reference loses: old forms of records, bare keys, trim cursors; and files that it cannot open.

What comes out is checked against redis.md, then encoded with a self-test and decoded again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.support.golden_cases import read_files
from tests.support.laws import Decoded, both_engines, decode, encode
from tests.support.redis_rows import (
    Record,
    hash_blob,
    hash_field,
    hash_meta,
    list_delta,
    list_item,
    list_meta,
    set_blob,
    set_member,
    set_meta,
    stream_entry,
    stream_meta,
    string,
    ttl,
)
from tests.support.store_files import (
    OPERATIONAL,
    WRITER,
    first_header,
    framed,
    memory_stream,
    second_header,
    store_stream,
    with_footer,
)
from tests.support.stream_oracle import Row, crc32c, read_stream
from tests.support.tools import Bench

NOW = 50
ONLY_REDIS = ("redis",)
TOP = "redis/db_0"
Documents = dict[str, object]
Store = Callable[[int, list[Row]], bytes]


def row(record: Record, ts: int = NOW, deleted: bool = False, expire_at: int = 0) -> Row:
    key, value = record
    return Row(key, ts, int(deleted), expire_at, b"" if deleted else value)


def rows(*records: Record) -> list[Row]:
    return [row(record) for record in records]


def shown(files: Mapping[str, bytes]) -> Documents:
    """The documents below the database, by their paths in it: JSON as values, lines as lists, blobs as bytes."""
    found: Documents = {}
    for path, data in files.items():
        if path.startswith(f"{TOP}/"):
            lines = [json.loads(line) for line in data.splitlines()] if path.endswith(".jsonl") else []
            found[path.removeprefix(f"{TOP}/")] = json.loads(data) if path.endswith(".json") else lines or data
    return found


def collection(expire_at_ms: int | None = None, **members: object) -> Documents:
    return {"format_version": 1, **members, "expire_at_ms": expire_at_ms}


def hash_of(fields: dict[str, str], expire_at_ms: int | None = None) -> Documents:
    return collection(expire_at_ms, fields=[{"name": name, "value": value} for name, value in fields.items()])


def accepted(left: Decoded) -> Decoded:
    assert left.error is None, left.error
    return left


def expiry(name: str, millis: int) -> dict[str, object]:
    return {"key": name, "expire_at_ms": millis}


# ------------------------------------------------------------------------------------------------ what is in a tree


@dataclass(frozen=True)
class Lost:
    """Records, what they are shown as, and the events and options that go with it."""

    records: list[Record]
    documents: Documents
    events: tuple[str, ...] = ()
    switches: Mapping[str, object] = field(default_factory=dict)
    losses: Mapping[str, int] = field(default_factory=dict)


OLD_HASH = hash_blob(b"k", (b"b", b"1"), (b"a", b"2"), (b"b", b"3"))
OLD_SET = set_blob(b"k", b"z", b"y", b"z")
PAIRS = {"a": "2", "b": "3"}  # of repeated names the last counts
LIKE_A_DELTA = list_delta(b"q", 0, 0)[0].removeprefix(b"!lst|meta|")  # the name of a list
BARE = {"bare_strings": True}
EXTENDED = {"extended": True}
LONG = b"k" * 300


def stream_document(name: str, **meta: object) -> Documents:
    entry = {"id": "5-6", "fields": [{"name": "f", "value": "v"}]}
    return {f"streams/{name}.jsonl": [entry, {"_meta": True, "length": 1, "last_ms": 5, "last_seq": 6, **meta}]}


def stream(*more: int) -> list[Record]:
    return [stream_entry(b"s", 5, 6, b"f", b"v"), stream_meta(b"s", 1, 5, 6, *more)]


LOST = {
    "a whole hash": Lost([OLD_HASH], {"hashes/k.json": hash_of(PAIRS)}),
    "a whole hash with an expiry": Lost([OLD_HASH, ttl(b"k", 9)], {"hashes/k.json": hash_of(PAIRS, 9)}),
    "a whole hash and a meta without one": Lost(
        [OLD_HASH, hash_meta(b"k", 2), ttl(b"k", 9)], {"hashes/k.json": hash_of(PAIRS, 9)}
    ),
    "a whole hash and a meta with its own": Lost(
        [OLD_HASH, hash_meta(b"k", 2, 7), ttl(b"k", 9)], {"hashes/k.json": hash_of(PAIRS, 7)}
    ),
    "a whole hash and another count": Lost(
        [OLD_HASH, hash_meta(b"k", 3)], {"hashes/k.json": hash_of(PAIRS)}, ("redis_hash_length_mismatch",)
    ),
    "fields take the place of a whole hash": Lost(
        [OLD_HASH, hash_field(b"k", b"live", b"v")], {"hashes/k.json": hash_of({"live": "v"})}
    ),
    "a whole hash with nothing in it": Lost([hash_blob(b"k")], {"hashes/k.json": hash_of({})}),
    "a whole hash with empty names": Lost([hash_blob(b"", (b"", b""))], {"hashes/.json": hash_of({"": ""})}),
    "a whole set": Lost([OLD_SET], {"sets/k.json": collection(members=["y", "z"])}),
    "a whole set with an expiry": Lost([OLD_SET, ttl(b"k", 9)], {"sets/k.json": collection(9, members=["y", "z"])}),
    "a whole set and a meta with its own": Lost(
        [OLD_SET, set_meta(b"k", 2, 7), ttl(b"k", 9)], {"sets/k.json": collection(7, members=["y", "z"])}
    ),
    "members take the place of a whole set": Lost(
        [OLD_SET, set_member(b"k", b"live")], {"sets/k.json": collection(members=["live"])}
    ),
    "a whole hash and a whole set": Lost(
        [OLD_HASH, OLD_SET, ttl(b"k", 9)],
        {"hashes/k.json": hash_of(PAIRS, 9), "sets/k.json": collection(members=["y", "z"])},
    ),
    "the meta of a list called d|x": Lost(
        [list_meta(b"d|x", 1, 77), list_item(b"d|x", 0, b"v"), ttl(b"d|x", 9)],
        {"lists/d%7Cx.json": collection(77, items=["v"])},
    ),
    "the length of a list called d|x": Lost(
        [list_meta(b"d|x", 2), list_item(b"d|x", 0, b"v")],
        {"lists/d%7Cx.json": collection(items=["v"])},
        ("redis_list_length_mismatch",),
    ),
    "an empty list called d|": Lost([list_meta(b"d|", 0, 5)], {"lists/d%7C.json": collection(5, items=[])}),
    "deltas beside a list called d|x": Lost(
        [list_delta(b"x", -1, 1), list_delta(b"d|x", 0, 1), list_meta(b"d|x", 1, 77), list_item(b"d|x", -1, b"v")],
        {"lists/d%7Cx.json": collection(77, items=["v"])},
        losses={"List.delta": 2},
    ),
    "a list called as a delta is": Lost(
        [list_meta(LIKE_A_DELTA, 1, 5), list_item(LIKE_A_DELTA, 0, b"v"), list_delta(LIKE_A_DELTA, 0, 1)],
        {"lists/d%7C%00%00%00%01q" + "%00" * 7 + "%07" + "%00" * 4 + ".json": collection(5, items=["v"])},
        losses={"List.delta": 1},
    ),
    "deltas alone": Lost([list_delta(b"x", 0, 1)], {}, losses={"List.delta": 1}),
    "bare keys, not asked for": Lost([(b"k", b"raw"), ttl(b"k", 9)], {}, ("redis_orphan_ttl",)),
    "a bare key": Lost([(b"k", b"raw")], {"strings/k.bin": b"raw"}, switches=BARE),
    "a bare key that looks like a header": Lost([(b"k", b"\xff\1\0v")], {"strings/k.bin": b"\xff\1\0v"}, switches=BARE),
    "a bare key without a name": Lost([(b"", b"raw")], {"strings/.bin": b"raw"}, switches=BARE),
    "keys that are not bare": Lost(
        [(b"!", b"1"), (b"!x", b"2"), (b"_meta_x", b"3"), (b"_meta", b"4")], {"strings/_meta.bin": b"4"}, switches=BARE
    ),
    "a bare key with an expiry": Lost(
        [(b"k", b"raw"), ttl(b"k", 9)],
        {"strings/k.bin": b"raw", "strings_ttl.jsonl": [expiry("k", 9)]},
        switches=BARE,
    ),
    "an expiry that has no key": Lost(
        [(b"k", b"raw"), ttl(b"other", 9)], {"strings/k.bin": b"raw"}, ("redis_orphan_ttl",), BARE
    ),
    "a typed string takes the place of a bare key behind it": Lost(
        [string(b"k", b"typed"), (b"k", b"raw"), ttl(b"k", 9)], {"strings/k.bin": b"typed"}, switches=BARE
    ),
    "a typed string takes the place of a bare key before it": Lost(
        [(b" k", b"raw"), string(b" k", b"typed", 7), ttl(b" k", 9)],
        {"strings/%20k.bin": b"typed", "strings_ttl.jsonl": [expiry("%20k", 7)]},
        switches=BARE,
    ),
    "a typed string without a header leaves the expiry to its row": Lost(
        [(b"k", b"raw"), (b"!redis|str|k", b"typed"), ttl(b"k", 9)],
        {"strings/k.bin": b"typed", "strings_ttl.jsonl": [expiry("k", 9)]},
        switches=BARE,
    ),
    "a bare key and a hash": Lost(
        [(b"k", b"raw"), hash_field(b"k", b"f", b"v"), ttl(b"k", 9)],
        {"strings/k.bin": b"raw", "strings_ttl.jsonl": [expiry("k", 9)], "hashes/k.json": hash_of({"f": "v"})},
        switches=BARE,
    ),
    "a trim cursor, not asked for": Lost(stream(9, 3, 4), stream_document("s", expire_at_ms=9)),
    "a trim cursor": Lost(
        stream(9, 3, 4), stream_document("s", expire_at_ms=9, trimmed_ms=3, trimmed_seq=4), switches=EXTENDED
    ),
    "a trim cursor without an expiry": Lost(
        [*stream(0, 3, 4), ttl(b"s", 9)],
        stream_document("s", expire_at_ms=None, trimmed_ms=3, trimmed_seq=4),
        switches=EXTENDED,
    ),
    "a trim cursor of zeros": Lost(
        stream(0, 0, 0), stream_document("s", expire_at_ms=None, trimmed_ms=0, trimmed_seq=0), switches=EXTENDED
    ),
    "no trim cursor, but an expiry": Lost(stream(9), stream_document("s", expire_at_ms=9), switches=EXTENDED),
    "no trim cursor": Lost(stream(), stream_document("s", expire_at_ms=None), switches=EXTENDED),
}


@both_engines
@pytest.mark.parametrize("case", LOST.values(), ids=LOST)
def test_what_the_reference_loses_is_shown_and_comes_back(case: Lost, engine: str) -> None:
    data = store_stream(NOW, rows(*case.records))
    left = accepted(decode(data, adapters=ONLY_REDIS, engine=engine, switches=case.switches))

    assert shown(left.files) == case.documents
    assert [warned.event for warned in left.warned] == [*case.events]
    assert left.result is not None
    assert left.result.losses == case.losses

    again = encode(left.files, adapters=ONLY_REDIS, engine=engine, self_test=True)
    assert not again.error, again.error
    assert not again.mismatch
    # What comes back has no old form: the same options show the same, and no option is needed for bare keys.
    plain = {name: on for name, on in case.switches.items() if name != "bare_strings"}
    back = accepted(decode(again.data, adapters=ONLY_REDIS, engine=engine, switches=plain))
    assert shown(back.files) == case.documents
    assert back.warned == []
    legacy = (b"!redis|hash|", b"!redis|set|")
    assert all(row.user_key[:1] == b"!" and not row.user_key.startswith(legacy) for row in read_stream(again.data).rows)


def written(case: str, engine: str) -> dict[bytes, bytes]:
    """The records that a case comes back as."""
    lost = LOST[case]
    left = decode(store_stream(NOW, rows(*lost.records)), adapters=ONLY_REDIS, engine=engine, switches=lost.switches)
    again = encode(accepted(left).files, adapters=ONLY_REDIS, engine=engine)
    return {row.user_key: row.body for row in read_stream(again.data).rows}


@both_engines
@pytest.mark.parametrize(
    ("case", "records"),
    [
        ("a whole hash", [hash_meta(b"k", 2), hash_field(b"k", b"a", b"2"), hash_field(b"k", b"b", b"3")]),
        (
            "a whole set with an expiry",
            [set_meta(b"k", 2, 9), set_member(b"k", b"y"), set_member(b"k", b"z"), ttl(b"k", 9)],
        ),
        ("the meta of a list called d|x", [list_meta(b"d|x", 1, 77), list_item(b"d|x", 0, b"v"), ttl(b"d|x", 77)]),
        ("a bare key with an expiry", [string(b"k", b"raw", 9)]),
        ("a trim cursor, not asked for", [*stream(9), ttl(b"s", 9)]),
        ("a trim cursor", [*stream(9, 3, 4), ttl(b"s", 9)]),
        ("a trim cursor without an expiry", stream(0, 3, 4)),
        ("no trim cursor", stream()),
    ],
)
def test_it_is_written_in_its_present_form(case: str, records: list[Record], engine: str) -> None:
    assert written(case, engine) == dict(records)


@both_engines
def test_a_bare_key_with_a_long_name_has_its_line_of_names(engine: str) -> None:
    data = store_stream(NOW, rows((LONG, b"raw"), ttl(LONG, 3)))
    files = accepted(decode(data, adapters=ONLY_REDIS, engine=engine, switches=BARE)).files
    ((name, _),) = ((path, data) for path, data in files.items() if path.endswith(".bin"))
    stem = name.removeprefix(f"{TOP}/strings/").removesuffix(".bin")
    assert shown(files)["strings_ttl.jsonl"] == [expiry(stem, 3)]
    again = encode(files, adapters=ONLY_REDIS, engine=engine, self_test=True)
    assert not again.mismatch
    assert {row.user_key: row.body for row in read_stream(again.data).rows} == dict([string(LONG, b"raw", 3)])


@both_engines
@pytest.mark.parametrize(
    ("record", "code", "part"),
    [
        ((b"!redis|hash|k", b""), "ErrRedisInvalidHashLegacyBlob", "Hash.blob.value.value"),
        ((b"!redis|hash|k", b"\0RS\1"), "ErrRedisInvalidHashLegacyBlob", "Hash.blob.value.value"),
        ((b"!redis|hash|k", OLD_HASH[1][:-1]), "ErrRedisInvalidHashLegacyBlob", "Hash.blob.value.fields"),
        (hash_blob(b"k", (b"\xff", b"")), "ErrRedisInvalidHashLegacyBlob", "Hash.blob.value.fields"),
        ((b"!redis|set|k", b"\0RH\1"), "ErrRedisInvalidSetLegacyBlob", "Set.blob.value.value"),
        (set_blob(b"k", b"\xc3\x28"), "ErrRedisInvalidSetLegacyBlob", "Set.blob.value.members"),
        ((b"!lst|meta|d|x", bytes(16)), "ErrRedisInvalidListMeta", "List.meta.value.length"),
        ((list_delta(b"q", 0, 0)[0], bytes(8)), "ErrRedisInvalidListMeta", "List.meta.value.tail"),
        ((list_delta(b"q", 0, 0)[0] + b"z", bytes(16)), "ErrRedisInvalidListMeta", "List.meta.value.length"),
        (stream_meta(b"s", 1, 5, 6, 9, 3), "ErrRedisInvalidStreamMeta", "Stream.meta.value.trimmed_seq"),
    ],
)
def test_a_damaged_record_is_refused_by_name(record: Record, code: str, part: str, engine: str) -> None:
    left = decode(store_stream(NOW, rows(record)), adapters=ONLY_REDIS, engine=engine)
    assert left.error is not None
    assert (left.error["code"], left.error["path"]) == (code, part)


# ------------------------------------------------------------------------------------------------ versions


def text(name: str, value: str, ts: int, deleted: bool = False, expire_at: int = 0) -> Row:
    return row(string(name.encode(), value.encode()), ts, deleted, expire_at)


HISTORY = [
    text("a", "first", 10),
    text("a", "second", 20),
    text("a", "expires", 30, expire_at=35),
    text("b", "first", 10, expire_at=40),
    text("b", "", 20, deleted=True),
    text("c", "past", 5),
    text("c", "above the header", NOW + 10),
    text("d", "expires later", 10, expire_at=NOW + 1),
    text("e", "expires now", 10, expire_at=NOW),
]
SERVED = {  # at each moment, what a node would serve, and what is hidden
    None: ({"c": "above the header", "d": "expires later"}, {"older": 4, "tombstone": 1, "expired": 2, "later": 0}),
    4: ({}, {"later": 9}),
    10: (
        {"a": "first", "b": "first", "c": "past", "d": "expires later", "e": "expires now"},
        {"older": 0, "tombstone": 0, "expired": 0, "later": 4},
    ),
    20: ({"a": "second", "c": "past", "d": "expires later", "e": "expires now"}, {"tombstone": 1, "older": 2}),
    34: ({"a": "expires", "c": "past", "d": "expires later", "e": "expires now"}, {"expired": 0, "older": 3}),
    35: ({"c": "past", "d": "expires later", "e": "expires now"}, {"expired": 1, "older": 3}),
    NOW: ({"c": "past", "d": "expires later"}, {"expired": 2, "later": 1}),
    NOW + 1: ({"c": "past"}, {"expired": 3, "later": 1}),
    NOW + 10: ({"c": "above the header"}, {"expired": 3, "later": 0, "older": 4}),
}


@both_engines
@pytest.mark.parametrize("store", [store_stream, memory_stream], ids=["store", "memory"])
@pytest.mark.parametrize("as_of", SERVED)
def test_what_a_node_would_serve_at_a_moment(as_of: int | None, store: Store, engine: str) -> None:
    values, counts = SERVED[as_of]
    data = store(NOW, HISTORY)
    left = accepted(decode(data, adapters=ONLY_REDIS, engine=engine, as_of=as_of))
    assert shown(left.files) == {f"strings/{name}.bin": value.encode() for name, value in values.items()}
    assert left.result is not None
    assert {name: left.result.counts[name] for name in counts} == counts
    found = left.result.counts
    hidden = sum(found[name] for name in ("older", "tombstone", "expired", "later"))
    assert found["entries"] == len(HISTORY) == hidden + found["redis"]


@both_engines
def test_parts_of_a_thing_have_versions_of_their_own(engine: str) -> None:
    history = [
        *(row(hash_meta(b"h", 1), 10), row(hash_meta(b"h", 2, 99), 30)),
        *(row(hash_field(b"h", b"x", b"1"), 10), row(hash_field(b"h", b"x", b""), 40, deleted=True)),
        *(row(hash_field(b"h", b"y", b"1"), 20, expire_at=45), row(hash_blob(b"h", (b"old", b"")), 5)),
    ]
    moments = {9: hash_of({"old": ""}), 10: hash_of({"x": "1"}), 30: hash_of({"x": "1", "y": "1"}, 99)}
    moments |= {40: hash_of({"y": "1"}, 99), 45: hash_of({"old": ""}, 99)}
    for as_of, document in moments.items():
        left = accepted(decode(store_stream(NOW, history), adapters=ONLY_REDIS, engine=engine, as_of=as_of))
        assert shown(left.files) == {"hashes/h.json": document}, as_of


# ------------------------------------------------------------------------------------------------ files of a node

EVERYTHING = [record for lost in (LOST["a whole hash"], LOST["a trim cursor"]) for record in lost.records]
PLAIN = rows(*EVERYTHING, ttl(b"k", 9), string(b"str", b"v"))
EXPECTED = {
    "hashes/k.json": hash_of(PAIRS, 9),
    "strings/str.bin": b"v",
    **stream_document("s", expire_at_ms=9),
}
STORE, MEMORY = store_stream(NOW, PLAIN), memory_stream(NOW, PLAIN)
FILES = {
    f"{name}, {layer}": (wrapped, kind or name)
    for name, data in (("store", STORE), ("memory", MEMORY))
    for layer, wrapped, kind in (
        ("bare", data, ""),
        ("the first header", first_header() + data, "payload"),
        ("the second header", second_header() + data, "payload"),
        ("a longer second header", second_header(20) + data, "payload"),
        ("the longest second header", second_header(1024) + data, "payload"),
        ("only a footer", with_footer(data), "runtime file"),
        ("the first header and a footer", with_footer(first_header() + data), "runtime file"),
        ("the second header and a footer", with_footer(second_header() + data), "runtime file"),
    )
}


@both_engines
@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_of_a_node_is_read(name: str, engine: str) -> None:
    data, kind = FILES[name]
    left = accepted(decode(data, adapters=ONLY_REDIS, engine=engine))
    assert shown(left.files) == EXPECTED
    assert left.result is not None
    assert (left.result.container, left.result.last_commit_ts) == (kind, NOW)
    assert left.result.counts["entries"] == left.result.counts["redis"] == len(PLAIN)


TRUNCATED, HEADER, CHECKSUM = "ErrSnapshotTruncated", "ErrSnapshotUnknownHeader", "ErrSnapshotChecksum"
BROKEN = {
    "a wrong footer": (with_footer(first_header() + STORE, wrong=1), TRUNCATED, len(first_header() + STORE)),
    "a wrong footer of the memory store": (
        with_footer(first_header() + MEMORY, wrong=1),
        TRUNCATED,
        len(first_header() + MEMORY),
    ),
    "a wrong footer of a bare stream": (with_footer(STORE, wrong=1), TRUNCATED, len(STORE)),
    "a cut footer": (with_footer(STORE)[:-1], TRUNCATED, len(STORE)),
    "a footer of the stream without its header": (
        first_header() + with_footer(STORE),
        TRUNCATED,
        len(first_header() + STORE),
    ),
    "a third header": (b"EKVTHLC3" + bytes(8) + STORE, HEADER, 0),
    "a second header that is too short": (second_header(15) + STORE, HEADER, 8),
    "a second header that is too long": (second_header(1025) + STORE, HEADER, 8),
    "a first header that is cut": (first_header()[:-1], HEADER, 8),
    "a second header that is cut": (second_header()[:9], HEADER, 8),
    "a header without a stream": (first_header(), TRUNCATED, 16),
    "a wrong checksum of the memory store": (memory_stream(NOW, PLAIN, checksum=1), CHECKSUM, 16),
    "a later version of the memory store": (memory_stream(NOW, PLAIN, version=2), "ErrSnapshotBadMagic", None),
    "a cut file of the memory store": (MEMORY[:-1], CHECKSUM, 16),
    "more than the file of the memory store": (MEMORY + b"abc", CHECKSUM, 16),
    "a cut header of the memory store": (MEMORY[:31], TRUNCATED, 24),
}


@both_engines
@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_file_of_a_node_is_refused_with_its_place(name: str, engine: str) -> None:
    data, code, offset = BROKEN[name]
    left = decode(data, adapters=ONLY_REDIS, engine=engine)
    assert left.error is not None
    assert left.error["code"] == code
    assert offset is None or left.error["offset"] == offset


@both_engines
@pytest.mark.parametrize("store", [store_stream, memory_stream], ids=["store", "memory"])
def test_a_damaged_record_is_named_with_its_byte(store: Store, engine: str) -> None:
    data = store(NOW, rows((b"!redis|str|k", b"\xff\1")))
    left = decode(data, adapters=ONLY_REDIS, engine=engine)
    assert left.error is not None
    assert left.error["code"] == "ErrRedisInvalidStringValue"
    assert left.error["offset"] == len(data), "the flags would begin where the file ends"


@both_engines
@pytest.mark.parametrize("versions", ["newest", "all"])
def test_rows_of_the_node_itself_are_passed_over(versions: str, engine: str) -> None:
    data = store_stream(NOW, PLAIN, OPERATIONAL)
    for switches in ({}, BARE):
        left = accepted(decode(data, adapters=ONLY_REDIS, engine=engine, versions=versions, switches=switches))
        assert shown(left.files) == EXPECTED
        assert left.result is not None
        assert left.result.counts["operational"] == len(OPERATIONAL)
        assert left.result.counts["unknown"] == left.result.counts["internal"] == 0


@both_engines
def test_rows_that_only_look_like_the_nodes_are_not(engine: str) -> None:
    """A version of a key that is called alike, and rows of the right name with a value of another size."""
    called_alike = rows(*((key, b"") for key in OPERATIONAL))
    longer = {b"_meta_applied_index": bytes(9), WRITER + b"x": bytes(12)}
    left = accepted(
        decode(store_stream(NOW, [*PLAIN, *called_alike], longer), adapters=ONLY_REDIS, engine=engine, switches=BARE)
    )
    assert shown(left.files) == EXPECTED
    assert left.result is not None
    assert left.result.counts["operational"] == 0
    assert (left.result.counts["unknown"], left.result.counts["internal"]) == (4 + 1, 1 + 1)


@both_engines
@pytest.mark.parametrize("key", [b"_meta_last_commit_ts", b"_meta_of_a_later_node"])
def test_a_row_of_the_node_that_is_too_short_is_refused(key: bytes, engine: str) -> None:
    left = decode(STORE + framed(key, bytes(7)), adapters=ONLY_REDIS, engine=engine)
    assert left.error is not None
    assert left.error["code"] == "ErrSnapshotShortValue"


# ------------------------------------------------------------------------------------------------ command lines


def run(bench: Bench, data: bytes, *args: str) -> dict[str, bytes]:
    """The tree that the drop-in makes of a file, which it then encodes again with a self-test."""
    (bench.work / "input.fsm").write_bytes(data)
    outcome = bench.run("decode", ["--input", "input.fsm", "--output", "tree", "--adapter", "redis", *args])
    assert outcome.exit == 0, outcome.stderr
    outcome = bench.run("encode", ["--input", "tree", "--output", "out.fsm", "--adapter", "redis", "--self-test"])
    assert outcome.exit == 0, outcome.stderr
    return read_files(bench.work / "tree")


@both_engines
def test_the_options_are_flags_of_the_drop_in(engine: str, bench: Bench) -> None:
    data = store_stream(NOW, rows((b"k", b"raw"), ttl(b"k", 9), *stream(9, 3, 4)), OPERATIONAL)
    files = run(bench, data, "--bare-strings", "--extended", "--engine", engine)
    expected = {"strings/k.bin": b"raw", "strings_ttl.jsonl": [expiry("k", 9)]}
    assert shown(files) == expected | stream_document("s", expire_at_ms=9, trimmed_ms=3, trimmed_seq=4)
    assert json.loads(files["MANIFEST.json"])["extended"] is True
    (again,) = (
        row
        for row in read_stream((bench.work / "out.fsm").read_bytes()).rows
        if row.user_key.startswith(b"!stream|meta|")
    )
    assert (again.user_key, again.body) == stream(9, 3, 4)[1]


@both_engines
def test_a_moment_is_a_flag_of_the_drop_in(engine: str, bench: Bench) -> None:
    files = run(bench, with_footer(first_header() + memory_stream(NOW, HISTORY)), "--as-of", "34", "--engine", engine)
    values, _ = SERVED[34]
    assert shown(files) == {f"strings/{name}.bin": value.encode() for name, value in values.items()}
    assert json.loads(files["MANIFEST.json"])["last_commit_ts"] == NOW


def test_a_wrong_footer_leaves_nothing_behind(bench: Bench) -> None:
    (bench.work / "input.fsm").write_bytes(with_footer(first_header() + STORE, wrong=1))
    outcome = bench.run("decode", ["--input", "input.fsm", "--output", "tree", "--adapter", "redis"])
    assert outcome.exit == 1
    assert outcome.refusal_faults("decode") == []
    assert not outcome.added
    assert f"{crc32c(first_header() + STORE):#010x}" in outcome.stderr
