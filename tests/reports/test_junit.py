"""`aigov.reports.junit`: JUnit XML that Jenkins, Surefire and GitLab read."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aigov.findings import Outcome, Result
from aigov.results import CheckResult, Problem
from reports.reading import printed
from reports.zoo import BLOCK, FAIL, UNKNOWN, ZOO, found, hostile, poisoned


class Shape(NamedTuple):
    """What an element may hold."""

    required: frozenset[str]
    optional: frozenset[str]
    children: tuple[str, ...]


def shape(required: str, optional: str = "", children: str = "") -> Shape:
    return Shape(frozenset(required.split()), frozenset(optional.split()), tuple(children.split()))


# What both the schema of the Jenkins xUnit plugin (junit-10.xsd) and that of Maven
# Surefire (surefire-test-report.xsd) allow, and whatever one of them demands.
RULES = {
    "testsuites": shape("", "name time tests failures errors", "testsuite"),
    "testsuite": shape("name tests failures errors skipped time", "", "testcase system-out"),
    "testcase": shape("name classname time", "", "skipped error failure"),
    "skipped": shape(""),
    "failure": shape("message type"),
    "error": shape("message type"),
    "system-out": shape(""),
}
NUMBERS = ("tests", "failures", "errors", "skipped")


def faults(element: ET.Element) -> Iterator[str]:
    """Yield what of the rules the tree below `element` breaks."""
    rule, names = RULES[element.tag], set(element.attrib)
    for name in rule.required - names:
        yield f"{element.tag} lacks {name}"
    for name in names - rule.required - rule.optional:
        yield f"{element.tag} may not have {name}"
    for name in names & {*NUMBERS, "time"}:
        if not element.attrib[name].isdecimal():
            yield f"{element.tag} {name} is no number"
    order = [rule.children.index(child.tag) for child in element if child.tag in rule.children]
    if len(order) < len(element) or order != sorted(order):
        yield f"{element.tag} holds {[child.tag for child in element]}"
    if element.tag == "testcase" and len(element) > 1:
        yield "testcase ends twice"
    for child in element:
        yield from faults(child)


def tree(result: CheckResult = ZOO) -> ET.Element:
    return ET.fromstring(printed("junit", result).encode())


def of(*results: Result) -> CheckResult:
    return ZOO._replace(documents=(ZOO.documents[0]._replace(results=results),), problems=())


def case(code: str, result: CheckResult = ZOO) -> ET.Element:
    return next(one for one in tree(result).iter("testcase") if one.attrib["name"].startswith(code))


EMPTY = ZOO._replace(documents=(), problems=(), notes=())


@pytest.mark.parametrize("result", [ZOO, hostile(), EMPTY], ids=["tame", "hostile", "empty"])
def test_the_report_keeps_the_rules_that_jenkins_and_surefire_share(result: CheckResult) -> None:
    assert list(faults(tree(result))) == []


def test_a_report_that_breaks_the_rules_is_seen() -> None:
    broken = tree()
    first = next(broken.iter("testcase"))
    del first.attrib["classname"]
    first.set("file", "aigov.yaml")
    ET.SubElement(first, "system-out")
    assert list(faults(broken)) == [
        "testcase lacks classname",
        "testcase may not have file",
        "testcase holds ['system-out']",
    ]


@pytest.mark.parametrize("result", [ZOO, hostile()], ids=["tame", "hostile"])
def test_the_numbers_are_those_of_the_cases(result: CheckResult) -> None:
    suites = tree(result)
    for suite in (suites, *suites):
        cases = list(suite.iter("testcase"))
        counted = {
            "tests": len(cases),
            **{
                many: sum(one.find(single) is not None for one in cases)
                for many, single in (
                    ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"),
                )
            },
        }  # fmt: skip
        said = {name: int(suite.attrib[name]) for name in NUMBERS if name in suite.attrib}
        assert said == {name: counted[name] for name in said}
    results = sum(len(document.results) for document in result.documents)
    assert int(suites.attrib["tests"]) == results + len(result.problems)


def test_each_outcome_ends_a_case_in_its_own_way() -> None:
    endings = {
        code: [one.tag for one in case(code, of(found(code, outcome, BLOCK, "", "/spec", None)))]
        for code, outcome in zip(
            ("A-1", "A-2", "A-3", "A-4", "A-5", "A-6", "A-7"), Outcome, strict=True
        )
    }
    assert list(endings.values()) == [
        [],
        ["failure"],
        ["failure"],
        ["skipped"],
        ["skipped"],
        ["skipped"],
        ["error"],
    ]


def test_a_failure_says_what_where_and_what_to_do() -> None:
    (failure,) = case("GOV-004")
    assert case("GOV-004").attrib["name"] == "GOV-004 tier-understated: retail-support-bot"
    assert case("GOV-004").attrib["classname"] == "examples/2-moderate-production.aigov.yaml"
    assert failure.attrib == {
        "message": "declared low, but M2 and M4 imply moderate",
        "type": "block",
    }
    assert failure.text == (
        "examples/2-moderate-production.aigov.yaml:55:11\n"
        "declared low, but M2 and M4 imply moderate\n"
        "fix: Raise spec.risk.tier, or correct the fact that drives it."
    )


def test_what_was_skipped_says_why() -> None:
    reasons = {code: case(code)[0].text for code in ("GOV-003", "OPS-007", "VAL-005")}
    assert reasons == {
        "GOV-003": "binds at a later stage",
        "OPS-007": "does not apply",
        "VAL-005": "does not apply: no history, profile",
    }
    waived = next(one for one in tree().iter("testcase") if "GOV-009" in one.attrib["name"])
    assert (waived[0].text or "").endswith("(waived by waiver-legal-renewal)")


def test_a_file_that_could_not_be_read_is_an_error_and_the_notes_are_printed() -> None:
    last = tree()[-1]
    (error,) = last.iter("error")
    assert (error.attrib["type"], last.attrib["errors"]) == ("unreadable", "1")
    assert error.text is not None
    assert error.text.startswith("teams/hr/aigov.yaml:7:3\n")
    assert last.findtext("system-out") == f"note: {ZOO.notes[0]}\n"
    mute = tree(ZOO._replace(notes=()))[-1]
    assert [one.tag for one in mute] == ["testcase"]
    assert "files" not in printed("junit", ZOO._replace(notes=(), problems=()))


def test_a_file_without_known_words_is_an_error_all_the_same() -> None:
    result = EMPTY._replace(problems=(Problem("SYN-009", "a.yaml", 1, 1, ""),))
    (error,) = tree(result).iter("error")
    assert (error.attrib["message"], error.text) == ("SYN-009", "a.yaml:1:1\nSYN-009")


def test_no_two_cases_share_a_name_even_if_one_is_made_to_look_like_the_next() -> None:
    text = ZOO.policies["GOV-001"]
    one = found("GOV-001", FAIL, BLOCK, "", "/spec", None)
    document = ZOO.documents[0]._replace(use_case="a", results=(one, one, one))
    forged = document._replace(use_case="a (2)", results=(one,))
    result = ZOO._replace(documents=(forged, document, document), problems=(), notes=())
    names = [
        (each.attrib["classname"], each.attrib["name"]) for each in tree(result).iter("testcase")
    ]
    assert len(set(names)) == len(names) == 7
    assert names[1][1] == f"GOV-001 {text.id}: a"


@pytest.mark.parametrize("result", [ZOO, hostile()], ids=["tame", "hostile"])
def test_the_names_of_the_zoo_are_unique(result: CheckResult) -> None:
    names = [(one.attrib["classname"], one.attrib["name"]) for one in tree(result).iter("testcase")]
    assert len(set(names)) == len(names)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(st.characters(exclude_categories=()), min_size=1))
def test_any_text_at_all_gives_well_formed_xml(attack: str) -> None:
    tame, attacked = tree(), tree(poisoned(lambda text: f"{attack}{text}"))
    assert [one.tag for one in attacked.iter()] == [one.tag for one in tame.iter()]


def test_an_unknown_is_a_failure_that_names_what_is_missing() -> None:
    one = found("REG-001", UNKNOWN, BLOCK, "", "/spec", None, missing=("/spec/a", "/spec/b"))
    (failure,) = case("REG-001", of(one))
    assert failure.attrib["message"] == (
        "The EU role is not declared (spec.a and spec.b are missing)"
    )
    (vague,) = case("X-1", of(found("X-1", UNKNOWN, BLOCK, "", "/spec", None)))
    assert vague.attrib["message"] == "X-1 (a value that it reads is missing)"


@pytest.mark.parametrize("result", [ZOO, hostile()], ids=["tame", "hostile"])
def test_the_report_fits_the_jenkins_schema(result: CheckResult) -> None:
    """The XSD and a validator for it are third parties': CI brings both."""
    from conftest import skip_or_fail

    path = os.environ.get("AIGOV_JUNIT_XSD", "")
    if not path or importlib.util.find_spec("xmlschema") is None:
        skip_or_fail("junit-xsd", "AIGOV_JUNIT_XSD names no schema, or xmlschema is not installed")
    import xmlschema

    schema = xmlschema.XMLSchema(path)
    report = printed("junit", result)
    assert [str(fault.reason) for fault in schema.iter_errors(report)] == []
