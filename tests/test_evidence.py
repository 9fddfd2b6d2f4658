"""What evidence weighs, and whether the same bytes prove two things."""

from __future__ import annotations

from aigov.evidence import Evidence, shared, sized

PILOT, DPIA = "/spec/lifecycle/pilot/evidence", "/spec/risk/assessments/dpia/evidence"
APPROVALS = "/spec/approvals/*/evidence"
DISTINCT = frozenset({PILOT, DPIA, APPROVALS})


def sharing(found: dict[str, Evidence], **paths: str) -> list[str]:
    """Return the pointers that share their bytes; `paths` by pilot, dpia, first, second, plan."""
    pointers = {
        "pilot": PILOT,
        "dpia": DPIA,
        "first": "/spec/approvals/0/evidence",
        "second": "/spec/approvals/1/evidence",
        "plan": "/spec/decommission/plan",
    }
    named = [{"pointer": pointers[name], "path": path} for name, path in paths.items()]
    return [item["pointer"] for item in shared(named, found, DISTINCT)]


def test_two_files_of_the_same_bytes_are_shared():
    found = {"a.md": Evidence(True, 9, "x"), "b.md": Evidence(True, 9, "x")}
    assert sharing(found, pilot="a.md", dpia="b.md") == [PILOT, DPIA]
    other = {**found, "b.md": Evidence(True, 9, "y")}
    assert sharing(other, pilot="a.md", dpia="b.md") == []


def test_a_file_that_is_named_for_two_things_is_shared():
    assert sharing({"a.md": Evidence(True, 9)}, pilot="a.md", dpia="a.md") == [PILOT, DPIA]
    assert sharing({"a.md": Evidence(True, 9, "x")}, pilot="a.md", dpia="a.md") == [PILOT, DPIA]


def test_approvals_may_share_their_minutes_and_a_plan_may_be_anything():
    found = {"a.md": Evidence(True, 9)}
    assert sharing(found, first="a.md", second="a.md") == []
    assert sharing(found, pilot="a.md", plan="a.md") == []


def test_what_is_not_there_is_not_shared():
    assert sharing({"a.md": Evidence(False)}, pilot="a.md", dpia="a.md") == []
    assert sharing({}, pilot="a.md", dpia="a.md") == []


def test_only_what_was_read_has_a_size():
    named = [{"pointer": PILOT, "path": "a.md"}, {"pointer": DPIA, "path": "https://x.y/z"}]
    rows = sized(named, {"a.md": Evidence(True, 0), "https://x.y/z": Evidence(True)})
    assert [row.get("size", "none") for row in rows] == [0, "none"]
