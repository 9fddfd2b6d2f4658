"""What is said about a document that does not have the shape of its kind."""

from __future__ import annotations

import copy
import json
import pickle
from functools import partial
from pathlib import Path

import pytest

from aigov.schema import MAX_ISSUES, Issue, ManifestSchema
from aigov.source import load

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "schemas" / "manifest.v1.json").read_text(encoding="utf-8"))
SYNONYMS = load((ROOT / "schemas" / "synonyms.yaml").read_bytes()).documents[0].value
USE_CASE = ManifestSchema(SCHEMA, "UseCase", partial(dict, SYNONYMS))
ORGANIZATION = ManifestSchema(SCHEMA, "Organization", partial(dict, SYNONYMS))
WAIVER = ManifestSchema(SCHEMA, "Waiver", partial(dict, SYNONYMS))
MODERATE = "2-moderate-production"
DELETED = object()


def example(name: str = MODERATE) -> dict:
    path = next((ROOT / "examples").glob(f"{name}*.yaml"))
    return load(path.read_bytes()).documents[0].value


def changed(pointer: str, value: object, document: dict | None = None) -> dict:
    """Return a document with `value` at `pointer` (or without it, for DELETED)."""
    document = copy.deepcopy(document or example())
    *way, last = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
    here = document
    for part in way:
        here = here[int(part)] if isinstance(here, list) else here[part]
    if value is DELETED:
        del here[last]
    else:
        here[int(last) if isinstance(here, list) else last] = value
    return document


def waiver(**spec: object) -> dict:
    given = {
        "policy": "OPS-009",
        "use_case": "retail-support-bot",
        "reason": "The switch is replaced in January.",
        "compensating": "Two people watch every session.",
        "approved_by": "karin.holm@northbank.internal",
        "granted_on": "2026-11-01",
        "expires_on": "2026-12-01",
    }
    return {
        "apiVersion": "aigov/v1",
        "kind": "Waiver",
        "metadata": {"id": "stop-switch"},
        "spec": {**given, **spec},
    }


def profile(**spec: object) -> dict:
    return {
        "apiVersion": "aigov/v1",
        "kind": "Organization",
        "metadata": {"id": "northbank"},
        "spec": spec,
    }


def only(issues: list[Issue]) -> Issue:
    assert len(issues) == 1, issues
    return issues[0]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples").glob("*.aigov.yaml")), ids=lambda p: p.stem
)
def test_a_shipped_example_has_no_issue(path: Path):
    for document in load(path.read_bytes()).documents:
        assert USE_CASE.issues(document.value) == []


