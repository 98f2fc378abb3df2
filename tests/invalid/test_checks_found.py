"""A document that contradicts itself is refused with what was expected and with the values that were found, by both engines."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from codec.api import EncodeOptions, encode_snapshot
from codec.errors import DocumentError
from codec.spec import plan
from tests.support.golden_cases import ENGINES
from tests.support.laws import ADAPTERS
from tests.support.small_tree import MANIFEST, lay_out

NAMES = re.compile("`([^`]+)`")
QUEUE = (
    b'{"format_version": 1, "name": "%s", "fifo": %s, "visibility_timeout_seconds": 30, "delay_seconds": 0,'
    b' "message_retention_seconds": 60, "maximum_message_size": 1024, "partition_count": %d}'
)
MESSAGE = (
    b'{"message_id": "%s", "body": "", "md5_of_body": "", "send_timestamp_millis": 1, "available_at_millis": 1,'
    b' "visible_at_millis": 0, "receive_count": 0, "queue_generation": 1, "message_group_id": "g", "partition": %d}\n'
)
STREAM = (
    b'{"id": "7-3", "fields": []}\n{"_meta": true, "length": %d, "last_ms": %d, "last_seq": 2, "expire_at_ms": null}\n'
)
SIDECAR = b'{"format_version": 1, "size_bytes": 5, "content_type": "", "last_modified": null, "parts": []}'
BUCKET = b'{"format_version": 1, "name": "b", "creation_time_iso": null, "versioning": null, "policy_json": null}'
TABLE = b'{"format_version": 1, "table_name": "t", "primary_key": {"hash_key": {}, "range_key": {}}, "attribute_definitions": []}'

CASES: dict[str, tuple[dict[bytes, bytes], str]] = {
    "a number beside a count": ({b"redis/db_0/streams/s.jsonl": STREAM % (3, 9)}, "`length` is 3, the number of entries is 1"),
    "several numbers": (
        {b"redis/db_0/streams/s.jsonl": STREAM % (1, 7)},
        "(`last_ms`, `last_seq`) is [7, 2], the greatest of entries is [7, 3]",
    ),
    "an empty text": ({b"dynamodb/t/_schema.json": TABLE}, "`primary_key.hash_key` is ''"),
    "none of some": ({b"sqs/q/_queue.json": QUEUE % (b"q", b"true", 3)}, "`partition_count` is 3"),
    "none of several conditions": (
        {b"sqs/q/_queue.json": QUEUE % (b"q", b"false", 2)},
        "`fifo` is False, `partition_count` is 2, `fifo_throughput_limit` is '', `deduplication_scope` is ''",
    ),
    "a field of the parent": (
        {b"sqs/q/_queue.json": QUEUE % (b"q", b"true", 1), b"sqs/q/messages.jsonl": MESSAGE % (b"m", 1)},
        "`queue.partition_count` is 1, `partition` is 1",
    ),
    "the length of a body": (
        {b"s3/b/_bucket.json": BUCKET, b"s3/b/o": b"four", b"s3/b/o.elastickv-meta.json": SIDECAR},
        "`size_bytes` is 5, the length of `body` is 4",
    ),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_a_failed_check_says_what_it_found(tmp_path: Path, case: str, engine: str) -> None:
    files, found = CASES[case]
    lay_out(tmp_path, {b"MANIFEST.json": MANIFEST, **files})
    with pytest.raises(DocumentError) as caught:
        encode_snapshot(tmp_path, io.BytesIO(), EncodeOptions(engine=engine))  # type: ignore[arg-type]
    assert caught.value.found == found
    assert caught.value.expected
    assert NAMES.findall(found)[0] in NAMES.findall(caught.value.expected)


@pytest.mark.parametrize(
    "check", [check for adapter in ADAPTERS for entity in adapter.entities for check in entity.checks], ids=lambda _: ""
)
def test_a_check_finds_the_values_of_all_names_that_it_expects_something_of(check: plan.Check) -> None:
    looked_at = {name for value in check.condition.looks_at() for name in NAMES.findall(value.describe())}
    assert looked_at == set(NAMES.findall(check.condition.describe()))
