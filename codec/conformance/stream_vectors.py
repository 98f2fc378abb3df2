"""Vectors of the file around the records: magics, headers, lengths, limits, flags, checksums, layers, versions of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from codec.conformance.bench import NOW, WRITTEN, Bench
from codec.conformance.points import clock_anchor, parents, stream_parts
from codec.conformance.vectors import Kind, Vector
from codec.layout.numbers import Fixed
from codec.spec.container import Frame, StreamPlan
from codec.testing.containers import (
    History,
    Numbers,
    Version,
    bare,
    clock,
    framed,
    grouped,
    headed,
    in_order,
    operational_rows,
    pack,
    stream,
    with_footer,
    writers,
)
from codec.testing.records import Record

STAMP = NOW + 7  # another than that of the scenes, so that no stream is one of them
SAID = {"last_commit_ts": STAMP}
NUMBER = "10"  # in the name of an input: another number in every base
MOST_FRAME = 1 << 21  # what is larger is too large for a vector
UNKNOWN_KEY = b"\x00nobody's key"
LATER, LATEST = WRITTEN + 1, STAMP + 1


class StreamVectors:
    """Makes the vectors of the container, around two records that differ in their keys."""

    def __init__(self, bench: Bench, records: tuple[Record, ...]) -> None:
        self.bench, self.container = bench, bench.container
        self._plan = self.container.written
        versions = tuple(Version(key, WRITTEN, value) for key, value in records)
        self.history = in_order(self.container, History(STAMP, versions))

    def vectors(self) -> Iterator[Vector]:
        """Of each kind of stream, then of the layers around it, then of what may stand in it."""
        for plan in self.container.streams:
            yield from self._of_head(plan)
            if plan.groups is None:
                yield from self._of_entries(plan)
            else:
                yield from self._of_groups(plan)
        yield from self._of_layers()
        yield from self._of_rows()

    def _ask(
        self, anchor: str, name: str, sentence: str, data: bytes, also: Iterable[str] = (), input_name: str = "input"
    ) -> Iterator[Vector]:
        whole = f"{self.container.name}.{anchor}"
        hit = {*parents(whole), *(f"{self.container.name}.{other}" for other in also)}
        kinds: tuple[Kind, Kind] = ("near-valid", "invalid")
        vector = self.bench.decode(whole, name, sentence, data, hit=hit, kinds=kinds, input_name=input_name)
        if vector is not None:
            yield vector

    # -------------------------------------------------------------------------------------------- head

    def _of_head(self, plan: StreamPlan) -> Iterator[Vector]:
        data, name = stream(plan, self.history), plan.name
        magic = len(plan.magic)
        parts = [f"{name}{part}" for part in stream_parts(plan)]
        yield from self._ask(name, "whole", f"A stream of kind {name}", data, parts)
        yield from self._ask(
            f"{name}.magic", "other", "The last byte of the magic is another", _turned(data, magic - 1)
        )
        yield from self._ask(f"{name}.magic", "first", "The first byte of the magic is another", _turned(data, 0))
        yield from self._ask(f"{name}.magic", "cut", "The file ends in the magic", data[: magic - 1])
        yield from self._ask(f"{name}.magic", "before", "A byte stands before the magic", b"\0" + data)
        yield from self._ask(name, "empty", "The file is empty", b"")
        at = magic
        for slot, layout in plan.header:
            width = layout.size or 0
            sentence = f"The file ends in `{slot}`"
            yield from self._ask(f"{name}.{slot}", "cut", sentence, data[: at + width - 1])
            yield from self._ask(f"{name}.{slot}", "cut-before", f"The file ends before `{slot}`", data[:at])
            if slot in plan.constants or slot == plan.checksum:
                wrong = _turned(data, at)
                yield from self._ask(f"{name}.{slot}", "other", f"`{slot}` is another number", wrong)
            else:
                for value in (0, (1 << 8 * width) - 1):
                    body = data[magic + sum(one.size or 0 for _, one in plan.header) :]
                    data_of = headed(plan, body, SAID | {slot: value})
                    yield from self._ask(f"{name}.{slot}", f"is-{value}", f"`{slot}` is {value}", data_of)
            at += width

    # -------------------------------------------------------------------------------------------- entries

    def _of_entries(self, plan: StreamPlan) -> Iterator[Vector]:
        assert plan.key is not None
        assert plan.value is not None
        name, one = plan.name, self.history.versions[-1]
        numbers = {"commit_ts": one.commit_ts, "expire_at": 0} | ({plan.bits.slot: 0} if plan.bits else {})
        key, value = framed(plan.key, one.key, numbers), framed(plan.value, one.value, numbers)
        self._plan = plan
        yield from self._of_slots(f"{name}.key", plan.key, b"", key, value)
        yield from self._of_slots(f"{name}.value", plan.value, key, value, b"")
        yield from self._of_frame(f"{name}.key", plan.key, b"", key)
        yield from self._of_frame(f"{name}.value", plan.value, key, value)
        yield from self._of_full_keys(f"{name}.key", plan.key, numbers, value)
        yield from self._body(f"{name}.value", "none", "The file ends after a key", key)
        if plan.footer is not None:
            whole, width = headed(plan, key + value, SAID), plan.footer.size or 0
            for at in range(1, width + 1):
                wrong = _turned(whole, len(whole) - at)
                yield from self._ask(f"{name}.footer", f"wrong-{at}", "The checksum of the stream is another", wrong)
            yield from self._ask(f"{name}.footer", "gone", "The checksum of the stream is missing", whole[:-width])
        if plan.bits is None:
            return
        for refusal in plan.refuse:
            first, last = plan.bits.ranges[refusal.part]
            for number in range(1 << (last - first + 1)):
                if number not in refusal.allowed:
                    state = framed(plan.value, one.value, numbers | {plan.bits.slot: number << first})
                    anchor, sentence = f"{name}.value.{plan.bits.slot}", f"`{refusal.part}` is {number}"
                    yield from self._body(anchor, f"{refusal.part}-{number}", sentence, key + state)
        for expiry in (1, STAMP - 1, STAMP, LATEST, (1 << 64) - 1):
            state = framed(plan.value, one.value, numbers | {"expire_at": expiry})
            sentence = f"A row expires at {expiry}"
            yield from self._body(f"{name}.value.expire_at", f"is-{expiry}", sentence, key + state)

    def _body(self, anchor: str, name: str, sentence: str, body: bytes) -> Iterator[Vector]:
        """A stream of any body, under the magic, the header and the checksums that belong to it."""
        yield from self._ask(anchor, name, sentence, headed(self._plan, body, SAID))

    def _of_frame(self, anchor: str, frame: Frame, before: bytes, data: bytes) -> Iterator[Vector]:
        """A length and what it counts."""
        width = frame.length.size or 0
        yield from self._body(anchor, "cut-length", "The file ends in a length", before + data[: width - 1])
        yield from self._body(anchor, "cut-after-length", "The file ends after a length", before + data[:width])
        yield from self._body(anchor, "cut", "The file ends one byte early", before + data[:-1])
        for size in (frame.most + 1, (1 << 8 * width) - 1):
            sentence = f"A length is {size}, more than {frame.most}"
            yield from self._body(anchor, f"length-{size}", sentence, before + pack(frame.length, size) + data[width:])
        for size in range(frame.least):
            short = pack(frame.length, size) + data[width : width + size]
            sentence = f"{size} bytes stand where {frame.least} are needed"
            yield from self._body(anchor, f"short-{size}", sentence, before + short)
        longer = pack(frame.length, len(data) - width + 1) + data[width:]
        yield from self._body(anchor, "length-one-more", "A length is one more than there is", before + longer)

    def _of_full_keys(self, anchor: str, frame: Frame, numbers: Numbers, value: bytes) -> Iterator[Vector]:
        """The longest key, and one that is longer by a byte."""
        around = sum(layout.size or 0 for _, layout in (*frame.before, *frame.after))
        for size in (frame.most, frame.most + 1) if frame.most < MOST_FRAME else ():
            key = framed(frame, UNKNOWN_KEY.ljust(size - around, b"?"), numbers)
            yield from self._body(
                anchor, f"full-{size}", f"A key has {size} bytes, of {frame.most} at most", key + value
            )

    def _of_slots(self, anchor: str, frame: Frame, before: bytes, data: bytes, after: bytes) -> Iterator[Vector]:
        """The numbers around the open part: a frame that holds a part of them."""
        width, size = frame.length.size or 0, 0
        for slot, layout in (*frame.before, *frame.after):
            size += layout.size or 0
            short = pack(frame.length, size - 1) + data[width : width + size - 1]
            yield from self._body(f"{anchor}.{slot}", "cut", f"There is no room for `{slot}`", before + short + after)

    # -------------------------------------------------------------------------------------------- groups

    def _of_groups(self, plan: StreamPlan) -> Iterator[Vector]:
        groups, name = plan.groups, plan.name
        assert groups is not None
        one = self.history.versions[-1]
        body = grouped(plan, [one])
        key = framed(groups.key, one.key, {})
        count = pack(groups.count, 1)
        numbers = {"commit_ts": one.commit_ts, "tombstone": 0, "expire_at": 0}
        value = framed(groups.value, one.value, {})

        def asked(anchor: str, ending: str, sentence: str, wrong: bytes) -> Iterator[Vector]:
            yield from self._ask(f"{name}.{anchor}", ending, sentence, headed(plan, wrong, SAID))

        for anchor, frame, before, data in (
            ("key", groups.key, b"", key),
            ("value", groups.value, body[: -len(value)], value),
        ):
            width = frame.length.size or 0
            yield from asked(anchor, "cut-length", "The file ends in a length", before + data[: width - 1])
            yield from asked(anchor, "cut", "The file ends one byte early", before + data[:-1])
            too_long = before + pack(frame.length, frame.most + 1) + data[width:]
            yield from asked(anchor, "too-long", f"A length is more than {frame.most}", too_long)
        yield from asked("versions", "cut", "The file ends in the number of versions", key + count[:-1])
        too_many = key + pack(groups.count, groups.most_versions + 1) + body[len(key) + len(count) :]
        yield from asked("versions", "too-many", f"There are more than {groups.most_versions} versions", too_many)
        yield from asked(
            "versions",
            "one-more",
            "There is a version less than it says",
            key + pack(groups.count, 2) + body[len(key) + len(count) :],
        )
        yield from asked("versions", "none", "A key has no version", key + pack(groups.count, 0))
        start = key + count
        for slot, layout in groups.version:
            yield from asked(f"version.{slot}", "cut", f"The file ends in `{slot}`", start + pack(layout, 0)[:-1])
            start += pack(layout, numbers[slot])
            yield from self._of_version(plan, slot, layout)

    def _of_version(self, plan: StreamPlan, slot: str, layout: Fixed) -> Iterator[Vector]:
        one = self.history.versions[-1]
        for value in (1, 2, (1 << 8 * (layout.size or 0)) - 1):
            changed = replace(one, **{slot: value})  # type: ignore[arg-type]
            data = stream(plan, History(STAMP, (self.history.versions[0], changed)))
            yield from self._ask(f"{plan.name}.version.{slot}", f"is-{value}", f"`{slot}` is {value}", data)

    # -------------------------------------------------------------------------------------------- layers

    def _of_layers(self) -> Iterator[Vector]:
        container, inner = self.container, bare(self.container, self.history)
        for writer in writers(container):
            anchor, also = writer.plan.name, ["footer"] if writer.has_footer else []
            if writer.form is not None:
                anchor = f"clock.{writer.form.decode('latin-1')}"
                also += [f"{anchor}.{slot}" for slot, _ in container.clock.forms[writer.form]]
            data = writer.write(replace(self.history, slack=self._slack(writer.form)))
            sentence = f"A file whose name says a number: {writer.name}"
            yield from self._ask(anchor, f"as-{writer.name}", sentence, data, also, f"{NUMBER}{container.input_suffix}")
        for form, slots in container.clock.forms.items():
            anchor = clock_anchor(container, form).removeprefix(f"{container.name}.")
            slack = self._slack(form)
            front = clock(container.clock, form, slack)
            at = len(container.clock.starts) + 1
            yield from self._ask(anchor, "alone", "Nothing follows the header", front)
            for slot, layout in slots:
                width = layout.size or 0
                yield from self._ask(f"{anchor}.{slot}", "cut", f"The file ends in `{slot}`", front[: at + width - 1])
                if form in container.clock.sized and layout.low is not None:
                    for size in (layout.low - 1, (layout.high or 0) + 1, (1 << 8 * width) - 1):
                        wrong = front[:at] + size.to_bytes(width, layout.byte_order) + front[at + width :]
                        yield from self._ask(f"{anchor}.{slot}", f"is-{size}", f"`{slot}` is {size}", wrong + inner)
                at += width
        unknown = container.clock.starts + b"?" + bytes(8)
        yield from self._ask("clock", "unknown", "The header has a form that nobody knows", unknown + inner)
        framed_file = with_footer(container, inner)
        width = container.footer.crc.size or 0
        for at in range(1, width + 1):
            wrong = _turned(framed_file, len(framed_file) - at)
            yield from self._ask("footer", f"wrong-{at}", "The checksum at the end is another", wrong)
            yield from self._ask("footer", f"cut-{at}", "The file ends in the checksum", framed_file[:-at])
        yield from self._ask("footer", "behind", "A byte stands behind the checksum", framed_file + b"\0")
        damaged = _turned(framed_file, len(framed_file) - width - 1)
        yield from self._ask("footer", "damage", "The last value is damaged under a checksum", damaged)

    def _slack(self, form: bytes | None) -> bytes:
        """As much slack as makes a header as long as it must be."""
        if form is None or form not in self.container.clock.sized:
            return b""
        (_, size), *others = self.container.clock.forms[form]
        return bytes(max(0, (size.low or 0) - sum(layout.size or 0 for _, layout in others)))

    # -------------------------------------------------------------------------------------------- rows

    def _of_rows(self) -> Iterator[Vector]:
        """Histories: rows of the node, rows of nobody, older and deleted versions, any order."""
        container, history = self.container, self.history
        name = container.written.name
        for row, record in zip(container.operational, operational_rows(container), strict=True):
            data = bare(container, replace(history, operational=(record,)))
            yield from self._ask(row.name, "there", "A row of the node itself stands in the stream", data)
        for internal in container.internal:
            foreign = Version(internal.prefix + b"x", WRITTEN, b"?")
            yield from self._ask(
                internal.name, "there", "A row of the node itself stands in the stream", self._with(foreign)
            )
        yield from self._ask(
            name, "unknown", "A row of nobody stands in the stream", self._with(Version(UNKNOWN_KEY, WRITTEN, b"?"))
        )
        one = history.versions[-1]
        dead = replace(one, commit_ts=LATER, tombstone=True, value=b"")
        for ending, sentence, other in (
            ("older", "A key has an older version", replace(one, commit_ts=WRITTEN - 1, value=b"")),
            ("deleted", "The newest version of a key is a deletion", dead),
            ("undeleted", "An older version of a key is a deletion", replace(dead, commit_ts=WRITTEN - 1)),
            ("late", "A row was written after the header's time", replace(one, commit_ts=LATEST)),
            ("expired", "The newest version of a key has expired", replace(one, commit_ts=LATER, expire_at=1)),
        ):
            yield from self._ask(name, ending, sentence, self._with(other))
        backwards = History(STAMP, tuple(reversed(history.versions)))
        yield from self._ask(name, "unsorted", "The rows stand in no order", bare(container, backwards))
        yield from self._ask(name, "no-rows", "There is no row", bare(container, History(STAMP, ())))

    def _with(self, other: Version) -> bytes:
        whole = History(STAMP, (*self.history.versions, other))
        return bare(self.container, in_order(self.container, whole))


def _turned(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