@pytest.mark.parametrize(
    ("pointer", "value", "message"),
    [
        (
            "/spec/risk/rationale",
            None,
            "`rationale` is empty (null); give a value or remove the line",
        ),
        ("/spec/risk/rationale", "", "`rationale` is empty; give a value or remove the line"),
        (
            "/spec/risk/rationale",
            "Advisory only.",
            "`Advisory only.` is too short: 14 characters, at least 40",
        ),
        (
            "/spec/risk/rationale",
            " " * 50,
            "a blank text is not a text: write it out in plain words, not blanks alone",
        ),
        (
            "/metadata/name",
            "A" * 81,
            f"`{'A' * 57}...` is too long: 81 characters, at most 80",
        ),
        (
            "/spec/lifecycle/stage",
            "prod",
            (
                "`prod` is not one of intake, pilot, authorization, governance, "
                "operational_ownership, production, retired; did you mean production?"
            ),
        ),
        (
            "/spec/architecture/pattern",
            "zzz",
            (
                "`zzz` is not one of prompt_only, rag, agent, multi_agent, fine_tuned, "
                "classical_ml, computer_vision, embedded_saas, composite"
            ),
        ),
        (
            "/spec/purpose/domains/0",
            "customer service",
            (
                "`customer service` is not one of general_productivity, software_engineering, "
                "it_operations, knowledge_search, customer_service, marketing, sales, "
                "finance_operations, fraud_detection, aml_compliance, trading, credit, "
                "and 20 more; did you mean customer_service?"
            ),
        ),
        (
            "/spec/risk/facts/profiling",
            "no",
            "`no` is not one of true, false, unknown",
        ),
        (
            "/spec/delivery/pipeline/version",
            5.2,
            "a version was expected, found the number 5.2; put it in quotes",
        ),
        ("/spec/intake/ref", True, "a text was expected, found true; put it in quotes"),
        ("/spec/intake/ref", ["A"], "a text was expected, found a list"),
        ("/spec/intake/ref", {"a": 1}, "a text was expected, found a set of names and values"),
        (
            "/spec/purpose/out_of_scope",
            "advice",
            "a list was expected, found the text `advice`; put it in brackets: [...]",
        ),
        (
            "/spec/purpose/out_of_scope",
            {"a": 1},
            "a list was expected, found a set of names and values",
        ),
        (
            "/spec/purpose/out_of_scope",
            [],
            "`out_of_scope` is empty; give a value or remove the line",
        ),
        (
            "/spec/purpose/out_of_scope/1",
            None,
            "an entry of `out_of_scope` is empty (null); give a value or remove the line",
        ),
        ("/spec/purpose/users", ["customers"] * 2, "`customers` stands twice in `users`"),
        ("/spec/intake", "soon", "a set of names and values was expected, found the text `soon`"),
        (
            "/spec/lifecycle/monthly_users",
            "148000",
            "a whole number was expected, found the text `148000`; remove the quotes",
        ),
        (
            "/spec/lifecycle/monthly_users",
            "many",
            "a whole number was expected, found the text `many`",
        ),
        ("/spec/lifecycle/monthly_users", 1.5, "a whole number was expected, found the number 1.5"),
        ("/spec/lifecycle/monthly_users", -1, "-1 is too small: at least 0"),
        ("/spec/intake/scores/roi", 6, "6 is too large: at most 5"),
        ("/spec/funding/run_budget_annual", 0, "0 is too small: more than 0"),
        (
            "/spec/data/personal",
            "yes",
            "true or false was expected, found the text `yes`",
        ),
        (
            "/spec/ownership/risk/person",
            "Owen Clarke",
            "`Owen Clarke` is not a person: give an e-mail address or @handle",
        ),
        (
            "/spec/lifecycle/go_live_on",
            "2026-02-30",
            "`2026-02-30` is not a date: write a day that exists as YYYY-MM-DD, from 1900 to 2199",
        ),
        (
            "/spec/lifecycle/go_live_on",
            "22.6.26",
            "`22.6.26` is not a date: write a day that exists as YYYY-MM-DD, from 1900 to 2199",
        ),
        (
            "/spec/lifecycle/pilot/evidence",
            "../secrets.md",
            (
                "`../secrets.md` is not evidence: give the path of a file below the manifest's "
                "folder (with /, no .. and no colon) or an https:// address"
            ),
        ),
        ("/apiVersion", "aigov/v2", "`aigov/v2` is not aigov/v1, the only value there is"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(pointer: str, value: object, message: str):
    issue = only(USE_CASE.issues(changed(pointer, value)))

    assert issue == Issue(pointer, message, at_key=False)


@pytest.mark.parametrize(
    ("parent", "name", "message"),
    [
        ("/spec", "hitl", "`hitl` is not a field here; did you mean `oversight` (spec.oversight)?"),
        (
            "/spec",
            "owner",
            "`owner` is not a field here; did you mean `accountable` (spec.ownership.accountable)?",
        ),
        ("/spec", "slo", "`slo` is not a field here; did you mean `slos` (spec.operations.slos)?"),
        (
            "/spec",
            "risk_tier",
            "`risk_tier` is not a field here; did you mean `tier` (spec.risk.tier)?",
        ),
        (
            "/spec/operations",
            "on-call",
            "`on-call` is not a field here; did you mean `incident` (spec.operations.incident)?",
        ),
        (
            "/spec/operations",
            "contact",
            "`contact` is not a field here; did you mean `incident` (spec.operations.incident)?",
        ),
        (
            "/spec/lifecycle",
            "goLiveOn",
            (
                "`goLiveOn` is not a field here; "
                "did you mean `go_live_on` (spec.lifecycle.go_live_on)?"
            ),
        ),
        (
            "/spec/approvals/0",
            "functoin",
            "`functoin` is not a field here; did you mean `function` (spec.approvals[].function)?",
        ),
        (
            "/spec/purpose",
            "retention_days",
            (
                "`retention_days` is not a field here; "
                "did you mean `retention_days` (spec.data.retention_days)?"
            ),
        ),
        (
            "/spec/purpose",
            "retention_day",
            (
                "`retention_day` is not a field here; "
                "did you mean `retention_days` (spec.data.retention_days)?"
            ),
        ),
        (
            "/spec",
            "pii",
            (
                "`pii` is not a field here; did you mean `personal_data` "
                "(spec.risk.facts.personal_data) or `personal` (spec.data.personal)?"
            ),
        ),
        (
            "/spec/ownership/accountable",
            "zzz",
            "`zzz` is not a field here; known here: person, team",
        ),
        ("/spec", "qqqqqqq", "`qqqqqqq` is not a field here"),
        (
            "/metadata",
            "x-cost-centre",
            (
                "`x-cost-centre` is not a field here; "
                "your own data goes under `annotations` (metadata.annotations)"
            ),
        ),
        ("", "Metadata", "`Metadata` is not a field here; did you mean `metadata` (metadata)?"),
    ],
)
def test_an_unknown_name_is_told_with_what_was_meant(parent: str, name: str, message: str):
    issue = only(USE_CASE.issues(changed(f"{parent}/{name}", "x")))

    assert issue == Issue(f"{parent}/{name}", message, at_key=True)


def test_a_name_that_only_another_kind_knows_is_not_suggested():
    issue = only(WAIVER.issues(waiver(hitl="x")))

    assert issue.message == (
        "`hitl` is not a field here; known here: policy, use_case, reason, compensating, "
        "approved_by, granted_on, expires_on, evidence, at"
    )


def test_a_name_in_a_map_is_held_against_its_format():
    document = changed("/metadata/annotations", {"cost~centre/1": "4711"})

    assert USE_CASE.issues(document) == [
        Issue(
            "/metadata/annotations/cost~0centre~11",
            (
                "the name `cost~centre/1` is not an annotation's name: start it with x- and go on "
                "with lower-case letters, digits and . _ / -"
            ),
            at_key=True,
        )
    ]
    assert only(ORGANIZATION.issues(profile(waiver_approvers={"lo": ["@kim"]}))).message == (
        "the name `lo` is not one of low, moderate, high, critical; did you mean low?"
    )
    assert only(USE_CASE.issues(changed("/metadata/labels", {"": "a"}))).message == (
        "the name is empty; give a value or remove the line"
    )


@pytest.mark.parametrize(
    "pointer", ["/metadata/id", "/spec/purpose/users", "/spec/lifecycle/stage", "/kind", "/spec"]
)
def test_a_missing_field_is_told_where_it_belongs(pointer: str):
    issue = only(USE_CASE.issues(changed(pointer, DELETED)))

    assert issue == Issue(pointer, f"`{pointer.rpartition('/')[2]}` is missing", at_key=False)


def test_a_value_in_a_map_is_told_with_its_pointer():
    issue = only(USE_CASE.issues(changed("/metadata/labels", {"team/x": 4711})))

    assert issue == Issue(
        "/metadata/labels/team~1x", "a text was expected, found the number 4711; put it in quotes"
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "a set of names and values was expected, found a list"),
        ("text", "a set of names and values was expected, found the text `text`"),
        (None, "the document is empty (null); give a value or remove the line"),
    ],
)
def test_a_document_that_is_no_mapping_is_told_once(document: object, message: str):
    assert USE_CASE.issues(document) == [Issue("", message)]


def test_of_an_unknown_kind_only_the_head_is_told():
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 3},
    }

    assert USE_CASE.issues(deployment) == [
        Issue("/apiVersion", "`apps/v1` is not aigov/v1, the only value there is"),
        Issue("/kind", "`Deployment` is not one of UseCase, Organization, Waiver"),
    ]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (None, "`kind` is empty (null); give a value or remove the line"),
        ("usecase", "`usecase` is not one of UseCase, Organization, Waiver; did you mean UseCase?"),
        (["UseCase"], "a list is not one of UseCase, Organization, Waiver"),
    ],
)
def test_a_kind_that_cannot_be_read_is_told(kind: object, message: str):
    assert only(USE_CASE.issues(changed("/kind", kind))) == Issue("/kind", message)


