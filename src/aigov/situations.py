"""What policies are judged on: a use case at its stage and tier, or an organisation."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aigov.derivation import derive
from aigov.evidence import shared, sized
from aigov.expressions import CONSTANTS, STAGES
from aigov.judgement import ORGANISATION, Situation
from aigov.policies import TIERS, resolve_params
from aigov.preparing import Prepared, Surroundings, mapping
from aigov.required import Requirement, absent
from aigov.results import Derived
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.source import Document

_RANKS = CONSTANTS["stages"]


def situate(
    prepared: Prepared, surroundings: Surroundings, rules: Rules, settings: Settings
) -> Situation:
    """Return what the policies on use cases are judged on."""
    derived, bound = bind(prepared, surroundings, rules, settings)
    spec = bound.values["spec"]
    stage = judged_stage(spec, derived, settings.target_stage)
    return bound.situation(stage, effective_tier(spec, derived, stage), settings)


def bind(
    prepared: Prepared, surroundings: Surroundings, rules: Rules, settings: Settings
) -> "tuple[Derived, Bound]":
    given_spec, metadata = mapping(prepared.value, "spec"), mapping(prepared.value, "metadata")
    code = surroundings.contexts(prepared.id).get("repository", {}).get("repository")
    derived, variable, spec = derive(rules.derivation, given_spec, metadata, settings.as_of, code)
    found = surroundings.evidence
    variable["placeholders"] = list(prepared.placeholders)
    variable["unknown_facts"] = list(prepared.unknown_facts)
    variable["done_dates"] = list(prepared.done_dates)
    variable["evidence"] = sized(prepared.evidence, found)
    distinct = rules.vocabulary.distinct_evidence
    variable["shared_evidence"] = shared(prepared.evidence, found, distinct)
    implied = {f"/spec/risk/facts/{name}" for name in derived.implied}
    everything = absent(rules.demands, prepared.document.value)
    lacking = [(pointer, row) for pointer, row in everything if pointer not in implied]
    values = {"spec": spec, "metadata": metadata}
    return derived, Bound(prepared, values, variable, surroundings, lacking, rules)


def situate_organisation(
    document: Document, portfolio: Mapping[str, Any], rules: Rules, settings: Settings
) -> Situation:
    """Return what the policies on the organisation are judged on; findings stand in its
    profile's `document`, and `portfolio` is as in `schemas/facts.v1.json`.

    It has neither stage nor tier: it is held to what live and critical use cases are.
    """
    profile = mapping(document.value, "spec")
    stage, tier = _RANKS["production"], CONSTANTS["tiers"]["critical"]
    variables = {
        "profile": profile, "portfolio": portfolio, "today": settings.as_of, "stage": stage,
        "tier": tier, "params": resolve_params(rules.policies, tier),
    }  # fmt: skip
    organisation = str(mapping(document.value, "metadata").get("id", ""))
    return Situation(
        document, organisation, stage, tier, variables, rules.engine.activation(variables),
        rules.engine, frozenset({"profile", "portfolio"}), True, lambda _name: [], ORGANISATION,
        corpus=rules.corpus,
    )  # fmt: skip


class Bound(NamedTuple):
    """A document's values, ready to be judged at any stage."""

    prepared: Prepared
    values: Mapping[str, Any]
    derived: Mapping[str, Any]
    surroundings: Surroundings
    absent: list[tuple[str, Requirement]]
    """What any stage and tier may ask for and the document neither states nor implies."""
    rules: Rules

    def situation(self, stage: str | None, tier: str, settings: Settings) -> Situation:
        stage_rank, tier_rank = _RANKS.get(stage or "", 0), CONSTANTS["tiers"][tier]
        variables: dict[str, Any] = {
            **self.values,
            "derived": self.derived,
            "today": settings.as_of,
            "stage": stage_rank,
            "tier": tier_rank,
            "judged": {"stage": stage_rank, "tier": tier_rank},
            "params": resolve_params(self.rules.policies, tier_rank),
            "evidence": {path: one.resolves for path, one in self.surroundings.evidence.items()},
        }
        contexts = {**self.surroundings.contexts(self.prepared.id)}
        if settings.profile:
            contexts["profile"] = {"profile": settings.profile.spec}
        for facts in contexts.values():
            variables |= facts
        missing = self._missing(variables, stage_rank, tier_rank)
        variables["derived"] = {
            **self.derived,
            "missing": [{"pointer": pointer} for pointer, _ in missing],
            "missing_read_by_blocking": bool(missing)
            and not self.rules.read_by_blocking(tier_rank).isdisjoint(p for _, p in missing),
        }
        return Situation(
            self.prepared.document,
            self.prepared.id,
            None if stage is None else stage_rank,
            tier_rank,
            variables,
            self.rules.engine.activation(variables),
            self.rules.engine,
            frozenset(contexts),
            not self.prepared.shape,
            self.rules.derivation.inputs,
            demanded=settings.demanded,
            corpus=self.rules.corpus,
        )

    def _missing(
        self, variables: Mapping[str, Any], stage: int, tier: int
    ) -> list[tuple[str, str]]:
        """Return (pointer, pattern) of each field demanded at `stage` and `tier` that is
        not written; an `unknown` fact is written."""
        found = [
            (pointer, row)
            for pointer, row in self.absent
            if row.stage <= stage and row.tier <= tier
        ]
        if not found:
            return []
        engine = self.rules.engine
        activation = engine.activation(variables)
        return [
            (pointer, row.path)
            for pointer, row in found
            if not row.when or engine.expression(row.when)(activation).value
        ]


def judged_stage(spec: Mapping[str, Any], derived: Derived, target: str | None) -> str | None:
    """Return the latest of declared, derived and target; None where none is readable.

    A derived `intake` says only that no rule raises the stage, so it settles nothing; of what
    is retired a derived stage says that it still runs.
    """
    declared = word(spec, "lifecycle", "stage", STAGES)
    if declared == "retired" and derived.stage == "production":
        declared = derived.stage
    found = derived.stage if derived.stage != "intake" or declared else None
    known = [one for one in (declared, found, target) if one]
    return max(known, key=_RANKS.__getitem__, default=None)


def effective_tier(spec: Mapping[str, Any], derived: Derived, stage: str | None) -> str:
    """Return the highest of declared and derived tier, by the rules for absent ones.

    Undeclared: the derived upper bound; without facts critical, but low at intake.
    A prohibited use case has the thresholds of a critical one.
    """
    declared = word(spec, "risk", "tier", TIERS)
    if declared:
        known = [declared, derived.tier or "low"]
    elif derived.tier_max:
        known = [derived.tier_max]
    else:
        known = ["low" if stage == "intake" else "critical"]
    highest = max(known, key=CONSTANTS["tiers"].__getitem__)
    return "critical" if highest == "prohibited" else highest


def word(spec: Mapping[str, Any], block: str, name: str, known: Iterable[str]) -> str | None:
    word = mapping(spec, block).get(name)
    return word if isinstance(word, str) and word in known else None
