"""A first manifest from what a repository shows and what a person has answered.

What the repository shows is filled in with its source, what the answers settle is derived
with its reasons, and everything else is a question. Nothing that only a person knows gets
a value that would pass: a text is a `TODO:`, which MAN-001 refuses, a choice that the
schema asks for at once stands under such a TODO, and the rest is left out.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any, NamedTuple

from aigov.clues import Clue, one_line
from aigov.derivation import derive
from aigov.emit import WIDTH, inline
from aigov.fields import Field, find, walk
from aigov.questions import Question, slug
from aigov.reports.escape import escape
from aigov.rules import Rules
from aigov.situations import judged_stage
from aigov.source import split_pointer

_STAGE, _HISTORY = "/spec/lifecycle/stage", "/spec/lifecycle/history"
_MODELS, _TEAM = "/spec/architecture/models", "/spec/ownership/accountable/team"
_USE, _DESCRIPTION = "/spec/purpose/intended_use", "/metadata/description"
_TEXTS = {_DESCRIPTION: "use", "/spec/purpose/problem": "problem", _USE: "use"}
"""Texts that the schema asks for at once, and the question whose words stand there."""
_CHOICES = ("/spec/purpose/domains", "/spec/purpose/users", "/spec/lifecycle/exposure")
"""Choices that the schema asks for at once. A list has all of them until somebody answers,
the exposure is the widest that is not live yet."""
_GUARD = "/metadata/annotations/x-init"
_GUARD_TEXT = "TODO: nobody has answered domains, users and exposure; correct them, drop this line"
_TIER_RESTS_ON = ("/spec/risk/", "/spec/purpose/domains")
_LISTED = 3
"""SLOs, providers and people that are listed; a repository may hold hundreds."""
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
    derived: Mapping[str, tuple[Any, str]]
    """Pointer of stage, tier and so on to value and reason; what rests on an open answer is
    left out, but for the stage."""


def known(clues: Sequence[Clue], folder: str, authors: Sequence[str], rules: Rules) -> Known:
    """Put the clues, the most telling first, in their places, but for those that the schema
    of manifests refuses; `folder` names the repository, `authors` wrote its history."""
    told = _identity(clues, folder)
    named = {clue.value: clue for clue in reversed(clues) if clue.kind in ("provider", "model")}
    models = [*reversed(named.values())][:_LISTED]
    if models:
        items = [
            {"id": slug(c.value), "name" if c.kind == "model" else "provider": c.value}
            for c in models
        ]
        told[_MODELS] = items, ", ".join(clue.source for clue in models)
    slos = [clue for clue in clues if clue.kind == "slo"]
    if slos:
        more = f", {len(slos) - _LISTED} more there and elsewhere" if slos[_LISTED:] else ""
        files = ", ".join(dict.fromkeys(clue.source for clue in slos[:_LISTED]))
        told["/spec/operations/slos"] = [clue.value for clue in slos[:_LISTED]], files + more
    values = {pointer: value for pointer, (value, _) in told.items()}
    refused = [issue.pointer for issue in rules.schemas["UseCase"].issues(tree_of(values))]
    values = {p: v for p, v in values.items() if not any(_holds(p, one) for one in refused)}
    people = [f"{clue.value} ({clue.source})" for clue in clues if clue.kind == "person"]
    people += [f"{address} (commits)" for address in authors]
    used = [clue.source for clue in clues if clue.kind in ("provider", "library")]
    seen = {"owner": people, "technology": people, "model": used}
    return Known(
        values,
        {pointer: told[pointer][1] for pointer in values},
        {name: ", ".join(one[:_LISTED]) for name, one in seen.items() if one},
    )


def _identity(clues: Sequence[Clue], folder: str) -> dict[str, tuple[Any, str]]:
    """Return pointer to value and source of what the repository is and whose."""
    told: dict[str, tuple[Any, str]] = {}
    first = {(clue.kind, clue.source): clue.value for clue in reversed(clues)}
    for kind, text, source in (*clues, Clue("name", one_line(folder), "the folder's name")):
        if kind == "name":
            told.setdefault("/metadata/id", (slug(text), source))
        if kind in ("name", "title") and len(text) >= 3:
            told.setdefault("/metadata/name", (text[:80].strip(), source))
        elif kind == "description" and len(text) >= 20:
            told.setdefault(_DESCRIPTION, (text, source))
        elif kind == "owner" and not text.startswith("user:"):
            team = f"group:{text.removeprefix('group:').removeprefix('default/')}"
            told.setdefault(_TEAM, (team, source))
            name, space = (first.get((one, source), "default") for one in ("name", "namespace"))
            told.setdefault("/metadata/catalog_ref", (f"component:{space}/{name}", source))
        elif kind == "team":
            told.setdefault(_TEAM, (text, source))
    told.setdefault("/metadata/name", told["/metadata/id"])
    return told


def _holds(pointer: str, place: str) -> bool:
    return f"{place}/".startswith(f"{pointer}/")


def faults(answer: Mapping[str, Any], before: Mapping[str, Any], rules: Rules) -> str:
    """Say why the values of one answer, beside those before, would not pass; "" if they may."""
    tree = tree_of({**before, **answer})
    issues = [(issue.pointer, issue.message) for issue in rules.schemas["UseCase"].issues(tree)]
    for pointer, field, value in walk(rules.fields, tree):
        if field.kind == "person" and not rules.vocabulary.is_person(value):
            issues.append((pointer, f"{value} is not one named person"))
        elif field.kind == "text" and rules.vocabulary.is_placeholder(str(value)):
            issues.append((pointer, f"{value} says nothing"))
    told = (words for pointer, words in issues if any(_holds(one, pointer) for one in answer))
    return "; ".join(dict.fromkeys(told))


def tree_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by pointer as one document; 0 is the first item of a list."""
    tree: dict[str, Any] = {"apiVersion": "aigov/v1", "kind": "UseCase"}
    for pointer, value in values.items():
        *way, last = split_pointer(pointer)
        here: Any = tree
        for name, below in pairwise([*way, last]):
            here = here[0] if name == "0" else here.setdefault(name, [{}] if below == "0" else {})
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
    models = _models(known, answers)
    values = {**known.values, **answers, **_history(answers, today), **models}
    values = {pointer: value for pointer, value in values.items() if "/0/" not in pointer}
    open_ = tuple(
        one
        for one in questions
        if not any(pointer in answers for pointer in one.fields)
        and (one.is_asked(values) or any(pointer not in values for pointer in one.when))
    )
    if models.get(_MODELS, [])[1:]:  # another provider's, which nobody has described
        open_ = tuple(one for one in questions if one in open_ or one.id == "model")
    derived = _derived(values, open_, rules, today)
    values |= {pointer: value for pointer, (value, _) in derived.items()}
    notes = {p: f"from {known.sources[p]}" for p in known.values if p not in answers}
    notes |= {pointer: reason for pointer, (_, reason) in derived.items() if reason}
    if _USE in answers:
        values.setdefault(_DESCRIPTION, textwrap.shorten(answers[_USE], 400, placeholder="..."))
    words = {one.id: one.ask for one in questions}
    for pointer, question in _TEXTS.items():
        values.setdefault(pointer, f"TODO: {words[question]}")
    if any(pointer not in values for pointer in _CHOICES):
        values[_GUARD] = _GUARD_TEXT
        for pointer in _CHOICES:
            field = find(rules.fields, [*split_pointer(pointer), "*"])
            values.setdefault(pointer, list(field.enum) if field else "external_limited")
    tree = tree_of(values)
    tree["spec"].setdefault("ownership", {}).setdefault("accountable", {})
    head = "Answer each TODO, then run" if open_ else "Next:"
    lines = [f"# {head} `aigov-gate check`; `aigov-gate explain FIELD` says what a field means."]
    lines += _noted(_lines(_ordered(tree, rules.fields), "", ""), notes)
    lines += ["# Open questions, each with the fields that it fills"] if open_ else []
    lines += [line for one in open_ for line in _todo(one, known.seen.get(one.id))]
    return Draft("".join(f"{line}\n" for line in lines), open_, derived)


