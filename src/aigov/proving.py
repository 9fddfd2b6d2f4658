"""Prove a pack: every case comes out as stated, and no policy can be weakened unnoticed."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from aigov.cases import AS_OF, Case, apply
from aigov.errors import PackError
from aigov.evidence import Evidence
from aigov.expressions import Expression
from aigov.findings import Outcome
from aigov.judgement import Situation, judge, unevaluated, verdict
from aigov.mutation import mutants
from aigov.policies import Policy
from aigov.preparing import Surroundings, prepare
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.situations import situate, situate_organisation
from aigov.source import Document

Resolve = Callable[[set[str]], Mapping[str, Evidence]]
"""Tells what the examples' evidence paths lead to."""


class Fault(NamedTuple):
    """What does not hold, and where it is written."""

    where: str
    words: str


class Proof(NamedTuple):
    """What the cases of one policy show."""

    policy: Policy
    cases: int
    mutants: int
    """How many weakened versions a case must tell from the policy."""
    faults: tuple[Fault, ...]
    survivors: tuple[Fault, ...]
    """Weakened versions that every case takes for the policy."""
    reported: tuple[Fault, ...]
    """List items that could be dropped unnoticed; they fail nothing."""


class Tried(NamedTuple):
    """A case as it was judged."""

    case: Case
    situation: Situation


def prove(
    rules: Rules,
    suites: Mapping[str, tuple[Case, ...]],
    examples: Mapping[str, Document],
    resolve: Resolve,
) -> Iterator[Proof]:
    """Yield the proof of each policy that `suites` names by its code.

    Raises:
        PackError: a case changes an example that there is not, or what it has not.
    """
    for code, cases in suites.items():
        policy = rules.policies[code]
        tried = [Tried(case, situate_case(case, rules, examples, resolve)) for case in cases]
        faults = [fault for one in tried for fault in _case_faults(policy, one, rules)]
        faults += _gaps(policy, cases)
        survivors, reported, number = _survivors(policy, tried)
        yield Proof(
            policy, len(cases), number, tuple(faults), tuple(survivors), tuple(reported)
        )  # fmt: skip


def situate_case(
    case: Case, rules: Rules, examples: Mapping[str, Document], resolve: Resolve
) -> Situation:
    """Return all that a judgement of the changed example depends on.

    Raises:
        PackError: there is no such example, or not what the case changes.
    """
    base = examples.get(case.base)
    if base is None:
        known = ", ".join(sorted(examples))
        raise PackError(f"no example {case.base}; there are {known}", where=case.where)
    document = apply(case, base)
    settings = Settings(case.as_of, target_stage=case.stage)
    if "portfolio" in case.facts:
        portfolio = case.facts["portfolio"]["portfolio"]
        return situate_organisation(document, portfolio, rules, settings)
    prepared = prepare("aigov.yaml", document, rules, settings)
    found = dict(resolve({item["path"] for item in prepared.evidence}))
    for path, holds in case.evidence.items():
        found.pop(path, None)
        if holds is not None:
            size = None if isinstance(holds, bool) else holds
            found[path] = Evidence(holds is not False, size)
    return situate(prepared, Surroundings(found, case.facts), rules, settings)


def _case_faults(policy: Policy, tried: Tried, rules: Rules) -> Iterator[Fault]:
    case, situation = tried
    result = judge(policy, situation)

    def fault(words: str) -> Fault:
        return Fault(case.where, f"{case.about}: {words}")

    if result.outcome is not case.outcome:
        said = f" ({result.message})" if result.message else ""
        yield fault(f"{result.outcome}, not {case.outcome}{said}")
        return
    place = situation.document.place(case.at) if case.at else None
    if case.at and (result.pointer != case.at or result.place != place):
        stands = f"line {result.place.line}, {result.pointer}" if result.place else "nowhere"
        stated = f"line {place.line}, {case.at}" if place else ""
        yield fault(f"it stands at {stands}; stated is {stated}")
    if case.enforcement and result.enforcement is not case.enforcement:
        yield fault(f"enforcement {result.enforcement}, not {case.enforcement}")
    if case.message not in result.message:
        yield fault(f"the message does not say {case.message!r}: {result.message}")
    for other in rules.on_organisation if policy.on_organisation else rules.on_use_cases:
        found = judge(other, situation)
        if found.outcome is Outcome.ERROR:
            yield fault(f"{other.code} misbehaves: {found.message}")
        elif found.is_finding and other is not policy and _unchanged(case):
            yield fault(f"{other.code} finds something in the untouched example: {found.message}")


def _unchanged(case: Case) -> bool:
    changes = (case.put, case.delete, case.evidence, case.stage, case.facts)
    return not any(changes) and case.as_of == AS_OF


def _gaps(policy: Policy, cases: tuple[Case, ...]) -> Iterator[Fault]:
    """Yield what no case shows; a failing one must say where the finding stands."""
    outcomes = {case.outcome for case in cases}
    if Outcome.PASS not in outcomes:
        yield Fault(policy.where, "no case passes")
    if not any(case.outcome is Outcome.FAIL and case.at for case in cases):
        yield Fault(policy.where, "no case fails at a stated place (`outcome: fail` and `at`)")
    if policy.when is not None and Outcome.NOT_APPLICABLE not in outcomes:
        yield Fault(policy.where, "no case is not_applicable, though the policy has a `when`")


def _survivors(
    policy: Policy, tried: list[Tried]
) -> tuple[list[Fault], list[Fault], int]:  # fmt: skip
    """Return the mutants that no case notices, demanded and reported ones, and how many
    were demanded."""
    activations = [
        one.situation.activation for one in tried if not unevaluated(policy, one.situation)
    ]
    usual = [verdict(policy, activation) for activation in activations]
    survivors: list[Fault] = []
    reported: list[Fault] = []
    number = 0
    for part, expression in (("require", policy.require), ("when", policy.when)):
        for change, demanded, weakened in _weakened(policy, part, expression):
            number += demanded
            if [verdict(weakened, activation) for activation in activations] == usual:
                fault = Fault(policy.where, f"{part}: {change}")
                (survivors if demanded else reported).append(fault)
    return survivors, reported, number


def _weakened(
    policy: Policy, part: str, expression: Expression | None
) -> Iterator[tuple[str, bool, Policy]]:
    """Yield what was changed, whether a case must notice, and the policy so changed."""
    if expression is None:
        return
    for mutant in mutants(expression.tree, expression.text):
        changed = expression.engine.expression(mutant.text)
        weakened = (
            policy._replace(require=changed) if part == "require" else policy._replace(when=changed)
        )
        yield mutant.change, mutant.demanded, weakened
