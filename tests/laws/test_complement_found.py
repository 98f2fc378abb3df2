"""Histories that a complement once got wrong, found by the laws and cut down by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.api import DecodeOptions, decode_snapshot
from codec.complement import decode as complement_of_decode
from codec.errors import EnvironmentProblem
from codec.testing import History, Version, writers
from codec.testing.containers import Writer, operational_rows
from codec.testing.documents import Files
from codec.testing.streams import NOW
from tests.support.hurry import in_a_hurry
from tests.support.laws import ADAPTERS, CONTAINER, decoded, encode, encoded

SHARED = next(shared.row for adapter in ADAPTERS for shared in adapter.shared)
WRITERS = tuple(writers(CONTAINER))


def of(*rows: tuple[bytes, bytes]) -> History:
    """One version of each row."""
    return History(NOW, tuple(Version(key, 3, value) for key, value in rows))


def documents(files: Files) -> Files:
    """The tree without the complement, and without the manifest that names it."""
    assert CONTAINER.complement is not None
    own = (f"{CONTAINER.complement.folder}/", CONTAINER.manifest.path)
    return {path: data for path, data in files.items() if not path.startswith(own)}


def there_and_back(first: History, second: History) -> tuple[Files, Files]:
    """The documents of both, after the tree of the first was given those of the second, and again its own."""
    one, two = (decoded(WRITERS[0].write(each), complement=True) for each in (first, second))
    beside = {path: data for path, data in one.items() if path not in documents(one)}
    left = encode(documents(two) | beside)
    assert left.error is None, left.error
    changed = decoded(left.data, complement=True)
    assert documents(changed) == documents(two)
    beside = {path: data for path, data in changed.items() if path not in documents(changed)}
    back = encode(documents(one) | beside)
    assert back.error is None, back.error
    assert documents(decoded(back.data)) == documents(one)
    return documents(one), documents(two)


def example(entity: str, row: str) -> tuple[bytes, bytes]:
    """The example of a kind of record that its spec gives."""
    rows = (r for adapter in ADAPTERS for e in adapter.entities for r in e.rows if (e.name, r.name) == (entity, row))
    said = next(rows).example
    return bytes.fromhex(said["key"]), bytes.fromhex(said["value"])


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_a_file_of_nothing_but_rows_of_the_node(writer: Writer) -> None:
    data = writer.write(History(NOW, (), tuple(operational_rows(CONTAINER))))
    assert encoded(decoded(data, complement=True)) == data


def test_a_record_that_no_document_showed_becomes_part_of_one() -> None:
    meta, entry = example("Stream", "meta"), example("Stream", "entry")
    stream = meta[0], (1).to_bytes(8, "big") + (1).to_bytes(8, "big") * 2
    there_and_back(of((entry[0].replace(b"\x01s", b"\x01t"), entry[1]), entry), of((stream[0], stream[1]), entry))


def test_an_expiry_that_belonged_to_nothing_is_not_that_of_a_document_added_later() -> None:
    expiry = bytes.fromhex(SHARED.example["key"]), bytes.fromhex(SHARED.example["value"])
    key, value = example("List", "meta")
    meta = key.removesuffix(b"y") + expiry[0].removeprefix(SHARED.prefix), value
    before, _ = there_and_back(of(expiry), of(meta))
    assert not before


def test_an_edit_of_a_message_of_fields_that_holds_one_that_nobody_knows() -> None:
    key, value = example("Table", "schema")
    foreign = b"\xf8\x07\x05"  # field 127
    before = decoded(WRITERS[0].write(of((key, value + foreign))), complement=True)
    edited = {path: data.replace(b'"bk"', b'"ck"') for path, data in documents(before).items()}
    beside = {path: data for path, data in before.items() if path not in edited}
    after = encoded(edited | beside)
    assert documents(decoded(after)) == edited
    assert value.replace(b"bk", b"ck") + foreign in after
    there_and_back(of((key, value + foreign)), of((key, value.replace(b"bk", b"ck"))))


def test_what_other_processes_found_out_about_documents_is_known() -> None:
    meta, _ = example("Stream", "meta")
    nine = (9).to_bytes(8, "big") * 3  # entries, which are not there
    file = WRITERS[0].write(of(*((meta.replace(b"\x01s", b"\x01" + bytes((at,))), nine) for at in b"ABCDEF")))
    with in_a_hurry(shared=True):
        assert encoded(decoded(file, complement=True)) == file


@pytest.mark.parametrize("shown", [{"versions": "all"}, {"as_of": 5}])
def test_edits_of_a_tree_that_does_not_show_the_newest_versions_are_not_tested(shown: dict[str, object]) -> None:
    key, value = example("String", "blob")
    before = decoded(WRITERS[0].write(of((key, value))), complement=True, **shown)
    (path,) = (path for path in documents(before) if before[path] and before[path] in value)
    assert encode(before, self_test=True).error is None
    left = encode(before | {path: b"another"}, self_test=True)
    assert left.error is not None
    assert left.error["code"] == "self-test-versions"
    assert encode(before | {path: b"another"}).error is None


def only(first: History, second: History) -> tuple[Files, Files]:
    """The documents of the first; and what is shown after they were replaced by those of the second."""
    one, two = (decoded(WRITERS[0].write(each), complement=True) for each in (first, second))
    beside = {path: data for path, data in one.items() if path not in documents(one)}
    after = documents(decoded(encoded(documents(two) | beside)))
    assert after == documents(two)
    return documents(one), after


def test_a_document_that_was_written_thrice_is_what_it_was_last() -> None:
    key, value = example("HyperLogLog", "blob")
    values = ((1, value), (2, value + b"more"), (3, value))
    data = WRITERS[0].write(History(NOW, tuple(Version(key, at, value) for at, value in reversed(values))))
    tested = encode(decoded(data, complement=True, versions="all"), self_test=True)
    assert (tested.mismatch, tested.data) == ("", data)


def test_things_of_another_generation_do_not_appear_when_their_parent_goes() -> None:
    (key, value), head = example("Bucket", "meta"), example("Object", "head")
    before, after = only(of((key, value.replace(b'"generation":1', b'"generation":2')), head), of())
    assert len(before) == 1
    assert not after


def test_documents_whose_parent_had_none_are_gone_when_they_are_removed() -> None:
    before, after = only(of(example("Object", "head")), of())
    assert len(before) == 2
    assert not after


def test_a_parent_that_is_added_does_not_find_what_was_removed() -> None:
    before, after = only(of(example("Object", "head")), of(example("Bucket", "meta")))
    assert len(before) == 2
    assert len(after) == 1


def test_an_input_that_changes_while_it_is_decoded_has_no_complement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def file(*values: tuple[bytes, bytes]) -> bytes:
        return WRITERS[0].write(History(NOW, tuple(Version(key, 5, value) for key, value in values)))

    after = file((b"zz1", b""), (b"zz2", b""))
    before = file((b"zz1", bytes(len(after) - len(file((b"zz1", b""))))))
    source = tmp_path / "snapshot"
    source.write_bytes(before)
    canonical = complement_of_decode.records_with

    def changing(*arguments: object, **named: object) -> object:
        source.write_bytes(after)
        return canonical(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(complement_of_decode, "records_with", changing)
    with pytest.raises(EnvironmentProblem, match="input-changed"):
        decode_snapshot(source, tmp_path / "tree", DecodeOptions(complement=True))
    assert not (tmp_path / "tree").exists()


def test_a_folder_that_is_not_called_as_its_document_says_is_taken_as_it_came() -> None:
    """dynamodb.md §3.6: nothing compares a table's name in the key with that in the schema."""
    _, value = example("Table", "schema")
    data = WRITERS[0].write(of((b"!ddb|meta|table|_w", value)))
    files = decoded(data, complement=True)
    assert encoded(files) == data
    path = "dynamodb/%FF/_schema.json"
    for other in (decoded(data), files | {path: files[path].replace(b'"bk"', b'"other"')}):
        refused = encode(other).error
        assert refused is not None
        assert refused["code"] == "ErrDDBEncodeNameMismatch"