def test_issues_are_sorted_by_pointer_and_each_place_is_told_once():
    document = changed("/spec/intake/ref", "")
    document = changed("/metadata/id", "A", document)
    document = changed("/spec/hitl", 1, document)

    found = [issue.pointer for issue in USE_CASE.issues(document)]

    assert found == ["/metadata/id", "/spec/hitl", "/spec/intake/ref"]


def test_a_message_stays_on_one_line_and_short():
    document = changed("/metadata/id", "a\n::error::x\n" + "b" * 5000)
    document = changed("/spec/" + "k\n" * 3000, 1, document)

    messages = [issue.message for issue in USE_CASE.issues(document)]

    assert len(messages) == 2
    assert all("\n" not in message and len(message) < 300 for message in messages)


class TestPeople:
    def test_one_handle_among_addresses_is_an_issue_at_that_handle(self):
        document = changed("/spec/approvals/2/person", "@owen")

        assert only(USE_CASE.issues(document)) == Issue(
            "/spec/approvals/2/person",
            (
                "`@owen` is a handle, but the first person named here is an e-mail address; "
                "use one kind throughout, or map people in the organisation profile"
            ),
        )

    def test_one_address_among_handles_is_an_issue_at_that_address(self):
        document = example("1-low-pilot")
        text = json.dumps(document).replace("@northbank.internal", "")
        for name in ("priya.nair", "tomas.vrba", "helen.brandt", "owen.clarke", "marta.silva"):
            text = text.replace(f'"{name}"', f'"@{name}"')
        handles = json.loads(text.replace("mailto:platform-leads", "slack:#platform-leads"))

        assert USE_CASE.issues(handles) == []
        mixed = changed("/spec/ownership/risk/person", "owen@northbank.internal", handles)
        issue = only(USE_CASE.issues(mixed))
        assert issue.pointer == "/spec/ownership/risk/person"
        assert issue.message.startswith("`owen@northbank.internal` is an e-mail address, but")

    def test_a_profile_that_maps_people_allows_both(self):
        document = changed("/spec/approvals/2/person", "@owen")

        assert USE_CASE.issues(document, people_mapped=True) == []

    def test_what_is_no_person_is_neither(self):
        document = changed("/spec/approvals/2/person", "TBD")

        assert only(USE_CASE.issues(document)).message.startswith("`TBD` is not a person")
        assert len(USE_CASE.issues(changed("/spec/approvals", {"person": "@a"}))) == 1
        assert len(USE_CASE.issues(changed("/spec/approvals/2/person", ["@a"]))) == 1

    def test_a_profile_itself_lists_both(self):
        people = {"ada@northbank.internal": ["ada.b@northbank.internal", "@ada"]}

        assert ORGANIZATION.issues(profile(people=people)) == []


