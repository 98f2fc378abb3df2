"""Every golden decode passes its self-test: what the tree does not give back is a loss that the spec declares."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codec import recall
from tests.cli.test_golden_decode import CASES, Run, runs
from tests.support.golden_layout import lay_out_input
from tests.support.tools import Bench

# Trees that no encoder takes, because what came in contradicts itself: the reference warns, or says nothing.
CONTRADICTIONS = {"redis-stream-length-mismatch", "s3-no-bucket", "s3-size-mismatch"}


def decodable() -> list[Run]:
    return [run for run in runs() if run.versions == "newest" and not (run.deviation or run.case.info["decode_exit"])]


@pytest.mark.parametrize("run", decodable(), ids=str)
def test_decode(run: Run, bench: Bench, golden: Callable[[str, str], None]) -> None:
    golden("decode", run.case.name)
    lay_out_input(run.case, bench.work)
    outcome = bench.run("decode", [*run.args("compiled"), "--self-test"])
    if run.case.name in CONTRADICTIONS:
        assert outcome.exit == 1
        assert "the tree cannot be encoded again" in outcome.stderr
        assert not outcome.added
        return
    assert outcome.exit == 0, outcome.stderr
    assert outcome.added == {"tree"}


@pytest.mark.skipif("real-a-runtime-file" not in CASES, reason="needs all of the golden data")
def test_what_a_real_node_wrote_comes_back_but_for_declared_losses(bench: Bench) -> None:
    case = CASES["real-a-runtime-file"]
    lay_out_input(case, bench.work)
    every = [
        "--preserve-sqs-visibility",
        "--include-sqs-side-records",
        "--include-incomplete-uploads",
        "--include-orphans",
    ]
    outcome = bench.run("decode", ["--input", case.input_name, "--output", "tree", "--self-test", "--json", *every])
    assert outcome.exit == 0, outcome.stdout
    result = json.loads(outcome.stdout.splitlines()[-1])
    assert result["self_test_ran"]
    assert result["losses"]["List.item rewritten"] > 100
    stale = "sqs_stale_generation_messages_dropped"
    assert result["warnings"][stale] == 2
    assert result["losses"][stale] > 0


def drop(path: Path) -> None:
    path.unlink()


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def without(member: str) -> Callable[[Path], None]:
    """Leave the first element of a collection out."""

    def edit(path: Path) -> None:
        document = json.loads(path.read_text())
        del document[member][0]
        path.write_text(json.dumps(document))

    return edit


def other(old: str, new: str) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return edit


def first_line_dropped(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))


def reversed_items(path: Path) -> None:
    document = json.loads(path.read_text())
    document["items"].reverse()
    path.write_text(json.dumps(document))


# What a decoder that is wrong could make of the records: where, and what.
MISTAKES: list[tuple[str, Callable[[Path], None]]] = [
    ("redis/db_0/strings/greeting.bin", drop),
    ("redis/db_0/strings/greeting.bin", shorten),
    ("redis/db_0/strings_ttl.jsonl", drop),
    ("redis/db_0/strings_ttl.jsonl", first_line_dropped),
    ("redis/db_0/hashes/hash%3Aplain.json", drop),
    ("redis/db_0/hashes/hash%3Aplain.json", without("fields")),
    ("redis/db_0/hashes/hash%3Attl.json", other('"expire_at_ms": 4', '"expire_at_ms": 5')),
    ("redis/db_0/lists/list%3Al.json", without("items")),
    ("redis/db_0/lists/list%3Al.json", reversed_items),
    ("redis/db_0/sets/set%3Aplain.json", without("members")),
    ("redis/db_0/zsets/zset%3Aplain.json", other('"score": 1', '"score": 2')),
    ("redis/db_0/hll/hll%3Asmall.bin", shorten),
    ("redis/db_0/streams/stream%3As.jsonl", drop),
    ("sqs/standard/messages.jsonl", first_line_dropped),
    ("sqs/standard/_queue.json", other('"message_retention_seconds": ', '"message_retention_seconds": 1')),
]


@pytest.mark.skipif("real-a-adapter-two" not in CASES, reason="needs all of the golden data")
@pytest.mark.parametrize(("path", "mistake"), MISTAKES, ids=lambda part: getattr(part, "__name__", part))
def test_a_tree_that_a_wrong_decoder_made_does_not_appear(
    path: str, mistake: Callable[[Path], None], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out_input(CASES["real-a-adapter-two"], bench.work)
    test = recall.recall

    def mistaken(container: object, options: object, reader: object, tree: Path, *rest: object) -> object:
        mistake(tree / path)
        return test(container, options, reader, tree, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(recall, "recall", mistaken)
    arguments = ["--input", "input.fsm", "--output", "tree", "--adapter", "redis,sqs", "--self-test"]
    outcome = bench.run("decode", arguments)
    assert outcome.exit == 1
    assert "self-test" in outcome.stderr
    assert not outcome.added
