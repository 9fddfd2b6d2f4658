"""A policy: one machine-checkable rule, read from its file.

Two YAML files make a policy (the second holds its cases); this module reads the
first, `vetting` holds it to its schema and to what it may say.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from aigov.expressions import CONSTANTS, Engine, Expression
from aigov.findings import Enforcement
from aigov.source import Document

TIERS = ("low", "moderate", "high", "critical")
DOMAINS = (
    "strategy-governance",
    "intake-portfolio",
    "design-architecture",
    "build-delivery",
    "deploy-operate",
    "optimize-value",
)
PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+(?:\.[A-Za-z0-9_]+)*)\s*\}\}")
"""A value in a message: `{{spec.risk.tier}}`; `it` is the list element at fault."""


class Waivable(NamedTuple):
    """How far a waiver may go."""

    max_days: Mapping[str, int]
    """Tier to the most days between grant and expiry."""
    approver_not: tuple[str, ...]
    """Roles below `spec.ownership` that may not approve it."""


class RampIn(NamedTuple):
    """A time, given by a profile, in which a failure does less than the policy says."""

    enforcement: Enforcement
    """The most that a failure does from `first` to `last`."""
    first: str
    last: str
    then: str
    """The day from which the policy's own enforcement holds; all three YYYY-MM-DD."""


class Policy(NamedTuple):
    """One machine-checkable rule, as its file states it."""

    code: str
    id: str
    title: str
    domain: str
    binds_from: int
    """Rank of the first stage at which it binds (`CONSTANTS["stages"]`)."""
    binds_to: int
    enforcement: Mapping[int, Enforcement]
    """By rank of the tier; a missing tier is not applicable."""
    early: Enforcement | None
    """Enforcement one stage before `binds_from`."""
    soften: tuple[tuple[Expression, Enforcement], ...]
    needs: tuple[str, ...]
    when: Expression | None
    require: Expression
    at: str
    """JSON pointer (`*` for list items), or `derived.<list>` whose items carry one."""
    message: str
    remedy: str
    why: str
    waivable: Waivable | None
    params: Mapping[str, Mapping[int, float]]
    """Threshold by name (`max_...`, `min_...`) and rank of the tier."""
    controls: Mapping[str, tuple[str, ...]]
    obligations: tuple[str, ...]
    """Keys of the legal obligations that it rests on (`policies/law/corpus.yaml`)."""
    where: str
    """Path of its file."""
    ramp_in: RampIn | None = None

    @property
    def on_organisation(self) -> bool:
        """Whether it judges the organisation by its portfolio, and no use case."""
        return "portfolio" in self.needs


class Code(NamedTuple):
    """A finding that is not a policy's: of a file, a waiver, git or a repository."""

    id: str
    title: str
    enforcement: Enforcement
    remedy: str


def parse_codes(rows: Mapping[str, Mapping[str, str]]) -> dict[str, Code]:
    """Read `codes.yaml`, which has its shape (`schemas/pack.v1.json`)."""
    return {
        code: Code(row["id"], row["title"], Enforcement(row["enforcement"]), row["remedy"])
        for code, row in rows.items()
    }


def parse_policy(document: Document, path: str, engine: Engine) -> Policy:
    """Read one policy file that is vetted, or shipped and so vetted by the tests."""
    value: Any = document.value
    condition = value.get("when", "true")
    given = value.get("waivable")
    return Policy(
        code=value["code"],
        id=value["id"],
        title=value["title"],
        domain=value.get("domain", path.split("/")[-2]),
        binds_from=CONSTANTS["stages"][value["from"]],
        binds_to=CONSTANTS["stages"][value.get("to", "production")],
        enforcement={
            CONSTANTS["tiers"][tier]: Enforcement(word)
            for tier, word in value["enforcement"].items()
        },
        early=Enforcement(value["early"]) if "early" in value else None,
        soften=tuple(
            (engine.expression(row["when"]), Enforcement(row["to"]))
            for row in value.get("soften", ())
        ),
        needs=tuple(value.get("needs", ())),
        when=None if condition == "true" else engine.expression(condition),
        require=engine.expression(value["require"]),
        at=value["at"],
        message=value["message"],
        remedy=value["remedy"],
        why=value.get("why", ""),
        waivable=Waivable(given["max_days"], tuple(given["approver_not"])) if given else None,
        params={name: _by_tier(given) for name, given in value.get("params", {}).items()},
        controls={name: tuple(cited) for name, cited in value.get("controls", {}).items()},
        obligations=tuple(value.get("obligations", ())),
        where=path,
    )


def _by_tier(given: Any) -> dict[int, float]:
    by_tier = given if isinstance(given, dict) else dict.fromkeys(TIERS, given)
    return {CONSTANTS["tiers"][tier]: number for tier, number in by_tier.items()}


def resolve_params(policies: Mapping[str, Policy], tier: int) -> dict[str, float]:
    """Return the thresholds in force at a tier's rank, over all policies."""
    return {
        name: by_tier[tier]
        for policy in policies.values()
        for name, by_tier in policy.params.items()
        if tier in by_tier
    }
