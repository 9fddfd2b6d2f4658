"""Derive tier, EU category, stage and implied facts from what the facts say.

The rules are data (`policies/derivation/*.yaml`), each a CEL condition under
three-valued logic: true holds, unknown may hold.  So an absent or `unknown` fact
counts as harmless in the lower bound of the tier and as its strictest in the upper.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aigov.errors import PackError
from aigov.expressions import CONSTANTS, Engine, Expression
from aigov.results import Derived
from aigov.syntax import paths

_WORD = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\.?[A-Za-z_]\w*""")
"""A text literal, a field with its dot, or a name."""
_SECTIONS = {"terms", "lists", "choice", "triggers", "stage", "implied"}


class Rule(NamedTuple):
    """One condition and what follows where it holds."""

    name: str
    """Trigger id, list item, category, stage rule id or fact name."""
    value: Any
    """Tier, stage or implied value; the name itself for items and categories."""
    when: Expression
    reason: str
    where: str
    """File and section, for errors."""


class Derivation(NamedTuple):
    """All derivation rules of a pack, in the order of their files."""

    engine: Engine
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

    def inputs(self, name: str) -> list[str]:
        """Return the dotted paths that `derived.<name>` is computed from."""
        groups = {
            "tier": self.tiers,
            "tier_max": self.tiers,
            "stage": self.stages,
            "eu_category": self.category,
            **self.lists,
        }
        found = {p.dotted: None for rule in groups.get(name, ()) for p in paths(rule.when.tree)}
        return [path for path in found if path.startswith(("spec.", "metadata."))]


def parse_derivation(files: Mapping[str, object], engine: Engine) -> Derivation:
    """Build the rules from the parsed files (path to value).

    Raises:
        PackError: a section, rule or condition does not hold; names the file.
    """
    terms: dict[str, str] = {}
    for path, value in files.items():
        if not isinstance(value, dict) or not value.keys() <= _SECTIONS:
            raise PackError(
                f"a derivation file is a mapping of {', '.join(sorted(_SECTIONS))}", where=path
            )
        terms.update(value.get("terms") or {})
    reader = _Reader(engine, terms)
    lists: dict[str, tuple[Rule, ...]] = {}
    groups: dict[str, list[Rule]] = {"implied": [], "triggers": [], "stage": [], "choice": []}
    for path, value in files.items():
        assert isinstance(value, dict)  # held above
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
    for kind, section in (("tiers", "triggers"), ("stages", "stage")):
        for rule in groups[section]:
            if rule.value not in CONSTANTS[kind]:
                raise PackError(f"{rule.name}: no {kind[:-1]} {rule.value}", where=rule.where)
    return Derivation(
        engine,
        tuple(groups["implied"]),
        tuple(groups["triggers"]),
        tuple(groups["stage"]),
        tuple(groups["choice"]),
        lists,
    )


def derive(
    derivation: Derivation, spec: Mapping[str, Any], metadata: Mapping[str, Any], today: str
) -> tuple[Derived, dict[str, Any], Mapping[str, Any]]:
    """Return what the facts say, the `derived` variable for policies, and `spec` with
    the implied facts filled in.

    `spec` and `metadata` are without null values and without `unknown` facts.
    """
    variables = {"spec": spec, "metadata": metadata, "today": today}
    activation = derivation.engine.activation(variables)
    facts = _facts(spec)
    implied = {
        rule.name: rule.value
        for rule in derivation.implied
        if facts is not None and rule.name not in facts and rule.when(activation).value
    }
    if implied:
        spec = {**spec, "risk": {**spec["risk"], "facts": {**(facts or {}), **implied}}}
        activation = derivation.engine.activation({**variables, "spec": spec})
    variable: dict[str, Any] = {}
    for name, rules in derivation.lists.items():
        if derivation.wanted is not None and name not in derivation.wanted:
            continue
        answers = [rule.when(activation).value for rule in rules]
        if None not in answers:
            variable[name] = [r.value for r, holds in zip(rules, answers, strict=True) if holds]
    category = _first(derivation.category, activation)
    stage, stage_reasons = _stage(derivation.stages, activation)
    tier, tier_max, tier_reasons = _tier(derivation.tiers, activation, known=facts is not None)
    found = {"eu_category": category, "stage": stage, "tier": tier, "tier_max": tier_max}
    variable.update({key: value for key, value in found.items() if value is not None})
    if tier is not None:
        variable["tier_reasons"] = list(tier_reasons)
    variable["stage_facts"] = [
        {"pointer": "/" + path.replace(".", "/")}
        for rule in derivation.stages
        if rule.name in stage_reasons
        for path in dict.fromkeys(p.dotted for p in paths(rule.when.tree))
        if path.startswith("spec.") and path != "spec.lifecycle.stage"
    ]
    derived = Derived(stage, stage_reasons, tier, tier_max, tier_reasons, category, implied)
    return derived, variable, spec


