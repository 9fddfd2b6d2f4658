"""A first manifest from what a repository shows and what a person has answered.

What the repository shows is filled in with its source, what the answers settle is derived
with its reasons, and everything else is a question. Nothing that only a person knows gets
a value that would pass: what the schema asks for at once stands under a `TODO:`, which
MAN-001 refuses, and the rest is left out.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aigov.clues import MODELS, Clue, one_line
from aigov.derivation import derive
from aigov.emit import WIDTH, form
from aigov.fields import outline, walk
from aigov.questions import Question, slug, team
from aigov.reports.escape import escape
from aigov.rules import Rules
from aigov.situations import judged_stage
from aigov.source import replaced, split_pointer

_STAGE, _HISTORY = "/spec/lifecycle/stage", "/spec/lifecycle/history"
_NAME, _DESCRIPTION = "/metadata/name", "/metadata/description"
_ACCOUNTABLE = "/spec/ownership/accountable"
_LISTS = (MODELS, "/spec/operations/slos")
_TIER_RESTS_ON = ("/spec/risk/", "/spec/purpose/domains")
_LISTED = 3
"""SLOs, providers and people that are listed; a repository may hold hundreds."""


class Known(NamedTuple):
    """What the repository says."""

    values: Mapping[str, Any]
    """JSON pointer to value."""
    sources: Mapping[str, str]
    """The files that say it, by the same pointer; by the name of a hint what may help the
    person who answers."""


class Draft(NamedTuple):
    """A manifest to write."""

    text: str
    open: tuple[Question, ...]
    """What nobody has answered yet."""
    derived: Mapping[str, tuple[Any, str]]
    """Pointer of stage, tier and so on to value and reason; what rests on an open answer is
    left out, but for the stage."""


def known(clues: Sequence[Clue], folder: str, authors: Sequence[str], rules: Rules) -> Known:
    """Put the clues, the most telling first, in their places, but for those that would not
    pass; `folder` names the repository, `authors` wrote its history."""
    values: dict[str, Any] = {}
    sources: dict[str, list[str]] = {}
    names = (one_line(folder), slug(folder), "New use case")
    named = [Clue(_NAME, name, "the folder's name") for name in names]
    wrote = [Clue("people", address, "commits") for address in authors]
    for field, told, source in (*clues, *wrote, *named):
        value = team(told) if field == f"{_ACCOUNTABLE}/team" else told
        if not field.startswith("/"):
            sources.setdefault(field, []).append(f"{value} ({source})")
        elif field not in (*values, *_LISTS) and not faults({field: value}, {}, rules):
            values[field], sources[field] = value, [source]
    for field in _LISTS:
        listed = [clue for clue in clues if clue.field == field]
        distinct = {str(clue.value): clue.value for clue in listed}.values()
        items = [_passing(field, item, rules) for item in [*distinct][:_LISTED]]
        if any(items):
            values[field] = [item for item in items if item]
            sources[field] = [clue.source for clue in listed]
    values.setdefault("/metadata/id", slug(values[_NAME]))
    sources.setdefault("/metadata/id", sources[_NAME])
    return Known(values, {field: _some(told) for field, told in sources.items()})


def _passing(field: str, item: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """Return what would pass of an item of the list `field`, {} if it has no name then."""
    kept = {k: one for k, one in item.items() if not faults({f"{field}/0/{k}": one}, {}, rules)}
    return {} if faults({field: [kept]}, {}, rules) else kept


def _some(texts: Sequence[str]) -> str:
    """Name the first few of them."""
    distinct = [*dict.fromkeys(texts)]
    more = f" and {len(distinct) - _LISTED} more" if distinct[_LISTED:] else ""
    return ", ".join(distinct[:_LISTED]) + more


def faults(answer: Mapping[str, Any], before: Mapping[str, Any], rules: Rules) -> str:
    """Say why the values of one answer, beside those before, would not pass; "" if they may."""
    tree = tree_of({**before, **answer})
    issues = [(issue.pointer, issue.message) for issue in rules.schemas["UseCase"].issues(tree)]
    for pointer, field, value in walk(rules.fields, tree):
        if field.kind == "person" and not rules.vocabulary.is_person(value):
            issues.append((pointer, f"{value} is not one named person"))
        elif field.kind == "text" and rules.vocabulary.is_placeholder(str(value)):
            issues.append((pointer, f"{value} says nothing"))
    at = tuple(f"{pointer}/" for pointer in answer)
    told = (words for pointer, words in issues if f"{pointer}/".startswith(at))
    return "; ".join(dict.fromkeys(told))


def tree_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by pointer as one document; 0 is the first item of a list."""
    tree: dict[str, Any] = {"apiVersion": "aigov/v1", "kind": "UseCase"}
    for pointer, value in values.items():
        tree = replaced(tree, split_pointer(pointer), value)
    return tree


