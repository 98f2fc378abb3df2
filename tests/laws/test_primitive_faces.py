"""Document faces of bytes, times, clock values and JSON that is passed through."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import codec.layout.calendar_time
import codec.layout.clock_face
import codec.layout.encoded_faces
import codec.layout.raw_json  # noqa: F401  (importing a face's module registers it)
from codec.layout import json_read
from codec.layout.base import Wrong
from codec.layout.calendar_time import from_rfc3339, to_rfc3339
from codec.layout.faces import FACES, Face
from codec.layout.json_read import JsonValue

TOP_MILLIS = (1 << 48) - 1


def built(word: str, argument: object = None, model: str = "bytes", html: bool = True, **options: object) -> Face:
    """The face as a spec with these options gives it."""
    return FACES[word].build(word if argument is None else argument, options, model, html)


BASE64, BASE64URL, HEX = built("base64"), built("base64url"), built("hex")
TIME = built("rfc3339", "millis", "u63", unreadable="none")
STRICT_TIME = built("rfc3339", "millis", "u63", unreadable="error")
CLOCK = built("clock", "u64", "u63", shift=16, because="the counter is only for nodes")


def parsed(text: str) -> JsonValue:
    return json_read.load(text.encode(), "test")


def remade(face: Face) -> Face:
    """The face as generated code makes it."""
    return type(face)(*face.arguments())


# ------------------------------------------------------------------------------------------------ bytes


@pytest.mark.parametrize("face", [BASE64, BASE64URL, HEX], ids=lambda face: str(face.word))
@given(raw=st.binary())
def test_bytes_come_back(face: Face, raw: bytes) -> None:
    text = face.write(raw, "\n  ")
    assert text == remade(face).write(raw, "")
    assert face.read(parsed(text)) == raw
    jsonschema.validate(parsed(text), face.schema())


@given(st.binary())
def test_bytes_are_spelled_as_everywhere(raw: bytes) -> None:
    assert BASE64.write(raw, "") == json.dumps(base64.b64encode(raw).decode())
    assert BASE64URL.write(raw, "") == json.dumps(base64.urlsafe_b64encode(raw).decode().rstrip("="))
    assert HEX.write(raw, "") == json.dumps(raw.hex())


@pytest.mark.parametrize("face", [BASE64, BASE64URL, HEX], ids=lambda face: str(face.word))
def test_none_and_nothing(face: Face) -> None:
    assert face.write(None, "\n") == "null"
    assert face.write(b"", "\n") == '""'
    assert face.missing() == b""
    for value in (None, 5, True, [], {}):
        with pytest.raises(Wrong):
            face.read(value)


# dynamodb.md §5.5, sqs.md §1
@pytest.mark.parametrize(
    ("face", "text", "raw"),
    [
        (BASE64, "AP8=", b"\0\xff"),
        (BASE64, "AP9=", b"\0\xff"),  # spare bits
        (BASE64, "A\rP\n8=\n", b"\0\xff"),
        (BASE64, "AA=\n=", b"\0"),
        (BASE64, "AP8", None),
        (BASE64, "_-8=", None),
        (BASE64, "AP8=AP8=", None),
        (BASE64, "A===", None),
        (BASE64, "====", None),
        (BASE64, "AA==\n=", None),
        (BASE64, "AP 8=", None),
        (BASE64, "é===", None),
        (BASE64URL, "AP8", b"\0\xff"),
        (BASE64URL, "AP9", b"\0\xff"),
        (BASE64URL, "__\r\n4", b"\xff\xfe"),
        (BASE64URL, "AP8=", None),
        (BASE64URL, "//4", None),
        (BASE64URL, "A", None),
        (HEX, "00fF", b"\0\xff"),
        (HEX, "0", None),
        (HEX, "0g", None),
        (HEX, "00 ff", None),
        (HEX, "é0", None),
    ],
)
def test_bytes_are_read_as_the_reference_does(face: Face, text: str, raw: bytes | None) -> None:
    if raw is None:
        with pytest.raises(Wrong):
            face.read(text)
    else:
        assert face.read(text) == raw


# ------------------------------------------------------------------------------------------------ times


# s3.md §5.3
@pytest.mark.parametrize(
    ("millis", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (10, "1970-01-01T00:00:00.01Z"),
        (1700000000000, "2023-11-14T22:13:20Z"),
        (1700000000100, "2023-11-14T22:13:20.1Z"),
        (1700000000120, "2023-11-14T22:13:20.12Z"),
        (1700000000123, "2023-11-14T22:13:20.123Z"),
        (951782400000, "2000-02-29T00:00:00Z"),
        (253402300799999, "9999-12-31T23:59:59.999Z"),
        (253402300800000, "10000-01-01T00:00:00Z"),
        (TOP_MILLIS, "10889-08-02T05:31:50.655Z"),
    ],
)
def test_times_are_printed_as_the_reference_does(millis: int, text: str) -> None:
    assert TIME.write(millis, "\n") == f'"{text}"'


# s3.md §6.4
@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("2023-11-14T22:13:20.123456789Z", 1700000000123),
        ("2023-11-14T22:13:20.1239999999999999999Z", 1700000000123),
        ("2023-11-14T22:13:20,5Z", 1700000000500),
        ("2023-11-14T22:13:20+00:00", 1700000000000),
        ("2023-11-15T00:13:20+02:00", 1700000000000),
        ("2023-11-14T20:43:20-01:30", 1700000000000),
        ("2023-11-15T22:13:20+24:00", 1700000000000),
        ("2023-11-15T22:13:20+23:60", 1700000000000),
        ("2023-11-14T2:13:20Z", 1699927200000 + 800000),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.999Z", None),
        ("1970-01-01T00:00:00+00:01", None),
        ("0000-02-29T00:00:00Z", None),
        ("", None),
        ("2023-11-14", None),
        ("2023-11-14T22:13:20", None),
        ("2023-11-14T22:13:20.Z", None),
        ("2023-11-14t22:13:20Z", None),
        ("2023-11-14T22:13:20z", None),
        ("2023-11-14 22:13:20Z", None),
        (" 2023-11-14T22:13:20Z", None),
        ("2023-11-14T22:13:20Z\n", None),
        ("2023-11-14T22:13:20ZZ", None),
        ("2023-02-29T00:00:00Z", None),
        ("2023-04-31T00:00:00Z", None),
        ("2023-13-01T00:00:00Z", None),
        ("2023-00-01T00:00:00Z", None),
        ("2023-01-00T00:00:00Z", None),
        ("2023-1-01T00:00:00Z", None),
        ("2023-01-01T24:00:00Z", None),
        ("2023-01-01T00:60:00Z", None),
        ("2023-01-01T00:00:60Z", None),
        ("2023-01-01T00:0:00Z", None),
        ("2023-01-01T00:00:00+25:00", None),
        ("2023-01-01T00:00:00+00:61", None),
        ("2023-01-01T00:00:00+0000", None),
        ("2023-01-01T00:00:00+1:00", None),
        ("10000-01-01T00:00:00Z", None),
        ("-2023-01-01T00:00:00Z", None),
        ("٢٠٢٣-01-01T00:00:00Z", None),
    ],
)
def test_times_are_read_as_the_reference_does(text: str, millis: int | None) -> None:
    assert TIME.read(text) == millis
    if millis is None:
        with pytest.raises(Wrong):
            STRICT_TIME.read(text)
    else:
        assert STRICT_TIME.read(text) == millis


@given(st.integers(0, 253402300799999))
def test_a_time_comes_back(millis: int) -> None:
    text = TIME.write(millis, "")
    assert text == remade(TIME).write(millis, "")
    assert TIME.read(parsed(text)) == STRICT_TIME.read(parsed(text)) == millis
    assert datetime.fromisoformat(str(parsed(text))) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        milliseconds=millis
    )
    jsonschema.validate(parsed(text), TIME.schema())


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-1439, 1439))
def test_every_offset_counts(moment: datetime, minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{moment.isoformat()}{sign}{hours:02}:{rest:02}"
    since = moment - timedelta(minutes=minutes) - datetime(1970, 1, 1)
    assert from_rfc3339(text) == since // timedelta(milliseconds=1)


@given(st.integers(0, TOP_MILLIS))
def test_the_calendar_goes_on_behind_the_year_9999(millis: int) -> None:
    cycle = 146_097 * 86_400_000
    year, _, rest = to_rfc3339(millis).partition("-")
    later, _, again = to_rfc3339(millis + cycle).partition("-")
    assert (int(later), again) == (int(year) + 400, rest)


@pytest.mark.parametrize("value", [None, 5, True, ["2023-11-14T22:13:20Z"]])
def test_a_time_is_a_string(value: object) -> None:
    with pytest.raises(Wrong):
        TIME.read(value)


# ------------------------------------------------------------------------------------------------ clock values


@pytest.mark.parametrize(
    ("clock", "millis"),
    [(111411200008060933, 1700000000123), (0, None), (1, 0), (65535, 0), (65536, 1), ((1 << 64) - 1, TOP_MILLIS)],
)
def test_clock_values_are_milliseconds_above_a_counter(clock: int, millis: int | None) -> None:
    assert CLOCK.read(clock) == millis
    assert CLOCK.write(millis, "") == str((millis or 0) << 16)


@given(st.integers(1, TOP_MILLIS))
def test_milliseconds_come_back(millis: int) -> None:
    text = remade(CLOCK).write(millis, "")
    assert CLOCK.read(parsed(text)) == millis
    jsonschema.validate(parsed(text), CLOCK.schema())


@pytest.mark.parametrize(
    "value", [None, True, -1, 1 << 64, "5", json_read.load(b"1.0", "x"), json_read.load(b"-0", "x")]
)
def test_what_is_no_clock_value_is_refused(value: object) -> None:
    with pytest.raises(Wrong):
        CLOCK.read(value)


@pytest.mark.parametrize("millis", [-1, TOP_MILLIS + 1])
def test_milliseconds_that_no_clock_has_are_refused(millis: int) -> None:
    with pytest.raises(Wrong):
        CLOCK.write(millis, "")


# ------------------------------------------------------------------------------------------------ JSON in JSON

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    _scalars | st.text('a<>&\u2028 \\"\t:,é'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('a<&é"', max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(_json, st.sampled_from([None, 2, "\t"]))
def test_json_is_kept_token_for_token(value: object, indent: int | str | None) -> None:
    raw, plain = built("raw", model="json"), built("raw", model="json", html=False)
    document = json.dumps({"a": [0, value]}, ensure_ascii=False, indent=indent).encode()
    found = raw.read(json_read.raw(document, ["a", 1]))
    assert found == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert plain.write(found, "\n") == found
    assert json.loads(remade(raw).write(found, "")) == value
    assert not {"<", ">", "&", "\u2028"} & set(raw.write(found, ""))


def test_json_keeps_its_spelling() -> None:
    text = '{ "b" : 1.50E1 , "a":[ "\\/ \\u003c <" , -0 ] }'
    raw = built("raw", model="json")
    assert raw.read(text) == '{"b":1.50E1,"a":["\\/ \\u003c <",-0]}'
    assert raw.write(raw.read(text), "\n") == '{"b":1.50E1,"a":["\\/ \\u003c \\u003c",-0]}'
    with pytest.raises(Wrong):
        raw.read({"a": 1})


def test_an_object_with_bytes_may_have_to_stand_alone() -> None:
    open_, alone = built("text_or_base64", "base64"), built("text_or_base64", "base64", alone=True)
    said = {"base64": "_w", "more": 1}
    assert open_.read(said) == alone.read({"base64": "_w"}) == b"\xff"
    with pytest.raises(Wrong):
        alone.read(said)
