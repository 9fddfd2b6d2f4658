"""A first manifest from what a repository shows and what a person has answered.

What the repository shows is filled in with its source, what the answers settle is derived
with its reasons, and everything else is a question. Nothing that only a person knows gets
a value that would pass: a text is a `TODO:`, which MAN-001 refuses, a choice that the
schema asks for at once is at its widest under such a TODO, and the rest is left out.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from aigov.check import judged_stage
from aigov.clues import Clue
from aigov.derivation import derive
from aigov.emit import WIDTH, inline
from aigov.fields import Field, find
from aigov.questions import Question, slug
from aigov.reports.escape import escape
from aigov.rules import Rules
from aigov.source import split_pointer

_HISTORY, _MODELS = "/spec/lifecycle/history", "/spec/architecture/models"
_STAGE, _EXPOSURE = "/spec/lifecycle/stage", "/spec/lifecycle/exposure"
_TEXTS = {"/metadata/description": "use", "/spec/purpose/problem": "problem",
          "/spec/purpose/intended_use": "use"}  # fmt: skip
"""Texts that the schema asks for at once, and the question whose words stand there."""
_WIDEST = ("/spec/purpose/domains", "/spec/purpose/users", _EXPOSURE)
"""Choices that the schema asks for at once."""
_GUARD = "/metadata/annotations/x-init"
_GUARD_TEXT = "TODO: domains, users and exposure are at their widest; narrow them, drop this line"
_TIER, _CATEGORY = "/spec/risk/tier", "/spec/risk/eu_ai_act/category"
_ROLES, _EU_ROLES = "/spec/risk/facts/org_roles", "/spec/risk/eu_ai_act/roles"
_TIER_RESTS_ON = ("/spec/risk/", "/spec/purpose/domains")
_LISTED = 5
"""SLOs, providers and people that are listed; a file holds hundreds."""
_RECORD = 4
"""A mapping of so many plain values stands on one line if it fits, as an owner does."""


class Known(NamedTuple):
    """What the repository says."""

    values: Mapping[str, Any]
    """JSON pointer to value."""
    sources: Mapping[str, str]
    """The file that says it, by the same pointer."""
    seen: Mapping[str, str]
    """Question id to what may help the person who answers it."""


class Draft(NamedTuple):
    """A manifest to write."""

    text: str
    open: tuple[Question, ...]
    """What nobody has answered yet."""
    derived: Mapping[str, tuple[str, str]]
    """Pointer of stage, tier and EU category to value and reason; tier and category are
    left out while an answer on which they rest is open."""


def known(clues: Sequence[Clue], folder: str, authors: Sequence[str]) -> Known:
    """Put the clues, the most telling first, in their places.

    `folder` is the repository's name, `authors` are addresses from its history.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def put(pointer: str, value: Any, source: str) -> None:
        if pointer not in values:
            values[pointer], sources[pointer] = value, source

    for kind, text, source in (*clues, Clue("name", folder, "the folder's name")):
        if kind == "name":
            put("/metadata/id", slug(text), source)
        if kind in ("name", "title") and len(text) >= 3:
            put("/metadata/name", text[:80].strip(), source)
        elif kind == "description" and len(text) >= 20:
            put("/metadata/description", text, source)
        elif kind == "catalog_ref":
            put("/metadata/catalog_ref", text, source)
        elif kind == "team":
            put("/spec/ownership/accountable/team", text, source)
    put("/metadata/name", values["/metadata/id"], "the folder's name")
    models = {(c.kind, c.value): c for c in reversed(clues) if c.kind in ("provider", "model")}
    if models:
        listed = [*models.values()][::-1][:_LISTED]
        items = [{"id": slug(c.value), _MODEL_KEYS[c.kind]: c.value} for c in listed]
        put(_MODELS, items, ", ".join(c.source for c in listed))
    slos = [clue for clue in clues if clue.kind == "slo"]
    if slos:
        files = dict.fromkeys(clue.source for clue in slos)
        put("/spec/operations/slos", [c.value for c in slos[:_LISTED]], ", ".join(files))
    people = [f"{clue.value} ({clue.source})" for clue in clues if clue.kind == "person"]
    people += [f"{one} (commits)" for one in authors]
    used = [clue.source for clue in clues if clue.kind in ("provider", "library")]
    seen = {"owner": people, "technology": people, "model": used}
    helps = {key: ", ".join([*dict.fromkeys(one)][:_LISTED]) for key, one in seen.items() if one}
    return Known(values, sources, helps)


_MODEL_KEYS = {"provider": "provider", "model": "name"}


