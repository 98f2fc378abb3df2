"""Numbers, keys, file names, times and partitions as the reference made them, wherever golden data are there."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest

from codec.layout.base import Wrong
from codec.layout.base64_text import read_base64url_run, write_base64url
from codec.layout.calendar_time import from_rfc3339, to_rfc3339
from codec.layout.canonical_number import canonical_number
from codec.layout.escaped import escape, read_escaped
from codec.layout.fnv import fnv1a_32
from codec.layout.ordered_decimal import bytes_to_number, number_to_bytes
from codec.layout.segments import Fallback, Segment
from tests.support.golden_cases import Case, EncoderLine, golden_root, load_cases, load_encoder_lines
from tests.support.stream_oracle import read_stream

PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
SEGMENT = Segment(PLAIN, 240, "b64.", Fallback("sha256", 32, "__", 64, "none"), "bad", "unknown")
ITEM, HEAD = b"!ddb|item|", b"!s3|obj|head|"

CASES = {case.name: case for case in load_cases(golden_root())}
KEYS = [
    name for name in CASES if name.startswith(("random-a-ddb-", "ddb-basic", "ddb-key-text", "real-a-adapter-dynamodb"))
]
TIMES = [name for name in CASES if name in ("random-a-s3-times", "s3-last-modified", "s3-basic", "real-a-adapter-s3")]
LINES = {line["name"]: line for line in load_encoder_lines(golden_root())[1]}
NUMBERS = [line for name, line in LINES.items() if name.startswith("enc-ddb-num-key-")]
SIDECARS = [line for name, line in LINES.items() if name.startswith("enc-s3-sidecar-lm-")]
GROUPS = [line for name, line in LINES.items() if name.startswith("enc-sqs-ht-") and not line["encode_exit"]]


def document(data: bytes) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(data))


def raw_key(value: dict[str, str]) -> bytes:
    """The key bytes of {"S": …}, {"N": …} or {"B": …}, before they are escaped."""
    ((kind, text),) = value.items()
    if kind == "N":
        return number_to_bytes(text)
    return text.encode() if kind == "S" else base64.b64decode(text)


def file_name(value: dict[str, str]) -> str:
    ((kind, text),) = value.items()
    if kind == "B":
        return SEGMENT.encode_base64url(base64.b64decode(text))
    return SEGMENT.encode((canonical_number(text) if kind == "N" else text).encode())[0]


def tables(tree: dict[str, bytes]) -> Iterator[tuple[str, str, list[str]]]:
    """Folder, name and key attributes of every table."""
    for path, data in tree.items():
        if path.startswith("dynamodb/") and path.endswith("/_schema.json") and path.count("/") == 2:
            schema = document(data)
            keys = [schema["primary_key"][part].get("name") for part in ("hash_key", "range_key")]
            yield path.removesuffix("_schema.json"), schema["table_name"], [key for key in keys if key]


@pytest.mark.skipif(not KEYS, reason="needs the golden data")
def test_golden_item_keys_and_names_where_golden_data_are_there() -> None:
    checked = 0
    for case in map(CASES.__getitem__, KEYS):
        tree, written = case.tree(), case.reencoded()
        assert written is not None
        expected = set()
        for folder, table, keys in tables(tree):
            for path, data in tree.items():
                if not path.startswith(folder + "items/"):
                    continue
                values = [document(data)[key] for key in keys]
                assert path == f"{folder}items/{'/'.join(map(file_name, values))}.json"
                start = ITEM + write_base64url(table.encode()) + b"|1|"
                expected.add(start + b"".join(escape(raw_key(value)) for value in values))
                checked += 1
        found = {row.user_key for row in read_stream(written).rows if row.user_key.startswith(ITEM)}
        assert found == expected
    assert checked > 0


@pytest.mark.skipif(not KEYS, reason="needs the golden data")
def test_golden_item_keys_can_be_read_back_where_golden_data_are_there() -> None:
    checked = 0
    for case in map(CASES.__getitem__, KEYS):
        tree = case.tree()
        kinds = {}
        for folder, table, keys in tables(tree):
            item = next((document(data) for path, data in tree.items() if path.startswith(folder + "items/")), {})
            kinds[table.encode()] = [next(iter(item[key])) for key in keys if item]
        for row in read_stream(case.reencoded() or b"").rows:
            if row.user_key.startswith(ITEM):
                table, at = read_base64url_run(row.user_key, len(ITEM), len(row.user_key))
                at += len("|1|")
                for kind in kinds[table]:
                    raw, at = read_escaped(row.user_key, at, len(row.user_key))
                    if kind == "N":
                        assert number_to_bytes(bytes_to_number(raw)) == raw
                        checked += 1
                assert at == len(row.user_key)
    assert checked > 0


def line_item(line: EncoderLine) -> dict[str, Any]:
    text = next(text for path, text in line["files"].items() if "/items/" in path)
    assert isinstance(text, str)
    return document(text.encode())


@pytest.mark.skipif(not NUMBERS, reason="needs the golden data")
def test_golden_number_keys_are_accepted_and_refused_where_golden_data_are_there() -> None:
    for line in NUMBERS:
        text = line_item(line)["pk"]["N"]
        if line["encode_exit"]:
            with pytest.raises(Wrong):
                number_to_bytes(text)
        else:
            stream = base64.b64decode(line["fsm"]["b64"])
            (key,) = [row.user_key for row in read_stream(stream).rows if row.user_key.startswith(ITEM)]
            assert key.endswith(b"|1|" + escape(number_to_bytes(text)))


def heads(stream: bytes) -> dict[tuple[bytes, bytes], int]:
    """The clock value of every S3 object, by bucket and key."""
    found = {}
    for row in read_stream(stream).rows:
        if row.user_key.startswith(HEAD) and not row.deleted:
            bucket, at = read_escaped(row.user_key, len(HEAD), len(row.user_key))
            key, end = read_escaped(row.user_key, at + 8, len(row.user_key))
            assert end == len(row.user_key)
            found[bucket, key] = document(row.body)["last_modified_hlc"]
    return found


def shown_times(case: Case) -> dict[tuple[bytes, bytes], str | None]:
    """What the sidecars say, by bucket and key; renamed objects are left out."""
    suffix, result = ".elastickv-meta.json", {}
    for path, data in case.tree().items():
        top, _, rest = path.partition("/")
        bucket, _, key = rest.partition("/")
        if top == "s3" and path.endswith(suffix):
            result[SEGMENT.decode(bucket, {}), key.removesuffix(suffix).encode()] = document(data).get("last_modified")
    return result


@pytest.mark.skipif(not TIMES, reason="needs the golden data")
def test_golden_times_where_golden_data_are_there() -> None:
    checked = 0
    for case in map(CASES.__getitem__, TIMES):
        before, after, shown = heads(case.input_bytes), heads(case.reencoded() or b""), shown_times(case)
        for name, text in shown.items():
            if name in before:
                clock = before[name]
                assert text == (to_rfc3339(clock >> 16) if clock else None)
            if name in after:
                assert after[name] == (from_rfc3339(text) << 16 if text is not None else 0)
                checked += 1
    assert checked > 0


@pytest.mark.skipif(not SIDECARS, reason="needs the golden data")
def test_golden_times_of_documents_written_by_hand_where_golden_data_are_there() -> None:
    for line in SIDECARS:
        sidecar = next(text for path, text in line["files"].items() if path.endswith(".elastickv-meta.json"))
        assert isinstance(sidecar, str)
        text = document(sidecar.encode()).get("last_modified") or ""
        try:
            expected = from_rfc3339(text) << 16
        except Wrong:
            expected = 0
        assert list(heads(base64.b64decode(line["fsm"]["b64"])).values()) == [expected]


@pytest.mark.skipif(not GROUPS, reason="needs the golden data")
def test_golden_partitions_of_message_groups_where_golden_data_are_there() -> None:
    checked = 0
    for line in GROUPS:
        files = {path: text for path, text in line["files"].items() if isinstance(text, str)}
        for path, text in files.items():
            if path.endswith("/messages.jsonl"):
                queue = document(files[path.replace("messages.jsonl", "_queue.json")].encode())
                if queue.get("fifo_throughput_limit") == "perMessageGroupId":
                    for message in map(json.loads, io.StringIO(text)):
                        group = message["message_group_id"].encode()
                        assert message["partition"] == fnv1a_32(group) & (queue["partition_count"] - 1)
                        checked += 1
    assert checked > 0
