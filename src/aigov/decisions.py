"""The deploy decision: allow or deny, and the reasons in the order that unblocks most."""

from collections import Counter
from collections.abc import Mapping

from aigov.findings import FINDINGS
from aigov.results import CheckResult, Decision, Reason
from aigov.source import split_pointer


def decide(result: CheckResult, stage: str, given: Mapping[str, object]) -> CheckResult:
    """Return the result with its decision; `given` is what the caller set that bears on it.

    Whatever blocks denies, whatever exit code the caller asked for.
    """
    blocking = [
        (document, one)
        for document in result.documents
        for one in document.results
        if one.outcome in FINDINGS and one.blocks
    ]
    blocks = Counter((document.use_case, _block(one.pointer)) for document, one in blocking)
    reasons = [
        Reason(
            one.code,
            document.use_case,
            one.path or document.path,
            one.place.line if one.place else document.line,
            one.message,
            blocks[document.use_case, _block(one.pointer)],
        )
        for document, one in blocking
    ]
    reasons += [
        Reason(problem.code, "", problem.path, problem.line, problem.message, 1)
        for problem in result.problems
    ]
    reasons.sort(key=lambda one: (-one.unblocks, one.code, one.path, one.line))
    return result._replace(
        command="gate", decision=Decision(not reasons, stage, given, tuple(reasons))
    )


def _block(pointer: str) -> str:
    """Return the block `/spec/<a>/<b>` that a finding stands in."""
    return "/".join(["", *split_pointer(pointer)[:3]])
