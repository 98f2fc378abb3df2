"""What breaks a JSON Schema, said as a person would: place, what is wrong there, what was expected, what to do.

Wording comes from the schema: `title` fits into "expected …", `description` says what a word is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from operator import getitem
from typing import Any, cast

from jsonschema.exceptions import ValidationError

from codec.errors import SpecError, shown
from codec.spec import source
from codec.spec.wording import listed, nearest

Schema = dict[str, object]
MOST_LISTED = 7  # more alternatives than this are called by their common name
_KINDS = {"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number", "number": "a number"}


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains what is wrong with `data` by the schema `root`, whose references all lead to its `$defs`."""

    root: Schema
    data: source.Mapping

    def problems(self, error: ValidationError) -> Iterator[SpecError]:
        """What a person can act on: where alternatives failed, the mistakes in the one that was meant."""
        for meant in _meant(error):
            yield from self._explain(meant)

    def _explain(self, error: ValidationError) -> Iterator[SpecError]:
        holder: Any = error.instance
        if error.validator == "additionalProperties":
            known = _words(error)
            for word in holder.keys() - known:
                message = f"`{word}` cannot stand here"
                yield self._problem(error, "spec-unknown-word", message, nearest(word, known), word)
        elif error.validator is None:
            yield from self._refused(error)
        elif error.validator in ("required", "dependentRequired"):
            for word in _lacking(error):
                if not _misspelt(error, [word]):
                    yield self._problem(error, "spec-missing", f"there is no `{word}`", self._description(error, word))
        elif not _all_required(error):
            yield self._wrong_value(error)
        elif isinstance(holder, dict):
            words = [branch["required"][0] for branch in cast("list[dict[str, list[str]]]", error.validator_value)]
            there = [word for word in words if word in holder]
            if there:
                message = f"{listed(there, 'and')} cannot stand together"
                yield self._problem(error, "spec-unknown-word", message, "keep one of them", there[1])
            elif _misspelt(error, words):
                return
            elif len(words) <= MOST_LISTED:
                yield self._problem(error, "spec-missing", f"there is none of {listed(words, 'or')}", "say one of them")
            else:
                problem = self._problem(error, "spec-missing", "a word is missing", self._description(error))
                problem.expected, problem.found = _expected(error), _found(error)
                yield problem

    def _refused(self, error: ValidationError) -> Iterator[SpecError]:
        """A member whose schema is `false` because of another word; the error has neither its name nor its holder."""
        *_, beside, _ = error.absolute_schema_path
        refused = [word for word, schema in self._node(error.absolute_schema_path).items() if schema is False]
        holder = reduce(getitem, error.absolute_path, cast(Any, self.data))
        for word in (word for word in refused if word in holder):
            message = f"`{word}` cannot stand beside `{beside}`"
            yield self._problem(error, "spec-unknown-word", message, "leave one of them out", word)

    def _wrong_value(self, error: ValidationError) -> SpecError:
        steps = list(error.absolute_path)
        name = next((step for step in reversed(steps) if isinstance(step, str)), "")
        subject = f"`{name}`" if steps and steps[-1] == name else f"an item of `{name}`"
        problem = self._problem(error, "spec-value", f"{subject} has the wrong value", self._value_hint(error))
        problem.expected, problem.found = _expected(error), _found(error)
        return problem

    def _problem(self, error: ValidationError, code: str, message: str, hint: str, word: str = "") -> SpecError:
        path = cast("list[str | int]", list(error.absolute_path))
        place = source.place_of(self.data, [*path, word] if word else path)
        return SpecError(code, message, place, path_text(self.data, path), hint=hint)

    def _value_hint(self, error: ValidationError) -> str:
        instance, wanted = error.instance, error.validator_value
        if isinstance(instance, str):
            close = get_close_matches(instance, [option for option in _options(error) if isinstance(option, str)], 1)
            if close:
                return f"did you mean `{close[0]}`?"
            if error.validator == "enum" and len(_options(error)) > MOST_LISTED:
                return f"one of: {', '.join(str(option) for option in _options(error))}"
        if error.validator == "maxProperties":
            return "write each of them as an item of its own"
        if error.validator == "type" and wanted == "string" and isinstance(instance, (int, float)):
            return "quote it, so that it stays text"
        if error.validator == "type" and wanted == "integer" and isinstance(instance, str) and instance.isdecimal():
            return "leave the quotes out"
        return self._description(error)

    def _description(self, error: ValidationError, member: str = "") -> str:
        """What the schema says of the place where `error` is, or of a member of it: the last description on the way."""
        found = ""
        way = list(error.absolute_schema_path)[:-1]
        for length in range(len(way) + 1):
            node = self._node(way[:length])
            for part in (self._target(node), node):
                own = cast("dict[str, Schema]", part.get("properties", {})).get(member, {}) if member else part
                found = str(own.get("description") or self._target(own).get("description") or found)
        return found

    def _node(self, way: Iterable[str | int]) -> Schema:
        """The part of the schema at the end of `way`, which does not mention references; {} for a list."""
        node: object = self.root
        for step in way:
            while isinstance(node, dict) and step not in node:
                node = self._target(node)
            node = cast("dict[object, object]", node)[step]
        return node if isinstance(node, dict) else {}

    def _target(self, node: Schema) -> Schema:
        """The definition that a schema refers to."""
        return cast("dict[str, Schema]", self.root["$defs"]).get(str(node.get("$ref", "")).rpartition("/")[2], {})


