"""What the records of a thing have in common is made once, in front: fields, and texts and packed numbers that are made of them.

Only what has no effect is moved. Where it would not have been reached, and cannot be made, the code refuses the thing, and
the general writer judges it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from codec.spec.words import OPTION

OFTEN = 4  # so many places: fewer may all be in branches that are not taken
OURS = "the_"
Node = TypeVar("Node", bound=ast.expr)
_METHODS = ("encode", "get")


def once(
    lines: list[str], is_pure: Callable[[str], bool], fresh: Callable[[str], str], known: Iterable[str] = ()
) -> list[str]:
    """The lines of a function body, or of a part of it, with what they have often made in front of them.

    `is_pure` tells which functions have no effect; `fresh` gives a name that is not taken; `known` are locals.
    """
    depth = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    front, body = _parted([line[depth:] for line in lines], {"thing"}, OFTEN, is_pure, fresh, known)
    return [" " * depth + line for line in (*front, *body)]


def once_for_all(
    loop: list[str], parent: str, is_pure: Callable[[str], bool], fresh: Callable[[str], str]
) -> list[str]:
    """The lines of a loop over `things` of one parent, with what they make of it and of options in front of the loop."""
    depth = len(loop[0]) - len(loop[0].lstrip())
    body = [line[depth:] for line in loop]
    taken = [(node, _key(node)) for node in _outside(ast.parse("\n".join(body)), ast.Subscript, ast.Call)]
    taken = [(node, key) for node, key in taken if key == parent or key.startswith(OPTION)]
    names = {key: fresh(f"{OURS}{_plain(key)}_of_all") for key in dict.fromkeys(key for _, key in taken)}
    body = _replaced(body, [(node, names[key]) for node, key in taken])
    front, body = _parted(body, {*names.values()}, 1, is_pure, fresh)
    heads = (f"{name} = things[0].get({key!r})" for key, name in names.items())
    return [" " * depth + line for line in (*heads, *front, *body)]


def in_locals(lines: list[str], names: Mapping[str, str]) -> list[str]:
    """The lines of a loop over `things` with locals instead of the entries that they add to each thing, by key. Who takes
    the thing as a whole gets it with those that are there by then, and with what only the first thing has."""
    depth = len(lines[0]) - len(lines[0].lstrip())
    body = [line[depth:] for line in lines]
    tree = ast.parse("\n".join(body))
    taken = list(_outside(tree, ast.Subscript, ast.Call))
    some: list[tuple[ast.expr, str]] = [(node, names[key]) for node in taken if (key := _key(node)) in names]
    added = {key: node.lineno for node in tree.body if isinstance(node, ast.Assign) for key in map(_key, node.targets)}
    parts = {id(node.value) for node in ast.walk(tree) if isinstance(node, (ast.Subscript, ast.Attribute))}
    for node in _outside(tree, ast.Name):
        if node.id == "thing" and id(node) not in parts:
            there = (f"{key!r}: {name}" for key, name in names.items() if added[key] < node.lineno)
            some.append((node, f"{{{', '.join(('**things[0]', '**thing', *there))}}}"))
    return [" " * depth + line for line in _replaced(body, some)]


def _key(node: ast.expr) -> str:
    """The key of the thing's entry that an expression stands for, if it does."""
    if isinstance(node, ast.Subscript):
        holder, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        holder, key = node.func.value, node.args[0]
    else:
        return ""
    is_of_thing = isinstance(holder, ast.Name) and holder.id == "thing"
    return str(key.value) if is_of_thing and isinstance(key, ast.Constant) else ""


def _parted(
    body: list[str],
    roots: set[str],
    often: int,
    is_pure: Callable[[str], bool],
    fresh: Callable[[str], str],
    there: Iterable[str] = (),
) -> tuple[list[str], list[str]]:
    """What is made of the `roots`, and of what is `there`, at `often` places or more; and the lines, which take it so."""
    front, known = list[str](), {*roots, *there}
    while True:
        body, tree = _without_aliases(body, known)
        changed = _assigned(tree)
        found = [
            node for node in _outside(tree, ast.Subscript, ast.Call) if _is_plain(node, roots, known, changed, is_pure)
        ]
        texts = Counter(map(ast.unparse, found))
        names = {text: fresh(_name(text)) for text, count in texts.items() if count >= often}
        if not names:
            return front, body
        front += [f"{name} = {_guarded(text, known - roots)}" for text, name in names.items()]
        known.update(names.values())
        body = _replaced(body, [(node, names[text]) for node in found if (text := ast.unparse(node)) in names])


