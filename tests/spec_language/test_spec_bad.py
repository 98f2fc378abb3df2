"""The corpus of bad specs: each file holds one mistake, and at its top exactly what the lint says of it.

`# expect: [warning] code line N: message` (or `code in FILE: …`, where the place is in the base spec), `# hint: …`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codec.errors import SpecError
from codec.spec import library
from codec.spec import lint as linting
from codec.spec.finding import Finding
from codec.spec.lint import lint

BASE = Path(__file__).parent / "base"
BAD = sorted(Path(__file__).parent.glob("bad/*.yaml"))
EXPECTED = re.compile(r"# expect: (.*)\n# hint: (.*)\n")
Rule = Callable[[object], Iterator[Finding]]


def said(found: Finding, file: Path) -> tuple[str, str]:
    """A finding as the corpus writes it."""
    error = found.error
    severity = "warning " if found.severity == "warning" else ""
    here = Path(error.place.source) == file
    where = f"line {error.place.line}" if here else f"in {Path(error.place.source).name}"
    tail = f": expected {error.expected}, found {error.found}" if error.expected else ""
    return f"{severity}{error.code} {where}: {error.message}{tail}", error.hint


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_spec_is_found_out(file: Path) -> None:
    found = [said(finding, file) for finding in lint(str(file))]
    lines = "".join(f"# expect: {message}\n# hint: {hint}\n" for message, hint in found)
    assert EXPECTED.findall(file.read_text("utf-8")) == found, f"the lint says:\n{lines}"
    assert found, "a bad spec that nobody complains of"


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_format_is_loaded_only_if_lint_finds_no_mistake(file: Path, tmp_path: Path) -> None:
    main = file
    if "carries" not in file.read_text("utf-8"):
        shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
        main = tmp_path / "container.yaml"
        main.write_text(main.read_text("utf-8").replace("[shop.yaml]", f"[{file}]"), "utf-8")
    mistakes = [finding.error for finding in lint(str(main)) if finding.severity == "error"]
    if mistakes:
        with pytest.raises(SpecError) as caught:
            library.load(str(main))
        assert str(caught.value) == str(mistakes[0])
    else:
        library.load(str(main))


def test_every_rule_has_a_bad_spec_and_every_message_a_place_and_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    complained: set[str] = set()

    def watched(rule: Rule) -> Rule:
        def run(subject: object) -> Iterator[Finding]:
            for finding in rule(subject):
                complained.add(rule.__name__)
                yield finding

        return run

    rules = [*linting.ADAPTER_RULES, *linting.FORMAT_RULES]
    monkeypatch.setattr(linting, "ADAPTER_RULES", tuple(map(watched, linting.ADAPTER_RULES)))
    monkeypatch.setattr(linting, "FORMAT_RULES", tuple(map(watched, linting.FORMAT_RULES)))
    for file in BAD:
        for finding in lint(str(file)):
            place = finding.error.place
            assert place.line, (file.name, finding)
            assert place.column, (file.name, finding)
            assert finding.error.hint, (file.name, finding)
    assert complained == {rule.__name__ for rule in rules}