def sound(known: Known, rules: Rules) -> Known:
    """Leave out what the repository says in a way that the schema of manifests refuses."""
    issues = rules.schemas["UseCase"].issues(tree_of(known.values))
    refused = {
        pointer
        for pointer in known.values
        if any(f"{issue.pointer}/".startswith(f"{pointer}/") for issue in issues)
    }
    return known._replace(values={p: v for p, v in known.values.items() if p not in refused})


def faults(answer: Mapping[str, Any], before: Mapping[str, Any], rules: Rules) -> list[str]:
    """Say what the schema refuses in the values of one answer, beside those before."""
    issues = rules.schemas["UseCase"].issues(tree_of({**before, **answer}))
    return [
        issue.message
        for issue in issues
        if any(f"{issue.pointer}/".startswith(f"{pointer}/") for pointer in answer)
    ]


def tree_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by pointer as one document; a model or a step of the history that is
    named by its number joins the list that is there."""
    tree: dict[str, Any] = {"apiVersion": "aigov/v1", "kind": "UseCase"}
    for pointer, value in values.items():
        *way, last = split_pointer(pointer)
        here: Any = tree
        for number, part in enumerate(way):
            if isinstance(here, list):
                here = here[int(part)]
            else:
                empty: Any = [{}] if [*way, last][number + 1].isdecimal() else {}
                here = here.setdefault(part, empty)
        here[last] = deepcopy(value)
    return tree


def draft(
    known: Known,
    answers: Mapping[str, Any],
    questions: Sequence[Question],
    rules: Rules,
    today: str,
) -> Draft:
    """Settle all values and write them down."""
    values = {**known.values, **_history(answers, today), **answers, **_models(known, answers)}
    values = {k: v for k, v in values.items() if not k.startswith((f"{_MODELS}/", f"{_HISTORY}/"))}
    open_ = tuple(
        one
        for one in questions
        if (one.is_asked(values) or any(pointer not in values for pointer in one.when))
        and not any(pointer in answers for pointer in one.fields)
    )
    derived = _derived(values, open_, rules, today)
    values |= {pointer: value for pointer, (value, _) in derived.items()}
    notes = {p: f"from {known.sources[p]}" for p in known.values if p not in answers}
    notes |= {pointer: reason for pointer, (_, reason) in derived.items()}
    words = {one.id: one.ask for one in questions}
    for pointer, question in _TEXTS.items():
        values.setdefault(pointer, f"TODO: {words[question]}")
    if any(pointer not in values for pointer in _WIDEST):
        values[_GUARD] = _GUARD_TEXT
        for pointer in _WIDEST:
            values.setdefault(pointer, _widest(find(rules.fields, split_pointer(pointer))))
    tree = tree_of(values)
    tree["spec"].setdefault("ownership", {})
    here = _TEXTS.values()  # their words stand in place of the text
    todos = {
        one.fields[0]: _todo(one, known.seen.get(one.id)) for one in open_ if one.id not in here
    }
    head = "# Answer each TODO, then run `aigov-gate check`; `aigov-gate explain FIELD` helps."
    text = "".join(f"{line}\n" for line in (head, *_mapping(rules.fields, tree, "", notes, todos)))
    return Draft(text, open_, derived)


def _history(answers: Mapping[str, Any], today: str) -> dict[str, Any]:
    """Return stage and history: intake when it was proposed, pilot once that has begun."""
    start = answers.get("/spec/lifecycle/pilot/start_on", today + "~")
    reached = [("intake", answers.get(f"{_HISTORY}/0/date", today)), ("pilot", start)]
    owner = answers.get("/spec/ownership/accountable/person")
    by = {"by": owner} if owner else {}
    entries = [{"stage": s, "date": date, **by} for s, date in reached if date <= today or s == "intake"]
    return {_STAGE: entries[-1]["stage"], _HISTORY: entries}


def _models(known: Known, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the models: the one that a person named, and others of providers in the code."""
    found = known.values.get(_MODELS, [])
    named = {p.rpartition("/")[2]: v for p, v in answers.items() if p.startswith(f"{_MODELS}/0/")}
    if not named:
        return {_MODELS: found} if found else {}
    if "id" not in named:
        first, found = (found or [{"id": "model"}])[0], found[1:]
        named = {**first, **named}
    others = [one for one in found if one.get("provider") != named.get("provider")]
    return {_MODELS: [named, *others]}


