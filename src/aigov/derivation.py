"""Derive tier, EU category, stage and implied facts from what the facts say.

The rules are data (`policies/derivation/*.yaml`), each a CEL condition under
three-valued logic: true holds, unknown may hold.  So an absent or `unknown` fact
counts as harmless in the lower bound of the tier and as its strictest in the upper.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aigov.conditions import Condition, Holds, Terms
from aigov.expressions import CONSTANTS, Engine, Expression
from aigov.results import Derived


class Rule(NamedTuple):
    """One condition and what follows where it holds."""

    name: str
    """Trigger id, list item, category, stage rule id or fact name."""
    value: Any
    """Tier, stage or implied value; the name itself for items and categories."""
    when: Condition
    text: str
    """The condition as written, with names of terms."""
    reason: str
    where: str
    """File and section, for errors."""


class Derivation(NamedTuple):
    """All derivation rules of a pack, in the order of their files."""

    engine: Engine
    terms: Terms
    implied: tuple[Rule, ...]
    tiers: tuple[Rule, ...]
    stages: tuple[Rule, ...]
    category: tuple[Rule, ...]
    lists: Mapping[str, tuple[Rule, ...]]
    wanted: frozenset[str] | None = None
    """The lists that anything reads; None: all are derived."""

    def rules(self) -> Iterator[Rule]:
        """Yield every rule; a loader checks the names in each."""
        for group in (self.implied, self.tiers, self.stages, self.category, *self.lists.values()):
            yield from group

    def expression(self, rule: Rule) -> Expression:
        """Return the rule's condition as one expression, without names of terms."""
        return self.engine.expression(self.terms.expanded(rule.text, rule.where))

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
        read = dict.fromkeys(path.dotted for path in self.expression(rule).paths)
        return [path for path in read if path.startswith(("spec.", "metadata."))]


def parse_derivation(files: Mapping[str, Any], engine: Engine) -> Derivation:
    """Build the rules from the parsed files (path to value).

    Raises:
        PackError: a section, rule or condition does not hold; names the file.
    """
    terms: dict[str, str] = {}
    for value in files.values():
        terms.update(value.get("terms", {}))
    reader = _Reader(Terms(engine, terms))
    lists: dict[str, tuple[Rule, ...]] = {}
    groups: dict[str, list[Rule]] = {"implied": [], "triggers": [], "stage": [], "choice": []}
    for path, value in files.items():
        for name, items in (value.get("lists") or {}).items():
            lists[name] = tuple(reader.rules(items, f"{path}: lists.{name}", "item", "item"))
        for section, name, result in (
            ("implied", "fact", "value"),
            ("triggers", "id", "tier"),
            ("stage", "id", "stage"),
        ):
            rows = value.get(section) or []
            groups[section] += reader.rules(rows, f"{path}: {section}", name, result)
        choice = value.get("choice") or {}
        groups["choice"] += reader.rules(
            choice.get("rules") or [], f"{path}: choice", "value", "value"
        )
    return Derivation(
        engine,
        reader.terms,
        tuple(groups["implied"]),
        tuple(groups["triggers"]),
        tuple(groups["stage"]),
        tuple(groups["choice"]),
        lists,
    )


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
        if facts is not None and rule.name not in facts and holds(rule.when)
    }
    if implied:
        spec = {**spec, "risk": {**spec["risk"], "facts": {**(facts or {}), **implied}}}
        holds = _judge_of(derivation, {**variables, "spec": spec})
    variable: dict[str, Any] = {}
    for name, rules in derivation.lists.items():
        if facts is None or not (derivation.wanted is None or name in derivation.wanted):
            continue
        answers = [holds(rule.when) for rule in rules]
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
    known: dict[int, bool | None] = {}
    return lambda condition: condition.holds(activation, known)


def _facts(spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
    risk = spec.get("risk")
    facts = risk.get("facts") if isinstance(risk, dict) else None
    return facts if isinstance(facts, dict) else None


def _first(rules: tuple[Rule, ...], holds: Holds) -> str | None:
    for rule in rules:
        answer = holds(rule.when)
        if answer is not False:
            return str(rule.value) if answer else None
    return None


def _stage(rules: tuple[Rule, ...], holds: Holds) -> tuple[str | None, tuple[str, ...]]:
    """Return the latest stage that holds and the ids of its rules; None if an unknown
    rule could raise it."""
    ranks = CONSTANTS["stages"]
    latest, possible, reasons = "intake", "intake", []
    for rule in rules:
        answer = holds(rule.when)
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
    answers = [(rule, holds(rule.when)) for rule in rules]
    holding = sorted((r for r, answer in answers if answer), key=lambda r: -ranks[r.value])
    lower = holding[0].value if holding else "low"
    if lower == "prohibited":
        holding = [rule for rule in holding if rule.value == lower]
    upper = max([lower, *(r.value for r, a in answers if a is None)], key=ranks.__getitem__)
    return lower, upper, tuple(rule.name for rule in holding)


class _Reader:
    """Reads the rows of a section."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def rules(self, rows: Any, where: str, name: str, result: str) -> list[Rule]:
        found = []
        for row in rows:
            text, reason = str(row["when"]), str(row.get("reason", ""))
            condition = self.terms.condition(text, where)
            found.append(Rule(str(row[name]), row[result], condition, text, reason, where))
        return found
