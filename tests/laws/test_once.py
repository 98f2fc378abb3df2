"""What generated code makes once in front of all: the results are those of the lines as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codec.compile.once import in_locals, once, once_for_all
from tests.support.laws import examples

LINES = [
    "    made = []",
    '    if thing["flag"]:',
    '        raw = thing["text"].encode()',
    '        made.append(b"a" + double(raw) + double(thing["text"].encode()) + raw)',
    '    value = thing["text"]',
    '    made.append(f"{value}")',
    '    if thing["text"] is not None:',
    '        made.append(double(thing["text"].encode()) + double(thing["text"].encode()))',
    '        made.append(noted(thing["text"]) + noted(thing["text"]) + noted(thing["text"]) + noted(thing["text"]))',
    '    thing["set"] = thing["number"]',
    '    made += [thing["set"], thing["set"], thing["set"], thing["number"], thing["number"], thing["number"]]',
    '    thing["set"] = 7',
    '    made += [thing["set"], thing["holder"].get("flag"), thing["holder"].get("flag"), thing["holder"].get("flag")]',
    '    made += [thing["holder"].get("flag"), thing["holder"]["flag"], "thing[\'text\'] stays"]',
]
THINGS = st.fixed_dictionaries(
    {
        "flag": st.booleans(),
        "text": st.none() | st.text(max_size=3),
        "number": st.integers(0, 9),
        "set": st.just(1),
        "holder": st.fixed_dictionaries({"flag": st.booleans()}),
    }
)


def function(lines: list[str]) -> object:
    names: dict[str, object] = {}
    exec("\n".join(["def made_of(thing, double, noted):", *lines, "    return made"]), names)
    return names["made_of"]


def outcome(call: object, thing: dict[str, object]) -> object:
    """What a function makes of a thing, and which calls with an effect it makes; or that it refuses it."""
    notes: list[object] = []

    def noted(value: str) -> str:
        notes.append(value)
        return value

    try:
        return call(dict(thing), lambda raw: raw + raw, noted), notes  # type: ignore[operator]
    except (TypeError, AttributeError):
        return "refused"


SHORT = once(LINES, lambda name: name == "double", lambda name: name)


@examples(50)
@given(thing=THINGS)
def test_what_is_made_once_is_what_was_made_often(thing: dict[str, object]) -> None:
    expected = outcome(function(LINES), thing)
    if expected != "refused":
        assert outcome(function(SHORT), thing) == expected


def test_only_what_has_no_effect_is_made_once() -> None:
    text = "\n".join(SHORT)
    assert text.count("double(") == text.count("double(the_text_encoded)") == 1
    assert text.count("noted(the_text)") == 4
    assert text.count('thing["set"]') == 6
    assert "thing['text'] stays" in text


LOOP = [
    "    for thing in things:",
    '        thing["of"] = thing["parent"]["text"]',
    '        if thing["parent"]["flag"]:',
    '            made.append(double(thing["parent"]["text"].encode()) + thing["own"])',
    '        made.append(noted(thing["parent"]["number"]))',
    '        made.append((thing["of"], thing.get("option on")))',
]


def of_all(lines: list[str]) -> object:
    names: dict[str, object] = {}
    exec("\n".join(["def made_of(things, double, noted):", "    made = []", *lines, "    return made"]), names)
    return names["made_of"]


@examples(50)
@given(
    parent=st.fixed_dictionaries({"text": st.text(max_size=3), "flag": st.booleans(), "number": st.integers(0, 9)}),
    own=st.lists(st.binary(max_size=2), min_size=1, max_size=4),
)
def test_what_things_have_of_their_parent_is_made_once_for_all(parent: dict[str, object], own: list[bytes]) -> None:
    short = once_for_all(LOOP, "parent", lambda name: name == "double", lambda name: name)
    given_out, calls = [], []
    for lines in (LOOP, short):
        notes: list[str] = []

        def double(raw: bytes, notes: list[str] = notes) -> bytes:
            notes.append("double")
            return raw + raw

        things: list[dict[str, object]] = [{"own": one} for one in own]
        for thing in things if lines is LOOP else things[:1]:
            thing |= {"parent": dict(parent), "option on": True}
        given_out.append(of_all(lines)(things, double, lambda value: value))  # type: ignore[operator]
        calls.append(len(notes))
    assert given_out[0] == given_out[1]
    assert calls[1] == 1
    assert calls[0] == len(own) * bool(parent["flag"])


ADDING = [
    "    for thing in things:",
    '        thing["one"] = thing["own"] + 1',
    "        made.append(noted(dict(thing)))",
    '        thing["two"] = thing["one"] * 2',
    '        if thing.get("two", 0) > 9:',
    '            made.append((thing["one"], noted(dict(thing))))',
    '        made.append(thing["two"])',
]


@examples(50)
@given(own=st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_locals_say_what_entries_say(own: list[int]) -> None:
    short = [ADDING[0], *in_locals(ADDING[1:], {"one": "own_one", "two": "own_two"})]
    given_out, things = [], list[dict[str, object]]()
    for lines in (ADDING, short):
        things = [{"own": one} for one in own]
        for thing in things if lines is ADDING else things[:1]:
            thing |= {"given": True}
        given_out.append(of_all(lines)(things, None, lambda value: value))  # type: ignore[operator]
    assert given_out[0] == given_out[1]
    assert all(thing.keys() <= {"own", "given"} for thing in things), "nothing is added to the things"