def _derived(
    values: Mapping[str, Any], open_: Sequence[Question], rules: Rules, today: str
) -> dict[str, tuple[Any, str]]:
    """Return pointer to value and reason of what the answers settle."""
    tree = tree_of(values)
    spec, derivation = tree["spec"], rules.derivation
    facts, _, _ = derive(derivation, spec, tree["metadata"], today)
    why = {rule.name: rule.reason for rule in (*derivation.tiers, *derivation.stages)}
    stage = judged_stage(spec, facts, None) or "intake"
    begun = "the pilot has begun" if stage == "pilot" else "no pilot has begun"
    reasons = [why[one] for one in facts.stage_reasons] if stage == facts.stage else []
    found = {_STAGE: (stage, ", ".join(reasons) or begun)}
    if any(p.startswith(_TIER_RESTS_ON) for one in open_ for p in one.fields):
        return found
    if facts.tier and facts.tier != "prohibited":
        reasons = [why[one] for one in facts.tier_reasons] or ["no fact raises it"]
        upper = f"; open facts may make it {facts.tier_max}" if facts.tier_max != facts.tier else ""
        found[_TIER] = (facts.tier, ", ".join(reasons) + upper)
    if "EU" in values["/spec/risk/facts/jurisdictions"]:
        found[_EU_ROLES] = (values[_ROLES], "")
        if facts.eu_category:
            found[_CATEGORY] = (facts.eu_category, "derived from the facts")
    return found


def _widest(field: Field | None) -> Any:
    """Return all values of a list of choices, and the last of a choice: it is the broadest."""
    assert field is not None  # a pointer of this module
    return list(field.items.enum) if field.items else field.enum[-1]


def _todo(question: Question, seen: str | None) -> list[str]:
    """Return an open question and the fields that it fills as lines of a comment."""
    names = [one.removeprefix("/spec/").replace("/0/", "[]/") for one in question.fields]
    lines = [f"TODO {question.ask}", ", ".join(names).replace("/", ".")]
    lines += [f"seen: {seen}"] if seen else []
    return [
        line
        for one in lines
        for line in textwrap.wrap(
            escape(one), WIDTH - 6, subsequent_indent="  ", break_on_hyphens=False
        )
    ]


def _mapping(
    field: Field,
    value: Mapping[str, Any],
    pointer: str,
    notes: Mapping[str, str],
    todos: Mapping[str, list[str]],
) -> Iterator[str]:
    """Yield the lines of a mapping in the order of the schema, with notes and open questions;
    the caller indents them."""
    names = [*field.properties, *(name for name in value if name not in field.properties)]
    for name in names:
        here = f"{pointer}/{name}"
        if name in value:
            below = find(field, [name]) or field
            yield from _entry(name, below, value[name], here, notes, todos)
        if here.count("/") == 2:  # a block of the spec
            for at, (first, *rest) in todos.items():
                if at.startswith(f"{here}/"):
                    yield f"# {first}"
                    yield from (f"#   {line}" for line in rest)


def _entry(
    name: str,
    field: Field,
    value: Any,
    pointer: str,
    notes: Mapping[str, str],
    todos: Mapping[str, list[str]],
) -> Iterator[str]:
    said = [n for at, n in notes.items() if f"{at}/".startswith(f"{pointer}/") and n]
    note = f"  # {escape('; '.join(dict.fromkeys(said)), 200)}" if said else ""
    whole = f"{name}: {inline(_in_order(field, value))}"
    deep = pointer.count("/")
    fits = 2 * deep + len(whole) <= WIDTH
    if isinstance(value, dict) and value and (deep < 3 or len(value) > _RECORD or not fits):
        yield f"{name}:" + (f"  # {notes[pointer]}" if pointer in notes else "")
        for line in _mapping(field, value, pointer, notes, todos):
            yield f"  {line}"
    elif isinstance(value, list) and value and not _is_choices(value) and (
        isinstance(value[0], dict) or not fits
    ):
        yield f"{name}:{note}"
        yield from (f"  - {inline(_in_order(field, one, item=True))}" for one in value)
    elif isinstance(value, list) and not fits:
        yield from textwrap.wrap(whole, WIDTH - 2 * deep, subsequent_indent="  ")
    else:
        yield whole + note


def _is_choices(value: list[Any]) -> bool:
    return all(isinstance(one, str) and one.replace("_", "").isalnum() for one in value)


def _in_order(field: Field, value: Any, *, item: bool = False) -> Any:
    """Return the names of a mapping in the order of the schema."""
    shape = field.items if item and field.items else field
    if not isinstance(value, dict):
        return value
    return {name: value[name] for name in sorted(value, key=[*shape.properties, *value].index)}
