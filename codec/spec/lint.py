"""Everything that can be said against a spec without running it: syntax, schema, names, and the rules of `rules_*`.

Each step needs the one before it, file by file: a file that cannot be loaded is not resolved, but the others are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

from codec.errors import SpecError
from codec.spec import library, plan, rules_documents, rules_format, rules_records, rules_types, rules_words, source
from codec.spec.container import SCHEMAS, Container
from codec.spec.container_resolver import ContainerResolver, kind_of
from codec.spec.context import Problems
from codec.spec.extends import EXTENDS, MIGRATE, carried, chain, extended, unknown_adapters
from codec.spec.finding import Finding, Format, Subject
from codec.spec.resolve import Resolver
from codec.spec.schema import validate

__all__ = ["CheckExample", "Finding", "lint"]

CheckExample: TypeAlias = Callable[[plan.Adapter, plan.Row], SpecError | None]

ADAPTER_RULES = (*rules_records.RULES, *rules_documents.RULES, *rules_words.RULES, *rules_types.RULES)
FORMAT_RULES = rules_format.RULES


def lint(path_or_format: str, check_example: CheckExample | None = None) -> list[Finding]:
    """All findings on a format (its name, its folder or its container's file), or on the file of one adapter.

    They come in the order of files and lines. `check_example` tries the example of a record kind, if it is given.
    """
    return _Lint(check_example).run(path_or_format)


@dataclass
class _Lint:
    check_example: CheckExample | None
    findings: list[Finding] = field(default_factory=list)

    def run(self, name: str) -> list[Finding]:
        path = Path(name)
        try:
            path = path if path.is_file() else library.main_file(name)
        except SpecError as error:
            self.add(error)
        else:
            self.check(path)
        unique = {(found.error.place, found.error.code, found.error.message): found for found in self.findings}
        return sorted(unique.values(), key=_position)

    def add(self, *errors: SpecError) -> None:
        self.findings += [Finding("error", error) for error in errors]

    def check(self, path: Path) -> None:
        data = self.loaded(path)
        if data is None:
            return
        if kind_of(data) == "adapter":
            self.alone(path, data)
            return
        subjects = []
        for index in range(len(cast("list[str]", data["carries"]))):
            adapter = self.carried(path, data, index)
            subjects += [] if adapter is None else [*self.resolved(adapter)]
        self.add(*unknown_adapters(path, [str(subject.data["adapter"]) for subject in subjects]))
        container = self.container(data, subjects)
        whole = len(subjects) == len(cast("list[str]", data["carries"]))
        self.apply(Format(tuple(subjects), container if whole else None, data))

    def alone(self, path: Path, data: source.Mapping) -> None:
        """One adapter: among the others, if the container beside it carries it, but only what concerns its file."""
        home = path.parent / library.MAIN
        whole = _Lint(self.check_example)
        main = whole.loaded(home) if home.is_file() else None
        if main is not None and kind_of(main) == "container":
            carried = [library.named_file(main, "carries", i) for i in range(len(cast("list[str]", main["carries"])))]
            if path.resolve() in [file.resolve() for file in carried]:
                findings = whole.run(str(home))
                self.findings += [
                    found for found in findings if Path(found.error.place.source).resolve() == path.resolve()
                ]
                return
        self.apply(Format(tuple(self.resolved(data))))

    def loaded(self, path: Path, container: Path | None = None) -> source.Mapping | None:
        """The spec with its changes applied, and those of its container, if it has the shape that the schema wants."""
        try:
            deltas = [version for version in chain(path) if EXTENDS in version]
            violations = [problem for delta in deltas for problem in validate(delta)]
            if not violations:
                data = extended(path) if container is None else carried(container, path)
                violations = validate(data) or [*_no_container(data, deltas)]
        except SpecError as error:
            violations = [error]
        self.add(*violations)
        return None if violations else data

    def carried(self, container: Path, main: source.Mapping, index: int) -> source.Mapping | None:
        path = self.named(main, "carries", index)
        data = self.loaded(path, container) if path is not None else None
        if path is not None and data is not None and kind_of(data) == "container":
            place = source.place_of(main, ("carries", index))
            message = f"`{path.name}` is not an adapter"
            self.add(SpecError("spec-shape", message, place, hint="a container carries adapters"))
            return None
        return data

    def named(self, main: source.Mapping, *path: str | int) -> Path | None:
        """The file that the container names at `path`."""
        file = library.named_file(main, *path)
        if file.is_file():
            return file
        message = f"there is no file `{file.name}`"
        self.add(SpecError("spec-unreadable", message, source.place_of(main, path), hint="name a file beside this one"))
        return None

    def resolved(self, data: source.Mapping) -> Iterator[Subject]:
        try:
            yield Subject(Resolver(data).adapter(), data)
        except Problems as problems:
            self.add(*problems.all)
        except SpecError as error:
            self.add(error)

    def container(self, data: source.Mapping, subjects: list[Subject]) -> Container | None:
        try:
            schemas = {}
            for section in (section for section in SCHEMAS if section[0] in data):
                path = self.named(data, *section, "schema")
                if path is None:
                    return None
                schemas[str(source.part_of(data, (*section, "schema")))] = source.load(path)
            adapters = tuple(subject.adapter for subject in subjects)
            return ContainerResolver(data).container(adapters, schemas)
        except SpecError as error:
            self.add(error)
            return None

    def apply(self, format: Format) -> None:
        for subject in format.subjects:
            for rule in ADAPTER_RULES:
                self.findings += rule(subject)
            if self.check_example is not None:
                rows = [row for row in subject.adapter.rows if row.example]
                self.add(*filter(None, (self.check_example(subject.adapter, row) for row in rows)))
        for format_rule in FORMAT_RULES:
            self.findings += format_rule(format)


def _no_container(data: source.Mapping, deltas: list[source.Mapping]) -> Iterator[SpecError]:
    """A migration looks at the deltas of containers only."""
    for delta in deltas if kind_of(data) == "adapter" else ():
        if MIGRATE in delta:
            message = "`migrate` cannot stand in the delta of an adapter"
            hint = "say it in the delta of the container that carries it"
            yield SpecError("spec-delta", message, source.place_of(delta, (MIGRATE,)), hint=hint)


def _position(found: Finding) -> tuple[str, int, int]:
    place = found.error.place
    return place.source, place.line or 0, place.column or 0
