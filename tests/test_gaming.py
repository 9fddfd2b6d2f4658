"""Attacks on the record, each on a real repository whose past was honest until then."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aigov.changes import changed_paths
from aigov.emit import dump
from aigov.source import load
from histories import GONE, PROFILE, Commit, changed, gate, past, write
from judging import AS_OF, ROOT, example

TWINS = ("1-low-pilot", "2-moderate-production", "3-critical-production", "4-ready")
ATTACKS = load((ROOT / "tests" / "gaming.yaml").read_bytes()).documents[0].value
MATERIAL = ("/spec/purpose", "/spec/risk/facts", "/spec/data", "/spec/architecture/models",
            "/spec/architecture/agent", "/spec/architecture/sources", "/spec/oversight/mode",
            "/spec/delivery/evaluations/*/threshold", "/spec/delivery/evaluations/*/op",
            "/spec/operations/slos/*/target", "/spec/operations/slos/*/value")  # fmt: skip
"""What re-opens the review (MAN-010)."""


def stage(name: str) -> str:
    return "pilot" if name.endswith("pilot") else "production"


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """Return the repository in which an example grew up, and what the gate finds in it."""

    @cache
    def built(name: str, *arguments: str) -> tuple[Path, dict[str, str]]:
        folder = tmp_path_factory.getbasetemp() / f"{name}.git"
        if not folder.exists():
            write(folder, "main", past(name))
        code, report = gate(folder, "--rev", "main", "--stage", stage(name), *arguments)
        assert code == 0, report["decision"]["reasons"]
        return folder, found(report)

    return built


def found(report: dict[str, Any]) -> dict[str, str]:
    """Return the enforcement of each finding by its code; of two, the one that blocks."""
    every = [
        (one["code"], one["enforcement"])
        for document in report["documents"]
        for one in document["results"]
        if one["outcome"] in ("fail", "unknown", "error")
    ]
    every += [(one["code"], "block") for one in report["problems"]]
    return dict(sorted(every, key=lambda one: one[1] == "block"))


def attacked(folder: Path, number: int) -> str:
    """Put an attack on a branch of its own, and return the branch."""
    attack = ATTACKS[number]
    value = changed(example(attack["on"]).value, attack.get("set", {}), attack.get("delete", ()))
    files = {path: text or GONE for path, text in attack.get("files", {}).items()}
    files["aigov.yaml"] = dump(value)
    author = value["spec"]["ownership"]["technology"]["person"]
    branch = f"attack-{number}"
    one = Commit(files, attack.get("day", AS_OF), author)
    write(folder, branch, [one], "refs/heads/main")
    return branch


@pytest.mark.parametrize("arguments", [(), ("--profile", PROFILE)], ids=["alone", "profile"])
@pytest.mark.parametrize("name", TWINS)
def test_an_honest_past_is_allowed_without_a_finding(twin, name, arguments):
    assert twin(name, *arguments)[1] == {}


@pytest.mark.parametrize("number", range(len(ATTACKS)), ids=[one["attack"] for one in ATTACKS])
def test_an_attack_is_caught_as_what_it_is(twin, number):
    attack = ATTACKS[number]
    folder, before = twin(attack["on"])
    branch = attacked(folder, number)
    code, report = gate(folder, "--rev", branch, "--stage", stage(attack["on"]))
    new = {one: how for one, how in found(report).items() if before.get(one) != how}
    blocking = [one for one, how in new.items() if how == "block"]
    assert new.get(attack["code"]) == attack["as"], new
    assert set(attack.get("also", ())) <= set(new), new
    assert len(blocking) >= attack.get("at_least", 0), new
    assert code == (1 if blocking else 0)
    assert bool(blocking) == (attack["as"] == "block"), new
    if attack["as"] == "block":
        assert attack["code"] in {one["code"] for one in report["decision"]["reasons"]}


def test_the_attacks_are_the_24_of_the_list_of_which_3_warn():
    listed = [one["as"] for one in ATTACKS if "variant" not in one]
    assert (len(listed), listed.count("warn")) == (24, 3)


def test_an_attack_on_what_is_material_does_not_hide_behind_a_missing_review():
    for attack in ATTACKS:
        before = example(attack["on"]).value
        after = changed(before, attack.get("set", {}), attack.get("delete", ()))
        paths = changed_paths(before, after)
        unreviewed = set(MATERIAL) & set(paths) and "/metadata/reviewed_on" not in paths
        assert not unreviewed or attack["code"] == "MAN-010", attack["attack"]


def test_an_organisation_that_demands_the_eu_does_not_let_it_be_dropped(twin):
    (number,) = [i for i, one in enumerate(ATTACKS) if "EU" in one["attack"]]
    folder, _ = twin(ATTACKS[number]["on"], "--profile", PROFILE)
    code, report = gate(folder, "--rev", attacked(folder, number), "--profile", PROFILE)
    assert code == 1
    assert [one["code"] for one in report["decision"]["reasons"]] == ["GOV-015"]