def _facts(spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
    risk = spec.get("risk")
    facts = risk.get("facts") if isinstance(risk, dict) else None
    return facts if isinstance(facts, dict) else None


def _first(rules: tuple[Rule, ...], activation: Any) -> str | None:
    for rule in rules:
        holds = rule.when(activation).value
        if holds is not False:
            return str(rule.value) if holds else None
    return None


def _stage(rules: tuple[Rule, ...], activation: Any) -> tuple[str | None, tuple[str, ...]]:
    """Return the latest stage that holds and the ids of its rules; None if an unknown
    rule could raise it."""
    ranks = CONSTANTS["stages"]
    latest, possible, reasons = "intake", "intake", []
    for rule in rules:
        holds = rule.when(activation).value
        if holds is None:
            possible = max(possible, rule.value, key=ranks.__getitem__)
        elif holds:
            latest = max(latest, rule.value, key=ranks.__getitem__)
            reasons.append(rule.name)
    return (None, ()) if ranks[possible] > ranks[latest] else (latest, tuple(reasons))


def _tier(
    rules: tuple[Rule, ...], activation: Any, *, known: bool
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return lower bound, upper bound, and the ids that hold, strictest first."""
    if not known:
        return None, None, ()
    ranks = CONSTANTS["tiers"]
    answers = [(rule, rule.when(activation).value) for rule in rules]
    holding = sorted((r for r, holds in answers if holds), key=lambda r: -ranks[r.value])
    lower = holding[0].value if holding else "low"
    upper = max([lower, *(r.value for r, h in answers if h is None)], key=ranks.__getitem__)
    return lower, upper, tuple(rule.name for rule in holding)


class _Reader:
    """Reads rules, putting each term's text in where its name stands."""

    def __init__(self, engine: Engine, terms: Mapping[str, str]) -> None:
        self.engine = engine
        self.terms = terms
        self.expanded: dict[str, str] = {}

    def rules(self, rows: Any, where: str, name: str, result: str) -> list[Rule]:
        found = []
        if not isinstance(rows, list):
            raise PackError("a list of rules is expected", where=where)
        for row in rows:
            if not isinstance(row, dict) or not {name, result, "when"} <= row.keys():
                raise PackError(f"a rule needs {name}, {result} and when", where=where)
            text = self.expand(str(row["when"]), where, ())
            expression = self.engine.expression(text)
            reason = str(row.get("reason", ""))
            found.append(Rule(str(row[name]), row[result], expression, reason, where))
        return found

    def expand(self, text: str, where: str, within: tuple[str, ...]) -> str:
        """Put in, for each name of a term that no dot precedes, the term's own text."""

        def put(found: re.Match[str]) -> str:
            name = found[0]
            if name not in self.terms:
                return name
            if name in within:
                raise PackError(f"the term {name} stands for itself", where=where)
            if name not in self.expanded:
                inner = self.expand(str(self.terms[name]), where, (*within, name))
                self.expanded[name] = f"({inner})"
            return self.expanded[name]

        return _WORD.sub(put, text)
