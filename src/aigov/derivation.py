"""Derive tier, EU category, stage and implied facts from what the facts say.

The rules are data (`policies/derivation/*.yaml`), each a CEL condition under
three-valued logic: true holds, unknown may hold.  So an absent or `unknown` fact
counts as harmless in the lower bound of the tier and as its strictest in the upper.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov.errors import PackError
from aigov.expressions import CONSTANTS, Engine, Expression
from aigov.results import Derived

_SECTIONS = {
    "implied": ("fact", "value"),
    "triggers": ("id", "tier"),
    "stage": ("id", "stage"),
    "choice": ("value", "value"),
}
"""Section to the keys of a rule's name and value."""


_WORD = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\.?[A-Za-z_]\w*""")
"""A text literal, a field with its dot, or a name."""


class Rule(NamedTuple):
    """One condition and what follows where it holds."""

    name: str
    """Trigger id, list item, category, stage rule id or fact name."""
    value: Any
    """Tier, stage or implied value; the name itself for items and categories."""
    when: Expression
    text: str
    """The condition as written, with names of terms."""
    reason: str
    where: str
    """File and section, for errors."""


Holds = Callable[[Rule], bool | None]
"""A rule's answer on one document: true, false, or None for unknown."""


class Derivation(NamedTuple):
    """All derivation rules of a pack, in the order of their files."""

    engine: Engine
    implied: tuple[Rule, ...]
    tiers: tuple[Rule, ...]
    stages: tuple[Rule, ...]
    category: tuple[Rule, ...]
    lists: Mapping[str, tuple[Rule, ...]]

    def rules(self) -> Iterator[Rule]:
        """Yield every rule; a loader checks the names in each."""
        for group in (self.implied, self.tiers, self.stages, self.category, *self.lists.values()):
            yield from group

    def inputs(self, name: str) -> list[str]:
        """Return the dotted paths that `derived.<name>` is computed from."""
        groups = {
            "tier": self.tiers,
            "tier_max": self.tiers,
            "stage": self.stages,
            "eu_category": self.category,
            **self.lists,
        }
        found = [path for rule in groups.get(name, ()) for path in self.reads(rule)]
        return list(dict.fromkeys(found))

    def reads(self, rule: Rule) -> list[str]:
        """Return the dotted paths of the document that a rule reads."""
        read = dict.fromkeys(path.dotted for path in rule.when.paths)
        return [path for path in read if path.startswith(("spec.", "metadata."))]


def parse_derivation(files: Mapping[str, Any], engine: Engine) -> Derivation:
    """Build the rules from the parsed files (path to value).

    Raises:
        PackError: a section, rule or condition does not hold; names the file.
    """
    terms = {name: one for value in files.values() for name, one in value.get("terms", {}).items()}
    written_out = _writer(terms)

    def rules(rows: Any, where: str, name: str, result: str) -> Iterator[Rule]:
        for row in rows:
            when = engine.expression(written_out(row["when"]))
            yield Rule(str(row[name]), row[result], when, row["when"], row.get("reason", ""), where)

    lists: dict[str, tuple[Rule, ...]] = {}
    groups: dict[str, tuple[Rule, ...]] = dict.fromkeys(_SECTIONS, ())
    for path, value in files.items():
        for name, items in value.get("lists", {}).items():
            lists[name] = tuple(rules(items, f"{path}: lists.{name}", "item", "item"))
        for section, keys in _SECTIONS.items():
            rows = value.get(section, [])
            rows = rows if isinstance(rows, list) else rows["rules"]  # of a choice
            groups[section] += tuple(rules(rows, f"{path}: {section}", *keys))
    implied, tiers, stages, category = (groups[section] for section in _SECTIONS)
    return Derivation(engine, implied, tiers, stages, category, lists)


