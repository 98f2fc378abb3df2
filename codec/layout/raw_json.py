"""JSON inside JSON, passed through token for token."""

from __future__ import annotations

from typing import ClassVar

from codec.layout.base import Wrong
from codec.layout.faces import Face, face, found
from codec.layout.json_write import compact


@face("raw")
class Raw(Face):
    """JSON as it is found: member order, spelling of numbers and escapes are kept, white space is not.

    The model's value is the JSON text. `read` takes that text (from `json_read.raw`), not the value that it stands for.
    """

    reads_text: ClassVar[bool] = True
    holds = frozenset({"json"})

    def write(self, value: object, newline: str) -> str:
        """Always on one line, whatever stands around it (sqs.md §1)."""
        assert isinstance(value, str)
        return compact(value, self.html)

    def read(self, value: object) -> object:
        if not isinstance(value, (str, bytes)):
            raise Wrong("JSON text", found(value))
        return compact(value, html=False)

    def schema(self) -> dict[str, object]:
        return {}
