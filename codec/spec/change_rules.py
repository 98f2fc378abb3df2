"""What each kind of change between two versions of a spec means: one named rule per kind, the first that fits counts.

Readers break: a reader of the old version refuses or misreads what is written by the new one. Writers break: a reader
of the new version refuses or misreads what the old one wrote. Bytes change: the same thing is written otherwise, and
both versions read both.
"""

from __future__ import annotations

from dataclasses import dataclass

from codec.spec.change_ways import (
    ANY,
    REST,
    SHOWN,
    STORED,
    VALUE,
    Fits,
    at,
    is_member,
    kind_of_record,
    leads,
    limit,
    member,
    within,
)
from codec.spec.differences import Difference

READERS, WRITERS, BYTES = "readers break", "writers break", "bytes change"
TEXT_ONLY = "text only"
Effects = tuple[str, ...]
BOTH: Effects = (READERS, WRITERS)
TEXTS = frozenset({"doc", "manual", "hint", "because", "lost", "help", "labels", "name_unchecked", "one_way"})
ERRORS = frozenset({"error", "errors", "write_errors", "usage_errors", "differs", "orphan", "stale"})
HANDLING = frozenset({"none", "empty", "zero", "html", "option", "unless", "print", "shown_with", "default", "null"})
ROLES = frozenset({"dropped", "derived", "copied", "told_by", "each", "each_of", "read_with", "option", "shared"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of change: its name, what fits it, what breaks or changes, and why in a sentence."""

    name: str
    fits: Fits
    effects: Effects
    says: str


RULES: tuple[Rule, ...] = (
    # ------------------------------------------------------------------------------------------ text
    Rule("text-changed", lambda one: bool(one.way) and one.way[-1] in TEXTS, (), "texts for people"),
    Rule("example-changed", at(REST, "example", REST), (), "examples are tested, never needed"),
    Rule("error-renamed", within(ERRORS), (), "what is refused is the same, under another name"),
    Rule("warning-changed", at(ANY, "warnings", REST), (), "what is warned of does not change what is written"),
    Rule("version-named", at(ANY, "format"), (), "the name of the version"),
    Rule("version-counted", at(ANY, "version"), (), "the number of the version"),
    Rule("reason-changed", at(*STORED, "legacy", kind="changed"), (), "the reason for a role, not the role"),
    Rule(
        "role-reason-changed",
        lambda one: (
            one.kind == "changed" and leads(one.way, *STORED, ANY) and one.way[-1] in ("dropped", "derived", "copied")
        ),
        (),
        "the reason for a role, not the role",
    ),
    Rule("slack-reason-changed", lambda one: one.kind == "changed" and one.way[-1:] == ("slack",), (), "a reason"),
    Rule(
        "order-of-work",
        lambda one: one.way[-1:] in (("print_order",), ("encode_order",)),
        (),
        "the order of work, and of what is said",
    ),
    # ------------------------------------------------------------------------------------------ limits
    Rule("limit-raised", limit(higher=True), (READERS,), "the old version refuses what is beyond its limit"),
    Rule("limit-lowered", limit(higher=False), (WRITERS,), "the new version refuses what is beyond its limit"),
    # ------------------------------------------------------------------------------------------ container
    Rule("magic-changed", at(ANY, "streams", ANY, "magic"), BOTH, "a stream is told by its magic"),
    Rule(
        "stream-added", at(ANY, "streams", ANY, kind="added"), (READERS,), "the old version does not know this stream"
    ),
    Rule(
        "stream-removed",
        at(ANY, "streams", ANY, kind="removed"),
        (WRITERS,),
        "the new version does not know this stream",
    ),
    Rule("stream-renamed", at(ANY, "streams", ANY, kind="renamed"), (), "the name of a stream is in messages only"),
    Rule(
        "stream-footer",
        at(ANY, "streams", ANY, "footer", REST),
        BOTH,
        "what stands behind the last record is read as one, or missed",
    ),
    Rule(
        "refusal-added",
        at(ANY, "streams", ANY, "entry", "refuse", ANY, kind="added"),
        (WRITERS,),
        "the new version refuses entries that the old one wrote",
    ),
    Rule(
        "refusal-removed",
        at(ANY, "streams", ANY, "entry", "refuse", ANY, kind="removed"),
        (READERS,),
        "the old version refuses entries that the new one writes",
    ),
    Rule("frame-changed", at(ANY, "streams", ANY, REST), BOTH, "every entry is framed in another way"),
    Rule("layer-changed", at(ANY, "layers", REST), BOTH, "what stands around a stream is not recognised"),
    Rule(
        "node-row-added",
        at(ANY, "operational", "rows", ANY, kind="added"),
        (READERS,),
        "the old version takes the row for an entry",
    ),
    Rule("node-row-changed", at(ANY, "operational", REST), (WRITERS,), "the new version takes the row for an entry"),
    Rule("internal-row", at(ANY, "internal", REST), (BYTES,), "rows that are dropped are counted elsewhere"),
    Rule("manifest-gate", at(ANY, "manifest", "gate", REST), BOTH, "the gate decides which trees are read"),
    Rule("manifest-place", at(ANY, "manifest", "path"), BOTH, "a tree without its manifest is refused"),
    Rule(
        "manifest-member-added",
        at(ANY, "manifest", "json", REST, kind="added"),
        (BYTES,),
        "members that a version does not know are tolerated",
    ),
    Rule("manifest-changed", at(ANY, "manifest", REST), BOTH, "the manifest says how a tree is read"),
    Rule(
        "side-document",
        lambda one: (
            one.way[1:2] in (("encode_info",), ("checksums",), ("archive",), ("input_number",), ("complement",))
        ),
        (BYTES,),
        "what is written about a run, not what is read by it",
    ),
    Rule("run-report", lambda one: one.way[1:2] in (("mismatch",), ("counters",), ("restore",)), (), "what a run says"),
    Rule("migration-way", at(ANY, "migrate", REST), (), "what a migration takes along; neither version itself"),
    Rule("adapter-added", at(ANY, kind="added"), (READERS,), "the old version does not know these records"),
    Rule("adapter-removed", at(ANY, kind="removed"), (WRITERS,), "the new version does not know these records"),
    Rule(
        "adapter-carried", at(ANY, "carries", REST), (), "which file an adapter is in; what it says is compared itself"
    ),
    # ------------------------------------------------------------------------------------------ what parts are made of
    Rule(
        "codec-unused",
        lambda one: leads(one.way, ANY, "codecs", ANY) and one.kind in ("added", "removed", "renamed"),
        (),
        "a name for a codec; where it is used is compared itself",
    ),
    Rule("codec-changed", at(ANY, "codecs", REST), BOTH, "what uses the codec is laid out in another way"),
    Rule(
        "type-field-added",
        at(ANY, "types", ANY, ANY, ANY, kind="added"),
        (BYTES,),
        "readers pass over fields of a message that they do not know",
    ),
    Rule("type-added", at(ANY, "types", ANY, kind="added"), (), "a type; where it is used is compared itself"),
    Rule("type-changed", at(ANY, "types", REST), BOTH, "a field of a message has another number or type, or is gone"),
    Rule(
        "option-default", at(ANY, "options", ANY, "default"), (BYTES,), "without the option something else is written"
    ),
    Rule("option-changed", at(ANY, "options", REST), (), "what may be asked for"),
    Rule("names-file", at(ANY, "names", REST), BOTH, "names that cannot be turned back are looked up there"),
    Rule("folder-changed", at(ANY, "tree", REST), BOTH, "documents are looked for elsewhere"),
    # ------------------------------------------------------------------------------------------ things
    Rule(
        "entity-added",
        at(ANY, "entities", ANY, kind="added"),
        (READERS,),
        "the old version does not know these records and documents",
    ),
    Rule(
        "entity-removed",
        at(ANY, "entities", ANY, kind="removed"),
        (WRITERS,),
        "the new version does not know these records and documents",
    ),
    Rule("entity-renamed", at(ANY, "entities", ANY, kind="renamed"), (), "the name of a thing is in messages only"),
    Rule(
        "field-added",
        at(ANY, "entities", ANY, "model", ANY, kind="added"),
        (),
        "a field; where it is stored and shown is compared itself",
    ),
    Rule(
        "field-removed",
        at(ANY, "entities", ANY, "model", ANY, kind="removed"),
        (),
        "a field; where it was stored and shown is compared itself",
    ),
    Rule(
        "field-renamed",
        at(ANY, "entities", ANY, "model", REST, kind="renamed"),
        (),
        "the name of a field is in messages only",
    ),
    Rule(
        "elements-order",
        lambda one: leads(one.way, ANY, "entities", ANY, "model", ANY, ANY) and one.way[-1] in ("order", "unique"),
        (BYTES,),
        "elements come in another order, or others are the same",
    ),
    Rule("field-type", at(ANY, "entities", ANY, "model", REST), BOTH, "the field holds other values"),
    Rule(
        "identity-changed", at(ANY, "entities", ANY, "identity", REST), BOTH, "records and documents are grouped by it"
    ),
    Rule(
        "check-added",
        at(ANY, "entities", ANY, "checks", ANY, kind="added"),
        (WRITERS,),
        "the new version refuses trees that the old one wrote",
    ),
    Rule(
        "check-removed",
        at(ANY, "entities", ANY, "checks", ANY, kind="removed"),
        (READERS,),
        "the old version refuses trees that the new one writes",
    ),
    Rule("check-changed", at(ANY, "entities", ANY, "checks", REST), BOTH, "trees are judged in another way"),
    Rule(
        "belongs-elsewhere", at(ANY, "entities", ANY, "within", REST), BOTH, "things are looked for in another parent"
    ),
    Rule("body-changed", at(ANY, "entities", ANY, "body", REST), BOTH, "bodies are cut and joined in another way"),
    # ------------------------------------------------------------------------------------------ records
    Rule("record-kind-added", kind_of_record("added", ""), (READERS,), "the old version does not know these records"),
    Rule(
        "record-kind-removed", kind_of_record("removed", ""), (WRITERS,), "the new version does not know these records"
    ),
    Rule(
        "record-kind-renamed",
        lambda one: one.kind == "renamed" and (leads(one.way, *STORED) or leads(one.way, ANY, "shared", ANY)),
        (),
        "the name of a record kind is in messages only",
    ),
    Rule("old-form-read", kind_of_record("added", "legacy"), (), "more is read, the same is written"),
    Rule(
        "old-form-dropped",
        kind_of_record("removed", "legacy"),
        (WRITERS,),
        "the new version does not read the old form any more",
    ),
    Rule("rebuilt-kind", kind_of_record("added removed", "derived", "dropped"), (BYTES,), "records that nobody reads"),
    Rule("owners-changed", at(ANY, "shared", ANY, "owners", REST), (BYTES,), "shared records go to others"),
    Rule("legacy-now", at(*STORED, "legacy", kind="added"), (BYTES,), "it is still read, and not written any more"),
    Rule(
        "legacy-no-more", at(*STORED, "legacy", kind="removed"), (BYTES,), "it was read before, and now it is written"
    ),
    Rule(
        "key-changed",
        lambda one: leads(one.way, *STORED, "key", REST) or leads(one.way, ANY, "shared", ANY, "key", REST),
        BOTH,
        "records are told, and found, by their keys",
    ),
    Rule(
        "written-anew",
        lambda one: leads(one.way, *STORED, REST, "write", REST) or leads(one.way, *STORED, REST, "derive", REST),
        (BYTES,),
        "what is written there is not looked at by readers",
    ),
    Rule(
        "optional-added",
        lambda one: (
            one.kind == "added"
            and leads(one.way, *VALUE, REST)
            and any(step.startswith("optional") for step in one.way)
        ),
        (READERS,),
        "the old version refuses what follows the parts that it knows",
    ),
    Rule(
        "optional-removed",
        lambda one: (
            one.kind == "removed"
            and leads(one.way, *VALUE, REST)
            and any(step.startswith("optional") for step in one.way)
        ),
        (WRITERS,),
        "the new version refuses what follows the parts that it knows",
    ),
    Rule("form-added", at(*VALUE, "forms", ANY, kind="added"), (READERS,), "the old version does not know this form"),
    Rule(
        "form-removed", at(*VALUE, "forms", ANY, kind="removed"), (WRITERS,), "the new version does not know this form"
    ),
    Rule(
        "slack-added",
        at(*VALUE, "slack", kind="added"),
        (READERS,),
        "the old version refuses what the new one tolerates",
    ),
    Rule(
        "slack-removed",
        at(*VALUE, "slack", kind="removed"),
        (WRITERS,),
        "the new version refuses what the old one tolerated",
    ),
    Rule(
        "message-field-added",
        at(*VALUE, "message", ANY, kind="added"),
        (BYTES,),
        "readers pass over fields of a message that they do not know",
    ),
    Rule(
        "message-field-removed",
        at(*VALUE, "message", ANY, kind="removed"),
        (BYTES,),
        "readers pass over fields of a message that they do not know",
    ),
    Rule(
        "stored-member-added",
        at(*VALUE, "json", ANY, kind="added"),
        (BYTES,),
        "readers pass over members that they do not know",
    ),
    Rule(
        "value-changed",
        lambda one: leads(one.way, *VALUE, REST) or leads(one.way, ANY, "shared", ANY, "value", REST),
        BOTH,
        "values are laid out in another way",
    ),
    Rule(
        "record-role",
        lambda one: leads(one.way, *STORED, ANY) and one.way[-1] in ROLES,
        BOTH,
        "records are read or written where they were not",
    ),
    Rule(
        "record-rest",
        lambda one: leads(one.way, *STORED, REST) or leads(one.way, ANY, "shared", REST),
        (BYTES,),
        "which records are written, and when",
    ),
    # ------------------------------------------------------------------------------------------ documents
    Rule("document-added", at(*SHOWN, kind="added"), (READERS,), "the old version does not read these documents"),
    Rule("document-removed", at(*SHOWN, kind="removed"), (WRITERS,), "the new version does not read these documents"),
    Rule("document-renamed", at(*SHOWN, kind="renamed"), (), "the name of a kind of document is in messages only"),
    Rule("document-path", at(*SHOWN, "path", REST), BOTH, "documents are looked for elsewhere"),
    Rule(
        "member-added",
        member("added", optional=True),
        (BYTES,),
        "it may be left out, and members that a version does not know are tolerated",
    ),
    Rule(
        "member-needed",
        member("added", optional=False),
        (WRITERS, BYTES),
        "the new version misses it in documents of the old one",
    ),
    Rule("member-removed", member("removed", optional=True), (BYTES,), "it could be left out"),
    Rule(
        "member-missed",
        member("removed", optional=False),
        (READERS, BYTES),
        "the old version misses it in documents of the new one",
    ),
    Rule(
        "member-renamed",
        lambda one: one.kind == "renamed" and is_member(one.way),
        BOTH,
        "each version misses the other's member",
    ),
    Rule(
        "members-moved",
        lambda one: one.kind == "moved" and is_member((*one.way, "")),
        (BYTES,),
        "members stand in another order",
    ),
    Rule(
        "member-handling",
        lambda one: leads(one.way, *SHOWN, REST) and one.way[-1] in HANDLING,
        (BYTES,),
        "when a member is left out, and how nothing looks",
    ),
    Rule(
        "document-order",
        lambda one: leads(one.way, *SHOWN, ANY) and one.way[-1] in ("order", "when", "restored", "folder"),
        (BYTES,),
        "lines stand in another order, or documents elsewhere",
    ),
    Rule("document-changed", at(*SHOWN, REST), BOTH, "documents have another shape"),
    # ------------------------------------------------------------------------------------------ the rest
    Rule("view-changed", at(ANY, "views", REST), (BYTES,), "records that are shown as they are, on request"),
    Rule(
        "unread-changed", at(ANY, "unread", REST), (BYTES,), "records of which nothing is known are counted elsewhere"
    ),
    Rule(
        "rule-of-decode", at(ANY, "entities", ANY, REST), (BYTES,), "which record counts, and what follows from others"
    ),
    Rule("unclassified", lambda one: True, BOTH, "nothing is known of this change, so everything may break"),
)


def rule_of(one: Difference) -> Rule:
    """The first rule that fits a difference."""
    return next(rule for rule in RULES if rule.fits(one))
