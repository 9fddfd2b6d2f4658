"""`policies test`: the shipped packs are proved, and a planted fault is named."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aigov.cli import aigov
from aigov.errors import AigovError
from judging import ROOT

POLICY = "strategy-governance/functional-owner-missing"
OWN = """\
id: cost-centre-missing
code: OWN-001
title: No cost centre is named
from: intake
enforcement: {low: block, moderate: block, high: block, critical: block}
optional: [metadata.labels, metadata.labels.cost-centre]
when: spec.lifecycle.exposure != 'sandbox'
require: has(metadata.labels) && 'cost-centre' in metadata.labels
at: /metadata/labels
message: no cost centre
remedy: Add the label cost-centre.
"""
PLACED = "outcome: fail, at: /metadata/labels, enforcement: block"
ANOTHER = """\
- {case: another, base: 1-low-pilot, set: {/metadata/labels: {x: "1"}}, outcome: fail}
"""
TRIED_OUT = """\
- {case: tried out, base: 1-low-pilot, set: {/spec/lifecycle/exposure: sandbox},
   outcome: not_applicable}
"""
CASES = f"""\
- {{case: named, base: 1-low-pilot, outcome: pass,
   set: {{/metadata/labels: {{cost-centre: "12"}}}}}}
- {{case: no label, base: 1-low-pilot, {PLACED}}}
{ANOTHER}{TRIED_OUT}"""


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(aigov, ["policies", "test", *arguments], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, result.output


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of one shipped policy with the rules that it stands on."""
    folder = tmp_path / "pack"
    for part in ("derivation", "vocabulary", "frameworks"):
        shutil.copytree(ROOT / "policies" / part, folder / part)
    for file in ("codes.yaml", "law/corpus.yaml"):
        (folder / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "policies" / file, folder / file)
    (folder / POLICY).parent.mkdir()
    for ending in (".yaml", ".cases.yaml"):
        shutil.copy(ROOT / "policies" / f"{POLICY}{ending}", folder / f"{POLICY}{ending}")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A pack of a user's own, to be judged beside the shipped one."""
    folder = tmp_path / "own" / "optimize-value"
    folder.mkdir(parents=True)
    (folder / "cost-centre-missing.yaml").write_text(OWN)
    (folder / "cost-centre-missing.cases.yaml").write_text(CASES)
    return folder


def test_the_shipped_packs_are_proved_within_a_minute():
    start = time.process_time()
    code, output = run()
    assert code == 0, output
    assert time.process_time() - start < 60
    assert "0 survive, 0 unproved" in output


def test_a_pack_with_rules_of_its_own_is_proved_alone(pack):
    code, output = run(str(pack))
    assert code == 0, output
    assert "1 policies, " in output


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "words"),
    [
        (".yaml", "require: >-\n", 'require: "true"\nwhy2: >-\n', 2, "no key why2"),
        (".yaml", "&& (stage <", "|| true && (stage <", 2, "a constant beside"),
        (".yaml", "at: /spec/ownership", 'when: "false"\nat: /spec/ownership', 1, "not_applicable"),
        (".yaml", "spec.ownership[r].person) &&", "spec.ownrship[r].person) &&", 2, "ownrship"),
        (".cases.yaml", "/business/team\n- ", "/business/person\n- ", 1, "stated is line"),
        (".cases.yaml", "outcome: fail\n  enforcement", "outcome: pass\n  enforcement", 1, "fail,"),
        (".cases.yaml", "base: 1-low-pilot", "base: 9-no-such", 2, "no example 9-no-such"),
        (".cases.yaml", "enforcement: block", "enforcement: warn", 1, "block, not warn"),
        (".yaml", "GOVERN 2.1", "GOVERN 9.9", 2, "has no control GOVERN 9.9"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_named(pack, file, old, new, code, words):
    path = pack / f"{POLICY}{file}"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    try:
        found, output = run(str(pack))
    except AigovError as error:  # it reaches the outermost frame
        found, output = error.exit_code, str(error.problem)
    assert found == code
    assert words in output


def test_a_demand_that_is_always_true_is_refused(own):
    path = own / "cost-centre-missing.yaml"
    demand = "has(metadata.labels) && 'cost-centre' in metadata.labels"
    path.write_text(OWN.replace(demand, '"true"'))
    with pytest.raises(AigovError, match="demands nothing"):
        run(str(own.parent))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("- {case: another", "- {case: again", ""),
        (PLACED, "outcome: fail", "no case fails"),
        ("outcome: pass", "outcome: fail", "pass, not fail"),
        (TRIED_OUT, "", "no case is not_applicable"),
        (TRIED_OUT, "", "no case notices when: replaced by `true`"),
        (ANOTHER, "", "no case notices"),
        ("enforcement: block", "message: something else", "the message does not say"),
    ],
)
def test_what_cases_do_not_show_is_named(own, old, new, words):
    path = own / "cost-centre-missing.cases.yaml"
    assert old in CASES
    path.write_text(CASES.replace(old, new))
    code, output = run(str(own.parent))
    assert code == (1 if words else 0), output
    assert words in " ".join(output.split())


