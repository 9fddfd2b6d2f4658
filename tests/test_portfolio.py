"""The policies on the organisation, the facts they read, and the shipped profile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from aigov.findings import Outcome
from aigov.judgement import judge
from aigov.policies import DOMAINS, PLACEHOLDER
from aigov.settings import Settings, parse_profile
from aigov.situations import situate_organisation
from aigov.source import Document, load
from judging import AS_OF, EXAMPLES, ROOT, example, rules

FACTS = json.loads((ROOT / "schemas" / "facts.v1.json").read_text("utf-8"))
MANIFEST = json.loads((ROOT / "schemas" / "manifest.v1.json").read_text("utf-8"))
POLICIES = rules().on_organisation
NAMES = ("1-low-pilot", "2-moderate-production", "3-critical-production", "4-ready")


def profile() -> Document:
    return load((EXAMPLES / "organization.yaml").read_bytes()).documents[0]


SPEC: dict[str, Any] = profile().value["spec"]


def cases(path: Any) -> list[dict[str, Any]]:
    return load(path.read_bytes()).documents[0].value


def with_facts() -> list[Any]:
    """Return every case of every policy that states facts beyond the document."""
    return [
        pytest.param(case, id=f"{path.name.partition('.')[0]}: {case['case']}")
        for path in sorted((ROOT / "policies").glob("*/**/*.cases.yaml"))
        if "derivation" not in path.parts
        for case in cases(path)
        if case.keys() & {"portfolio", "git"}
    ]


def sound() -> dict[str, Any]:
    """Return the facts of each policy's first case, which passes on the shipped profile."""
    facts: dict[str, Any] = {}
    for policy in POLICIES:
        first = cases(ROOT / policy.where.replace(".yaml", ".cases.yaml"))[0]
        assert first["outcome"] == "pass"
        assert first.keys() == {"case", "base", "portfolio", "outcome"}
        facts |= first["portfolio"]
    return facts


