"""What `explain` and `policies list` print, for people and for machines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from aigov.explaining import enforcement_words
from aigov.explanation import Explanation, Sample
from aigov.expressions import STAGES
from aigov.frameworks import Framework
from aigov.policies import TIERS, Policy
from aigov.proving import Proof
from aigov.reports import Style
from aigov.reports.encoding import dump
from aigov.reports.layout import Span, lay
from aigov.wording import some

SEEN = 12
"""Words or lines below one label that an explanation shows before it counts the rest."""
UNRESOLVED = "unresolved: the sources leave the date or the duty open"
"""What is said of a legal duty that is not certain."""
_FAULTS = ("faults", "survivors", "reported")
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
        and (stage is None or policy.binds_from <= STAGES.index(stage) <= policy.binds_to)
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
            "from": STAGES[policy.binds_from],
            "to": STAGES[policy.binds_to],
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
    return dump(found, 2) + "\n"


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
            words = f"from {STAGES[policy.binds_from]}: {enforcement_words(policy.enforcement)}"
            if framework:
                words = f"touches {', '.join(policy.controls[framework.id])}"
            yield lay([Span(words, "dim")], style, " " * 10)
        yield "\n"
    counted = "1 policy" if len(policies) == 1 else f"{len(policies)} policies"
    yield lay([Span(counted, "strong")], style)
    if framework:
        yield "\n"
        yield from coverage_text(coverage(policies, framework), framework, style)


def coverage_text(
    covered: Mapping[str, Sequence[Policy]], framework: Framework, style: Style
) -> Iterator[str]:
    """Yield the controls that policies touch, those that none touches, and the share."""
    column = max(map(len, covered)) + 4
    edition = ", ".join(filter(None, (framework.title, framework.version)))
    yield lay([Span(f"{framework.id}: {edition}", "strong")], style)
    yield lay([Span(framework.source, "dim", solid=True)], style)
    for control, touching in covered.items():
        if touching:
            yield _control(control, framework, column, style)
            names = ", ".join(f"{policy.code} {policy.id}" for policy in touching)
            yield lay([Span(names, "dim")], style, " " * column)
    rest = [control for control, touching in covered.items() if not touching]
    if rest:
        yield "\n" + lay([Span("not touched", "warn")], style)
        yield from (_control(control, framework, column, style) for control in rest)
    yield "\n"
    order = list(covered)
    starts = [order.index(first) for first in framework.groups.values()]
    for name, start, end in zip(framework.groups, starts, [*starts, None][1:], strict=True):
        group = order[start:end]
        touched = sum(bool(covered[control]) for control in group)
        yield lay([Span(f"{name}: {touched} of {len(group)} touched")], style)
    total = f"{len(covered) - len(rest)} of {len(covered)} controls touched"
    yield lay([Span(total, "strong"), Span("(to touch a control is not to conform)")], style)


def _control(control: str, framework: Framework, column: int, style: Style) -> str:
    name = Span(f"  {control}".ljust(column - 1), "strong", solid=True)
    return lay([name, Span(framework.controls[control])], style, "", " " * column)


def explanation_json(explanation: Explanation) -> str:
    """Return `aigov/explanation/v1`: the fields of `Explanation` by name."""
    plain = {
        name: one._asdict() if isinstance(one, Sample) else one
        for name, one in explanation._asdict().items()
    }
    return dump({"schema": "aigov/explanation/v1", **plain}, 2) + "\n"


def explanation_text(explanation: Explanation, style: Style) -> Iterator[str]:
    """Yield an explanation: heading, sentences, the two examples, the rest by label."""
    hang = " " * (_LEAD + 2)
    yield lay([Span(explanation.word, "strong"), Span(f"({explanation.kind})", "dim")], style)
    yield lay([Span(explanation.says)], style, "  ")
    samples = (("passes", "good", explanation.passes), ("fails", "bad", explanation.fails))
    for name, role, sample in samples:
        if sample is None:
            continue
        yield "\n" + lay([Span(f"{name}:", role), Span(sample.about)], style, "  ", hang)
        for line in sample.yaml.splitlines():
            content = line.lstrip(" ")
            yield lay([Span(content, solid=True)], style, " " * (6 + len(line) - len(content)))
        if sample.note:
            yield lay([Span(f"-> {sample.note}", "dim")], style, "    ", "       ")
    yield "\n"
    labelled = {
        "asked": list(explanation.asked),
        "limit": [f"{name}: {numbers(one)}" for name, one in explanation.limits.items()],
        "fix": [explanation.remedy] if explanation.remedy else [],
        "law": list(map(_duty, explanation.obligations)),
        "serves": [
            f"{name} {cited}: {title}"
            for name, titles in explanation.controls.items()
            for cited, title in titles.items()
        ],
        "see": [", ".join(some(explanation.see, SEEN))] if explanation.see else [],
    }
    for label, lines in labelled.items():
        for lead, line in zip(chain([f"{label}:"], repeat("")), some(lines, SEEN), strict=False):
            yield lay([Span(line)], style, f"  {lead.ljust(_LEAD)}", hang)


def _duty(duty: Mapping[str, Any]) -> str:
    left = f"days left: {duty['days_left']}" if duty["days_left"] > 0 else "in force"
    doubt = "" if duty["certain"] else f"; {UNRESOLVED}"
    return f"from {duty['applies_from']} ({left}{doubt}): {duty['duty']} {duty['note']}".rstrip()


def numbers(by_tier: Mapping[str, float]) -> str:
    """Return one number where all tiers have the same, else one by tier."""
    if len(set(by_tier.values())) == 1 and len(by_tier) == len(TIERS):
        return f"{next(iter(by_tier.values())):g} at every tier"
    return ", ".join(f"{tier} {number:g}" for tier, number in by_tier.items())


def proofs_json(proofs: Iterable[Proof], faults: Iterable[str]) -> str:
    """Return `aigov/policies-test/v1`: each policy with what its cases show."""
    listed = [
        {
            "code": proof.policy.code,
            "id": proof.policy.id,
            "path": proof.policy.where,
            "cases": proof.cases,
            "mutants": proof.mutants,
            **{name: [one._asdict() for one in getattr(proof, name)] for name in _FAULTS},
        }
        for proof in proofs
    ]
    found = {"schema": "aigov/policies-test/v1", "faults": list(faults), "policies": listed}
    return dump(found, 2) + "\n"


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
    cases, mutants = sum(one.cases for one in proofs), sum(one.mutants for one in proofs)
    survivors = sum(len(one.survivors) for one in proofs)
    counted = f"{len(proofs)} policies, {cases} cases, {mutants} mutants:"
    left = Span(f"{survivors} survive, {unproved} unproved", "bad" if unproved else "good")
    yield lay([Span(counted, "strong"), left], style)
    reported = sum(len(one.reported) for one in proofs)
    if reported:
        yield lay([Span(f"{reported} list items could go unnoticed (--verbose)", "dim")], style)
