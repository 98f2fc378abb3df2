"""Implementations that are broken on purpose: the kit finds every one. Each is this toolkit with one thing wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from codec.conformance.index import Entry, Index
from codec.conformance.running import BAD, Result, Suite, chosen, run
from codec.conformance.vectors import Direction
from codec.errors import CodecError
from codec.spec import library
from tests.support.conformance_kit import FORMAT, InProcess, both, long_only, vectors_of

CONTAINER = library.load(FORMAT)

BITS = "tombstone: [{}], encryption: [1, 2], reserved: [{}]"
WIDE_ORDER = "[send_timestamp_millis, sequence_number, message_id]"
PARTITION = "partition:                 {as: integer, none: "

# What is broken, the spec that says it, what stands there, and what a broken copy would have.
SPECS = {
    "a number of another width": (
        "redis",
        "count: {as: u63, derive: {count: fields}",
        "count: {as: u32, derive: {count: fields}",
    ),
    "lines in another order": ("sqs", WIDE_ORDER, "[message_id, sequence_number, send_timestamp_millis]"),
    "an index that is not written": ("redis", 'derived: "members in the order', 'dropped: "members in the order'),
    "a checksum that is not looked at": ("container", "checksum: {as: u32, crc32_of: rest}", "checksum: u32"),
    "an expiry that is dropped": (
        "redis",
        "ttl: {shared: both}",
        'ttl: {shared: read, because: "dropped"}',
    ),
    "a limit that is not enforced": ("container", "max: 1048584", "max: 1099511627776"),
    "a member with another default": ("sqs", f"{PARTITION}left_out", f'{PARTITION}"null"'),
    "a length that is one too short": ("redis", "digits: 32", "digits: 31"),
    "a number in the other byte order": (
        "container",
        "{complement: u64, byte_order: big}",
        "{complement: u64, byte_order: little}",
    ),
    "a deletion that is not seen": ("container", BITS.format("0, 0", "3, 7"), BITS.format("7, 7", "3, 6")),
    "a check that is not made": ("s3", "{equal: [size_bytes, {length: body}]", "{at_least: [size_bytes, 0]"),
    "a member of a union under another number": (
        "dynamodb",
        "BOOL: {type: flag,  number: 4}",
        "BOOL: {type: flag,  number: 11}",
    ),
    "a value that a check forgets": ("sqs", "[0, 1, 2, 4, 8, 16, 32]", "[0, 1, 2, 8, 16, 32]"),
}

# Others: the same kinds of faults elsewhere, and what a change of each scalar by one has found to be hard to see.
SUBTLE = {
    "an expiry row that is not looked at": (
        "redis",
        "prefer: {fields: [field, blob], expire_at_ms: [meta, ttl]}",
        "prefer: {fields: [field, blob], expire_at_ms: [meta]}",
    ),
    "a hint that is one too short": ("redis", "hint_bytes: 64", "hint_bytes: 63"),
    "a magic that is another": ("dynamodb", r'"\x00DI\x01"', r'"\x00DI\x02"'),
    "a list under another number": ("dynamodb", "SS:   {list: text,  number: 6}", "SS:   {list: text,  number: 11}"),
    "an infinity that is spelt otherwise": ("redis", '["+inf", "-inf"]', '["+inx", "-inf"]'),
    "keys that are not refused": ("redis", 'not:    ["!", "_meta_"]', 'not:    ["_meta_"]'),
    "a name of a file in another base": ("container", '"runtime file": 16}', '"runtime file": 17}'),
    "dots that are spelt otherwise": ("dynamodb", 'dots:     "%2E"', 'dots:     "%2e"'),
    "a number that is written from two on": (
        "sqs",
        "{greatest_child: {of: Message, by: sequence_number}}]}, 0]}]}",
        "{greatest_child: {of: Message, by: sequence_number}}]}, 1]}]}",
    ),
    "a limit that is one too low": ("container", "max: 1048584", "max: 1048583"),
    "a time that is clamped too early": (
        "redis",
        "max: 9223372036854775807, because",
        "max: 9223372036854775806, because",
    ),
    "a text that may be one byte less": ("s3", "max: 65535", "max: 65534"),
    "texts that are counted one by one": (
        "s3",
        "peers:   {counted: u16, group: 2}",
        "peers:   {counted: u16, group: 1}",
    ),
    "a line that may be one byte less": ("s3", "max_line: 4194304", "max_line: 4194303"),
    "a body that is cut elsewhere": ("s3", "default: 1048576}", "default: 1048575}"),
    "a check whose limit is one too low": ("sqs", "72057594037927935]}, {at_most", "72057594037927934]}, {at_most"),
}


def truncation_swallowed(data: bytes, error: CodecError) -> bytes | None:
    """What is left of a file that ends early, up to its last whole entry."""
    truncated = CONTAINER.written.errors["truncated"]
    key, value = CONTAINER.written.key, CONTAINER.written.value
    if error.code != truncated or key is None or value is None or not data.startswith(CONTAINER.written.magic):
        return None
    at = whole = len(CONTAINER.written.magic) + sum(layout.size or 0 for _, layout in CONTAINER.written.header)
    for number, width in enumerate([key.length.size or 0, value.length.size or 0] * len(data)):
        at += width + int.from_bytes(data[at : at + width], CONTAINER.written.key.length.byte_order)  # type: ignore[union-attr]
        if at > len(data):
            return data[:whole]
        whole = at if number % 2 else whole
    return None


def magic_assumed(data: bytes) -> bytes:
    """The file with the magic that it should have."""
    magic = CONTAINER.written.magic
    return magic + data[len(magic) :]


def checksums_forgotten(target: Path) -> None:
    if target.is_dir():
        (target / CONTAINER.checksums).unlink()


DRIVERS: Mapping[str, Callable[[], dict[Direction, InProcess]]] = {
    "a truncation that is swallowed": lambda: both(instead=truncation_swallowed),
    "a wrong magic that is accepted": lambda: both(before=magic_assumed),
    "a file of checksums that is missing": lambda: both(after=checksums_forgotten),
}


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Index]:
    return vectors_of(FORMAT, tmp_path_factory)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Specs load without a lint: a broken copy is not asked whether it makes sense."""
    monkeypatch.setattr(library, "_check", lambda path: None)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("broken", [*SPECS, *(pytest.param(name, marks=long_only) for name in SUBTLE)])
