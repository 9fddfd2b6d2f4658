"""Read and walk manifests: everything known about a document before it is judged."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aigov.evidence import Evidence
from aigov.fields import walk
from aigov.findings import Enforcement, Outcome, Result, fingerprint
from aigov.results import Problem
from aigov.rules import Rules
from aigov.settings import Settings, same_person
from aigov.source import Document, join_pointer, load, removed, replaced, split_pointer

_PLANNED = frozenset({"due_on", "expires_on", "end_on", "funded_until"})
"""Fields of kind date that state a plan; all others state what was done."""
_GO_LIVE = "/spec/lifecycle/go_live_on"
"""A plan until the declared stage is production."""
_NO_PLACEHOLDERS = frozenset({"enum", "tri", "bool", "int", "number"})
"""Kinds of field in which a word such as `unknown` is a value, not a gap."""


class Prepared(NamedTuple):
    """One document, validated and walked, before anything is judged."""

    path: str
    document: Document
    kind: str
    shape: tuple[Result, ...]
    """SCH-001 results; empty where the schema accepts the document."""
    value: Mapping[str, Any]
    """Plain values without nulls and `unknown` facts, persons spelt one way."""
    placeholders: tuple[Mapping[str, str], ...]
    evidence: tuple[Mapping[str, str], ...]
    unknown_facts: tuple[Mapping[str, str], ...] = ()
    """The `pointer` of each fact that is written as `unknown`."""
    done_dates: tuple[Mapping[str, str], ...] = ()
    """`pointer` and `value` of each date that states something done."""
    nobodies: tuple[str, ...] = ()
    """Of a waiver: pointers of persons who are no one person (a mailbox, a placeholder)."""

    @property
    def id(self) -> str:
        metadata = self.value.get("metadata")
        given = metadata.get("id") if isinstance(metadata, dict) else None
        return given if isinstance(given, str) else ""


class Surroundings(NamedTuple):
    """What the outside world knows of a file's documents."""

    evidence: Mapping[str, Evidence] = {}
    """By the path or URL that a document names."""
    facts: Mapping[str, Mapping[str, Any]] = {}
    """By context (`expressions.CONTEXTS`): what expressions then see, by variable."""
    of: Mapping[str, "Known"] = {}
    """What is known of one use case alone, by its id."""

    def contexts(self, use_case: str) -> Mapping[str, Mapping[str, Any]]:
        """Return all facts on one use case, by context."""
        return {**self.facts, **self.of.get(use_case, NOTHING).facts}


class Known(NamedTuple):
    """What is known beside one document."""

    facts: Mapping[str, Mapping[str, Any]]
    """As `Surroundings.facts`."""
    results: tuple[Result, ...]
    """Findings that are not a policy's: of a change, or of what the repository says."""
    changed: tuple[str, ...] | None = None
    """What changed since the base, in words; None for what is new or not compared."""
    notes: Mapping[str, str] = {}
    """By the code of a policy: what a reader is to know of its result."""


NOTHING = Known({}, ())


class ReadFile(NamedTuple):
    """What one file holds."""

    path: str
    documents: tuple[Prepared, ...]
    problems: tuple[Problem, ...]

    @property
    def evidence(self) -> set[str]:
        """Paths and URLs that the documents name as evidence."""
        return {item["path"] for document in self.documents for item in document.evidence}


def read(path: str, data: bytes, rules: Rules, settings: Settings) -> ReadFile:
    """Read the documents of one file; `path` is what reports show."""
    loaded = load(data)
    problems = [Problem("SYN-001", path, t.line, t.column, t.message) for t in loaded.troubles]
    if not loaded.documents and not problems:
        problems.append(Problem("SYN-001", path, 1, 1, "the file is empty: it holds no manifest"))
    documents = tuple(prepare(path, one, rules, settings) for one in loaded.documents)
    return ReadFile(path, documents, tuple(problems))


def prepare(path: str, document: Document, rules: Rules, settings: Settings) -> Prepared:
    """Validate and walk one document."""
    people = settings.profile.people if settings.profile else {}
    given = document.value
    kind = given.get("kind") if isinstance(given, dict) else None
    kind = kind if isinstance(kind, str) and kind in rules.schemas else "UseCase"
    issues = rules.schemas[kind].issues(given, people_mapped=bool(people))
    shape = tuple(
        shape_result(document, issue.pointer, issue.message, at_key=issue.at_key)
        for issue in issues
    )
    value = _without_nulls(given, {}) if isinstance(given, dict) else {}
    live = mapping(mapping(value, "spec"), "lifecycle").get("stage") in ("production", "retired")
    texts: list[tuple[str, str]] = []
    evidence = []
    done_dates = []
    nobodies: list[str] = []
    if kind == "Waiver":
        nobodies = [
            pointer
            for pointer, field, scalar in walk(rules.schemas[kind].fields, value)
            if field.kind == "person" and not rules.vocabulary.is_person(scalar)
        ]
    if kind == "UseCase":
        for pointer, field, scalar in walk(rules.fields, value):
            if not isinstance(scalar, str):
                continue
            if field.kind == "evidence":
                evidence.append({"pointer": pointer, "path": scalar})
            elif field.kind == "date":
                name = pointer.rpartition("/")[2]
                if name not in _PLANNED and (live or pointer != _GO_LIVE):
                    done_dates.append({"pointer": pointer, "value": scalar})
            elif field.kind == "person" and (normal := same_person(scalar, people)) != scalar:
                value = replaced(value, split_pointer(pointer), normal)
            if field.kind not in _NO_PLACEHOLDERS:
                texts.append((pointer, scalar))
    told_once = list(dict.fromkeys(text for _, text in texts))  # aliases repeat long ones
    found = {told_once[i] for i in rules.vocabulary.placeholders(told_once)}
    placeholders = [{"pointer": at, "value": text} for at, text in texts if text in found]
    unknown = _unknown_facts(value)
    for pointer in unknown:  # they read as absent
        value = removed(value, split_pointer(pointer))
    return Prepared(
        path, document, kind, shape, value, tuple(placeholders), tuple(evidence),
        tuple({"pointer": pointer} for pointer in unknown), tuple(done_dates), tuple(nobodies),
    )  # fmt: skip


def shape_result(document: Document, pointer: str, message: str, *, at_key: bool = False) -> Result:
    metadata = mapping(document.value, "metadata")
    return Result(
        "SCH-001",
        Outcome.FAIL,
        Enforcement.BLOCK,
        message=message,
        pointer=pointer,
        place=document.key_place(pointer) if at_key else document.place(pointer),
        fingerprint=fingerprint(
            "SCH-001", str(metadata.get("id", "")), document.stable_pointer(pointer)
        ),
    )


def mapping(value: Any, name: str) -> dict[str, Any]:
    inner = value.get(name) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, dict) else {}


def _without_nulls(value: Any, done: dict[int, Any]) -> Any:
    """Drop null-valued keys: a null reads as absent (and is a schema finding).

    `done` holds each mapping and list by its identity: what aliases share stays shared,
    or a small document would take the memory of all its aliases.
    """
    if not isinstance(value, dict | list):
        return value
    if id(value) not in done:
        done[id(value)] = (
            {key: _without_nulls(one, done) for key, one in value.items() if one is not None}
            if isinstance(value, dict)
            else [_without_nulls(one, done) for one in value]
        )
    return done[id(value)]


def _unknown_facts(value: Mapping[str, Any]) -> list[str]:
    facts = mapping(mapping(mapping(value, "spec"), "risk"), "facts")
    return [
        join_pointer(["spec", "risk", "facts", name])
        for name, fact in facts.items()
        if fact == "unknown"
    ]
