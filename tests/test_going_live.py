"""What is ready goes live; without any one of the things that production asks for it does not.

What is asked for is read from the data: each demanded field, each policy that blocks, each item
of a list that must be complete, each evidence file.  All use cases of one commit are the ready
example; the next commit takes one thing from each, and the gate must say of each what is gone.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aigov.cases import parse_cases
from aigov.emit import dump
from aigov.errors import PackError
from aigov.expressions import CONSTANTS
from aigov.findings import Enforcement, Outcome
from aigov.loading import schema
from aigov.packs import read_document
from aigov.policies import Policy
from aigov.settings import Settings
from histories import GONE, PROFILE, Commit, changed, gate, past, write
from judging import AS_OF, ROOT, example, judge, rules
from judging import changed as mutated
from test_promises import _demanded, every_pointer

READY = example("4-ready").value
FILES = {k: v for k, v in past("4-ready")[0].files.items() if k != "aigov.yaml"}
TARGET = Settings(AS_OF, target_stage="production")
PRODUCTION, MODERATE = CONSTANTS["stages"]["production"], CONSTANTS["tiers"]["moderate"]
BY_HISTORY = {
    "MAN-010": {"/spec/purpose/intended_use": "Answer what customers ask, and book for them."},
    "MAN-012": {"/spec/lifecycle/pilot/start_on": "2026-06-01"},
}
"""What no case can show, since it is the change from the base that fails."""
BY_PROFILE = {
    "ARC-004": {"/spec/architecture/models/0/provider": "unvetted-labs"},
    "GOV-015": {"/spec/risk/facts/jurisdictions": ["UK"]},
}
COMPLETE = {
    "/spec/lifecycle/history": "MAN-007",
    "/spec/ownership/decisions": "GOV-013",
    "/spec/approvals": "GOV-007",
    "/spec/oversight/stop/authority": "OPS-009",
    "/spec/operations/slos": "OPS-001",
    "/spec/transparency/disclosures/0": "REG-003",
    "/spec/transparency/disclosures/1": "REG-004",
    "/spec/delivery/pipeline/required_checks/0": "BLD-007",
    "/spec/delivery/pipeline/required_checks/1": "BLD-007",
    "/spec/delivery/evaluations/2": "BLD-005",
    "/spec/delivery/evaluations/3": "BLD-005",
    "/spec/third_parties": "GOV-014",
    "/spec/value/kpis": "VAL-001",
}
"""Lists, or items of one, of which nothing may go, and the policy that misses it."""

Said = dict[str, list[tuple[str, str]]]
"""By the path of a manifest: code and message of each reason to deny."""


def denied(folder: Path, values: Mapping[str, Any], *arguments: str) -> Said:
    """Return why the gate denies each use case (by its name) once it has its new value, but
    none that has none."""
    before = {f"{name}.aigov.yaml": dump(named(READY, name)) for name in (*values, "untouched")}
    after = {f"{name}.aigov.yaml": dump(named(value, name)) for name, value in values.items()}
    write(folder, "main", [Commit({**before, **FILES}), Commit(after)])
    code, report = gate(folder, *arguments)
    assert code == 1
    said: Said = defaultdict(list)
    for one in report["decision"]["reasons"]:
        said[one["path"].removesuffix(".aigov.yaml")].append((one["code"], one["message"]))
    assert "untouched" not in said
    return said


def named(value: Any, name: str) -> Any:
    keeps = "id" in value["metadata"]
    return changed(value, {"/metadata/id": f"case-{name.lower()}"}) if keeps else value


def demanded() -> dict[str, str]:
    """Return a pointer for each field that production asks of the ready example."""
    document = example("4-ready")
    result = judge(document, TARGET)
    found: dict[str, str] = {}
    for pointer in every_pointer(document):
        if _demanded(document, result, pointer):
            found.setdefault(re.sub(r"/\d+(?=/|$)", "/*", pointer), pointer)
    return found


def test_without_any_one_demanded_field_it_does_not_go_live(tmp_path):
    fields = demanded()
    assert len(fields) > 200
    values = {str(n): changed(READY, {}, [one]) for n, one in enumerate(fields.values())}
    said = denied(tmp_path / "fields.git", values)
    for number, pointer in enumerate(fields.values()):
        dotted = pointer[1:].replace("/", ".")
        missing = [words for code, words in said[str(number)] if code == "MAN-013"]
        assert any(dotted in words.replace("[", ".").replace("]", "") for words in missing), (
            pointer,
            said[str(number)],
        )


def blocking() -> list[Policy]:
    """Return the policies that block at production at the tier of the ready example."""
    return [
        one
        for one in rules().on_use_cases
        if one.binds_from <= PRODUCTION and one.enforcement.get(MODERATE) is Enforcement.BLOCK
    ]


def failing(policy: Policy) -> Any:
    """Return the ready example as a case of the policy changes it, so that it fails."""
    path = ROOT / policy.where.replace(".yaml", ".cases.yaml")
    document = read_document(path.read_bytes(), str(path))
    for case in parse_cases(document, str(path), schema("cases.v1.json")):
        plain = not case.facts and not case.evidence and case.as_of == AS_OF
        if plain and case.outcome in (Outcome.FAIL, Outcome.UNKNOWN):
            try:
                document = mutated(example("4-ready"), put={**case.put}, drop=case.delete)
            except PackError:  # the ready example has no such place
                continue
            if any(
                one.code == policy.code and one.blocks for one in judge(document, TARGET).results
            ):
                return document.value
    return None


def test_any_one_policy_that_blocks_keeps_it_from_going_live(tmp_path):
    values = {one.code: failing(one) for one in blocking() if "profile" not in one.needs}
    values |= {code: changed(READY, put) for code, put in BY_HISTORY.items()}
    del values["MAN-004"]  # its cases take evidence away; see below
    assert len(values) > 60
    assert [code for code, value in values.items() if value is None] == []
    said = denied(tmp_path / "policies.git", values)
    silent = [code for code in values if code not in dict(said[code])]
    assert silent == []


def test_any_one_policy_that_reads_the_profile_keeps_it_from_going_live(tmp_path):
    assert {one.code for one in blocking() if "profile" in one.needs} == set(BY_PROFILE)
    values = {code: changed(READY, put) for code, put in BY_PROFILE.items()}
    said = denied(tmp_path / "profile.git", values, "--profile", PROFILE)
    assert [code for code in values if code not in dict(said[code])] == []


def test_without_any_one_item_of_a_list_that_must_be_complete_it_does_not_go_live(tmp_path):
    taken = {}
    for pointer, code in COMPLETE.items():
        value: Any = READY
        for part in pointer.split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part]
        whole = not pointer[-1].isdecimal()
        items = [f"{pointer}/{n}" for n in range(len(value))] if whole else [pointer]
        taken.update(dict.fromkeys(items, code))
    assert len(taken) > 25
    values = {str(n): changed(READY, {}, [one]) for n, one in enumerate(taken)}
    said = denied(tmp_path / "items.git", values)
    silent = [
        pointer
        for number, (pointer, code) in enumerate(taken.items())
        if code not in dict(said[str(number)])
    ]
    assert silent == []


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> Path:
    """A repository in which the ready example grew up."""
    folder = tmp_path_factory.mktemp("ready") / "ready.git"
    write(folder, "main", past("4-ready"))
    return folder


@pytest.mark.parametrize("path", [one for one in FILES if one.startswith("docs/")])
def test_without_any_one_evidence_file_it_does_not_go_live(ready, path):
    branch = path.replace("/", "-").replace(".", "-")
    write(ready, branch, [Commit({path: GONE})], "refs/heads/main")
    code, report = gate(ready, "--rev", branch)
    assert code == 1
    said = {one["code"]: one["message"] for one in report["decision"]["reasons"]}
    assert path in said["MAN-004"]


def program(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aigov", "gate", str(folder), "--as-of", AS_OF, *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT / "src", timeout=60
    )


def test_the_program_allows_what_is_ready_and_denies_what_lacks_one_thing(ready):
    allowed = program(ready, "--stage", "production")
    assert (allowed.returncode, allowed.stderr) == (0, "")
    assert "allowed for production" in allowed.stdout
    text = dump(changed(READY, {}, ["/spec/operations/incident/runbook"]))
    write(ready, "lacking", [Commit({"aigov.yaml": text})], "refs/heads/main")
    denying = program(ready, "--stage", "production", "--rev", "lacking")
    assert denying.returncode == 1
    assert "spec.operations.incident.runbook" in denying.stdout


def test_a_lower_target_does_not_excuse_a_broken_manifest_in_production(tmp_path):
    folder = tmp_path / "live.git"
    live = past("2-moderate-production")
    broken = dump(changed(example("2-moderate-production").value, {}, ["/spec/decommission/plan"]))
    write(folder, "main", [*live, Commit({"aigov.yaml": broken})])
    assert program(folder, "--stage", "intake", "--rev", "main^").returncode == 0
    found = program(folder, "--stage", "intake", "--format", "json")
    assert found.returncode == 1
    assert "spec.decommission.plan" in found.stdout
