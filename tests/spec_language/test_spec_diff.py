"""Every kind of change between two versions has one rule, and every rule a minimal pair: the base and one change of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codec.spec import source
from codec.spec.change_rules import BYTES, READERS, RULES, TEXT_ONLY, WRITERS, rule_of
from codec.spec.diff import CONTAINER, EFFECTS, Change, counted, diff, lines
from codec.spec.differences import Difference, differences
from codec.spec.extends import Change as Edit
from codec.spec.extends import extended

BASE = Path(__file__).parent / "base"
BOX, NOTE, LOG = "[entities, Box", "[entities, Note", "[entities, Log"
HEAD, DOCUMENT = f"{BOX}, stored, head", f"{BOX}, shown, document"

# the rule, the adapter (or the container), and the change
PAIRS = [
    ("text-changed", "shop", f"at: {BOX}, doc], to: Another text."),
    ("example-changed", "shop", f"at: {HEAD}, example, value], to: other"),
    ("error-renamed", "shop", f"at: {HEAD}, errors, key], to: OtherError"),
    ("warning-changed", "shop", "at: [warnings, shop_count, fields], to: {}"),
    ("version-named", "shop", "at: [format], to: bench/other"),
    ("version-counted", "shop", "at: [version], to: 2"),
    ("reason-changed", "shop", f"at: {NOTE}, stored, bare, legacy], to: another reason"),
    ("role-reason-changed", "shop", f"at: {BOX}, stored, cost, derived], to: another reason"),
    ("slack-reason-changed", "shop", f"at: {HEAD}, key, slack], to: another reason"),
    ("order-of-work", "shop", "at: [print_order], to: [Box, Note, Log, Queue]"),
    ("limit-raised", "shop", "at: [codecs, ID, max], to: 300"),
    ("limit-raised", "shop", "at: [codecs, small, min], to: 0"),
    ("limit-lowered", "shop", "at: [codecs, ID, max], to: 100"),
    ("limit-lowered", "shop", "at: [codecs, small, min], to: 2"),
    ("magic-changed", CONTAINER, "at: [streams, flat, magic], to: FLOT"),
    ("stream-added", CONTAINER, "at: [streams], insert: {new: {magic: NEW}}"),
    ("stream-removed", CONTAINER, "at: [streams, deep], remove: gone"),
    ("stream-renamed", CONTAINER, "at: [streams, deep], rename: low"),
    ("stream-footer", CONTAINER, "at: [streams, flat], insert: {footer: [sum: {as: u32, crc32c_of: before}]}"),
    ("refusal-added", CONTAINER, "at: [streams, flat, entry, refuse], insert: {new: {part: other, unless: [1]}}"),
    ("refusal-removed", CONTAINER, "at: [streams, flat, entry, refuse, other], remove: gone"),
    ("frame-changed", CONTAINER, "at: [streams, flat, entry, key, prefixed], to: u32"),
    ("layer-changed", CONTAINER, "at: [layers, clock, starts], to: CLICK"),
    ("node-row-added", CONTAINER, 'at: [operational, rows], insert: {new: {key: ["_new_"], size: 8}}'),
    ("node-row-changed", CONTAINER, "at: [operational, rows, stamp, size], to: 9"),
    ("internal-row", CONTAINER, 'at: [internal, plans, key], to: "!plans|"'),
    ("manifest-gate", CONTAINER, "at: [manifest, gate, newest], to: 2"),
    ("manifest-place", CONTAINER, "at: [manifest, path], to: OTHER.json"),
    ("manifest-member-added", CONTAINER, "at: [manifest, json], insert: {new: {const: 1}}"),
    ("manifest-changed", CONTAINER, "at: [manifest, json, format_version, const], to: 2"),
    ("side-document", CONTAINER, "at: [encode_info, suffix], to: .other.json"),
    ("run-report", CONTAINER, "at: [counters, total], to: all"),
    ("migration-way", CONTAINER, "at: [migrate, with], to: [old]"),
    ("adapter-carried", CONTAINER, "at: [carries, shop.yaml], to: other.yaml"),
    ("codec-unused", "shop", "at: [codecs], insert: {new: u8}"),
    ("codec-changed", "shop", "at: [codecs, digest, bytes], to: 5"),
    ("type-added", "shop", "at: [types], insert: {New: {fields: {a: {type: text, number: 1}}}}"),
    ("type-field-added", "shop", "at: [types, Tag, fields], insert: {b: {type: text, number: 2}}"),
    ("type-changed", "shop", "at: [types, Tag, fields, a, number], to: 3"),
    ("option-default", "shop", "at: [options, style, default], to: fancy"),
    ("option-changed", "shop", "at: [options, secret], remove: nobody asks"),
    ("names-file", "shop", "at: [names, KEYMAP, path], to: shop/OTHER.jsonl"),
    ("folder-changed", "shop", "at: [tree, root], to: store"),
    ("entity-added", "shop", "at: [entities], insert: {New: {doc: new}}"),
    ("entity-removed", "shop", "at: [entities, Queue], remove: gone"),
    ("entity-renamed", "shop", "at: [entities, Queue], rename: Line"),
    ("field-added", "shop", f"at: {BOX}, model], insert: {{new: u8}}"),
    ("field-removed", "shop", f"at: {BOX}, model, label], remove: gone"),
    ("field-renamed", "shop", f"at: {BOX}, model, label], rename: title"),
    ("elements-order", "shop", f"at: {BOX}, model, parts, order], to: [cost]"),
    ("field-type", "shop", f"at: {BOX}, model, made], to: u32"),
    ("identity-changed", "shop", f"at: {BOX}, identity], to: [label]"),
    ("check-added", "shop", f"at: {BOX}, checks], insert: {{new: {{present: until}}}}"),
    ("check-removed", "shop", f"at: {BOX}, checks, kind], remove: gone"),
    ("check-changed", "shop", f"at: {BOX}, checks, colored, present], to: until"),
    ("belongs-elsewhere", "shop", f"at: {NOTE}], insert: {{within: {{box: Box}}}}"),
    ("body-changed", "shop", f"at: {NOTE}], insert: {{body: {{field: body}}}}"),
    ("record-kind-added", "shop", f"at: {BOX}, stored], insert: {{new: {{key: [a]}}}}"),
    ("record-kind-removed", "shop", f"at: {BOX}, stored, label], remove: gone"),
    ("record-kind-renamed", "shop", f"at: {BOX}, stored, label], rename: title"),
    ("old-form-read", "shop", f"at: {BOX}, stored], insert: {{new: {{legacy: old, key: [a]}}}}"),
    ("old-form-dropped", "shop", f"at: {BOX}, stored, whole], remove: gone"),
    ("rebuilt-kind", "shop", f"at: {BOX}, stored, cost], remove: gone"),
    ("rebuilt-kind", "shop", f"at: {BOX}, stored], insert: {{new: {{dropped: nothing, key: [a]}}}}"),
    ("owners-changed", "shop", "at: [shared, until, owners], to: [Box, Note]"),
    ("legacy-now", "shop", f"at: {BOX}, stored, label], insert: {{legacy: old}}"),
    ("legacy-no-more", "shop", f"at: {NOTE}, stored, bare, legacy], remove: it is written"),
    ("key-changed", "shop", f'at: {HEAD}, key, "!bx|head|"], to: "!bx|top|"'),
    ("key-changed", "shop", 'at: [shared, until, key, "!sh|until|"], to: "!sh|till|"'),
    ("written-anew", "shop", f"at: {HEAD}, value, spare, write], to: 7"),
    ("written-anew", "shop", f"at: {HEAD}, value, count, derive, count], to: others"),
    ("optional-added", "shop", f"at: {HEAD}, value, optional], insert: {{lid: u8}}"),
    ("optional-removed", "shop", f"at: {HEAD}, value, optional], remove: gone"),
    ("form-added", "shop", f"at: {NOTE}, stored, blob, value, forms], insert: {{new: [a]}}"),
    ("form-removed", "shop", f"at: {NOTE}, stored, blob, value, forms, plain], remove: gone"),
    ("slack-added", "shop", f"at: {BOX}, stored, label, value], insert: {{slack: who knows}}"),
    ("slack-removed", "shop", f"at: {LOG}, stored, loose, value, slack], remove: gone"),
    ("message-field-added", "shop", f"at: {LOG}, stored, head, value, message], insert: {{new: {{number: 9, as: string}}}}"),
    ("message-field-removed", "shop", f"at: {LOG}, stored, head, value, message, tags], remove: gone"),
    ("stored-member-added", "shop", f"at: {LOG}, stored, extra, value, json], insert: {{new: text}}"),
    ("value-changed", "shop", f"at: {HEAD}, value, full], to: u16"),
    ("record-role", "shop", f"at: {NOTE}, stored, until, shared], to: both"),
    ("record-rest", "shop", f"at: {BOX}, stored, label], insert: {{when: {{present: label}}}}"),
    ("document-added", "shop", f"at: {BOX}, shown], insert: {{new: {{raw: code}}}}"),
    ("document-removed", "shop", f"at: {NOTE}, shown, until], remove: gone"),
    ("document-renamed", "shop", f"at: {NOTE}, shown, until], rename: till"),
    ("document-path", "shop", f'at: {DOCUMENT}, path, "shop/shop_1/boxes/"], to: shop/shop_1/crates/'),
    ("member-added", "shop", f"at: {DOCUMENT}, json], insert: {{new: {{as: text, none: left_out}}}}"),
    ("member-needed", "shop", f"at: {DOCUMENT}, json], insert: {{new: text}}"),
    ("member-removed", "shop", f"at: {DOCUMENT}, json, until], remove: gone"),
    ("member-missed", "shop", f"at: {DOCUMENT}, json, full], remove: gone"),
    ("member-renamed", "shop", f"at: {DOCUMENT}, json, name], rename: label"),
    ("members-moved", "shop", f"at: {DOCUMENT}, json], to: {{full: flag, format_version: {{const: 1}}}}"),
    ("member-handling", "shop", f"at: {DOCUMENT}, json, color, zero], remove: zero is a color"),
    ("document-order", "shop", f"at: {NOTE}, shown, until, when], remove: always"),
    ("document-changed", "shop", f"at: {DOCUMENT}, json, full], to: integer"),
    ("view-changed", "shop", "at: [views], to: {raw: {of: Box}}"),
    ("unread-changed", "shop", 'at: [unread, lock, key], to: "!locks|"'),
    ("rule-of-decode", "shop", f"at: {NOTE}, prefer, body], to: [bare, blob]"),
    ("unclassified", "shop", "at: [strange], to: other"),
]  # fmt: skip
WHOLE = ("adapter-added", "adapter-removed")
EXTRA = """
types: {Tag: {fields: {a: {type: text, number: 1}}}}
views: {}
strange: thing
"""
MORE = "{extra: {key: [x], value: [{json: {id: text}}]}, loose: {key: [y], value: [a: u8, slack: who knows]}}"


def spec(adapter: str) -> source.Mapping:
    """The base spec, with the sections that it does not need itself."""
    data = extended(BASE / ("container.yaml" if adapter == CONTAINER else "shop.yaml"))
    if adapter == CONTAINER:
        return data
    for key, value in source.loads(EXTRA, "extra").items():
        data[key], data.places[key] = value, data.place
    edit(data, f"at: {LOG}, stored], insert: {MORE}")
    return data


def edit(data: source.Mapping, change: str) -> None:
    parsed = source.loads(f"{{{change}}}", "pair.yaml")
    Edit(parsed, parsed.place).apply(data)


def found(adapter: str, change: str) -> list[Difference]:
    old, new = spec(adapter), spec(adapter)
    edit(new, change)
    return [*differences(old, new, (adapter,))]


@pytest.mark.parametrize(("rule", "adapter", "change"), PAIRS)
def test_a_change_falls_under_its_rule(rule: str, adapter: str, change: str) -> None:
    hit = {rule_of(one).name for one in found(adapter, change)}
    if rule == "members-moved":
        assert rule in hit
    else:
        assert hit == {rule}


@pytest.mark.parametrize("kind", ["added", "removed"])
def test_an_adapter_comes_or_goes(kind: str) -> None:
    rule = rule_of(Difference(kind, ("till",), None, None, source.load(BASE / "shop.yaml").place))  # type: ignore[arg-type]
    assert rule.name == f"adapter-{kind}"


def test_every_rule_has_a_minimal_pair_a_sentence_and_a_place_in_the_order() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert {*names} == {rule for rule, _, _ in PAIRS} | {*WHOLE}
    assert all(rule.says and {*rule.effects} <= {READERS, WRITERS, BYTES} for rule in RULES)


def test_no_part_of_the_specs_that_may_change_is_without_a_rule() -> None:
    """Each scalar of our own specs is changed in turn: none of them is `unclassified`."""
    for path in (BASE / "shop.yaml", BASE / "container.yaml"):
        data = extended(path)
        adapter = CONTAINER if path.name.startswith("container") else "shop"
        for way, part in source.walk(data):
            if isinstance(part, (dict, list)) or not way or way[0] in ("language", "adapter", "byte_order"):
                continue
            rule = rule_of(Difference("changed", (adapter, *named(data, way)), part, "other", data.place))
            assert rule.name != "unclassified", way


def named(data: source.Mapping, way: tuple[source.Step, ...]) -> tuple[str, ...]:
    """The way of the difference that a change there makes: parts of patterns by name, lists of values as a whole."""
    names: list[str] = []
    for index, step in enumerate(way):
        if isinstance(step, int):
            pattern = source.part_of(data, way[:index])
            assert isinstance(pattern, list)
            if not any(isinstance(part, dict) and len(part) == 1 for part in pattern):
                break
            if isinstance(pattern[step], str):
                names.append(pattern[step])
        else:
            names.append(step)
    return tuple(names)


def test_versions_that_are_the_same_have_no_difference() -> None:
    assert diff("elastickv", "elastickv") == ()


def test_a_difference_is_told_with_its_line_worst_first() -> None:
    changes = diff("elastickv", "elastickv-next")
    assert [change.effects[0] for change in changes] == sorted((c.effects[0] for c in changes), key=EFFECTS.index)
    text = [*lines(changes)]
    assert text[0] == "readers break, writers break"
    assert "magic-changed: container.streams.store.magic EKVPBBL1 -> EKVPBBL2" in text[1]
    data = [change.as_json() for change in changes]
    assert json.loads(json.dumps(data)) == data
    assert {one["rule"] for one in data} >= {"magic-changed", "stream-footer", "optional-added", "member-added"}
    assert counted(changes)[TEXT_ONLY] == sum(not change.rule.effects for change in changes)


def test_what_breaks_forwards_breaks_backwards() -> None:
    """From new to old, readers and writers change places."""
    there, back = (counted(diff(*pair)) for pair in (("elastickv", "elastickv-next"), ("elastickv-next", "elastickv")))
    assert (there[READERS], there[WRITERS]) == (back[WRITERS], back[READERS])


def test_a_change_without_effects_is_one_of_texts(tmp_path: Path) -> None:
    (one,) = found("shop", f"at: {BOX}, doc], to: Another text.")
    assert Change(one, rule_of(one)).effects == (TEXT_ONLY,)