def nodes(node: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of the file that is a schema, with its place."""
    yield path, node
    for name, below in node.items():
        if name in ("properties", "$defs"):
            for one, inner in below.items():
                yield from nodes(inner, f"{path}/{name}/{one}")
        elif name in ("items", "additionalProperties", "propertyNames") and below is not False:
            yield from nodes(below, f"{path}/{name}")


class TestTheSchemaOfFacts:
    def test_it_is_a_valid_schema(self):
        jsonschema.Draft202012Validator.check_schema(FACTS)

        assert jsonschema_rs.meta.is_valid(FACTS)

    def test_every_fact_is_described_in_whole_sentences(self):
        bare = [
            f"{path}/{name}"
            for path, node in nodes(FACTS)
            for name, below in node.get("properties", {}).items()
            if not re.fullmatch(r"[A-Z].*\.", below.get("description", ""))
        ]

        assert bare == []

    def test_it_takes_no_other_names_and_nothing_unbounded(self):
        for path, node in nodes(FACTS):
            if "properties" in node:
                assert node["additionalProperties"] is False, path
            if node.get("type") == "array":
                assert "maxItems" in node, path
            if node.get("type") in ("integer", "number"):
                assert {"minimum", "maximum"} <= node.keys(), path
            if node.get("type") == "string":
                assert {"minLength", "maxLength"} <= node.keys(), path

    def test_every_portfolio_fact_is_read_by_a_policy_or_told_in_a_message(self):
        read = {
            path.parts[0]
            for policy in POLICIES
            for expression in (policy.require, policy.when, *(one for one, _ in policy.soften))
            if expression
            for path in expression.paths
            if path.root == "portfolio"
        }
        told = {
            name.split(".")[1]
            for policy in POLICIES
            for name in PLACEHOLDER.findall(policy.message)
            if name.startswith("portfolio.")
        }

        assert read | told == FACTS["$defs"]["portfolio"]["properties"].keys()

    @pytest.mark.parametrize("case", with_facts())
    def test_the_facts_of_a_case_are_facts(self, case: dict[str, Any]):
        given = {name: case[name] for name in ("portfolio", "git") if name in case}

        jsonschema.Draft202012Validator(FACTS).validate(given)


class TestThePolicies:
    def test_there_are_eleven(self):
        assert [policy.code for policy in POLICIES] == [f"ORG-{n:03}" for n in range(1, 12)]

    @pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
    def test_each_counts_under_a_domain_and_is_the_same_at_every_tier(self, policy: Any):
        assert policy.domain in DOMAINS
        assert len(policy.enforcement) == 4
        assert len(set(policy.enforcement.values())) == 1
        assert all(len(set(by_tier.values())) == 1 for by_tier in policy.params.values())

    @pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
    def test_none_is_waived_for_a_waiver_is_about_a_use_case(self, policy: Any):
        assert policy.waivable is None

    @pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
    def test_each_passes_on_the_shipped_profile_with_sound_facts(self, policy: Any):
        situation = situate_organisation(profile(), sound(), rules(), Settings(AS_OF))

        assert judge(policy, situation).outcome is Outcome.PASS

    @pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
    def test_none_passes_on_a_profile_and_an_audit_that_say_nothing(self, policy: Any):
        empty = load(b"apiVersion: aigov/v1\nkind: Organization\nmetadata: {id: empty}\nspec: {}\n")
        situation = situate_organisation(empty.documents[0], {}, rules(), Settings(AS_OF))
        claims_nothing = policy.code == "ORG-009"

        expected = Outcome.NOT_APPLICABLE if claims_nothing else Outcome.UNKNOWN
        assert judge(policy, situation).outcome is expected


class TestTheShippedProfile:
    def test_it_has_the_shape_of_a_profile(self):
        assert rules().schemas["Organization"].issues(profile().value, people_mapped=True) == []
        jsonschema.Draft202012Validator(MANIFEST).validate(profile().value)
        parse_profile(profile(), "organization.yaml")

    def test_its_evidence_is_there(self):
        named = [SPEC["ai_policy"]["ref"], SPEC["ethics_policy"]["ref"], SPEC["apmo"]["charter"]]
        named += [SPEC["ranking"]["evidence"], SPEC["board"]["pack"]]

        assert len(set(named)) == 5
        assert all((EXAMPLES / path).stat().st_size >= 300 for path in named)

    @pytest.mark.parametrize("name", NAMES)
    def test_it_covers_what_an_example_uses(self, name: str):
        spec = example(name).value["spec"]
        providers = {one["provider"]: one for one in SPEC["approved_providers"]}
        for model in spec["architecture"]["models"]:
            assert model["region"] in providers[model["provider"]]["regions"]
            assert model["hosting"] in providers[model["provider"]]["hosting"]
        for component in spec["architecture"]["components"]:
            assert {**component, "status": "approved"} in SPEC["catalogue"]
        assert spec["architecture"]["reference"]["id"] in SPEC["reference_architectures"]
        assert set(SPEC["jurisdictions_min"]) <= set(spec["risk"]["facts"]["jurisdictions"])

    @pytest.mark.parametrize("name", NAMES)
    def test_it_knows_the_people_of_an_example(self, name: str):
        text = (EXAMPLES / f"{name}.aigov.yaml").read_text("utf-8")

        assert set(re.findall(r"[a-z]+\.[a-z]+@northbank\.internal", text)) <= SPEC["people"].keys()

    @pytest.mark.parametrize("name", NAMES[1:])
    def test_it_gives_the_teams_of_an_example_the_people_they_committed(self, name: str):
        spec = example(name).value["spec"]
        capacity, template = spec["funding"]["capacity"], spec["delivery"]["pipeline"]
        major = int(template["version"].partition(".")[0])

        assert (
            capacity["ops_fte_committed"]
            <= SPEC["capacity"][spec["ownership"]["operations"]["team"]]
        )
        assert any(
            one["id"] == template["template"] and major in one["supported_majors"]
            for one in SPEC["pipeline_templates"]
        )