def test_a_pack_of_ones_own_is_proved_beside_the_shipped_one(own):
    code, output = run(str(own.parent))
    assert code == 0, output
    assert "1 policies, 4 cases" in output


def test_cases_and_policies_belong_together(own):
    (own / "nothing.cases.yaml").write_text(CASES)
    (own / "cost-centre-missing.cases.yaml").rename(own / "cost.cases.yaml")
    code, output = run(str(own.parent))
    assert code == 1
    flat = " ".join(output.split())
    assert "cost-centre-missing.yaml: no cases" in flat
    assert "nothing.cases.yaml: cases of no policy" in flat


def test_an_untouched_example_may_not_fall_to_another_policy(own):
    (own / "other.yaml").write_text(
        OWN.replace("cost-centre-missing", "other").replace("OWN-001", "OWN-002")
    )
    (own / "other.cases.yaml").write_text(CASES)
    code, output = run(str(own.parent))
    assert code == 1
    assert "OWN-002 finds something in the untouched example" in " ".join(output.split())


def test_a_policy_that_misbehaves_on_a_case_is_a_fault(own):
    text = OWN.replace("'cost-centre' in metadata.labels", "metadata.labels == 1 || 1 / 0 == 1")
    (own / "cost-centre-missing.yaml").write_text(text)
    code, output = run(str(own.parent))
    assert code == 1
    assert "misbehave" in output


def test_a_policy_that_misbehaves_on_anothers_case_is_a_fault(own):
    text = OWN.replace("cost-centre-missing", "other").replace("OWN-001", "OWN-002")
    text = text.replace("'cost-centre' in metadata.labels", "metadata.labels == 1 || 1 / 0 == 1")
    (own / "other.yaml").write_text(text)
    (own / "other.cases.yaml").write_text(CASES)
    code, output = run(str(own.parent))
    assert code == 1
    assert "OWN-002 misbehaves" in " ".join(output.split())


def test_machines_read_the_proof_too(own):
    path = own / "cost-centre-missing.cases.yaml"
    path.write_text(CASES.replace("outcome: pass", "outcome: unknown"))
    code, output = run(str(own.parent), "--format", "json")
    assert code == 1
    found: dict[str, Any] = json.loads(output)
    assert found["schema"] == "aigov/policies-test/v1"
    (policy,) = found["policies"]
    assert (policy["code"], policy["cases"]) == ("OWN-001", 4)
    assert policy["faults"][0]["words"] == "named: pass, not unknown"
    assert policy["faults"][0]["where"].endswith("cost-centre-missing.cases.yaml:1")


def test_a_folder_that_is_not_there_is_an_error():
    with pytest.raises(AigovError, match="no such folder"):
        run("nowhere")


def test_verbose_names_list_items_that_nothing_needs(own):
    text = OWN.replace("!= 'sandbox'", "in ['internal_limited', 'external_broad']")
    (own / "cost-centre-missing.yaml").write_text(text)
    code, output = run(str(own.parent), "--verbose")
    assert code == 0
    assert "no case needs" in output
    assert "without `'external_broad'`" in " ".join(output.split())
