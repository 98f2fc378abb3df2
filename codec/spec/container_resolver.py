"""Resolving the container's part of a spec: from YAML to `codec.spec.container.Container`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from codec.layout.numbers import Fixed
from codec.spec import plan, source
from codec.spec.container import (
    ArchiveLimits,
    Bits,
    Clock,
    ComplementPlan,
    Container,
    Footer,
    Frame,
    Groups,
    Operational,
    Refusal,
    Restore,
    StreamPlan,
    TopDocument,
)
from codec.spec.resolve import Resolver

Slots = tuple[tuple[str, Fixed], ...]
Kind = Literal["container", "adapter"]


class ContainerResolver(Resolver):
    """Turns a loaded container spec into a plan; adapters are resolved by the caller."""

    def slots(self, parts: object) -> Slots:
        result = []
        for part in cast("list[dict[str, object]]", parts):
            for name, spec in part.items():
                if name == "slack":
                    continue
                layout = self.layout(spec, "", self.data.place)
                assert isinstance(layout, Fixed)
                result.append((name, layout))
        return tuple(result)

    def frame(self, data: dict[str, object]) -> Frame:
        length = self.layout(data["prefixed"], "", self.data.place)
        assert isinstance(length, Fixed)
        parts = cast("list[dict[str, object]]", data.get("parts", [{"": "rest"}]))
        split = next(i for i, part in enumerate(parts) if next(iter(part.values())) == "rest")
        plain = [{k: "u8" if isinstance(v, dict) and "bits" in v else v for k, v in part.items()} for part in parts]
        return Frame(
            length,
            cast(int, data["max"]),
            self.slots(plain[:split]),
            next(iter(parts[split])),
            self.slots(plain[split + 1 :]),
        )

    def stream(self, name: str, data: dict[str, object]) -> StreamPlan:
        header = cast("list[dict[str, dict[str, object]]]", data["header"])
        details = {n: s for part in header for n, s in part.items() if isinstance(s, dict)}
        constants = {n: cast(int, s["const"]) for n, s in details.items() if "const" in s}
        checksum = next((n for n, s in details.items() if "crc32_of" in s), "")
        entry = cast("dict[str, dict[str, object]]", data.get("entry", {}))
        groups = cast("dict[str, dict[str, object]]", data.get("groups", {}))
        bits = None
        for part in cast("list[dict[str, dict[str, object]]]", entry.get("value", {}).get("parts", [])):
            for slot, spec in part.items():
                if isinstance(spec, dict) and "bits" in spec:
                    ranges = cast("dict[str, list[int]]", spec["bits"])
                    bits = Bits(slot, {n: (r[0], r[1]) for n, r in ranges.items()})
        refuse = tuple(
            Refusal(str(r["part"]), frozenset(cast("list[int]", r["unless"])), str(r["error"]), str(r["hint"]))
            for r in cast("dict[str, dict[str, object]]", entry.get("refuse", {})).values()
        )
        grouped = None
        if groups:
            count = self.layout(groups["versions"]["counted"], "", self.data.place)
            assert isinstance(count, Fixed)
            most = cast(int, groups["versions"]["max"])
            grouped = Groups(
                self.frame(groups["key"]), count, most, self.slots(groups["version"]), self.frame(groups["value"])
            )
        return StreamPlan(
            name,
            str(data["magic"]).encode("latin-1"),
            self.slots(header),
            constants,
            checksum,
            self.frame(entry["key"]) if entry else None,
            self.frame(entry["value"]) if entry else None,
            bits,
            refuse,
            grouped,
            cast("dict[str, str]", data["errors"]),
            cast("dict[str, str]", data.get("write_errors", {})),
            self.at("streams", name),
            self.slots(data["footer"])[0][1] if "footer" in data else None,
        )

    def operational(self, name: str, data: dict[str, object]) -> Operational:
        pattern: list[bytes | int] = []
        for part in cast("list[object]", data["key"]):
            if isinstance(part, str):
                pattern.append(part.encode("latin-1"))
            else:
                ((_, layout),) = self.slots([part])
                pattern.append(layout.size or 0)
        return Operational(name, tuple(pattern), cast(int, data["size"]))

    def top(self, data: dict[str, object], schema: Mapping[str, object]) -> TopDocument:
        gate = cast("dict[str, object]", data["gate"])
        return TopDocument(
            str(data.get("path", data.get("suffix"))),
            cast("Mapping[str, object]", plain(schema)),
            gate,
            str(gate["error"]),
            str(data["error"]),
            data["html"] == "escaped",
            str(data["end"]),
            cast("dict[str, object]", data["json"]),
        )

    def container(self, adapters: tuple[plan.Adapter, ...], schema: Mapping[str, Mapping[str, object]]) -> Container:
        """The whole plan; `schema` has the JSON Schemas that the top documents name."""
        data = self.data
        layers = self.section("layers")
        clock, footer = layers["clock"], layers["footer"]
        rule = cast("dict[str, object]", clock.get("floor", {"slot": "", "shift": 0}))
        floor = str(rule["slot"]), cast(int, rule["shift"])
        forms = cast("dict[str, list[dict[str, object]]]", clock["forms"])
        crc = self.slots(footer["parts"])[0][1]
        operational = self.section("operational")
        top = self.section("manifest"), self.section("encode_info")
        archive = self.section("archive")
        return Container(
            str(data["format"]),
            cast(int, data["version"]),
            str(data["doc"]),
            str(data["manual"]),
            data.place,
            tuple(self.stream(name, stream) for name, stream in self.section("streams").items()),
            Clock(
                str(clock["starts"]).encode("latin-1"),
                {k.encode("latin-1"): self.slots(v) for k, v in forms.items()},
                frozenset(k.encode("latin-1") for k, v in forms.items() if any("slack" in p for p in v)),
                str(clock["named"]),
                str(clock["error"]),
                *floor,
            ),
            Footer(crc, str(footer["named"]), str(footer["error"])),
            tuple(
                self.operational(name, row)
                for name, row in cast("dict[str, dict[str, object]]", operational["rows"]).items()
            ),
            str(operational["because"]),
            self.unread("internal"),
            cast("dict[str, str]", data["counters"]),
            adapters,
            tuple(cast("list[str]", data["print_order"])),
            tuple(cast("list[str]", data["encode_order"])),
            str(self.section("input_number")["suffix"]),
            cast("dict[str, int]", self.section("input_number")["base"]),
            self.top(cast("dict[str, object]", top[0]), schema[str(top[0]["schema"])]),
            str(self.section("checksums")["path"]),
            ArchiveLimits(cast(int, archive["most_entries"]), cast(int, archive["most_bytes"])),
            self.top(cast("dict[str, object]", top[1]), schema[str(top[1]["schema"])]),
            cast("dict[str, str]", self.section("mismatch")),
            cast(int, self.section("mismatch")["most"]),
            cast("dict[str, str]", self.section("usage_errors")),
            self.restore(),
            self.complement(schema) if "complement" in data else None,
            tuple(cast("dict[str, list[str]]", self.data.get("migrate", {})).get("with", ())),
        )

    def complement(self, schema: Mapping[str, Mapping[str, object]]) -> ComplementPlan:
        """Where a complement stands."""
        data = self.section("complement")
        folder, document = str(data["folder"]), data["document"]
        files = {name: f"{folder}/{file}" for name, file in cast("dict[str, str]", data["files"]).items()}
        line, errors = cast("dict[str, str]", data["line"]), cast("dict[str, str]", data["errors"])
        return ComplementPlan(
            folder, **files, line=line, document=self.top(document, schema[str(document["schema"])]), errors=errors
        )

    def restore(self) -> Restore | None:
        """What a restore refuses, if the spec says it."""
        data = self.data.get("restore")
        if not isinstance(data, dict):
            return None
        ceiling = cast("dict[str, int]", data["ceiling"])
        errors = cast("dict[str, str]", data["errors"])
        most = cast(int, data["most"])
        return Restore(most, str(ceiling["of"]), ceiling["shift"], ceiling["below"], errors)


def kind_of(data: source.Mapping) -> Kind:
    """Whether a loaded spec describes the container or one adapter."""
    return "container" if "carries" in data else "adapter"


def plain(value: object) -> object:
    """A part of a spec without its places."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value
