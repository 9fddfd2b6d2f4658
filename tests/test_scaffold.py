"""A new policy: its name, its code, and files that load and say what is left to write."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aigov.errors import UsageError
from aigov.policies import DOMAINS
from aigov.scaffold import PREFIXES, TO_DO, begin, choose_code, parse_name
from judging import ROOT, rules

TEMPLATES = [
    (ROOT / "schemas" / f"new-{name}.yaml").read_text("utf-8") for name in ("policy", "cases")
]


def refusal(call, *arguments) -> str:
    with pytest.raises(UsageError) as raised:
        call(*arguments)
    return f"{raised.value.problem} / {raised.value.remedy}"


@pytest.mark.parametrize("folder", [*DOMAINS, "portfolio", "law/eu-ai-act", "law/data-act"])
def test_a_name_is_a_known_folder_and_an_id(folder):
    assert parse_name(f"{folder}/owner-missing") == (folder, "owner-missing")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("deploy-operat/x", "did you mean deploy-operate?"),
        ("laws/eu/x", "did you mean law?"),
        ("owner-missing", "with hyphens; domains: strategy-governance, "),
        ("", "write <domain>/<id>"),
        ("/x", "write <domain>/<id>"),
        ("chatbots/x", "write <domain>/<id>"),
        ("../deploy-operate/x", "write <domain>/<id>"),
        ("law/x", "write law/<pack>/<id>"),
        ("law/eu/act/x", "write law/<pack>/<id>"),
        ("law/../x", "write law/<pack>/<id>"),
        ("deploy-operate/a/x", "write deploy-operate/<id>"),
        ("deploy-operate/", "write deploy-operate/<id>"),
        ("deploy-operate/..", "write deploy-operate/<id>"),
        ("deploy-operate/Slo_Missing", "lower-case words with hyphens"),
        ("portfolio/x\n", "write portfolio/<id>"),
    ],
)
def test_any_other_name_is_refused_with_the_one_that_is_meant(name, hint):
    assert hint in refusal(parse_name, name)


@given(st.text())
def test_no_name_leads_out_of_the_pack(name):
    try:
        folder, last = parse_name(name)
    except UsageError:
        return
    assert all(part.strip(".") for part in (*folder.split("/"), last))


def test_the_prefix_of_a_folder_is_that_of_its_policies():
    taken = {
        (policy.where.split("/")[1], policy.code.partition("-")[0])
        for policy in rules().policies.values()
    }
    assert taken - {("strategy-governance", "MAN")} == set(PREFIXES.items())


def test_the_next_code_follows_the_highest_of_its_prefix():
    assert choose_code(None, "OWN", ()) == "OWN-001"
    assert choose_code(None, "OWN", {"OWN-002", "OWN-009", "OPS-040", "OWNER-077"}) == "OWN-010"
    assert choose_code("OWN-020", "OWN", {"OWN-002"}) == "OWN-020"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("OPS-001", "OPS-001 is taken"), ("own-1", "own-1 is no code"), ("", " is no code")],
)
def test_a_code_that_is_taken_or_none_is_refused_with_the_next_free_one(wanted, words):
    said = refusal(choose_code, wanted, "OWN", {"OPS-001", "OWN-003"})
    assert said == f"{words} / OWN-004 is the next free one"


def begun(folder: str) -> list:
    return [yaml.safe_load(text) for text in begin(folder, "x-missing", "OWN-001", TEMPLATES)]


def test_what_is_begun_is_named_and_marked_where_it_is_to_be_written():
    policy, cases = begun("deploy-operate")
    assert (policy["id"], policy["code"]) == ("x-missing", "OWN-001")
    marked = [key for key, value in policy.items() if TO_DO in str(value)]
    assert marked == ["title", "require", "message", "remedy", "why"]
    assert [one["outcome"] for one in cases] == ["pass", "fail"]
    assert all(TO_DO in one["case"] for one in cases)
    assert "domain" not in policy


def test_a_law_pack_and_the_portfolio_state_their_domain_and_what_they_need():
    assert begun("law/data-act")[0]["domain"] == "strategy-governance"
    policy, cases = begun("portfolio")
    assert (policy["domain"], policy["needs"]) == ("strategy-governance", ["portfolio"])
    assert all((one["base"], one["portfolio"]) == ("organization", {}) for one in cases)
