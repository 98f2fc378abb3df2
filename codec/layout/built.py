"""The `construct` objects of layouts: what the interpreter reads and writes with. Imported only when it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import construct

from codec.layout.base import Wrong
from codec.layout.hex_digits import from_hex
from codec.layout.strings import as_text

if TYPE_CHECKING:
    from codec.layout.counted import Counted
    from codec.layout.hex_digits import Hex
    from codec.layout.numbers import Fixed
    from codec.layout.scanned import Scanned
    from codec.layout.tagged import TaggedKey


class Checked(construct.Adapter):
    """A `construct` adapter over a pair of functions; each may raise `Wrong`."""

    def __init__(self, number: Fixed) -> None:
        super().__init__(construct.FormatField(number.format[0], number.format[1]))
        self.number = number

    def _decode(self, obj: object, context: object, path: object) -> object:
        return self.number.from_raw(obj)

    def _encode(self, obj: object, context: object, path: object) -> object:
        return self.number.to_raw(obj)


class Digits(construct.Adapter):
    """Digits on the wire, as many bytes as the layout says."""

    def __init__(self, layout: Hex) -> None:
        super().__init__(construct.Bytes(layout.size))
        self.count = layout.count

    def _decode(self, obj: bytes, context: object, path: object) -> bytes:
        return from_hex(obj)

    def _encode(self, obj: bytes, context: object, path: object) -> bytes:
        if len(obj) != self.count:
            raise Wrong(f"{self.count} bytes", str(len(obj)))
        return obj.hex().encode()


class Groups(construct.Construct):
    """The layout's own functions over a stream."""

    def __init__(self, layout: Counted) -> None:
        super().__init__()
        self.layout = layout

    def _parse(self, stream: Any, context: object, path: object) -> object:
        start, data = stream.tell(), stream.read()
        groups, after = self.layout.read(data, 0, len(data))
        stream.seek(start + after)
        return groups

    def _build(self, obj: Any, stream: Any, context: object, path: object) -> object:
        stream.write(self.layout.write(obj))
        return obj


class Functions(construct.Construct):
    """The layout's own functions over a stream; what they do not take is given back."""

    def __init__(self, layout: Scanned, tail: int) -> None:
        super().__init__()
        self.layout, self.tail = layout, tail

    def _parse(self, stream: Any, context: object, path: object) -> object:
        start = stream.tell()
        data: bytes = stream.read()
        if len(data) < self.tail:
            raise Wrong(f"at least {self.tail} more bytes", f"{len(data)}")
        value, after = self.layout.reader(data, 0, len(data) - self.tail)
        stream.seek(start + after)
        return self.layout.from_raw(value)

    def _build(self, obj: object, stream: Any, context: object, path: object) -> object:
        stream.write(self.layout.writer(self.layout.to_raw(obj)))
        return obj


class Rest(construct.Construct):
    """Everything but the last `tail` bytes."""

    def __init__(self, tail: int) -> None:
        super().__init__()
        self.tail = tail

    def _parse(self, stream: object, context: object, path: object) -> bytes:
        left: bytes = stream.read()  # type: ignore[attr-defined]
        if len(left) < self.tail:
            raise Wrong(f"at least {self.tail} more bytes", f"{len(left)}")
        stream.seek(-self.tail, 2)  # type: ignore[attr-defined]
        return left[: len(left) - self.tail]

    def _build(self, obj: bytes, stream: object, context: object, path: object) -> bytes:
        stream.write(obj)  # type: ignore[attr-defined]
        return obj


class Text(construct.Adapter):
    """Bytes that must be UTF-8, as text."""

    def _decode(self, obj: bytes, context: object, path: object) -> str:
        return as_text(obj)

    def _encode(self, obj: str, context: object, path: object) -> bytes:
        return obj.encode()


class Prefixed(construct.Construct):
    """A length, and as many bytes; the limit comes before anything is read."""

    def __init__(self, length: Fixed, most: int) -> None:
        super().__init__()
        self.length, self.most = length.construct(0), most

    def _parse(self, stream: object, context: object, path: object) -> bytes:
        size = self.length._parsereport(stream, context, path)
        if size > self.most:
            raise Wrong(f"a length of at most {self.most}", str(size))
        found: bytes = stream.read(size)  # type: ignore[attr-defined]
        if len(found) < size:
            raise Wrong(f"{size} bytes, as the length in front says", f"{len(found)}")
        return found

    def _build(self, obj: bytes, stream: object, context: object, path: object) -> bytes:
        if len(obj) > self.most:
            raise Wrong(f"at most {self.most} bytes", str(len(obj)))
        self.length._build(len(obj), stream, context, path)
        stream.write(obj)  # type: ignore[attr-defined]
        return obj


class Tagged(construct.Construct):
    def __init__(self, layout: TaggedKey) -> None:
        super().__init__()
        self.layout = layout

    def _parse(self, stream: object, context: object, path: object) -> object:
        raise NotImplementedError("the bytes do not say which tag they had")

    def _build(self, obj: object, stream: object, context: object, path: object) -> object:
        stream.write(self.layout.to_bytes(obj))  # type: ignore[attr-defined]
        return obj
