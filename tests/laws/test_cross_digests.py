"""Digests in the data agree with what they are of: MD5 of bodies, ETags of objects, the hash that places messages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import pytest

from codec.layout.fnv import fnv1a_32
from tests.support.golden_cases import Case, golden_root, load_cases, load_encoder_lines
from tests.support.golden_layout import content_of
from tests.support.laws import both_engines, decoded, encoded
from tests.support.stream_oracle import Row, read_stream, write_stream

CASES = {case.name: case for case in load_cases(golden_root())}
EVERYTHING = "real-a-runtime-file"  # what a node wrote, all adapters; carried with the project
OVERWRITTEN = "real-a-s3-keymap-clash"  # the reference writes its names file over the object that is called alike
REAL = [name for name in ("real-a-all", EVERYTHING, "hex-name") if name in CASES]
MESSAGES, OBJECT = re.compile(r"sqs/[^/]+/messages\.jsonl"), ".elastickv-meta.json"
SINGLE_PART = re.compile(r"[0-9a-f]{32}")  # others end with the number of their parts
DIGESTS = ("md5_of_body", "md5_of_message_attributes")
MAGIC = b"\0SM\1"


def shown_messages(files: Mapping[str, bytes]) -> Iterator[tuple[bytes, dict[str, object]]]:
    """Body and members of every message of a tree."""
    for path, data in files.items():
        for line in data.splitlines() if MESSAGES.fullmatch(path) else ():
            message = json.loads(line)
            body = message["body"]
            yield body.encode() if isinstance(body, str) else from_base64url(body["base64"]), message


def stored_messages(data: bytes) -> Iterator[tuple[bytes, dict[str, object]]]:
    """Body and members of every message of a stream, whichever versions a decode takes."""
    for row in read_stream(data).resolved():
        if row.user_key.startswith(b"!sqs|msg|data|"):
            message = json.loads(row.body.removeprefix(MAGIC))
            yield base64.b64decode(message["body"]), message


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digests(messages: Iterable[tuple[bytes, dict[str, object]]]) -> Counter[tuple[object, ...]]:
    """How often each id stands with which digests."""
    return Counter((message["message_id"], *(message.get(name, "") for name in DIGESTS)) for _, message in messages)


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if "sqs" in case.touched(())], ids=lambda case: case.name
)
def test_the_md5_of_a_message_is_that_of_its_body(case: Case) -> None:
    for body, message in shown_messages(case.tree() if case.decodes else {}):
        assert message["md5_of_body"] == hashlib.md5(body).hexdigest(), message["message_id"]


@both_engines
@pytest.mark.parametrize("name", REAL)
def test_digests_of_messages_go_through_as_they_are(name: str, engine: str) -> None:
    files = decoded(CASES[name].input_bytes, adapters=("sqs",), engine=engine)
    again = encoded(files, adapters=("sqs",), engine=engine)
    shown, stored = list(shown_messages(files)), list(stored_messages(again))
    assert shown
    for body, message in (*shown, *stored):
        assert message["md5_of_body"] == hashlib.md5(body).hexdigest(), message["message_id"]
    assert any(message.get("md5_of_message_attributes") for _, message in stored)
    assert digests(shown) == digests(stored) <= digests(stored_messages(CASES[name].input_bytes))


@both_engines
def test_digests_that_are_wrong_are_left_alone(engine: str) -> None:
    said = dict(zip(DIGESTS, ("00", "nobody checks this"), strict=True))
    message = {"message_id": "m", "body": "AP8=", **said, "send_timestamp_millis": 1, "queue_generation": 1}
    queue = b"cQ"
    rows = [
        Row(b"!sqs|msg|data|" + queue + struct.pack(">Q", 1) + b"bQ", 9, 0, 0, MAGIC + json.dumps(message).encode()),
        Row(b"!sqs|queue|meta|" + queue, 9, 0, 0, b'\0SQ\1{"name":"q","generation":1}'),
    ]
    files = decoded(write_stream(9, rows), adapters=("sqs",), engine=engine)
    again = encoded(files, adapters=("sqs",), engine=engine)
    for ((body, found),) in (list(shown_messages(files)), list(stored_messages(again))):
        assert body == b"\0\xff"
        assert {name: found[name] for name in DIGESTS} == said


def objects(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """ETag and body of the objects of a tree that were put in one part."""
    for path, data in files.items():
        if path.startswith("s3/") and path.endswith(OBJECT):
            etag = json.loads(data)["etag"]
            if SINGLE_PART.fullmatch(etag):
                yield etag, files[path.removesuffix(OBJECT)]


def assert_true(etags: list[tuple[str, bytes]]) -> None:
    assert etags, "no object that was put in one part"
    for etag, body in etags:
        assert etag == hashlib.md5(body).hexdigest(), body[:40]


@both_engines
@pytest.mark.parametrize("name", [name for name in REAL if name.startswith("real-")])
def test_the_etag_of_a_decoded_object_is_the_md5_of_its_body(name: str, engine: str) -> None:
    found = list(objects(decoded(CASES[name].input_bytes, adapters=("s3",), engine=engine)))
    assert_true(found)
    if CASES[name].decodes:
        assert sorted(found) == sorted(objects(CASES[name].tree()))


def test_the_etag_of_a_golden_object_is_the_md5_of_its_body() -> None:
    known = [case for case in CASES.values() if case.name.startswith("real-") and case.name != OVERWRITTEN]
    trees = [case.tree() for case in known if case.decodes] + [decoded(CASES[EVERYTHING].input_bytes)]
    assert_true([one for tree in trees for one in objects(tree)])


def placed() -> Iterator[tuple[str, int, int]]:
    """Group, partition and number of partitions of the messages of golden queues that spread their groups."""
    trees = [case.tree() for case in CASES.values() if case.decodes and not case.packed]
    default, lines = load_encoder_lines(golden_root())
    taken = [line["files"] for line in lines if line["encode_exit"] == 0]
    trees += [{path: content_of(content, default) for path, content in files.items()} for files in taken]
    for tree in trees:
        for path in filter(MESSAGES.fullmatch, tree):
            queue = json.loads(tree[path.replace("messages.jsonl", "_queue.json")])
            if queue.get("partition_count", 0) > 1 and queue.get("fifo_throughput_limit") == "perMessageGroupId":
                for line in filter(bytes.strip, tree[path].split(b"\n")):
                    message = json.loads(line)
                    yield message.get("message_group_id", ""), message["partition"], queue["partition_count"]


def test_messages_lie_on_the_partition_that_their_group_hashes_to() -> None:
    seen = set(placed())
    assert len({partition for _, partition, _ in seen}) > 1
    for group, partition, count in seen:
        assert partition == (fnv1a_32(group.encode()) % count if group else 0), group
