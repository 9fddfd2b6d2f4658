"""`aigov policies docs`: the shipped pages are current, and only our own pages are touched."""

from __future__ import annotations

import re

import pytest

from aigov.pages import MARK
from judging import ROOT, rules
from test_check_command import folder, run  # noqa: F401  # fixtures

PAGES = ROOT / "docs" / "policies"


def test_the_shipped_pages_are_current(run):  # noqa: F811
    code, out, _ = run("policies", "docs", "--check", "--output", PAGES)
    assert (code, out) == (0, f"{len(rules().policies) + 2} pages, 0 not current\n")


def test_there_is_a_page_for_every_policy_with_both_examples_and_a_judged_finding():
    names = {path.name for path in PAGES.iterdir()}
    assert names == {f"{code}.md" for code in rules().policies} | {"README.md", "controls.md"}
    for code in rules().policies:
        said = (PAGES / f"{code}.md").read_text("utf-8")
        assert "## What passes" in said
        assert re.search(r"So changed, the example `[^`]+` is judged `fail` \(\w+\) at `/", said)


def test_every_link_between_the_pages_leads_to_one():
    for path in (*PAGES.iterdir(), ROOT / "docs" / "ideas.md"):
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text("utf-8")):
            assert (path.parent / target).is_file(), (path.name, target)


@pytest.fixture
def own(folder):  # noqa: F811
    """A folder with a pack of one policy."""
    for ending in (".yaml", ".cases.yaml"):
        text = (ROOT / "policies" / f"deploy-operate/slo-missing{ending}").read_text("utf-8")
        path = folder / "ours" / "deploy-operate" / f"level-missing{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("slo-missing", "level-missing").replace("OPS-", "OWN-"))
    return folder


def test_a_pack_of_your_own_gets_pages_of_its_own_alone(own, run):  # noqa: F811
    assert run("policies", "docs", "ours/", "--output", "out")[:2] == (
        0, "3 pages, 3 written or removed\n",
    )  # fmt: skip
    assert {path.name for path in (own / "out").iterdir()} == {
        "OWN-001.md", "README.md", "controls.md",
    }  # fmt: skip
    assert "# OWN-001 level-missing" in (own / "out" / "OWN-001.md").read_text("utf-8")
    assert (
        run("policies", "docs", "ours", "--output", "out")[1] == "3 pages, 0 written or removed\n"
    )


def test_a_check_writes_nothing_and_names_what_is_not_current(own, run):  # noqa: F811
    run("policies", "docs", "ours", "--output", "out")
    (own / "out" / "controls.md").unlink()
    with (own / "out" / "OWN-001.md").open("a", encoding="utf-8") as file:
        file.write("more\n")
    (own / "out" / "OWN-009.md").write_text(f"{MARK}# of a policy that is gone\n", "utf-8")
    (own / "out" / "notes.md").write_text("# somebody's own\n", "utf-8")
    before = {path: path.read_bytes() for path in (own / "out").iterdir()}
    code, out, err = run("policies", "docs", "ours", "--output", "out", "--check")
    assert (code, err) == (1, "next: the same without --check\n")
    assert out.splitlines() == [
        "out/OWN-001.md: not current",
        "out/OWN-009.md: not current",
        "out/controls.md: not current",
        "3 pages, 3 not current",
    ]
    assert {path: path.read_bytes() for path in (own / "out").iterdir()} == before
    assert run("policies", "docs", "ours", "--output", "out")[0] == 0
    assert {path.name for path in (own / "out").iterdir()} == {
        "OWN-001.md", "README.md", "controls.md", "notes.md",
    }  # fmt: skip
    assert run("policies", "docs", "ours", "--output", "out", "--check")[0] == 0


def test_what_somebody_else_wrote_is_never_replaced(own, run):  # noqa: F811
    (own / "README.md").write_text("# mine\n", "utf-8")
    code, out, err = run("policies", "docs", "ours", "--output", ".")
    assert (code, out) == (2, "")
    assert "README.md: a page would replace this file" in err
    assert (own / "README.md").read_text("utf-8") == "# mine\n"
    assert not (own / "OWN-001.md").exists()


def test_a_folder_that_takes_no_page_is_an_error(own, run):  # noqa: F811
    (own / "out").write_text("", "utf-8")
    code, _, err = run("policies", "docs", "ours", "--output", "out")
    assert code == 2
    assert "cannot be read or written" in err


def test_a_pack_that_is_begun_has_a_page_without_a_finding(run, folder):  # noqa: F811
    run("policies", "new", "deploy-operate/x-missing")
    assert run("policies", "docs", "policies")[0] == 0
    said = (folder / "docs" / "policies" / "OWN-001.md").read_text("utf-8")
    assert "## What fails" in said
    assert "is judged" not in said
