"""The account of a spec: nothing is left out, whatever is lost has its reason, and `show` prints all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.errors import SpecError
from codec.spec import library, plan
from codec.spec.account import account, losses
from codec.spec.extends import extended
from codec.spec.resolve import Resolver
from codec.spec.show import show

BASE = Path(__file__).parent / "base"


def shop() -> plan.Adapter:
    return Resolver(extended(BASE / "shop.yaml")).adapter()


def slots_written(parts: object) -> int:
    """How many slots a pattern has, counted in the YAML."""
    total = 0
    if isinstance(parts, dict):
        return sum(slots_written(form) for form in parts["forms"].values())
    assert isinstance(parts, list)
    for part in parts:
        for name, spec in part.items() if isinstance(part, dict) else ():
            total += len(spec) if name in ("optional", "message") else 1
    return total


def members_written(members: dict[str, object]) -> int:
    """How many members an object has, counted in the YAML."""
    inner = [spec["item"] for spec in members.values() if isinstance(spec, dict) and "item" in spec]
    return len(members) + sum(members_written(item) for item in inner)


def test_every_slot_and_member_is_accounted_for_once() -> None:
    data = extended(BASE / "shop.yaml")
    rows: dict[str, dict[str, object]] = dict(data["shared"])
    wanted = len(data["unread"])
    for entity in data["entities"].values():
        rows |= {f"{id(entity)} {name}": row for name, row in entity["stored"].items() if "shared" not in row}
        for document in entity["shown"].values():
            wanted += sum(isinstance(part, dict) for part in document["path"]) + ("raw" in document)
            wanted += members_written(document.get("json") or document.get("line") or {})
            wanted += sum(members_written(line["line"]) for line in document.get("lines", {}).values())
    wanted += sum(slots_written(row["key"]) + slots_written(row["value"]) for row in rows.values())
    assert len(account(shop())) == wanted


def test_whatever_is_lost_has_a_reason() -> None:
    for adapter in (shop(), *library.load("elastickv").adapters):
        assert all(entry.says for entry in account(adapter))
        assert all(loss.reason for loss in losses(adapter))


def test_losses_are_found_not_listed() -> None:
    told = {(loss.where, loss.what): loss.reason for loss in losses(shop())}
    assert told["Box.head.key", "whatever follows"] == "old writers left bytes there"
    assert told["Box.head.value", "spare"] == "nobody reads it"
    assert told["Box.head.value", "color"] == "zero is read as none"
    assert told["Box.head.value", "count"] == "recomputed when written; a difference is warned: shop_count"
    assert told["Box.cost", "the record"] == "recomputed when written: parts by their cost"
    assert told["Box.moved", "the record"] == "a box on its way"
    assert told["Box.whole", "the form"] == "a box in one record"
    assert told["Note.blob.timed", "the form"] == "a note without a time is written plain"
    assert told["Note.blob.timed", "other bits of the flags"]
    assert told["Note.until", "the record"] == "a note has its own time"
    assert told["Queue.item.key", "position"] == "items are renumbered"
    assert told["until.value", "until"] == "scripts read it"
    assert told["lock", "the record"] == "locks do not outlive the shop"
    assert told["Box.document", "code"] == "shown only with the option secret"
    assert ("Box.head.value", "weight") not in told, "it is stored and shown; a difference is only warned"


def test_show_prints_one_kind_of_record() -> None:
    lines = show(str(BASE), "Box.head").splitlines()
    assert lines[0] == "Box.head: record kind, read and written"
    columns = [" ".join(line.split()) for line in lines]
    for wanted in (
        '0 9 "!bx|head|" literal shop.yaml:',
        "9 2+≤200 id prefixed bound: id shop.yaml:",
        "2 4 count u32 derived: the number of parts shop.yaml:",
        "22 8 made complement u64 bound: made shop.yaml:",
        "weight Box.document: weight shop.yaml:",
        "spare nobody reads it shop.yaml:",
        "order id by length, bytes",
        "errors key: BadBoxKey, value: BadBox",
    ):
        assert any(line.startswith(wanted) for line in columns), wanted


def test_show_counts_from_the_end_behind_an_open_part() -> None:
    assert "end-8  8" in show(str(BASE), "Queue.item")


def test_show_knows_every_kind() -> None:
    adapter = shop()
    names = [adapter.name, *(entity.name for entity in adapter.entities), *(row.label for row in adapter.rows)]
    names += [f"{entity.name}.{document.name}" for entity in adapter.entities for document in entity.documents]
    for name in names:
        assert show(str(BASE), name).startswith(f"{name}: ")


def test_show_knows_every_kind_of_ours() -> None:
    for adapter in library.load("elastickv").adapters:
        for row in adapter.rows:
            assert show("elastickv", row.label)
        for entity in adapter.entities:
            assert show("elastickv", entity.name)


def test_show_suggests_what_was_meant() -> None:
    with pytest.raises(SpecError) as caught:
        show(str(BASE), "Box.haed")
    assert caught.value.hint == "did you mean `Box.head`?"
