"""Rules for a whole format: prefixes, files and names that adapters and container must not have in common, or must."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import cast

from codec.errors import Place
from codec.layout.literal_path import LiteralPath
from codec.spec import plan
from codec.spec.account import all_members, path_parts
from codec.spec.container import TopDocument
from codec.spec.finding import Finding, Format, FormatRule, Subject, doubt, mistake
from codec.spec.rules_words import switches
from codec.spec.source import part_of, place_of
from codec.spec.wording import listed, nearest

# ------------------------------------------------------------------------------------------------ prefixes


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of record as its keys begin; `whole`: told by its whole key, before or instead of the prefix."""

    label: str
    prefix: bytes
    place: Place
    rest: tuple[plan.Part, ...] = ()
    whole: bool = False
    refused: tuple[bytes, ...] = ()


def _kinds(format: Format) -> Iterator[_Kind]:
    for subject in format.subjects:
        for row in subject.adapter.rows:
            label = f"{subject.adapter.name}: {row.label}"
            yield _Kind(label, row.prefix, row.place, row.key[1:] if row.prefix else row.key, row.by_shape, row.refused)
    if format.container is not None:
        for row in format.container.internal:
            yield _Kind(f"internal: {row.name}", row.prefix, row.place)
        for record in format.container.operational:
            first = record.pattern[0]
            place = place_of(format.data, ("operational", "rows", record.name))
            yield _Kind(f"operational: {record.name}", first if isinstance(first, bytes) else b"", place, whole=True)


def prefixes_apart(format: Format) -> Iterator[Finding]:
    """A record is told by its prefix; one may extend another only where no key fits both."""
    for one, other in combinations(_kinds(format), 2):
        short, long = sorted((one, other), key=lambda kind: len(kind.prefix))
        if not long.prefix.startswith(short.prefix):
            continue
        if short.prefix == long.prefix and not (short.whole or long.whole):
            message = f"`{one.label}` and `{other.label}` begin alike"
            yield mistake("spec-prefix", message, other.place, other.label, "give one of them another prefix")
        elif short.prefix != long.prefix and not _apart(short, long):
            message = f"a key of `{short.label}` may begin like one of `{long.label}`"
            hint = "put a length with a `max` behind the shorter prefix, or say `told_by: shape` of the longer one"
            if not short.prefix:
                hint = f"let `not` of `{short.label}` name what the keys of the other begin with"
            yield mistake("spec-prefix", message, long.place, long.label, hint)


def _apart(short: _Kind, long: _Kind) -> bool:
    more = long.prefix[len(short.prefix) :]
    if long.whole or any(long.prefix.startswith(text) for text in short.refused):
        return True
    first = short.rest[0] if short.rest else None
    return isinstance(first, plan.Slot) and not first.layout.may_begin(more)


def streams_apart(format: Format) -> Iterator[Finding]:
    """What an input is, its first bytes say."""
    if format.container is None:
        return
    starts = [(stream.name, stream.magic, stream.place) for stream in format.container.streams]
    clock = format.container.clock
    starts.append((clock.named, clock.starts, place_of(format.data, ("layers", "clock", "starts"))))
    for (one, magic, _), (other, begin, place) in combinations(starts, 2):
        if magic.startswith(begin) or begin.startswith(magic):
            message = f"`{one}` and `{other}` begin alike"
            yield mistake("spec-prefix", message, place, other, "no magic may begin with another")


# ------------------------------------------------------------------------------------------------ files

_Component = tuple[str, ...]  # the literal texts of one component, with a hole between each two


@dataclass(frozen=True, slots=True)
class _File:
    """What a kind of file can be called; `only`: the option and value that it needs; `keys`: a key as it is ends it."""

    name: str
    path: tuple[_Component, ...]
    place: Place
    only: str = ""
    keys: LiteralPath | None = None


