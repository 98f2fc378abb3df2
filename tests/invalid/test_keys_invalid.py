"""Keys that a format document calls malformed, one by one, and the least change that makes them whole."""

from __future__ import annotations

import pytest

from tests.support.golden_cases import ENGINES
from tests.support.laws import decode
from tests.support.stream_oracle import Row, write_stream

ITEM = b"\0DI\1\x0a\x08\x0a\1h\x12\3\x0a\1x"  # one attribute, `h`
TABLE = b"\0DS\1\x0a\1t\x1a\3\x0a\1h"
MESSAGE = b'\0SM\1{"message_id":"a","body":"","md5_of_body":""}'
GENERATION = bytes(7) + b"\1"

BAD = {
    "a table without a name": (b"!ddb|meta|table|", TABLE, "ErrDDBMalformedKey"),
    "an item without a table": (b"!ddb|item||1|k", ITEM, "ErrDDBMalformedKey"),
    "an item without a key": (b"!ddb|item|dA|1|", ITEM, "ErrDDBMalformedKey"),
    "an item without a generation": (b"!ddb|item|dA||k", ITEM, "ErrDDBMalformedKey"),
    "a field with half a length": (b"!hs|fld|\0\0\0", b"", "ErrRedisInvalidHashKey"),
    "a message without a queue": (b"!sqs|msg|data|" + GENERATION + b"YQ", MESSAGE, "ErrSQSMalformedKey"),
    "a message without an id": (b"!sqs|msg|data|cQ" + GENERATION, MESSAGE, "ErrSQSMalformedKey"),
}
GOOD = {
    "a table": (b"!ddb|meta|table|dA", TABLE),
    "an item": (b"!ddb|item|dA|1|k", ITEM),
    "a message": (b"!sqs|msg|data|cQ" + GENERATION + b"YQ", MESSAGE),
}


def stream(key: bytes, value: bytes) -> bytes:
    return write_stream(5 << 16, [Row(key, 5 << 16, 0, 0, value)])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", BAD)
def test_a_malformed_key_is_refused(case: str, engine: str) -> None:
    key, value, code = BAD[case]
    outcome = decode(stream(key, value), engine=engine)
    assert outcome.error is not None
    assert outcome.error["code"] == code
    assert "None" not in str(outcome.error["expected"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", GOOD)
def test_a_whole_key_is_taken(case: str, engine: str) -> None:
    assert decode(stream(*GOOD[case]), engine=engine).error is None
