"""`aigov policies list`: what is selected, in text and in JSON."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from aigov.expressions import CONSTANTS
from aigov.findings import Enforcement
from aigov.listing import choose, coverage, policies_json, policies_text
from aigov.policies import DOMAINS, TIERS
from aigov.reports import Style
from judging import ROOT, rules
from test_check_command import run  # noqa: F401  # a fixture

STAGES = tuple(CONSTANTS["stages"])
SCHEMA = json.loads((ROOT / "schemas" / "policies.v1.json").read_text("utf-8"))


def everything():
    return list(rules().policies.values())


def test_nothing_asked_for_selects_every_policy():
    assert choose(everything(), {}) == everything()
    assert choose(everything(), {"domain": None, "stage": None}) == everything()


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_selects_the_policies_of_its_folder_and_those_that_name_it(domain):
    texts = {p: p.read_text("utf-8") for p in (ROOT / "policies").rglob("*.yaml")}
    folder = ROOT / "policies" / domain
    files = [
        path for path, text in texts.items() if ".cases" not in path.name if path.parent == folder
    ]
    chosen = choose(everything(), {"domain": domain})
    elsewhere = {one.id for one in chosen if one.where.split("/")[1] in ("law", "portfolio")}
    assert sorted({one.id for one in chosen} - elsewhere) == sorted(path.stem for path in files)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_selects_what_binds_there_and_not_what_comes_later(stage):
    chosen = choose(everything(), {"stage": stage})
    rank = STAGES.index(stage)
    for policy in everything():
        assert (policy in chosen) is (policy.binds_from <= rank <= policy.binds_to)


def test_what_binds_until_a_stage_is_chosen_there_and_not_after():
    policy = everything()[0]._replace(binds_from=1, binds_to=3)
    chosen = [stage for stage in STAGES if choose([policy], {"stage": stage})]
    assert chosen == ["pilot", "authorization", "governance"]


def test_a_tier_selects_what_acts_there():
    policy = everything()[0]._replace(enforcement={3: Enforcement.WARN})
    assert [tier for tier in TIERS if choose([policy], {"tier": tier})] == ["high"]


def test_a_framework_selects_what_touches_it():
    chosen = choose(everything(), {"framework": "openslo"})
    assert [one.code for one in chosen] == ["OPS-002"]


def test_what_is_asked_for_together_must_hold_together():
    asked = {"domain": "deploy-operate", "stage": "intake"}
    assert choose(everything(), asked) == []
    both = choose(everything(), {"domain": "deploy-operate", "framework": "eu-ai-act"})
    assert both
    deployed = choose(everything(), {"domain": "deploy-operate"})
    assert both == [one for one in deployed if "eu-ai-act" in one.controls]
    assert both != deployed


def test_the_json_holds_the_schema_and_every_policy_sorted_by_code():
    given = json.loads(policies_json(everything()))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(given, SCHEMA)
    assert [one["code"] for one in given["policies"]] == sorted(rules().policies)
    found = next(one for one in given["policies"] if one["code"] == "GOV-004")
    assert found["from"] == "pilot"
    assert found["to"] == "production"
    assert found["enforcement"] == dict.fromkeys(TIERS, "block")
    assert "nist-ai-rmf:GOVERN 1.3" in found["controls"]


def test_the_schema_refuses_what_is_not_such_a_list():
    given = json.loads(policies_json(everything()))
    for path, wrong in (("code", "gov-4"), ("from", "beta"), ("enforcement", {"low": "shout"})):
        broken = json.loads(json.dumps(given))
        broken["policies"][0][path] = wrong
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_the_text_names_every_policy_below_its_domain_in_80_columns():
    said = "".join(policies_text(everything(), Style()))
    lines = said.splitlines()
    assert max(map(len, lines)) <= 80
    for policy in everything():
        assert lines.count(f"  {policy.code} {policy.id}") == 1
    assert [line for line in lines if line in DOMAINS] == sorted(
        set(DOMAINS), key=[one.domain for one in everything()].index
    )
    assert lines[-1] == f"{len(everything())} policies"


def test_the_text_counts_one_and_none():
    one = everything()[0]
    assert "".join(policies_text([one], Style())).endswith("\n\n1 policy\n")
    assert "".join(policies_text([], Style())) == "0 policies\n"
    said = "".join(policies_text([one._replace(domain="")], Style()))
    assert said.startswith("without a domain\n")


def framework(name):
    return rules().frameworks()[name]


def test_coverage_names_the_policies_of_every_control_in_the_frameworks_order():
    for known in rules().frameworks().values():
        found = coverage(everything(), known)
        assert list(found) == list(known.controls)
        for policy in everything():
            touched = {known.control(one) for one in policy.controls.get(known.id, ())}
            assert touched == {control for control, those in found.items() if policy in those}


def test_a_paragraph_touches_its_article_once():
    controls = {"eu-ai-act": ("Art. 26(2)", "Art. 26(5)", "Art. 14")}
    policy = everything()[0]._replace(controls=controls)
    found = coverage([policy], framework("eu-ai-act"))
    assert [one for one, those in found.items() if those] == ["Art. 14", "Art. 26"]
    assert found["Art. 26"] == [policy]


def test_the_json_of_a_framework_holds_its_coverage_both_ways():
    chosen = choose(everything(), {"framework": "sr-26-2"})
    given = json.loads(policies_json(chosen, framework("sr-26-2")))
    jsonschema.validate(given, SCHEMA)
    found = given["coverage"]
    assert found["framework"] == "sr-26-2"
    assert [one["id"] for one in found["controls"]] == list(framework("sr-26-2").controls)
    for control in found["controls"]:
        assert control["title"] == framework("sr-26-2").controls[control["id"]]
        citing = [p for p in given["policies"] if f"sr-26-2:{control['id']}" in p["controls"]]
        assert control["policies"] == [one["code"] for one in citing]
    assert next(one for one in found["controls"] if one["id"] == "III")["policies"][0] == "GOV-004"
    del found["source"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(given, SCHEMA)


def test_the_text_of_a_framework_says_what_each_policy_touches_and_each_control_has():
    policy = everything()[0]._replace(code="ABC-001", id="one", controls={"sr-26-2": ("V.1", "VI")})
    other = policy._replace(code="ABC-002", id="other", controls={"sr-26-2": ("VI",)})
    said = "".join(policies_text([policy, other], Style(), framework("sr-26-2")))
    assert "ABC-001 one\n" in said
    assert "          touches V.1, VI\n" in said
    assert said.split("2 policies\n\n")[1].splitlines() == [
        "sr-26-2: SR 26-2, model risk management of banks, 17 April 2026",
        "https://www.federalreserve.gov/supervisionreg/srletters/srletters.htm",
        "  V.1  Models are validated independently",
        "       ABC-001 one",
        "  VI   Governance: roles, inventory, documentation",
        "       ABC-001 one, ABC-002 other",
        "",
        "not touched",
        "  II   Purpose, and what counts as a model",
        "  III  Materiality sets how much model risk is managed",
        "  IV   Models are developed and used soundly",
        "  V.2  Models are monitored in use",
        "  VII  Models of vendors and other third parties",
        "",
        "2 of 7 controls touched (to touch a control is not to conform)",
    ]


def test_the_share_is_said_for_each_group_of_a_framework():
    chosen = choose(everything(), {"framework": "iso-42001"})
    lines = "".join(policies_text(chosen, Style(), framework("iso-42001"))).splitlines()
    found = coverage(chosen, framework("iso-42001"))
    annex = sum(1 for one, those in found.items() if those and one.startswith("A."))
    clauses = sum(1 for one, those in found.items() if those and not one.startswith("A."))
    assert lines[-3:] == [
        f"Clauses: {clauses} of 24 touched",
        f"Annex A: {annex} of 38 touched",
        f"{annex + clauses} of 62 controls touched (to touch a control is not to conform)",
    ]


def test_a_framework_that_is_touched_whole_has_nothing_left():
    chosen = choose(everything(), {"framework": "openslo"})
    said = "".join(policies_text(chosen, Style(), framework("openslo")))
    assert "not touched" not in said
    assert said.splitlines()[-1].startswith("1 of 1 controls touched")


@pytest.mark.parametrize("name", sorted(rules().frameworks()))
def test_the_text_of_a_framework_stays_within_80_columns(name):
    chosen = choose(everything(), {"framework": name})
    for style in (Style(), Style(colour=True)):
        said = "".join(policies_text(chosen, style, framework(name)))
        plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
        assert max(map(len, plain.splitlines())) <= 80
        shown = [" ".join(line.split()) for line in plain.splitlines()]
        for control, title in framework(name).controls.items():
            assert f"{control} {title}" in shown


def test_hostile_words_of_a_framework_are_inert():
    hostile = framework("openslo")._replace(
        title="\x1b[2J", version="::error::", source="https://x/\u202e", controls={"v1": "##[x]"}
    )
    chosen = choose(everything(), {"framework": "openslo"})
    for said in ("".join(policies_text(chosen, Style(), hostile)), policies_json(chosen, hostile)):
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "##" not in said


def test_hostile_words_of_a_pack_are_inert():
    policy = everything()[0]._replace(title="\x1b[2J ##[x]\u202e", domain="::error::")
    for said in ("".join(policies_text([policy], Style())), policies_json([policy])):
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "##" not in said
        assert not any(line.lstrip().startswith("::") for line in said.splitlines())


# --- the command


def test_the_command_lists_in_text_and_json(run):  # noqa: F811
    assert run("policies", "list")[:2] == (0, "".join(policies_text(everything(), Style())))
    code, out, err = run("policies", "list", "--format", "json", "--framework", "openslo")
    assert (code, err) == (0, "")
    assert [one["code"] for one in json.loads(out)["policies"]] == ["OPS-002"]


def test_the_command_passes_on_all_that_is_asked_for(run):  # noqa: F811
    code, out, _ = run(
        "policies", "list", "--domain", "strategy-governance", "--stage", "intake",
        "--tier", "low", "--framework", "eu-ai-act", "--format", "json",
    )  # fmt: skip
    expected = choose(
        everything(),
        {
            "domain": "strategy-governance",
            "stage": "intake",
            "tier": "low",
            "framework": "eu-ai-act",
        },
    )
    assert code == 0
    assert [one["code"] for one in json.loads(out)["policies"]] == [p.code for p in expected]
    assert expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--domain", "build-deliver"), "did you mean build-delivery?"),
        (("--domain", "zzz"), "choose one of build-delivery, "),
        (("--framework", "eu-ai-akt"), "there is no framework eu-ai-akt"),
        (("--framework", "eu-ai-akt"), "did you mean eu-ai-act?"),
        (("--framework", "zzz"), "choose one of ai-verify, canada-adm, "),
        (("--stage", "beta"), "'beta' is not one of"),
        (("--tier", "medium"), "'medium' is not one of"),
        (("--policies", "nowhere"), "no such folder of policies"),
    ],
)
def test_a_name_that_nothing_has_is_an_error_and_no_empty_list(run, arguments, words):  # noqa: F811
    code, out, err = run("policies", "list", *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_the_command_shows_the_coverage_of_a_framework(run):  # noqa: F811
    chosen = choose(everything(), {"framework": "nist-ai-rmf"})
    expected = "".join(policies_text(chosen, Style(), framework("nist-ai-rmf")))
    assert run("policies", "list", "--framework", "nist-ai-rmf")[:2] == (0, expected)
    assert re.search(r"\n[0-9]+ of 72 controls touched \(", expected)


def test_the_coverage_is_that_of_the_policies_asked_for(run):  # noqa: F811
    narrow = ("--framework", "nist-ai-rmf", "--domain", "optimize-value", "--format", "json")
    code, out, _ = run("policies", "list", *narrow)
    given = json.loads(out)
    codes = {one["code"] for one in given["policies"]}
    assert code == 0
    assert {code for one in given["coverage"]["controls"] for code in one["policies"]} == codes


def test_a_framework_is_found_by_what_it_replaced(run):  # noqa: F811
    new = run("policies", "list", "--framework", "sr-26-2")
    assert run("policies", "list", "--framework", "sr-11-7") == new
    assert "sr-26-2: SR 26-2" in new[1]


def test_a_framework_that_no_policy_touches_is_shown_so(run):  # noqa: F811
    none = {"framework": "gdpr", "stage": "intake", "domain": "optimize-value"}
    assert choose(everything(), none) == []
    arguments = [part for name, word in none.items() for part in (f"--{name}", word)]
    code, out, _ = run("policies", "list", *arguments)
    assert code == 0
    assert out.startswith("0 policies\n\ngdpr: ")
    assert "\n0 of 18 controls touched (" in out


def test_the_command_lists_a_pack_beside_the_shipped_one(run, tmp_path):  # noqa: F811
    folder = tmp_path / "chatbots"
    folder.mkdir()
    (folder / "no-bots.yaml").write_text(
        "id: no-bots\ncode: MINE-001\ntitle: It is called a bot\nfrom: pilot\n"
        "enforcement: {low: warn}\nrequire: \"spec.risk.tier != 'low'\"\nat: /spec/risk/tier\n"
        "message: no\nremedy: Rename it.\n",
        "utf-8",
    )
    code, out, _ = run("policies", "list", "--policies", tmp_path, "--domain", "chatbots")
    assert code == 0
    assert "MINE-001 no-bots" in out
    assert out.endswith("1 policy\n")


def test_without_a_subcommand_the_group_shows_its_help(run):  # noqa: F811
    code, out, err = run("policies")
    assert "list" in out + err
    assert code in (0, 2)
