"""What generated functions are called by."""

from __future__ import annotations

from codec.spec import plan


def row_name(row: plan.Row) -> str:
    """A record kind's name in generated code."""
    return row.label.replace(".", "_") if not row.shared else f"{row.entity}_{row.shared}".lstrip("_")


def document_name(document: plan.Document) -> str:
    """A document kind's name in generated code."""
    return f"{document.entity}_{document.name}"