def files_apart(format: Format) -> Iterator[Finding]:
    """No two kinds of documents can give the same file, nor one a folder where the other has a file."""
    for one, other in combinations(_files(format), 2):
        exclusive = one.name == other.name or bool(one.only and other.only and one.only != other.only)
        if exclusive or (one.keys and other.keys):  # of two such, one stands beside the other
            continue
        if all(_meet(step, stride) for step, stride in zip(one.path, other.path, strict=False)):
            if _reserved(one, other) or _reserved(other, one):
                continue
            same = "the same file" if len(one.path) == len(other.path) else "a file where the other has a folder"
            message = f"`{one.name}` and `{other.name}` can give {same}"
            hint = "put them in different folders, or give them other endings"
            yield mistake("spec-path", message, other.place, other.name, hint)


def _reserved(keys: _File, other: _File) -> bool:
    """Whether a path that is a key keeps off the name that the other file has in the same folder."""
    if keys.keys is None or len(other.path) < len(keys.path):
        return False
    name, is_folder = other.path[len(keys.path) - 1], len(other.path) > len(keys.path)
    known = keys.keys.folders if is_folder else keys.keys.files
    return len(name) == 1 and name[0] in known


def _files(format: Format) -> Iterator[_File]:
    for subject in format.subjects:
        for entity in subject.adapter.entities:
            for document in entity.documents:
                tail = ("", document.bundle.suffix) if document.bundle is not None else ("",)
                segments = [part.segment for part in path_parts(document)]
                keys = next((segment for segment in segments if isinstance(segment, LiteralPath)), None)
                for way in (document.path, *(path for _, path in document.alternatives)):
                    path, label = _components(way, tail), f"{entity.name}.{document.name}"
                    yield _File(label, path, document.place, document.only_with, keys)
        for view in subject.adapter.views:
            for way in filter(None, (view.path, view.orphaned)):
                yield _File(f"views.{view.name}", _components(way), view.place)
        for names in subject.adapter.names.values():
            yield _File(names.name, _literal(names.path), place_of(subject.data, ("names", names.name)))
    if format.container is not None:
        yield _File("manifest", _literal(format.container.manifest.path), place_of(format.data, ("manifest",)))
        yield _File("checksums", _literal(format.container.checksums), place_of(format.data, ("checksums",)))


def _components(path: tuple[plan.PathStep, ...], tail: _Component = ("",)) -> tuple[_Component, ...]:
    """A path with `tail` behind its last component."""
    *folders, last = (_component(step) for step in path)
    return (*folders, (*last[:-1], last[-1] + tail[0], *tail[1:]))


def _component(step: plan.PathStep) -> _Component:
    texts = [""]
    for part in step:
        if isinstance(part, str):
            texts[-1] += part
        else:
            texts.append("")
    return tuple(texts)


def _literal(path: str) -> tuple[_Component, ...]:
    return tuple((part,) for part in path.split("/"))


def _meet(one: _Component, other: _Component) -> bool:
    """Whether some name fits both; only beginnings and ends are looked at, so it may say yes too often."""
    if len(one) == len(other) == 1:
        return one == other
    if len(other) == 1:
        one, other = other, one
    if len(one) == 1:
        text, head, tail = one[0], other[0], other[-1]
        return len(text) >= len(head) + len(tail) and text.startswith(head) and text.endswith(tail)
    heads, tails = (one[0], other[0]), (one[-1], other[-1])
    return _either(heads, str.startswith) and _either(tails, str.endswith)


def _either(pair: tuple[str, str], fits: Callable[[str, str], bool]) -> bool:
    return fits(pair[0], pair[1]) or fits(pair[1], pair[0])


# ------------------------------------------------------------------------------------------------ names


