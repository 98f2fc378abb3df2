"""`codec generate`: what a stranger does first, and what happens to what already stands at the output.

codec generate docs elastickv -o manual
codec generate json-schema elastickv -o schemas
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from codec.generate.outputs import FOLDERS
from codec.spec import library
from tests.cli.stand_in import Shell
from tests.support.laws import CONTAINER, FORMAT

A_HASH = {"format_version": 1, "fields": [{"name": "name", "value": "Ada"}], "expire_at_ms": None}


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def test_the_schemas_tell_a_right_document_from_a_wrong_one(shell: Shell, tmp_path: Path) -> None:
    said = shell.codec("generate", "json-schema", FORMAT, "-o", str(tmp_path / "schemas"))
    assert (said.status, said.err) == (0, "")
    schema = json.loads((tmp_path / "schemas" / "redis" / "Hash.document.schema.json").read_text("utf-8"))
    jsonschema.validate(A_HASH, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(A_HASH | {"fields": "Ada"}, schema)


@pytest.mark.parametrize("kind", FOLDERS)
def test_the_same_spec_gives_the_same_files(shell: Shell, tmp_path: Path, kind: str) -> None:
    for name in ("one", "two"):
        assert shell.codec("generate", kind, FORMAT, "-o", str(tmp_path / name)).status == 0
    assert files(tmp_path / "one") == files(tmp_path / "two") == dict(FOLDERS[kind](CONTAINER))


@pytest.mark.parametrize("kind", FOLDERS)
def test_what_stands_at_the_output_stays_unless_it_may_be_replaced(shell: Shell, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "there"
    target.mkdir()
    (target / "mine").write_text("kept")
    said = shell.codec("generate", kind, FORMAT, "-o", str(target))
    assert said.status == 1
    assert files(target) == {"mine": "kept"}
    assert shell.codec("generate", kind, FORMAT, "--output", str(target), "--replace").status == 0
    assert "mine" not in files(target)


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_wrong_spec_is_an_error_and_leaves_nothing(shell: Shell, tmp_path: Path, kind: str) -> None:
    said = shell.codec("generate", kind, "no-such-format", "-o", str(tmp_path / "out"))
    assert said.status == 2
    assert "error[spec-unknown-format]" in said.err
    assert not (tmp_path / "out").exists()


GROWTH = (
    ("{name: bytes, owner: text,", "{name: bytes, colour: text, owner: text,"),
    (
        "              owner:          text\n",
        "              owner:          text\n              colour:         text\n",
    ),
    ("          region:            {", "          colour:            text\n          region:            {"),
)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The format with one more field of a bucket, in its record and in its document."""
    folder = tmp_path_factory.mktemp("format") / "grown"
    shutil.copytree(library.root() / FORMAT, folder)
    path = folder / "s3.yaml"
    text = path.read_text("utf-8")
    for old, new in GROWTH:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return str(folder)


def test_a_member_that_a_spec_gains_is_in_manual_and_schemas(grown: str) -> None:
    container = library.load(grown)
    assert FOLDERS["docs"](container)["s3.md"].count("\n| `colour` |") == 3  # the model, the record, the document
    assert "colour" in json.loads(FOLDERS["json-schema"](container)["s3/Bucket.document.schema.json"])["properties"]