def test_a_copy_with_one_changed_line_is_found(vectors: tuple[Path, Index], tmp_path: Path, broken: str) -> None:
    file, before, after = (SPECS | SUBTLE)[broken]
    folder = tmp_path / "specs" / FORMAT
    shutil.copytree(library.root() / FORMAT, folder)
    path = folder / f"{file}.yaml"
    text = path.read_text()
    assert before in text, "the line that is to be changed"
    path.write_text(text.replace(before, after, 1))
    assert first_failure(vectors, both(str(folder)), file) is not None


@pytest.mark.usefixtures("unchecked")
def test_a_copy_with_no_changed_line_is_not_found(vectors: tuple[Path, Index], tmp_path: Path) -> None:
    """Otherwise a copy would be found because it is one."""
    copy = tmp_path / "specs" / FORMAT
    shutil.copytree(library.root() / FORMAT, copy)
    folder, index = vectors
    results = run(folder, index, chosen(index, sample=100), Suite(both(str(copy))))
    assert [(one.entry.id, one.reason) for one in results if one.outcome in BAD] == []


@pytest.mark.parametrize("broken", DRIVERS)
def test_a_copy_that_does_something_else_is_found(vectors: tuple[Path, Index], broken: str) -> None:
    assert first_failure(vectors, DRIVERS[broken](), "container") is not None


def first_failure(vectors: tuple[Path, Index], drivers: dict[Direction, InProcess], about: str) -> Result | None:
    """The first vector that fails, looking first at those of the spec that was changed."""
    folder, index = vectors
    name = FORMAT if about == "container" else about
    near = [entry for entry in index.entries if entry.paragraph.partition(".")[0] == name]
    others = [entry for entry in index.entries if entry not in near]
    for entries in (spread(near), spread(others)):
        for result in run(folder, index, entries, Suite(drivers)):
            if result.outcome in BAD:
                return result
    return None


def spread(entries: list[Entry], steps: int = 7) -> Iterator[Entry]:
    """The entries in an order in which neighbours are far apart."""
    return (entry for start in range(steps) for entry in entries[start::steps])
