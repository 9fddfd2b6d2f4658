"""What a report can be given: the values that every format renders."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from aigov.findings import FINDINGS, Outcome, Result
from aigov.law import Obligation


class PolicyText(NamedTuple):
    """The words of one policy; a report carries them once, not once a result."""

    code: str
    id: str
    title: str
    domain: str
    remedy: str
    controls: Mapping[str, tuple[str, ...]]
    """Framework (`eu-ai-act`) to references (`Art. 6`), as written in the policy."""
    obligations: tuple[Obligation, ...] = ()
    """The legal obligations that the policy rests on."""


class Derived(NamedTuple):
    """What the facts say, beside what is declared; None or () where an input is absent."""

    stage: str | None = None
    stage_reasons: tuple[str, ...] = ()
    tier: str | None = None
    """Lower bound: unknown facts count as harmless."""
    tier_max: str | None = None
    """Upper bound: unknown facts count as their strictest value."""
    tier_reasons: tuple[str, ...] = ()
    """Trigger ids that hold (`M2`), strictest first."""
    eu_category: str | None = None
    implied: Mapping[str, object] = {}
    """Facts settled by other facts: name below `spec.risk.facts` to value."""


class DocumentResult(NamedTuple):
    """One document and every result on it, results sorted by code and pointer."""

    path: str
    """POSIX, relative to the repository root, else to the current folder."""
    line: int
    """Where the document starts in its file (from 1)."""
    kind: str
    """`UseCase`, `Waiver`, `Organization`; as a UseCase where the kind is unreadable."""
    use_case: str
    """`metadata.id`; for a waiver the use case it names; "" where it is unreadable."""
    name: str
    digest: str
    """sha256 (hex) of the document's own text."""
    stage: str | None
    """Judged stage: the latest of declared, derived and target."""
    tier: str | None
    """Effective tier: the highest of declared and derived."""
    declared_stage: str | None
    declared_tier: str | None
    derived: Derived
    results: tuple[Result, ...]
    next_stage: str | None = None
    preview: tuple[Result, ...] = ()
    """What would be a finding at `next_stage` and is none yet."""
    changed: tuple[str, ...] | None = None
    """What changed since the base, in words; None for what is new or not compared."""


class Problem(NamedTuple):
    """A file that could not be read as manifests; always blocks."""

    code: str
    path: str
    line: int
    column: int
    message: str


class Summary(NamedTuple):
    """Counts over all documents, as printed in every format."""

    documents: int
    outcomes: Mapping[Outcome, int]
    """All seven outcomes, zeros included."""
    blocking: int
    """Blocking fails and unknowns, errors and problems."""
    warning: int
    not_judged: Mapping[str, int]
    """Context that was not given (`profile`) to the results it left unjudged."""


NEEDING = frozenset(("runtime", "infrastructure", "model", "notebook"))
"""Kinds of detection that need a manifest."""


class Detection(NamedTuple):
    """A place where a repository uses AI, found without a manifest's help."""

    path: str
    """POSIX, relative to the repository root."""
    line: int
    kind: str
    """One of `NEEDING`, `tooling` or `mention`."""
    name: str
    """Package, host, image, resource or format."""
    ecosystem: str
    detector: str
    confidence: str
    """`high medium low`."""
    use_case: str | None = None
    """The use case that covers it; several with ", " between; None: no manifest does."""


class Reason(NamedTuple):
    """Something that blocks a deploy."""

    code: str
    use_case: str
    path: str
    line: int
    message: str
    unblocks: int
    """Blocking results in the same block of the manifest: they may fall together."""


class Decision(NamedTuple):
    """May this go live?"""

    allow: bool
    stage: str
    """The target stage."""
    given: Mapping[str, object]
    """What the caller set that bears on it."""
    reasons: tuple[Reason, ...]
    """What unblocks most comes first."""


class CheckResult(NamedTuple):
    """Everything one `aigov check` or `aigov gate` found."""

    tool_version: str
    as_of: str
    """The date it was judged on, YYYY-MM-DD."""
    target_stage: str | None
    policy_digest: str
    """`sha256:` and 64 hex digits over all policy and derivation files in force."""
    profile_digest: str | None
    policies: Mapping[str, PolicyText]
    """By code, sorted; every code that occurs in a result."""
    documents: tuple[DocumentResult, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences a reader must see: what was not judged and why."""
    command: str = "check"
    decision: Decision | None = None
    """Of the gate alone."""
    source_url: str = ""
    """Where the files of the commit can be read, their paths after a `/`; "" if unknown."""
    detections: tuple[Detection, ...] = ()
    """Of what reads the repository's code; sorted."""
    ai_use: str = ""
    """`none registered unregistered declared_not_ai`; "" where nobody looked at the code."""


class Tally(NamedTuple):
    """How often something happened."""

    times: int = 0
    named: tuple[str, ...] = ()
    """The first few, in words."""


class Changes(NamedTuple):
    """What changed since the audit before; the names are what reports call it."""

    since: str
    """The date of that audit, YYYY-MM-DD."""
    newly_unregistered: Tally = Tally()
    """Repositories that use AI without a manifest, and did not."""
    no_longer_unregistered: Tally = Tally()
    """Those that did, and do not or are gone."""
    findings_opened: Tally = Tally()
    """Findings that nobody knew."""
    findings_reopened: Tally = Tally()
    """Findings that were gone or waived."""
    findings_fixed: Tally = Tally()
    findings_waived: Tally = Tally()
    findings_rule_retired: Tally = Tally()
    findings_repo_gone: Tally = Tally()
    waivers_expired: Tally = Tally()

    @property
    def tallies(self) -> dict[str, Tally]:
        return dict(zip(self._fields[1:], self[1:], strict=True))


class FleetAudit(NamedTuple):
    """Everything one `aigov audit` found."""

    tool_version: str
    as_of: str
    run: str
    """sha256 (64 hex digits) of sources, heads, digests and date."""
    policy_digest: str
    profile_digest: str | None
    policies: Mapping[str, PolicyText]
    """By code, sorted; every code that occurs in a row."""
    rows: Callable[[], Iterable[Mapping[str, Any]]]
    """Yields the repositories sorted by name, anew at each call and one at a time: entries of
    `repositories` in `schemas/audit.v1.json`."""
    changes: Changes | None = None
    """None for the first audit."""
    portfolio: Mapping[str, Any] = {}
    maturity: Mapping[str, Any] = {}


def summarise(result: CheckResult) -> Summary:
    """Count the outcomes of `result`; every renderer and the exit code use these."""
    outcomes = dict.fromkeys(Outcome, 0)
    blocking, warning = len(result.problems), 0
    not_judged: dict[str, int] = {}
    for document in result.documents:
        for one in document.results:
            outcome = one.outcome
            outcomes[outcome] += 1
            if outcome in FINDINGS:
                blocking += one.blocks
                warning += one.warns
            elif one.missing:
                for context in one.missing:
                    not_judged[context] = not_judged.get(context, 0) + 1
    return Summary(
        len(result.documents), outcomes, blocking, warning, dict(sorted(not_judged.items()))
    )