def _meant(error: ValidationError) -> Iterator[ValidationError]:
    branches: dict[object, list[ValidationError]] = {}
    for child in error.context or ():
        branches.setdefault(child.schema_path[0], []).append(child)
    near = [branch for branch in branches.values() if not any(_other_kind(child) for child in branch)]
    if len(near) == 1:
        for child in near[0]:
            yield from _meant(child)
    else:
        yield error


def _other_kind(child: ValidationError) -> bool:
    """Whether an alternative is out of the question: it wants another kind of value altogether."""
    if child.path:
        return False
    if child.validator in ("anyOf", "oneOf") and child.context:
        return next(_meant(child)) is child and not _all_required(child)
    if child.validator in ("enum", "const"):
        return not any(type(option) is type(child.instance) for option in _options(child))
    return child.validator == "type"


def _all_required(error: ValidationError) -> bool:
    branches = cast("list[Schema]", error.validator_value)
    return error.validator == "oneOf" and all(branch.keys() == {"required"} for branch in branches)


def _words(error: ValidationError) -> list[str]:
    return [*cast("dict[str, object]", cast(Schema, error.schema).get("properties", {}))]


def _options(error: ValidationError) -> list[object]:
    """The values that could stand there, as far as they are listed."""
    if error.validator == "const":
        return [error.validator_value]
    if error.validator == "enum":
        return cast("list[object]", error.validator_value)
    return [option for child in error.context or () if not child.path for option in _options(child)]


def _lacking(error: ValidationError) -> list[str]:
    wanted = cast("list[str]", error.validator_value)
    holder = cast("dict[str, object]", error.instance)
    if error.validator == "dependentRequired":
        by_word = cast("dict[str, list[str]]", error.validator_value)
        wanted = [needed for word, others in by_word.items() if word in holder for needed in others]
    return [word for word in wanted if word not in holder]


def _misspelt(error: ValidationError, words: Sequence[str]) -> bool:
    """Whether what is missing stands there under another name, which is reported already."""
    known = _words(error)
    unknown = (word for word in cast("dict[str, object]", error.instance) if known and word not in known)
    return any(close in words for word in unknown for close in get_close_matches(word, known, 1))


def _expected(error: ValidationError) -> str:
    """What should stand there, in words: the schema's own title, else its keyword."""
    wanted: object = error.validator_value
    if error.validator in ("enum", "const"):
        options = [str(option) for option in _options(error)]
        return listed(options, "or") if len(options) <= MOST_LISTED else "a word that is known here"
    if "title" in cast(Schema, error.schema) and error.validator not in ("uniqueItems", "minimum", "maximum"):
        return str(cast(Schema, error.schema)["title"])
    if error.validator == "type":
        kinds = [wanted] if isinstance(wanted, str) else cast("list[str]", wanted)
        return " or ".join(_KINDS.get(kind, kind) for kind in kinds)
    words = {
        "minimum": f"at least {wanted}",
        "maximum": f"at most {wanted}",
        "minLength": "text that is not empty",
        "minItems": f"{wanted} items or more",
        "maxItems": f"at most {wanted} items",
        "minProperties": f"{wanted} members or more",
        "maxProperties": f"at most {wanted} members",
        "maxLength": f"at most {wanted} characters",
        "uniqueItems": "each item once",
    }
    return words.get(str(error.validator), "something else")


def _found(error: ValidationError) -> str:
    instance: object = error.instance
    if instance is None:
        return "nothing"
    if isinstance(instance, dict):
        return f"a mapping with {listed([*instance], 'and')}" if instance else "an empty mapping"
    if isinstance(instance, list) and error.validator == "uniqueItems":
        return next(f"`{item}` twice" for index, item in enumerate(instance) if item in instance[:index])
    if isinstance(instance, list):
        return f"a list of {len(instance)}" if instance else "an empty list"
    if isinstance(instance, bool):
        return "true" if instance else "false"
    if isinstance(instance, str) and len(instance) < 40:
        return f"the text `{instance}`" if instance else "empty text"
    return shown(instance)


def path_text(data: object, path: Sequence[str | int]) -> str:
    """A path in a spec as people write it: `Hash.meta.key.name`; list items that have a name are called by it."""
    names: list[str] = []
    for index, step in enumerate(path):
        part = source.part_of(data, path[: index + 1])
        if isinstance(step, str):
            names.append(step)
        elif index + 1 == len(path) or not isinstance(part, dict) or len(part) != 1:
            names[-1:] = [f"{names[-1]}[{step}]"]
    return ".".join(names)
