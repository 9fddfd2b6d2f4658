"""One hand-made result that holds everything a report can be asked to print.

`ZOO` is tame; `hostile()` is its twin with an attack in every text of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from aigov.findings import Enforcement, Outcome, Place, Result, Spot, fingerprint
from aigov.results import CheckResult, Derived, DocumentResult, PolicyText, Problem

RETAIL = "examples/2-moderate-production.aigov.yaml"
PASSING = tuple(f"DES-{number:03}" for number in range(1, 13))


def policy(
    code: str, name: str, title: str, remedy: str, **controls: tuple[str, ...]
) -> PolicyText:
    """Return the words of a policy; control frameworks with `_` for `-`."""
    domain = {"GOV": "strategy-governance", "OPS": "deploy-operate"}.get(
        code[:3], "design-architecture"
    )
    frameworks = {name.replace("_", "-"): refs for name, refs in controls.items()}
    return PolicyText(code, name, title, domain, remedy, frameworks)


_TEXTS = (
    *(policy(code, f"design-{code[4:]}", "A design rule", "Redesign.") for code in PASSING),
    policy(
        "BLD-002",
        "evaluation-below-threshold",
        "An evaluation result misses its own threshold",
        "Improve the system until the result meets the threshold, or lower the threshold in"
        " a reviewed change that says why.",
        nist_ai_rmf=("MEASURE 2.3",),
        iso_42001=("A.6.2.4",),
    ),
    policy(
        "GOV-001",
        "accountable-owner-missing",
        "Nobody is accountable for the use case",
        "Name one person (not a mailbox or list) and the team that answers when they leave.",
        nist_ai_rmf=("GOVERN 2.1", "GOVERN 2.3"),
        iso_42001=("A.3.2",),
        eu_ai_act=("Art. 26(2)",),
        sr_26_2=("VI",),
        ai_verify=("9.1.1",),
    ),
    policy(
        "GOV-003",
        "duties-not-separated",
        "An approver builds or answers for what is approved",
        "Let somebody approve who is neither the accountable owner nor the builder.",
        sr_26_2=("VI",),
    ),
    policy(
        "GOV-004",
        "tier-understated",
        "The declared risk tier is lower than the facts imply",
        "Raise spec.risk.tier, or correct the fact that drives it.",
        eu_ai_act=("Art. 6",),
        nist_ai_rmf=("GOVERN 1.3", "MAP 2.1"),
        iso_42001=("A.5.2",),
    ),
    policy(
        "GOV-009",
        "approval-expired",
        "An approval has expired",
        "Renew it; approvals last at most 12 months.",
        nist_ai_rmf=("GOVERN 1.5",),
    ),
    policy("GOV-013", "decision-rights-unclear", "A decision has no single owner", "Name one."),
    policy(
        "MAN-001",
        "placeholder-left",
        "A placeholder stands where a real value belongs",
        "Replace TBD, TODO, ??? and the like with the real value.",
        iso_42001=("7.5",),
    ),
    policy(
        "MAN-013",
        "field-missing",
        "Fields that this stage asks for are missing",
        "Fill them in; `aigov-gate explain FIELD` says what each one means.",
        iso_42001=("7.5.2",),
    ),
    policy("OPS-001", "slo-missing", "A service level is not stated", "State it."),
    policy(
        "OPS-004",
        "incident-drill-stale",
        "The incident drill is too long ago",
        "Run a drill and record its date.",
        nist_ai_rmf=("MANAGE 4.3",),
    ),
    policy("OPS-007", "rollback-untested", "Nobody has tried the rollback", "Try it."),
    policy("REG-001", "eu-role-missing", "The EU role is not declared", "Declare it."),
    policy("REG-003", "ai-use-undisclosed", "People are not told it is AI", "Tell them."),
    policy("SYN-001", "manifest-syntax", "The file is not a readable manifest", "Repair it."),
    policy("VAL-003", "unit-cost-unknown", "Nobody knows what one use costs", "Measure it."),
    policy("VAL-005", "benefit-unowned", "No one answers for the benefit", "Name an owner."),
    policy("VAL-006", "value-not-measured", "The value is not measured", "Measure it."),
    policy("WAI-003", "waiver-expiring", "A waiver expires soon", "Renew it, or comply."),
)
POLICIES = {text.code: text for text in sorted(_TEXTS)}


def found(
    code: str,
    outcome: Outcome,
    enforcement: Enforcement,
    message: str,
    pointer: str,
    where: tuple[int, int, int] | None,
    **more: Any,
) -> Result:
    """Return a finding at (line, column, end column)."""
    place = Place(where[0], where[1], where[0], where[2]) if where else None
    mark = fingerprint(code, "zoo", pointer)
    return Result(code, outcome, enforcement, message, pointer, place, fingerprint=mark, **more)


BLOCK, WARN, INFO = Enforcement.BLOCK, Enforcement.WARN, Enforcement.INFO
PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN

RETAIL_RESULTS = (
    found(
        "BLD-002",
        FAIL,
        BLOCK,
        "evaluation groundedness: 0.91 found, at least 0.93 passes",
        "/spec/delivery/evaluations/0/result",
        (98, 97, 101),
        related=(
            Spot("/spec/delivery/evaluations/1/result", Place(99, 91, 99, 96)),
            Spot("/spec/delivery/evaluations/2/result", Place(100, 99, 100, 104)),
            Spot("/spec/delivery/evaluations/3/result", Place(101, 99, 101, 104)),
            Spot("/spec/delivery/evaluations/4/result", Place(102, 99, 102, 104)),
        ),
    ),
    *(Result(code, PASS) for code in PASSING),
    found(
        "GOV-001",
        FAIL,
        BLOCK,
        "spec.ownership.accountable.person is ai-team@northbank.internal, a mailbox; a person"
        " (an e-mail address or @handle of one human being) passes",
        "/spec/ownership/accountable/person",
        (38, 28, 55),
    ),
    found(
        "GOV-004",
        FAIL,
        BLOCK,
        "declared low, but M2 and M4 imply moderate",
        "/spec/risk/tier",
        (55, 11, 14),
    ),
    found(
        "GOV-009",
        Outcome.WAIVED,
        BLOCK,
        "the approval of governance by legal expired on 2026-10-01",
        "/spec/approvals/3/expires_on",
        (79, 124, 134),
        waiver="waiver-legal-renewal",
    ),
    found(
        "GOV-013",
        Outcome.ERROR,
        BLOCK,
        "no such overload: int > string",
        "/spec/ownership/decisions",
        (46, 5, 14),
    ),
    found("MAN-001", FAIL, INFO, "TBD is a placeholder", "/spec/purpose/problem", (11, 14, 17)),
    found(
        "MAN-013",
        FAIL,
        BLOCK,
        "missing: spec.oversight.queue.capacity_per_day, spec.value.kpis[0].actual,"
        " spec.change.adoption",
        "/spec/oversight/queue/capacity_per_day",
        (108, 5, 10),
        related=(
            Spot("/spec/value/kpis/0/actual", Place(131, 12, 131, 16)),
            Spot("/spec/change/adoption", Place(136, 3, 136, 9)),
        ),
    ),
    Result("OPS-001", PASS),
    found(
        "OPS-004",
        FAIL,
        WARN,
        "last drill 2026-01-14, 312 days ago; at most 180 days pass",
        "/spec/operations/incident/last_drill_on",
        (120, 260, 270),
    ),
    Result("OPS-007", Outcome.NOT_APPLICABLE),
    found(
        "REG-001",
        UNKNOWN,
        BLOCK,
        "",
        "/spec/risk/eu_ai_act",
        (54, 3, 7),
        missing=("/spec/risk/eu_ai_act",),
    ),
    found(
        "REG-003",
        UNKNOWN,
        BLOCK,
        "",
        "/spec/risk/eu_ai_act",
        (54, 3, 7),
        missing=("/spec/risk/eu_ai_act",),
    ),
    Result("VAL-003", Outcome.NOT_APPLICABLE, missing=("profile",)),
    Result("VAL-005", Outcome.NOT_APPLICABLE, missing=("history", "profile")),
    found(
        "VAL-006",
        UNKNOWN,
        WARN,
        "the actual value is not stated",
        "/spec/value/kpis/0/actual",
        (131, 12, 16),
        missing=("/spec/value/kpis/0/actual", "/spec/value/roi/actual"),
        note="known only once the use case is live",
    ),
)

ZOO = CheckResult(
    tool_version="0.1.0",
    as_of="2026-11-22",
    target_stage="production",
    policy_digest="sha256:" + "5e" * 32,
    profile_digest=None,
    policies=POLICIES,
    documents=(
        DocumentResult(
            path="examples/1-low-pilot.aigov.yaml",
            line=1,
            kind="UseCase",
            use_case="sre-runbook-assistant",
            name="SRE runbook assistant",
            digest="a1" * 32,
            stage="pilot",
            tier="low",
            declared_stage="pilot",
            declared_tier="low",
            derived=Derived("pilot", ("exposure-internal",), "low", "low", (), "minimal"),
            results=(
                *(Result(code, PASS) for code in PASSING),
                Result("GOV-003", Outcome.LATER),
                Result("MAN-013", PASS, note="imported on 2026-09-01"),
                Result("VAL-006", Outcome.LATER),
            ),
            next_stage="authorization",
            preview=(
                found("GOV-003", FAIL, WARN, "nobody has approved yet", "/spec/approvals", None),
                found("VAL-006", FAIL, WARN, "no actual value", "/spec/value", (88, 3, 8)),
            ),
        ),
        DocumentResult(
            path=RETAIL,
            line=1,
            kind="UseCase",
            use_case="retail-support-bot",
            name="Retail customer support bot (Ava)",
            digest="b2" * 32,
            stage="production",
            tier="moderate",
            declared_stage="operational_ownership",
            declared_tier="low",
            derived=Derived(
                "production",
                ("exposure-external-broad",),
                "moderate",
                "high",
                ("M2", "M4"),
                "limited",
                {"gpai": "uses", "biometric": "none"},
            ),
            results=RETAIL_RESULTS,
            next_stage="retired",
            preview=tuple(
                found(code, FAIL, BLOCK, "", "/spec/decommission", (140, 3, 15))
                for code in (
                    "OPS-001",
                    "OPS-007",
                    "VAL-003",
                    "VAL-005",
                    "GOV-003",
                    "DES-001",
                    "DES-002",
                )
            ),
        ),
        DocumentResult(
            path=RETAIL,
            line=144,
            kind="Waiver",
            use_case="retail-support-bot",
            name="",
            digest="c3" * 32,
            stage=None,
            tier=None,
            declared_stage=None,
            declared_tier=None,
            derived=Derived(),
            results=(
                found(
                    "WAI-003",
                    FAIL,
                    WARN,
                    "expires on 2026-12-20, in 28 days",
                    "/spec/expires_on",
                    (151, 15, 25),
                ),
            ),
        ),
        DocumentResult(
            path="teams/credit/aigov.yaml",
            line=1,
            kind="UseCase",
            use_case="",
            name="",
            digest="d4" * 32,
            stage="intake",
            tier="low",
            declared_stage=None,
            declared_tier=None,
            derived=Derived(),
            results=(
                found(
                    "MAN-013",
                    UNKNOWN,
                    BLOCK,
                    "",
                    "/metadata",
                    (3, 1, 9),
                    missing=tuple(f"/metadata/{name}" for name in "abcdefgh"),
                ),
                found(
                    "VAL-005",
                    FAIL,
                    BLOCK,
                    "",
                    "/spec/value/kpis/0/owner",
                    (9, 3, 8),
                ),
            ),
        ),
        DocumentResult(
            path="teams/profile.yaml",
            line=1,
            kind="Organization",
            use_case="northbank",
            name="Northbank",
            digest="e5" * 32,
            stage=None,
            tier=None,
            declared_stage=None,
            declared_tier=None,
            derived=Derived(),
            results=(),
        ),
    ),
    problems=(
        Problem(
            "SYN-001", "teams/hr/aigov.yaml", 7, 3, 'the key "metadata" stands twice; once passes'
        ),
    ),
    notes=("Without --profile no waiver approver is known: waivers are shown, not honoured.",),
)

ATTACK = (
    "\x1b[2J\x1b]8;;http://evil\x07\x9b31m\r\n::error file=a,line=1::forged\n##[error]forged "
    "##vso[task.complete result=Succeeded] %0A::error::x ]]></failure><script>alert(1)</script> "
    "=cmd|'/c calc'!A1 +1 -1 @SUM(A1) `x` | [a](javascript:b) \t\u2028\u2029\x00\x85\xa0"
    "\u202etxt.exe\u2066\u2069\u200f\u200b\ufeff\U000e0041\ufe0f\u3164 \U0001f600"
    " \ud800 \u05d0\u05d1 \u6f22\u5b57 "
)


def hostile(attack: str = ATTACK) -> CheckResult:
    """Return the zoo with `attack` before every text and 10,000 characters after it."""
    return poisoned(lambda text: f"{attack}{text}{'A' * 10_000}")


def poisoned(poison: Callable[[str], str]) -> CheckResult:
    """Return the zoo with `poison` applied to every text that can come from outside.

    Codes, kinds, judged stages and tiers, digests and dates are made by the engine, and
    stay: the structure of the report hangs on them.
    """
    return ZOO._replace(
        policies={
            code: text._replace(
                id=poison(text.id),
                title=poison(text.title),
                domain=poison(text.domain),
                remedy=poison(text.remedy),
                controls={
                    poison(name): tuple(map(poison, refs)) for name, refs in text.controls.items()
                },
            )
            for code, text in ZOO.policies.items()
        },
        documents=tuple(_poisoned_document(document, poison) for document in ZOO.documents),
        problems=tuple(
            one._replace(path=poison(one.path), message=poison(one.message)) for one in ZOO.problems
        ),
        notes=tuple(map(poison, ZOO.notes)),
    )


def _poisoned_document(document: DocumentResult, poison: Callable[[str], str]) -> DocumentResult:
    derived = document.derived
    return document._replace(
        path=poison(document.path),
        use_case=poison(document.use_case),
        name=poison(document.name),
        declared_stage=poison(document.declared_stage or ""),
        declared_tier=poison(document.declared_tier or ""),
        derived=derived._replace(
            stage_reasons=tuple(map(poison, derived.stage_reasons)),
            tier_reasons=tuple(map(poison, derived.tier_reasons)),
            implied={poison(name): poison(str(value)) for name, value in derived.implied.items()},
        ),
        results=tuple(_poisoned_result(one, poison) for one in document.results),
        preview=tuple(_poisoned_result(one, poison) for one in document.preview),
    )


def _poisoned_result(one: Result, poison: Callable[[str], str]) -> Result:
    missing = one.missing
    if one.outcome is Outcome.UNKNOWN:
        missing = tuple(f"/{poison(pointer)}" for pointer in missing)
    return one._replace(
        message=poison(one.message) if one.message else "",
        pointer=f"/{poison(one.pointer)}",
        related=tuple(spot._replace(pointer=f"/{poison(spot.pointer)}") for spot in one.related),
        missing=missing,
        note=poison(one.note) if one.note else "",
        waiver=poison(one.waiver) if one.waiver else None,
    )


def results(result: CheckResult) -> Iterator[Result]:
    """Yield every result of every document."""
    for document in result.documents:
        yield from document.results