def derive(
    derivation: Derivation,
    spec: Mapping[str, Any],
    metadata: Mapping[str, Any],
    today: str,
    repository: Mapping[str, Any] | None = None,
) -> tuple[Derived, dict[str, Any], Mapping[str, Any]]:
    """Return what the facts say, the `derived` variable for policies, and `spec` with
    the implied facts filled in.

    `spec` and `metadata` are without null values and without `unknown` facts; `repository` is
    as in `schemas/facts.v1.json`, None where nobody read the code.
    """
    variables = {"spec": spec, "metadata": metadata, "today": today}
    if repository is not None:
        variables["repository"] = repository
    holds = _judge_of(derivation, variables)
    facts = _facts(spec)
    implied = {
        rule.name: rule.value
        for rule in derivation.implied
        if facts is not None and rule.name not in facts and holds(rule)
    }
    if implied:
        spec = {**spec, "risk": {**spec["risk"], "facts": {**(facts or {}), **implied}}}
        holds = _judge_of(derivation, {**variables, "spec": spec})
    variable: dict[str, Any] = {}
    for name, rules in derivation.lists.items() if facts is not None else ():
        answers = [holds(rule) for rule in rules]
        if None not in answers:
            variable[name] = [r.value for r, one in zip(rules, answers, strict=True) if one]
    category = _first(derivation.category, holds)
    stage, stage_reasons = _stage(derivation.stages, holds)
    tier, tier_max, tier_reasons = _tier(derivation.tiers, holds, known=facts is not None)
    found = {"eu_category": category, "stage": stage, "tier": tier, "tier_max": tier_max}
    variable.update({key: value for key, value in found.items() if value is not None})
    if tier is not None:
        variable["tier_reasons"] = list(tier_reasons)
    if stage is not None:
        variable["stage_facts"] = _stage_facts(derivation, variables, stage, stage_reasons)
    derived = Derived(stage, stage_reasons, tier, tier_max, tier_reasons, category, implied)
    return derived, variable, spec


def _stage_facts(
    derivation: Derivation, variables: Mapping[str, Any], stage: str, reasons: tuple[str, ...]
) -> list[dict[str, str]]:
    """Return pointers of the facts that put a use case past its declared stage; of one that is
    retired, what runs still."""
    lifecycle = variables["spec"].get("lifecycle")
    declared = lifecycle.get("stage") if isinstance(lifecycle, dict) else None
    ranks = CONSTANTS["stages"]
    if declared == "retired" and reasons:
        return list(variables["repository"]["running"])
    if not isinstance(declared, str) or ranks.get(declared, 9) >= ranks[stage]:
        return []
    return [
        {"pointer": "/" + path.replace(".", "/")}
        for rule in derivation.stages
        if rule.name in reasons
        for path in derivation.reads(rule)
        if path != "spec.lifecycle.stage"
    ]


def _judge_of(derivation: Derivation, variables: Mapping[str, Any]) -> Holds:
    activation = derivation.engine.activation(variables)
    return lambda rule: rule.when(activation).value


def _writer(terms: Mapping[str, str]) -> Callable[[str], str]:
    """Return what puts the text of each term in place of its name.

    It raises PackError where a term stands for itself.
    """
    known: dict[str, str | None] = {}

    def put(found: re.Match[str]) -> str:
        name = found[0]
        if name not in terms:
            return name
        if name not in known:
            known[name] = None  # begun: what is in it must not lead here again
            known[name] = f"({_WORD.sub(put, terms[name])})"
        text = known[name]
        if text is None:
            raise PackError(f"the term {name} stands for itself", where="derivation: terms")
        return text

    return lambda text: _WORD.sub(put, text)


def _facts(spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
    risk = spec.get("risk")
    facts = risk.get("facts") if isinstance(risk, dict) else None
    return facts if isinstance(facts, dict) else None


def _first(rules: tuple[Rule, ...], holds: Holds) -> str | None:
    for rule in rules:
        answer = holds(rule)
        if answer is not False:
            return str(rule.value) if answer else None
    return None


def _stage(rules: tuple[Rule, ...], holds: Holds) -> tuple[str | None, tuple[str, ...]]:
    """Return the latest stage that holds and the ids of its rules; None if an unknown
    rule could raise it."""
    ranks = CONSTANTS["stages"]
    latest, possible, reasons = "intake", "intake", []
    for rule in rules:
        answer = holds(rule)
        if answer is None:
            possible = max(possible, rule.value, key=ranks.__getitem__)
        elif answer:
            latest = max(latest, rule.value, key=ranks.__getitem__)
            reasons.append(rule.name)
    return (None, ()) if ranks[possible] > ranks[latest] else (latest, tuple(reasons))


def _tier(
    rules: tuple[Rule, ...], holds: Holds, *, known: bool
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return lower bound, upper bound, and the ids that hold, strictest first; beside a
    prohibited practice no other trigger counts."""
    if not known:
        return None, None, ()
    ranks = CONSTANTS["tiers"]
    answers = [(rule, holds(rule)) for rule in rules]
    holding = sorted((r for r, answer in answers if answer), key=lambda r: -ranks[r.value])
    lower = holding[0].value if holding else "low"
    if lower == "prohibited":
        holding = [rule for rule in holding if rule.value == lower]
    upper = max([lower, *(r.value for r, a in answers if a is None)], key=ranks.__getitem__)
    return lower, upper, tuple(rule.name for rule in holding)