def adapters_named(format: Format) -> Iterator[Finding]:
    """Adapters have names of their own, and each order of them has each once."""
    if format.container is None or format.data is None:
        return
    names: dict[str, Place] = {}
    for subject in format.subjects:
        name, place = subject.adapter.name, place_of(subject.data, ("adapter",))
        if name in names:
            yield mistake("spec-adapters", f"there are two adapters `{name}`", place, "adapter", "rename one of them")
        names[name] = place
    orders: dict[tuple[str, ...], tuple[str, ...]] = {}
    orders |= {("print_order",): format.container.print_order, ("encode_order",): format.container.encode_order}
    for name, member in cast("dict[str, dict[str, list[str]]]", format.container.manifest.members).items():
        if "chosen" in member:
            orders["manifest", "json", name, "order"] = tuple(member["order"])
    for path, order in orders.items():
        place = place_of(format.data, path)
        for index, name in enumerate(order):
            if name not in names:
                there = place_of(format.data, (*path, index))
                message = f"`{path[-1]}` names `{name}`, which is not an adapter"
                yield mistake("spec-unknown-name", message, there, ".".join(path), nearest(name, [*names]))
        for name in (name for name in names if name not in order):
            message = f"`{path[-1]}` does not name `{name}`"
            yield mistake("spec-adapters", message, place, ".".join(path), "add it where it belongs")


def options_declared(format: Format) -> Iterator[Finding]:
    """What depends on an option names one that some adapter declares."""
    known = [option.name for subject in format.subjects for option in subject.adapter.options]
    for subject in format.subjects:
        for name, place, label in _dependent(subject):
            if name not in known:
                hint = nearest(name, known) or "declare it under `options`"
                yield mistake("spec-options", f"the option `{name}` is not declared", place, label, hint)


def _dependent(subject: Subject) -> Iterator[tuple[str, Place, str]]:
    """The options that an adapter's records, members, views and conditions name."""
    for row in subject.adapter.rows:
        yield from ((name, row.place, row.label) for name in (row.option, row.read_with) if name)
    yield from ((view.option, view.place, f"views.{view.name}") for view in subject.adapter.views)
    yield from ((name, place, label) for word, name, place, label in switches(subject) if word == "option")
    for entity in subject.adapter.entities:
        if entity.bodies is not None:
            yield from (
                (name, entity.place, entity.name) for name in (entity.bodies.cut.every, entity.bodies.loose_option)
            )
        for document in entity.documents:
            label = f"{entity.name}.{document.name}"
            yield from ((name, document.place, label) for name in _document_options(document))
            for member in all_members(document):
                names = (member.option, member.unless, *member.shown_with)
                yield from ((name, member.place, label) for name in names if name)


def _document_options(document: plan.Document) -> Iterator[str]:
    yield from filter(None, (document.option, document.only_with.partition("=")[0]))
    if document.restored is not None:
        yield from sorted(document.restored.unless)
    for part in path_parts(document):
        if isinstance(part.segment, LiteralPath):
            yield from part.segment.folders.values()
            yield from (rename.option for rename in part.segment.renames if rename.option)


def options_kept(format: Format) -> Iterator[Finding]:
    """An option that both directions need is kept in the manifest; the manifest keeps none that is not declared."""
    if format.container is None or format.data is None:
        return
    declared = {option.name: (subject, option) for subject in format.subjects for option in subject.adapter.options}
    kept = dict(_switches(format.container.manifest.members, ("manifest", "json")))
    used = {name for other in format.subjects for name, _, _ in _dependent(other)}
    for name, path in kept.items():
        if name not in declared:
            place = place_of(format.data, path)
            message = f"the manifest keeps the option `{name}`, which no adapter declares"
            yield mistake("spec-options", message, place, ".".join(path), nearest(name, [*declared]))
    for name, (subject, option) in declared.items():
        place = place_of(subject.data, ("options", name))
        label = f"options.{name}"
        if name in kept:
            continue
        if len(option.directions) > 1:
            message = f"both directions need the option `{name}`, and the manifest does not keep it"
            hint = f"add a member `{{switch: {name}}}` to the manifest"
            yield mistake("spec-options", message, place, label, hint)
        elif name not in used:
            yield doubt("spec-unused", f"nothing depends on the option `{name}`", place, label, "take it out")