def _without_aliases(body: list[str], known: set[str]) -> tuple[list[str], ast.Module]:
    """The lines without second names of what is known, and their tree."""
    tree = ast.parse("\n".join(body))
    stores = Counter(name.id for name in _names(tree) if isinstance(name.ctx, ast.Store))
    shown = {name.id for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for name in _names(node)}
    aliases, lines = dict[str, str](), set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in known:
            (target,) = node.targets
            if isinstance(target, ast.Name) and stores[target.id] == 1 and target.id not in shown:
                aliases[target.id] = node.value.id
                lines.add(node.lineno - 1)
    if not aliases:
        return body, tree
    uses = [(node, aliases[node.id]) for node in _outside(tree, ast.Name) if node.id in aliases]
    body = [line for at, line in enumerate(_replaced(body, uses)) if at not in lines]
    return body, ast.parse("\n".join(body))


def _names(tree: ast.AST) -> Iterator[ast.Name]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name))


def _assigned(tree: ast.AST) -> set[str]:
    """The fields of the thing that the lines set."""
    targets = (target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets)
    return {
        str(target.slice.value)
        for target in targets
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
    }


def _outside(tree: ast.AST, *kinds: type[Node]) -> Iterator[Node]:
    """Every expression of some kinds outside of formatted texts, which hold locals alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, kinds):
            yield node
        if not isinstance(node, ast.JoinedStr):
            yield from _outside(node, *kinds)


def _is_plain(
    node: ast.expr, roots: set[str], known: set[str], changed: set[str], is_pure: Callable[[str], bool]
) -> bool:
    """Whether it is one step from what is known: a field, or a call without an effect."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.ctx, ast.Load) and _is_field(node.value, node.slice, roots, known, changed)
    if not isinstance(node, ast.Call) or node.keywords:
        return False
    if isinstance(node.func, ast.Attribute):
        if node.func.attr not in _METHODS or not all(isinstance(one, ast.Constant) for one in node.args):
            return False
        return _is_field(node.func.value, node.args[0] if node.args else None, roots, known, changed)
    values = [one for one in node.args if not isinstance(one, ast.Constant)]
    return (
        isinstance(node.func, ast.Name)
        and is_pure(node.func.id)
        and bool(values)
        and all(isinstance(one, ast.Name) and one.id in known - roots for one in values)
    )


def _is_field(holder: ast.expr, key: ast.expr | None, roots: set[str], known: set[str], changed: set[str]) -> bool:
    if not isinstance(holder, ast.Name) or holder.id not in known:
        return False
    if key is None:
        return holder.id not in roots
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value not in changed


def _guarded(text: str, made: set[str]) -> str:
    """The expression, or None where a value that it takes is None."""
    node = ast.parse(text, mode="eval").body
    if not isinstance(node, ast.Call):
        return text
    taken = node.args if isinstance(node.func, ast.Name) else [node.func]
    used = {one.id for part in taken for one in ast.walk(part) if isinstance(one, ast.Name)} & made
    return f"{text} if {' and '.join(f'{name} is not None' for name in sorted(used))} else None" if used else text


def _name(text: str) -> str:
    """A name that says what the expression is."""
    node = ast.parse(text, mode="eval").body
    words = [
        one.id.removeprefix(OURS) if isinstance(one, ast.Name) else str(one.value)
        for one in ast.walk(node)
        if (isinstance(one, ast.Name) and one.id != "thing")
        or (isinstance(one, ast.Constant) and type(one.value) is str)
    ]
    words += ["encoded"] if text.endswith(".encode()") else []
    return OURS + _plain("_".join(words))


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in text)


def _replaced(body: list[str], some: Sequence[tuple[ast.expr, str]]) -> list[str]:
    raw = [line.encode() for line in body]
    for node, name in sorted(some, key=lambda one: (one[0].lineno, -one[0].col_offset)):
        line = raw[node.lineno - 1]
        raw[node.lineno - 1] = line[: node.col_offset] + name.encode() + line[node.end_col_offset :]
    return [line.decode() for line in raw]


__all__ = ["in_locals", "once", "once_for_all"]
