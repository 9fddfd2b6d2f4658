"""What `explain` and `policies list` print, for people and for machines."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aigov.explaining import enforcement_words
from aigov.explanation import Explanation, Sample
from aigov.expressions import CONSTANTS
from aigov.frameworks import Framework
from aigov.policies import TIERS, Policy
from aigov.proving import Proof
from aigov.reports import Style
from aigov.reports.layout import Span, lay

SEEN = 12
"""Further words that an explanation names before it counts the rest."""
_STAGES = tuple(CONSTANTS["stages"])
_LEAD = 8
"""Columns of the labels `passes`, `asked`, `serves`."""


def choose(policies: Iterable[Policy], asked: Mapping[str, str | None]) -> list[Policy]:
    """Return the policies of a `domain`, that bind at a `stage`, act at a `tier` and touch a
    `framework`; what is None or absent selects nothing away."""
    domain, stage, tier = asked.get("domain"), asked.get("stage"), asked.get("tier")
    framework = asked.get("framework")
    return [
        policy
        for policy in policies
        if (domain is None or policy.domain == domain)
        and (stage is None or policy.binds_from <= _STAGES.index(stage) <= policy.binds_to)
        and (tier is None or TIERS.index(tier) + 1 in policy.enforcement)
        and (framework is None or framework in policy.controls)
    ]


def coverage(policies: Iterable[Policy], framework: Framework) -> dict[str, list[Policy]]:
    """Return every control of a framework, in its order, with the policies that touch it."""
    found: dict[str, list[Policy]] = {control: [] for control in framework.controls}
    for policy in policies:
        cited = map(framework.control, policy.controls.get(framework.id, ()))
        for control in found.keys() & set(cited):
            found[control].append(policy)
    return found


def policies_json(policies: Iterable[Policy], framework: Framework | None = None) -> str:
    """Return `aigov/policies/v1` (`schemas/policies.v1.json`), of a framework its coverage too."""
    policies = list(policies)
    listed = [
        {
            "id": policy.id,
            "code": policy.code,
            "title": policy.title,
            "domain": policy.domain,
            "from": _STAGES[policy.binds_from],
            "to": _STAGES[policy.binds_to],
            "enforcement": {
                TIERS[rank - 1]: str(word) for rank, word in sorted(policy.enforcement.items())
            },
            "needs": list(policy.needs),
            "controls": [f"{name}:{ref}" for name, refs in policy.controls.items() for ref in refs],
        }
        for policy in policies
    ]
    found: dict[str, object] = {"schema": "aigov/policies/v1", "policies": listed}
    if framework:
        found["coverage"] = {
            "framework": framework.id,
            "title": framework.title,
            "version": framework.version,
            "source": framework.source,
            "controls": [
                {
                    "id": control,
                    "title": framework.controls[control],
                    "policies": [policy.code for policy in touching],
                }
                for control, touching in coverage(policies, framework).items()
            ],
        }
    return _dump(found)


def policies_text(
    policies: Iterable[Policy], style: Style, framework: Framework | None = None
) -> Iterator[str]:
    """Yield the policies by domain and their number; with a framework, what each of them
    touches of it, and then its controls."""
    policies = list(policies)
    by_domain: dict[str, list[Policy]] = {}
    for policy in policies:
        by_domain.setdefault(policy.domain, []).append(policy)
    for domain, group in by_domain.items():
        yield lay([Span(domain or "without a domain", "strong")], style)
        for policy in group:
            yield lay([Span(f"{policy.code} {policy.id}", "strong", solid=True)], style, "  ")
            yield lay([Span(policy.title)], style, " " * 10)
            words = f"from {_STAGES[policy.binds_from]}: {enforcement_words(policy.enforcement)}"
            if framework:
                words = f"touches {', '.join(policy.controls[framework.id])}"
            yield lay([Span(words, "dim")], style, " " * 10)
        yield "\n"
    number = len(policies)
    yield lay([Span(f"{number} {'policy' if number == 1 else 'policies'}", "strong")], style)
    if framework:
        yield "\n"
        yield from coverage_text(coverage(policies, framework), framework, style)


def coverage_text(
    covered: Mapping[str, Sequence[Policy]], framework: Framework, style: Style
) -> Iterator[str]:
    """Yield the controls that policies touch, those that none touches, and the share."""
    headings = {control: heading for heading, control in framework.groups.items()}
    column = max(map(len, covered)) + 4
    shares: dict[str, tuple[int, int]] = {}
    heading = ""
    edition = ", ".join(filter(None, (framework.title, framework.version)))
    yield lay([Span(f"{framework.id}: {edition}", "strong")], style)
    yield lay([Span(framework.source, "dim", solid=True)], style)
    for control, touching in covered.items():
        heading = headings.get(control, heading)
        touched, whole = shares.get(heading, (0, 0))
        shares[heading] = (touched + bool(touching), whole + 1)
        if touching:
            yield _control(control, framework, column, style)
            *names, last = [f"{policy.code} {policy.id}" for policy in touching]
            spans = [Span(f"{name},", "dim", solid=True) for name in names]
            yield lay([*spans, Span(last, "dim", solid=True)], style, " " * column)
    rest = [control for control, touching in covered.items() if not touching]
    if rest:
        yield "\n" + lay([Span("not touched", "warn")], style)
        yield from (_control(control, framework, column, style) for control in rest)
    yield "\n"
    for name, (touched, whole) in shares.items() if len(shares) > 1 else ():
        yield lay([Span(f"{name}: {touched} of {whole} touched")], style)
    total = f"{len(covered) - len(rest)} of {len(covered)} controls touched"
    yield lay([Span(total, "strong"), Span("(to touch a control is not to conform)")], style)


def _control(control: str, framework: Framework, column: int, style: Style) -> str:
    name = Span(f"  {control}".ljust(column - 1), "strong", solid=True)
    return lay([name, Span(framework.controls[control])], style, "", " " * column)


def explanation_json(explanation: Explanation) -> str:
    """Return `aigov/explanation/v1`: the fields of `Explanation` by name."""
    found = explanation._asdict()
    for name in ("passes", "fails"):
        sample: Sample | None = found[name]
        found[name] = sample and sample._asdict()
    return _dump({"schema": "aigov/explanation/v1", **found})


def explanation_text(explanation: Explanation, style: Style) -> Iterator[str]:
    """Yield an explanation: heading, sentences, the two examples, the rest by label."""
    yield lay([Span(explanation.word, "strong"), Span(f"({explanation.kind})", "dim")], style)
    yield lay([Span(explanation.says)], style, "  ")
    for name, role, sample in (
        ("passes", "good", explanation.passes),
        ("fails", "bad", explanation.fails),
    ):
        if sample:
            yield "\n"
            yield from _sample(name, role, sample, style)
    yield "\n"
    for line in explanation.asked:
        yield _labelled("asked" if line == explanation.asked[0] else "", line, style)
    for param, by_tier in explanation.limits.items():
        yield _labelled("limit", f"{param}: {numbers(by_tier)}", style)
    if explanation.remedy:
        yield _labelled("fix", explanation.remedy, style)
    for line in explanation.serves:
        yield _labelled("serves" if line == explanation.serves[0] else "", line, style)
    if explanation.see:
        shown = explanation.see[:SEEN]
        more = len(explanation.see) - len(shown)
        rest = f" and {more} more" if more else ""
        yield _labelled("see", f"{', '.join(shown)}{rest}", style)


def _sample(name: str, role: str, sample: Sample, style: Style) -> Iterator[str]:
    yield lay([Span(f"{name}:", role), Span(sample.about)], style, "  ", " " * (_LEAD + 2))
    for line in sample.yaml.splitlines():
        content = line.lstrip(" ")
        yield lay([Span(content, solid=True)], style, " " * (6 + len(line) - len(content)))
    if sample.note:
        yield lay([Span(f"-> {sample.note}", "dim")], style, "    ", "       ")


def _labelled(label: str, words: str, style: Style) -> str:
    lead = f"{label}:" if label else ""
    return lay([Span(words)], style, f"  {lead.ljust(_LEAD)}", " " * (_LEAD + 2))


def numbers(by_tier: Mapping[str, float]) -> str:
    """Return one number where all tiers have the same, else one by tier."""
    if len(set(by_tier.values())) == 1 and len(by_tier) == len(TIERS):
        return f"{next(iter(by_tier.values())):g} at every tier"
    return ", ".join(f"{tier} {number:g}" for tier, number in by_tier.items())


def _dump(value: object) -> str:
    """Return JSON in ASCII without two number signs side by side, as reports have it."""
    return json.dumps(value, indent=2).replace("##", "#\\u0023") + "\n"


def proofs_json(proofs: Iterable[Proof], faults: Iterable[str]) -> str:
    """Return `aigov/policies-test/v1`: each policy with what its cases show."""
    listed = [
        {
            "code": proof.policy.code,
            "id": proof.policy.id,
            "path": proof.policy.where,
            "cases": proof.cases,
            "mutants": proof.mutants,
            "faults": [fault._asdict() for fault in proof.faults],
            "survivors": [fault._asdict() for fault in proof.survivors],
            "reported": [fault._asdict() for fault in proof.reported],
        }
        for proof in proofs
    ]
    return _dump({"schema": "aigov/policies-test/v1", "faults": list(faults), "policies": listed})


def proofs_text(proofs: list[Proof], faults: list[str], style: Style) -> Iterator[str]:
    """Yield what does not hold, policy by policy, and the count of what does."""
    for fault in faults:
        yield lay([Span(fault, "bad")], style)
    for proof in proofs:
        lines = [("bad", f"{fault.where}: {fault.words}") for fault in proof.faults]
        lines += [("bad", f"no case notices {fault.words}") for fault in proof.survivors]
        if style.verbose:
            lines += [("dim", f"no case needs {fault.words}") for fault in proof.reported]
        if lines:
            yield lay([Span(f"{proof.policy.code} {proof.policy.id}", "strong")], style)
        for role, words in lines:
            yield lay([Span(words, role)], style, "  ", "    ")
    unproved = sum(1 for proof in proofs if proof.faults or proof.survivors) + len(faults)
    cases, mutants = (sum(getattr(p, name) for p in proofs) for name in ("cases", "mutants"))
    survivors, reported = (
        sum(len(getattr(p, name)) for p in proofs) for name in ("survivors", "reported")
    )
    yield lay(
        [
            Span(f"{len(proofs)} policies, {cases} cases, {mutants} mutants:", "strong"),
            Span(f"{survivors} survive, {unproved} unproved", "bad" if unproved else "good"),
        ],
        style,
    )
    if reported:
        yield lay([Span(f"{reported} list items could go unnoticed (--verbose)", "dim")], style)