def _switches(members: Mapping[str, object], path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, member in cast("dict[str, dict[str, object]]", members).items():
        if "switch" in member:
            yield str(member["switch"]), (*path, name, "switch")
        if "object" in member:
            yield from _switches(cast("dict[str, object]", member["object"]), (*path, name, "object"))


def container_names(format: Format) -> Iterator[Finding]:
    """Names inside the container lead to something that is there."""
    if format.container is None or format.data is None:
        return
    container = format.container
    for stream in container.streams:
        yield from _entry_names(format, stream.name)
    inputs = [*(stream.name for stream in container.streams), container.clock.named, container.footer.named]
    for name in container.input_base:
        if name not in inputs:
            place = place_of(format.data, ("input_number", "base", name))
            message = f"`base` names `{name}`, which no input is called"
            yield mistake("spec-unknown-name", message, place, "input_number.base", nearest(name, inputs))
    for name in (name for name in inputs if name not in container.input_base):
        place = place_of(format.data, ("input_number", "base"))
        message = f"`base` says nothing of `{name}`"
        yield mistake("spec-missing", message, place, "input_number.base", f"say `{name}: 10` or `{name}: 16`")
    documents: list[tuple[tuple[str, ...], TopDocument]]
    documents = [(("manifest",), container.manifest), (("encode_info",), container.encode_info)]
    documents += [(("complement", "document"), container.complement.document)] if container.complement else []
    for section, document in documents:
        yield from _top_members(format, section, document)
    written = [stream.name for stream in container.streams if stream.write_errors]
    if len(written) != 1:
        place = place_of(format.data, ("streams",))
        message = f"{listed(written, 'and')} are written" if written else "no stream is written"
        yield mistake("spec-streams", message, place, "streams", "say `written: true` of exactly one")


def _entry_names(format: Format, stream: str) -> Iterator[Finding]:
    whole = cast("dict[str, dict[str, object]]", part_of(format.data, ("streams", stream)))
    entry = whole.get("entry", {})
    known = [
        name
        for frame in ("key", "value")
        for part in cast("dict[str, list[dict[str, object]]]", entry.get(frame, {})).get("parts", [])
        for slot, spec in part.items()
        for name in (spec["bits"] if isinstance(spec, dict) and "bits" in spec else [slot])
    ]
    here = ("streams", stream, "entry")
    wanted: list[tuple[tuple[str | int, ...], str]] = []
    for refusal, rule in cast("dict[str, dict[str, str]]", entry.get("refuse", {})).items():
        wanted.append(((*here, "refuse", refusal, "part"), rule["part"]))
    for name in cast("dict[str, str]", entry.get("hidden", {})):
        wanted.append(((*here, "hidden", name), name))
    for path, name in wanted:
        if name not in known:
            place = place_of(format.data, path)
            message = f"`{stream}` has no part `{name}`"
            yield mistake("spec-unknown-name", message, place, f"streams.{stream}", nearest(name, known))


def _top_members(format: Format, path: tuple[str, ...], document: TopDocument) -> Iterator[Finding]:
    section = ".".join(path)
    schema = [*cast("dict[str, object]", document.schema.get("properties", {}))]
    for name in (name for name in document.members if name not in schema):
        place = place_of(format.data, (*path, "json", name))
        message = f"the schema of `{section}` does not have the member `{name}`"
        yield mistake("spec-unknown-name", message, place, section, nearest(name, schema))
    gate = str(document.gate["member"])
    if gate not in document.members:
        place = place_of(format.data, (*path, "gate", "member"))
        message = f"`gate` names `{gate}`, which is not a member"
        yield mistake("spec-unknown-name", message, place, section, nearest(gate, [*document.members]))


RULES: tuple[FormatRule, ...] = (
    prefixes_apart,
    streams_apart,
    files_apart,
    adapters_named,
    options_declared,
    options_kept,
    container_names,
)
