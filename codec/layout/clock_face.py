"""Clock values of nodes as numbers in JSON: milliseconds above, a counter below."""

from __future__ import annotations

from typing import ClassVar

from codec.layout.base import Wrong
from codec.layout.faces import Face, face, found
from codec.layout.numbers import ALL_BITS


@face("clock")
class Clock(Face):
    """A clock value of 64 bits as milliseconds: its low `shift` bits are dropped and written as 0; 0 is none."""

    writes_none: ClassVar[bool] = True
    takes: ClassVar[dict[str, object] | None] = {"enum": ["u64"]}
    config: ClassVar[dict[str, object]] = {
        "shift": {"type": "integer", "minimum": 1, "maximum": 63, "description": "How many bits the counter has."},
        "because": {"type": "string", "minLength": 1, "description": "Why dropping the counter is right."},
    }

    def __init__(self, model: str, html: bool, shift: int, because: str) -> None:
        super().__init__(model, html)
        self.shift, self.loss = shift, because

    @classmethod
    def build(cls, argument: object, options: dict[str, object], model: str, html: bool) -> Face:
        shift = options["shift"]
        assert isinstance(shift, int)
        return cls(model, html, shift, str(options["because"]))

    def arguments(self) -> tuple[object, ...]:
        return self.model, self.html, self.shift, self.loss

    def write(self, value: object, newline: str) -> str:
        assert value is None or isinstance(value, int)
        clock = (value or 0) << self.shift
        if not 0 <= clock <= ALL_BITS:
            raise Wrong(f"milliseconds from 0 to {ALL_BITS >> self.shift}", str(value)[:40])
        return str(clock)

    def read(self, value: object) -> object:
        if type(value) is not int:
            raise Wrong(f"a whole number, 0 to {ALL_BITS}", found(value))
        if not 0 <= value <= ALL_BITS:
            raise Wrong(f"0 to {ALL_BITS}", str(value)[:40])
        return value >> self.shift if value else None

    def missing(self) -> object:
        return None

    def schema(self) -> dict[str, object]:
        return {"type": "integer", "minimum": 0, "maximum": ALL_BITS}
