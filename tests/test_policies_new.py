"""`aigov policies new`: the files it writes load, and their proof says what is left to do."""

from __future__ import annotations

import shutil

import pytest

from aigov.scaffold import PREFIXES
from judging import ROOT, rules
from test_check_command import folder, run  # noqa: F401  # fixtures


@pytest.mark.parametrize("name", [f"{one}/x-missing" for one in PREFIXES if one != "law"])
def test_what_is_begun_loads_and_its_proof_names_what_is_missing(name, run, folder):  # noqa: F811
    code, out, err = run("policies", "new", name, "--into", "ours")
    assert (code, err) == (0, "")
    assert "OWN-001 x-missing is begun" in out
    assert "next: aigov-gate policies test ours" in out
    assert max(map(len, out.splitlines())) <= 80
    assert run("policies", "list", "--policies", "ours")[0] == 0
    code, out, _ = run("policies", "test", "ours")
    said = " ".join(out.split())
    assert code == 1
    assert "TO DO is left on the lines" in said
    assert "TO DO: change the example so that the policy fails, and state the place: pass" in said
    assert "misbehaves" not in said
    assert "error" not in said


def test_what_is_written_out_is_proved(run, folder):  # noqa: F811
    assert run("policies", "new", "law/data-act/export-missing")[0] == 0
    stem = folder / "policies" / "law" / "data-act" / "export-missing"
    policy = stem.with_suffix(".yaml")
    policy.write_text(policy.read_text("utf-8").replace("TO DO", "Bot"), "utf-8")
    cases = stem.with_suffix(".cases.yaml")
    written = cases.read_text("utf-8").replace("TO DO", "done")
    written = written.replace("  outcome: fail", "  set: {/metadata/name: Bot}\n  outcome: fail")
    cases.write_text(written, "utf-8")
    code, out, _ = run("policies", "test", "policies")
    assert (code, out.splitlines()[-1]) == (
        0,
        "1 policies, 2 cases, 3 mutants: 0 survive, 0 unproved",
    )


def test_codes_go_on_from_what_the_pack_has(run, folder):  # noqa: F811
    for name, expected in (("a-missing", "OWN-001"), ("b-missing", "OWN-002")):
        assert expected in run("policies", "new", f"deploy-operate/{name}")[1]
    out = run("policies", "new", "deploy-operate/c-missing", "--code", "MINE-007")[1]
    assert "MINE-007 c-missing" in out


def test_the_shipped_pack_goes_on_with_the_prefix_of_the_domain(run, folder):  # noqa: F811
    shutil.copytree(ROOT / "policies", folder / "policies")
    highest = max(code for code in rules().policies if code.startswith("OPS-"))
    out = run("policies", "new", "deploy-operate/x-missing")[1]
    assert f"OPS-{int(highest[-3:]) + 1:03} x-missing" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("deploy-operate/old",), "old is there already"),
        (("build-delivery/old",), "old is there already"),
        (("build-delivery/owner-missing",), "owner-missing is there already"),
        (("build-delivery/x", "--code", "OWN-001"), "OWN-002 is the next free one"),
        (("build-delivery/x", "--code", "GOV-001"), "GOV-001 is taken"),
        (("build-delivry/x",), "did you mean build-delivery?"),
    ],
)
def test_nothing_is_overwritten_and_nothing_is_taken_twice(arguments, words, run, folder):  # noqa: F811
    assert run("policies", "new", "deploy-operate/old")[0] == 0
    before = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    code, out, err = run("policies", "new", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert {path: path.read_bytes() for path in folder.rglob("*.yaml")} == before


def test_a_place_that_takes_no_file_is_an_error(run, folder):  # noqa: F811
    (folder / "ours").write_text("", "utf-8")
    code, _, err = run("policies", "new", "deploy-operate/x", "--into", "ours")
    assert code == 2
    assert "cannot be written" in err