def test_a_waiver_is_held_against_its_own_schema():
    assert WAIVER.issues(waiver(at="/spec/oversight/stop/tested_on")) == []
    assert [issue.pointer for issue in WAIVER.issues(waiver(reason="pending", at="spec"))] == [
        "/spec/at",
        "/spec/reason",
    ]


def test_a_profile_may_carry_thresholds_by_tier():
    assert ORGANIZATION.issues(profile(thresholds={"max_pilot_days": 90})) == []
    assert ORGANIZATION.issues(profile(thresholds={"max_pilot_days": {"high": 60}})) == []
    assert only(ORGANIZATION.issues(profile(thresholds={"max_pilot_days": "90"}))).message == (
        "a number or a set of names and values was expected, found the text `90`; remove the quotes"
    )


def test_an_entry_far_down_a_long_list_is_still_told():
    catalogue = [{"ref": f"component:c{index}"} for index in range(400)]
    catalogue[390] = {"ref": "c390"}

    issue = only(ORGANIZATION.issues(profile(catalogue=catalogue)))

    assert issue.pointer == "/spec/catalogue/390/ref"


def test_a_hostile_document_is_told_in_bounded_words():
    flood = changed("/spec/purpose/out_of_scope", ["x"] * 40_000)
    flood = changed("/metadata/labels", {f"k{index}": 1 for index in range(5000)}, flood)
    names = {f"field_{index}": index for index in range(20_000)}

    assert (
        only(USE_CASE.issues(changed("/spec/purpose/out_of_scope", ["x"] * 40_000))).message
        == "`out_of_scope` has 40000 entries, at most 50 may stand here"
    )
    assert len(USE_CASE.issues(flood)) == 2 + 50
    issues = USE_CASE.issues({**example(), **names})
    assert len(issues) == MAX_ISSUES + 1
    assert issues[0] == Issue("", "there is more than the 100 faults told here")


def test_two_engines_that_differ_are_never_silent():
    surrogate = changed("/metadata/name", "broken \ud800 text")
    infinite = changed("/spec/value/kpis/0/baseline", float("nan"))

    for document in (surrogate, infinite):
        assert USE_CASE.issues(document) == [
            Issue("", "the document does not have the shape of its kind")
        ]


def test_a_schema_goes_through_pickle_to_a_worker():
    again = pickle.loads(pickle.dumps(USE_CASE))

    assert again.issues(example()) == []
    assert again.issues([]) == USE_CASE.issues([])
