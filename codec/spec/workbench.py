"""What `codec spec` shows: the known formats, the lint, resolved plans, JSON Schemas, generated source."""

from __future__ import annotations

import json
from pathlib import Path

from codec.errors import SpecError
from codec.spec import library, plan
from codec.spec.extends import extended
from codec.spec.source import Mapping


def formats() -> tuple[tuple[str, str], ...]:
    """The shipped formats, each with the first sentence of its description."""
    return tuple((name, _summary(extended(library.main_file(name)))) for name in library.names())


def _summary(data: Mapping) -> str:
    return str(data["doc"]).strip().replace("\n", " ").partition(". ")[0].rstrip(".") + "."


def lint(name: str) -> tuple[SpecError, ...]:
    """Every mistake of a format, or of one spec file, in the order of the lines."""
    return judged(name)[0]


def judged(name: str) -> tuple[tuple[SpecError, ...], tuple[SpecError, ...]]:
    """Every mistake of a format, or of one spec file, and every doubt, each in the order of the lines."""
    from codec.spec.lint import lint as findings

    found = findings(name, _example_error)
    mistakes, doubts = ([f.error for f in found if f.severity == severity] for severity in ("error", "warning"))
    return tuple(mistakes), tuple(doubts)


def _example_error(adapter: plan.Adapter, row: plan.Row) -> SpecError | None:
    """What is wrong with the example of a record kind, if it has one."""
    from codec.engine.base import Misfit
    from codec.engine.interpreter import Interpreter

    if not row.example:
        return None
    key, value = (bytes.fromhex(row.example[part]) for part in ("key", "value"))
    try:
        Interpreter().reader(row)(key, value)
    except Misfit as misfit:
        message, hint = f"the example is no {row.label}", "correct the example, or the layout"
        return SpecError("spec-example", message, row.place, misfit.part, misfit.expected, misfit.found, hint)
    return None


def show(name: str, kind: str) -> str:
    """The resolved plan of a kind of record, an entity, a document or an adapter; without one, the names of all."""
    from codec.spec.show import show as text

    if kind:
        return text(name, kind)
    container = library.load(name)
    lines = []
    for adapter in container.adapters:
        lines.append(f"{adapter.name}  {_summary_of(adapter.doc)}")
        lines += [f"  {row.label}" for row in adapter.rows]
        lines += [
            f"  {document.entity}.{document.name}" for entity in adapter.entities for document in entity.documents
        ]
    return "\n".join(lines)


def _summary_of(doc: str) -> str:
    return doc.strip().replace("\n", " ").partition(". ")[0].rstrip(".")


def schema(name: str, document: str) -> str:
    """The JSON Schema of a kind of document, as JSON text; without one, the names of all kinds."""
    from codec.spec.json_schema import schemas
    from codec.spec.wording import nearest

    known = schemas(library.load(name))
    if not document:
        return "\n".join(known)
    if document not in known:
        hint = nearest(document, tuple(known))
        raise SpecError("spec-unknown-name", f"there is no document `{document}` in {name}", hint=hint)
    return json.dumps(known[document], indent=2, ensure_ascii=False)


def compared(old: str, new: str, as_json: bool) -> tuple[str, bool]:
    """What changed from one format to another, as text or as a JSON document, and whether anything breaks."""
    from codec.spec.change_rules import READERS, WRITERS
    from codec.spec.diff import counted, diff, lines

    changes = diff(old, new)
    counts = counted(changes)
    if as_json:
        data = {"old": old, "new": new, "counts": counts, "changes": [change.as_json() for change in changes]}
        text = json.dumps(data, indent=2, ensure_ascii=False)
    else:
        total = ", ".join(f"{effect} {count}" for effect, count in counts.items())
        text = "\n".join([*lines(changes), total if changes else "no difference"])
    return text, bool(counts[READERS] or counts[WRITERS])


def compiled_source(name: str) -> str:
    """The generated modules of a format, one after the other."""
    from codec.compile.engine import source

    return "\n\n".join(source(adapter) for adapter in library.load(name).adapters if adapter.entities)


def write_compiled(name: str) -> tuple[Path, ...]:
    """Write the generated modules of a format below the present folder; the paths."""
    from codec.compile.engine import source

    paths = []
    for adapter in library.load(name).adapters:
        if adapter.entities:
            path = Path(f"{adapter.format.replace('/', '_')}_v{adapter.version}.py")
            path.write_text(source(adapter), "utf-8")
            paths.append(path)
    return tuple(paths)
