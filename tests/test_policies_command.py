"""`aigov policies list`: what is selected, in text and in JSON."""

from __future__ import annotations

import json

import jsonschema
import pytest

from aigov.expressions import CONSTANTS
from aigov.findings import Enforcement
from aigov.listing import choose, policies_json, policies_text
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
        path
        for path, text in texts.items()
        if ".cases" not in path.name
        if path.parent == folder or f"\ndomain: {domain}\n" in text
    ]
    chosen = choose(everything(), {"domain": domain})
    assert sorted(one.id for one in chosen) == sorted(path.stem for path in files)


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
        (("--framework", "eu-ai-akt"), "did you mean eu-ai-act?"),
        (("--stage", "beta"), "'beta' is not one of"),
        (("--tier", "medium"), "'medium' is not one of"),
        (("--policies", "nowhere"), "no such folder of policies"),
    ],
)
def test_a_name_that_no_policy_has_is_an_error_and_no_empty_list(run, arguments, words):  # noqa: F811
    code, out, err = run("policies", "list", *arguments)
    assert (code, out) == (2, "")
    assert words in err


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
