"""The decision: whatever blocks denies, and what unblocks most comes first."""

from __future__ import annotations

from aigov.decisions import decide
from aigov.results import Problem
from judging import changed, example, judged


def test_nothing_that_blocks_is_allowed():
    result = decide(judged(example("4-ready")), "production", {"rev": "x"})
    assert result.command == "gate"
    assert result.decision == (True, "production", {"rev": "x"}, ())


def test_the_reasons_that_fall_together_come_first():
    document = changed(
        example("3-critical-production"), drop=("/spec/oversight", "/spec/ownership/operations")
    )
    found = judged(document)
    problem = Problem("SYN-001", "x.aigov.yaml", 3, 1, "not YAML")
    decision = decide(found._replace(problems=(problem,)), "production", {}).decision
    assert decision is not None
    assert not decision.allow
    numbers = [one.unblocks for one in decision.reasons]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] > 1
    last = [one for one in decision.reasons if one.code == "SYN-001"]
    assert [(one.path, one.line, one.use_case) for one in last] == [("x.aigov.yaml", 3, "")]


def test_a_warning_denies_nothing():
    document = changed(example("1-low-pilot"), drop=("/spec/value",))
    decision = decide(judged(document), "pilot", {}).decision
    assert decision is not None
    assert decision.allow
