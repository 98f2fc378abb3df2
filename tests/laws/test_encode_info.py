"""The document beside an encoded stream, as part of the library: read with a version gate, written as the reference does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import EncodeInfo, VersionError, read_encode_info, write_encode_info
from codec.errors import DocumentError
from tests.support.golden_cases import golden_root, load_cases
from tests.support.laws import CONTAINER

U64 = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
INFOS = st.builds(
    EncodeInfo,
    tool_version=TEXT,
    key_format=st.just(1),
    clock=TEXT,
    input_path=TEXT,
    output_path=TEXT,
    sha256=st.sampled_from(["", "0" * 64, "aB" * 32]),
    last_commit_ts=U64,
    overridden=st.booleans(),
    manifest_last_commit_ts=U64,
    cluster_id=TEXT,
    adapters=st.lists(TEXT, max_size=4).map(tuple),
    self_test_ran=st.booleans(),
    self_test_matched=st.booleans(),
)
GOLDEN = {case.name: text for case in load_cases(golden_root()) if (text := case.encode_info())}


@given(info=INFOS)
def test_what_is_written_is_read(info: EncodeInfo) -> None:
    assert read_encode_info(write_encode_info(info)) == info


@pytest.mark.parametrize("name", sorted(GOLDEN)[::8])
def test_the_reference_s_document_is_written_back_byte_for_byte(name: str) -> None:
    info = read_encode_info(GOLDEN[name].encode())
    assert write_encode_info(info).decode() == GOLDEN[name]
    assert info.unknown == ()


def test_every_member_of_the_format_is_carried() -> None:
    """Each member that is there changes what is read."""
    whole = EncodeInfo(
        tool_version="v", key_format=1, clock="c", input_path="i", output_path="o", sha256="a" * 64, last_commit_ts=1,
        overridden=True, manifest_last_commit_ts=2, cluster_id="k", adapters=("x",), self_test_ran=True, self_test_matched=True,
    )  # fmt: skip
    document = json.loads(write_encode_info(whole))
    assert list(document) == list(CONTAINER.encode_info.members)
    for member in document.keys() - {CONTAINER.encode_info.gate["member"]}:
        rest = {name: value for name, value in document.items() if name != member}
        assert read_encode_info(json.dumps(rest).encode()) != whole, member


@given(info=INFOS, version=st.integers(2, 2**32 - 1), member=st.sampled_from([*CONTAINER.encode_info.members][1:]))
def test_a_newer_version_is_its_own_error_whatever_else_is_wrong(info: EncodeInfo, version: int, member: str) -> None:
    document = json.loads(write_encode_info(info)) | {"format_version": version, member: {"of": "a later form"}}
    with pytest.raises(VersionError) as error:
        read_encode_info(json.dumps(document).encode(), "beside")
    assert (error.value.code, error.value.found) == (CONTAINER.encode_info.gate_error, str(version))


@given(info=INFOS, other=st.dictionaries(TEXT.map(lambda text: f"later {text}"), st.integers(), min_size=1, max_size=3))
def test_unknown_members_are_tolerated_and_named(info: EncodeInfo, other: dict[str, int]) -> None:
    document = json.loads(write_encode_info(info))
    document["self_test"] |= {"how": "thoroughly"}
    found = read_encode_info(json.dumps(document | other).encode())
    assert replace(found, unknown=()) == info
    assert sorted(found.unknown) == sorted([*other, "self_test.how"])


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format_version": 1}{}', '{"format_version": "1"}'])
def test_what_is_no_such_document_is_refused(text: str) -> None:
    with pytest.raises(DocumentError) as error:
        read_encode_info(text.encode(), "beside")
    assert error.value.place.source == "beside"
