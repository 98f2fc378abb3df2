"""JSON documents about a run (manifest, encode info): written from facts, read back into the same facts.

Reading judges in the format's order: JSON, the version gate, then the JSON Schema; the first problem is the error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

from codec.engine.documents import STEP, constant_text
from codec.errors import DataError, DocumentError, Place, VersionError
from codec.layout.faces import found
from codec.layout.json_read import JsonValue, load, locate
from codec.layout.json_write import quote
from codec.mapping.fits import is_time, surely_fits
from codec.spec.container import TopDocument

Facts = dict[str, object]
U32 = 0xFFFFFFFF


def clock() -> str:
    """Now, as RFC 3339 in UTC with up to nine digits of a second, trailing zeros left out."""
    now = datetime.now(UTC)
    fraction = f".{now.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{now:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def write(document: TopDocument, facts: Facts) -> bytes:
    """The text of the document."""
    return ("".join(_object(document.members, facts, document.html, "\n")) + document.end).encode()


def _object(members: Mapping[str, object], facts: Facts, html: bool, newline: str) -> Iterator[str]:
    mark, inner = "{", newline + STEP
    for name, spec in members.items():
        assert isinstance(spec, dict)
        text = _text(spec, facts, html, inner)
        if text is not None:
            yield f"{mark}{inner}{quote(name, html)}: {text}"
            mark = ","
    yield "{}" if mark == "{" else newline + "}"


def _text(spec: dict[str, object], facts: Facts, html: bool, newline: str) -> str | None:
    if "const" in spec:
        return constant_text(spec["const"])
    if "object" in spec:
        return "".join(_object(cast("Mapping[str, object]", spec["object"]), facts, html, newline))
    if "chosen" in spec:
        chosen = cast("tuple[str, ...]", facts[str(spec["chosen"])])
        parts = [
            f"{newline + STEP}{quote(name, html)}: {{}}" for name in cast("list[str]", spec["order"]) if name in chosen
        ]
        return "{" + ",".join(parts) + newline + "}" if parts else "{}"
    if "table" in spec:
        table = cast("Mapping[str, object]", facts[str(spec["table"])])
        inner = newline + STEP
        lines = (f"{inner}{quote(name, html)}: {_scalar(value, html)}" for name, value in table.items())
        return "{" + ",".join(lines) + newline + "}" if table else "{}"
    name = str(spec.get("fact", spec.get("switch")))
    if spec.get("empty") == "left_out" and not facts.get(name):
        return None
    value = facts[name]
    if isinstance(value, (tuple, list)):
        inner = ",".join(f"{newline + STEP}{quote(item, html)}" for item in value)
        return f"[{inner}{newline}]" if value else "[]"
    return _scalar(value, html)


def _scalar(value: object, html: bool) -> str:
    if value is None:
        return "null"
    return quote(value, html) if isinstance(value, str) else constant_text(value)


def read(document: TopDocument, data: bytes, source: str) -> Facts:
    """The facts that the document says; raises `DocumentError` under the names that the format gives them."""
    try:
        value = load(data, source)
    except DocumentError as error:
        error.code = document.error
        raise
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise DocumentError(
            document.error,
            "the document is not a JSON object",
            Place(source, None, 1, 1),
            expected="an object",
            found=found(value),
        )
    _gate(document, value, data, source)
    _validate(document, value, data, source)
    facts: Facts = {}
    _collect(document.members, value, facts)
    return facts


def unknown(document: TopDocument, data: bytes, source: str) -> tuple[str, ...]:
    """The members of a document, at any depth, that its spec does not name; it has been read."""
    value = load(data, source)
    return tuple(_unknown(document.members, value, "")) if isinstance(value, dict) else ()


def _unknown(members: Mapping[str, object], value: Mapping[str, JsonValue], above: str) -> Iterator[str]:
    for name, inner in value.items():
        spec = members.get(name)
        if spec is None:
            yield above + name
        elif isinstance(spec, dict) and "object" in spec and isinstance(inner, dict):
            yield from _unknown(cast("Mapping[str, object]", spec["object"]), inner, f"{above}{name}.")


def _gate(document: TopDocument, value: dict[str, JsonValue], data: bytes, source: str) -> None:
    member, newest = str(document.gate["member"]), cast(int, document.gate["newest"])
    version = value.get(member)
    if version is None and "absent" in document.gate:
        version = cast(int, document.gate["absent"])
    if type(version) is not int or not 0 <= version <= U32:
        place = Place(source, None, *locate(data, (member,) if member in value else ()))
        raise DocumentError(
            document.error,
            "the version of the document is missing or no number",
            place,
            member,
            f"a whole number, 1 to {newest}",
            found(version),
        )
    if not 1 <= version <= newest:
        place = Place(source, None, *locate(data, (member,) if member in value else ()))
        raise VersionError(
            document.gate_error,
            "the document has a version that this program does not know",
            place,
            member,
            f"1 to {newest}",
            str(version),
            "use a newer program",
        )


def _validate(document: TopDocument, value: dict[str, JsonValue], data: bytes, source: str) -> None:
    _refuse_misspelt(document, document.members, value, data, source, ())
    if surely_fits(document.schema, value):
        return
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(())
    checker.checks("date-time")(lambda text: not isinstance(text, str) or is_time(text))
    validator = Draft202012Validator(cast("dict[str, object]", document.schema), format_checker=checker)
    order = {name: index for index, name in enumerate(cast("dict[str, object]", document.schema["properties"]))}
    errors = sorted(
        validator.iter_errors(value),
        key=lambda e: (order.get(str(next(iter(e.absolute_path), "")), -1), str(e.message)),
    )
    if errors:
        error = errors[0]
        path = tuple(cast("list[str | int]", list(error.absolute_path)))
        place = Place(source, None, *locate(data, path))
        raise DocumentError(
            document.error, f"the document breaks its schema: {error.message[:200]}", place, ".".join(map(str, path))
        )


def _refuse_misspelt(
    document: TopDocument,
    members: Mapping[str, object],
    value: dict[str, JsonValue],
    data: bytes,
    source: str,
    path: tuple[str, ...],
) -> None:
    folded = {name.casefold(): name for name in members}
    for name, inner in value.items():
        if name not in members and name.casefold() in folded:
            place = Place(source, None, *locate(data, (*path, name)))
            raise DocumentError(
                document.error,
                "a member is spelt in another letter case",
                place,
                ".".join((*path, name)),
                f"`{folded[name.casefold()]}`",
                f"`{name}`",
            )
        spec = members.get(name)
        if isinstance(spec, dict) and "object" in spec and isinstance(inner, dict):
            _refuse_misspelt(document, cast("Mapping[str, object]", spec["object"]), inner, data, source, (*path, name))


def _collect(members: Mapping[str, object], value: Mapping[str, JsonValue], facts: Facts) -> None:
    for name, spec in members.items():
        assert isinstance(spec, dict)
        here = value.get(name)
        if "object" in spec:
            _collect(spec["object"], here if isinstance(here, dict) else {}, facts)
        elif "chosen" in spec:
            facts[str(spec["chosen"])] = tuple(
                key for key, scope in cast("dict[str, object]", here or {}).items() if scope is not None
            )
        elif "table" in spec:
            facts[str(spec["table"])] = here or {}
        elif "fact" in spec or "switch" in spec:  # a constant with a fact tells what was found
            facts[str(spec.get("fact", spec.get("switch")))] = here


def input_number(path: str, suffix: str, base: int) -> int:
    """The number in an input's base name, 0 if it has none (§3.2)."""
    name = path.rsplit("/", 1)[-1]
    digits = name.removesuffix(suffix) if name.endswith(suffix) else ""
    alphabet = "0123456789abcdef"[:base]
    if not digits or any(digit not in alphabet for digit in digits) or len(digits) > 40:
        return 0
    number = int(digits, base)
    return number if number < 1 << 64 else 0


def disagreement(code: str, message: str, source: str, hint: str = "") -> DataError:
    """An error about what a document says, as a whole."""
    return DataError(code, message, Place(source), hint=hint)