def draft(
    known: Known,
    answers: Mapping[str, Any],
    questions: Sequence[Question],
    rules: Rules,
    today: str,
) -> Draft:
    """Settle all values and write them down."""
    values = {**known.values, **answers}
    open_ = tuple(
        one
        for one in questions
        if one.is_asked(values) and not any(pointer in answers for pointer in one.fields)
    )
    values = {field: one for asked in open_ for field, one in asked.open.items()} | values
    values.setdefault(_DESCRIPTION, values["/spec/purpose/intended_use"][:400])
    models = _models(values)
    if models[1:]:  # another provider's, which nobody has described
        open_ = tuple(one for one in questions if one in open_ or one.id == "model")
    values = {pointer: value for pointer, value in values.items() if "/0/" not in pointer}
    values |= {_HISTORY: _history(answers, today), **({MODELS: models} if models else {})}
    derived = _derived(values, open_, rules, today)
    values |= {pointer: value for pointer, (value, _) in derived.items()}
    kept = (pointer for pointer in known.values if pointer not in answers)
    notes = {pointer: escape(f"from {known.sources[pointer]}", 200) for pointer in kept}
    notes |= {pointer: reason for pointer, (_, reason) in derived.items() if reason}
    order = [f"/{path.replace('.', '/')}" for path, _ in outline(rules.fields)]
    ranks = {pointer: rank for rank, pointer in enumerate(order)}
    ordered = sorted(values, key=lambda pointer: ranks.get(pointer, len(order)))
    tree = tree_of({pointer: values[pointer] for pointer in ordered})
    head = "Answer each TODO, then run" if open_ else "Next:"
    lines = [
        f"# {head} `aigov-gate check`; `aigov-gate explain FIELD` says what a field means.",
        *form(tree, notes),
        *_asking(open_, known),
    ]
    return Draft("".join(f"{line}\n" for line in lines), open_, derived)


def _asking(open_: Sequence[Question], known: Known) -> Iterator[str]:
    """Yield the open questions as lines of a comment."""
    for one in open_:
        fields = (at[1:].replace("/0/", "[].").replace("/", ".") for at in one.fields)
        hint = f" Seen: {known.sources[one.hint]}" if one.hint in known.sources else ""
        text = escape(f"TODO {one.ask} ({', '.join(fields)}){hint}", None)
        yield from textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="#   ")


def _history(answers: Mapping[str, Any], today: str) -> list[dict[str, str]]:
    """Return the stages reached: intake when it was proposed, pilot once that has begun."""
    reached = {"intake": answers.get(f"{_HISTORY}/0/date", today)}
    start = answers.get("/spec/lifecycle/pilot/start_on", "")
    if "" < start <= today:
        reached["pilot"] = start
    owner = answers.get(f"{_ACCOUNTABLE}/person")
    by = {"by": owner} if owner else {}
    return [{"stage": stage, "date": date, **by} for stage, date in reached.items()]


def _models(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the model that somebody named, and those of other providers in the code."""
    first = {
        pointer.rpartition("/")[2]: value
        for pointer, value in values.items()
        if pointer.startswith(f"{MODELS}/0/")
    }
    found = values.get(MODELS, ())
    others = [one for one in found if one["provider"] != first.get("provider")]
    return [{"id": "model", **first}, *others] if first else others


def _derived(
    values: Mapping[str, Any], open_: Sequence[Question], rules: Rules, today: str
) -> dict[str, tuple[Any, str]]:
    """Return pointer to value and reason of what the answers settle."""
    declared = values[_HISTORY][-1]["stage"]
    tree = tree_of({**values, _STAGE: declared})
    facts, _, _ = derive(rules.derivation, tree["spec"], tree["metadata"], today)
    why = {rule.name: rule.reason for rule in (*rules.derivation.tiers, *rules.derivation.stages)}
    stage = judged_stage(tree["spec"], facts, None)
    reasons = [why[one] for one in facts.stage_reasons if stage == facts.stage]
    begun = "the pilot has begun" if stage == "pilot" else "no pilot has begun"
    found: dict[str, tuple[Any, str]] = {_STAGE: (stage, ", ".join(reasons) or begun)}
    if any(pointer.startswith(_TIER_RESTS_ON) for one in open_ for pointer in one.fields):
        return found
    if facts.tier != "prohibited":
        reasons = [why[one] for one in facts.tier_reasons] or ["no fact raises it"]
        reasons += [f"open facts up to {facts.tier_max}"] if facts.tier_max != facts.tier else []
        found["/spec/risk/tier"] = facts.tier, ", ".join(reasons)
    if facts.eu_category not in (None, "out_of_scope"):
        roles = values["/spec/risk/facts/org_roles"]
        found["/spec/risk/eu_ai_act/category"] = facts.eu_category, "derived from the facts"
        found["/spec/risk/eu_ai_act/roles"] = roles, ""
    return found