def _history(answers: Mapping[str, Any], today: str) -> dict[str, Any]:
    """Return stage and history: intake when it was proposed, pilot once that has begun."""
    owner = answers.get("/spec/ownership/accountable/person")
    start = answers.get("/spec/lifecycle/pilot/start_on")
    reached = {"intake": answers.get(f"{_HISTORY}/0/date", today)}
    if start and start <= today:
        reached["pilot"] = start
    by = {"by": owner} if owner else {}
    entries = [{"stage": stage, "date": date, **by} for stage, date in reached.items()]
    return {_STAGE: [*reached][-1], _HISTORY: entries}


def _models(known: Known, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model that a person named, and those of other providers in the code."""
    found = known.values.get(_MODELS, [])
    named = {p.rpartition("/")[2]: v for p, v in answers.items() if p.startswith(f"{_MODELS}/0/")}
    if named and "id" not in named:
        first, *found = found or [{"id": "model"}]
        named = {**first, **named}
    others = [one for one in found if one.get("provider") != named.get("provider", "")]
    models = [named, *others] if named else others
    return {_MODELS: models} if models else {}


def _derived(
    values: Mapping[str, Any], open_: Sequence[Question], rules: Rules, today: str
) -> dict[str, tuple[Any, str]]:
    """Return pointer to value and reason of what the answers settle."""
    tree, derivation = tree_of(values), rules.derivation
    facts, _, _ = derive(derivation, tree["spec"], tree["metadata"], today)
    why = {rule.name: rule.reason for rule in (*derivation.tiers, *derivation.stages)}
    stage = judged_stage(tree["spec"], facts, None)
    reasons = [why[one] for one in facts.stage_reasons] if stage == facts.stage else []
    begun = "the pilot has begun" if stage == "pilot" else "no pilot has begun"
    found: dict[str, tuple[Any, str]] = {_STAGE: (stage, ", ".join(reasons) or begun)}
    if any(pointer.startswith(_TIER_RESTS_ON) for one in open_ for pointer in one.fields):
        return found
    if facts.tier != "prohibited":
        reasons = [why[one] for one in facts.tier_reasons] or ["no fact raises it"]
        reasons += [f"open facts up to {facts.tier_max}"] if facts.tier_max != facts.tier else []
        found["/spec/risk/tier"] = facts.tier, ", ".join(reasons)
    if facts.eu_category not in (None, "out_of_scope"):
        roles = tree["spec"]["risk"]["facts"]["org_roles"]
        found["/spec/risk/eu_ai_act/category"] = facts.eu_category, "derived from the facts"
        found["/spec/risk/eu_ai_act/roles"] = roles, ""
    return found


def _todo(question: Question, seen: str | None) -> Iterator[str]:
    """Yield an open question as lines of a comment."""
    names = ", ".join(one.replace("/0/", "[]/")[1:].replace("/", ".") for one in question.fields)
    text = escape(f"TODO {question.ask} ({names})" + (f" Seen: {seen}" if seen else ""), None)
    lines = textwrap.wrap(text, WIDTH - 4, break_on_hyphens=False)
    yield f"# {lines[0]}"
    yield from (f"#   {line}" for line in lines[1:])


def _ordered(value: Any, field: Field) -> Any:
    """Return `value` with all names in the order of the schema."""
    if isinstance(value, list):
        return [_ordered(one, field.items or field) for one in value]
    if not isinstance(value, dict):
        return value
    names = sorted(value, key=[*field.properties, *value].index)
    return {name: _ordered(value[name], field.properties.get(name, field)) for name in names}


def _lines(value: Mapping[str, Any], pointer: str, indent: str) -> Iterator[tuple[str, str]]:
    """Yield (pointer, line) for a mapping, a record on a line."""
    for name, one in value.items():
        here, whole = f"{pointer}/{name}", f"{indent}{name}: {inline(one)}"
        short = len(whole) <= WIDTH and here.count("/") > 2
        if isinstance(one, dict) and one and not (short and len(one) <= _RECORD):
            yield here, f"{indent}{name}:"
            yield from _lines(one, here, f"{indent}  ")
        elif isinstance(one, list) and one and isinstance(one[0], dict):
            yield here, f"{indent}{name}:"
            yield from ((f"{here}/0", f"{indent}  - {inline(item)}") for item in one)
        elif here in _CHOICES:  # its words are short, and may be many
            parts = textwrap.wrap(whole, WIDTH, subsequent_indent=f"{indent}  ")
            yield from ((here, part) for part in parts)
        else:
            yield here, whole


def _noted(lines: Iterator[tuple[str, str]], notes: Mapping[str, str]) -> Iterator[str]:
    """Put each note behind the line of its value; a record has those of all its values."""
    for pointer, line in lines:
        said = [
            note
            for at, note in notes.items()
            if at == pointer or (not line.endswith(":") and _holds(pointer, at))
        ]
        yield f"{line}  # {escape('; '.join(said), 200)}" if said else line
