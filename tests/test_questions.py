"""The questions are plain, few and complete, and an answer states what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.fields import find
from aigov.questions import Question, read_answer, slug
from aigov.source import load, split_pointer
from judging import ROOT, rules

ROWS = load((ROOT / "init" / "questions.yaml").read_bytes()).documents[0].value
QUESTIONS = tuple(Question(**row) for row in ROWS)
BY_ID = {question.id: question for question in QUESTIONS}
TODAY = "2026-11-22"
KINDS = ("bool", "date", "article5point", "text", "object")


def read(name: str, answer: str, known: dict[str, object] | None = None) -> dict[str, object]:
    """Return the values by the last name of their pointers."""
    found = read_answer(BY_ID[name], answer, known or {}, TODAY)
    return {pointer.rpartition("/")[2]: value for pointer, value in found.items()}


def test_there_are_at_most_twenty_short_questions():
    assert len(QUESTIONS) == len(BY_ID) <= 20
    assert all(len(question.ask) <= 130 for question in QUESTIONS)
    assert all(question.ask[-1] in "?." for question in QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.id)
def test_every_field_and_value_of_a_question_is_one_of_the_schema(question: Question):
    assert question.fields
    for pointer in (*question.fields, *question.when, *question.open):
        assert find(rules().fields, split_pointer(pointer)), pointer
    assert question.means.keys() <= question.choices.keys()
    stated = [question.set, question.when, question.open, *question.means.values()]
    for pointer, value in (item for values in stated for item in values.items()):
        field = find(rules().fields, split_pointer(pointer))
        field = field.items if field.kind == "list" else field
        for one in value if isinstance(value, list) else [value]:
            assert one in field.enum or field.kind in KINDS, pointer


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.id)
def test_a_choice_that_is_itself_the_value_is_one_of_the_schema(question: Question):
    for part in question.parts:
        kind, *to = part.split()
        for pointer in to if kind.startswith("choice") else ():
            field = find(rules().fields, split_pointer(pointer))
            enum = {*(field.items or field).enum} - {"unknown"}
            assert question.choices.keys() - question.means.keys() == enum


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.id)
def test_every_example_and_every_choice_is_an_answer(question: Question):
    stated = read_answer(question, question.example, {}, TODAY)
    assert stated
    assert stated.keys() <= set(question.fields)
    for number, key in enumerate(question.choices, 1):
        if question.id != "pilot":
            rest = ", 30" if question.parts[0].split()[0] == "choice" else ""
            by_key = read_answer(question, f"{key.upper()}{rest}", {}, TODAY)
            assert read_answer(question, f"{number}{rest}", {}, TODAY) == by_key


@pytest.mark.parametrize(
    ("name", "answer", "values"),
    [
        ("problem", "  Two   words ", {"problem": "Two words"}),
        ("success", "faster", {"success_criteria": ["faster"]}),
        ("who", "2, 34", {"exposure": "internal_limited", "users": ["employees"],
                          "monthly_users": 34}),
        ("who", "1,200 people; staff", {"exposure": "internal_broad", "users": ["employees"],
                                        "monthly_users": 1200}),
        ("pilot", "proposed 2026-09-01, runs 2026-10-05 to 2026-12-18 for 40 in staging",
         {"date": "2026-09-01", "start_on": "2026-10-05", "end_on": "2026-12-18",
          "max_users": 40, "environment": "staging"}),
        ("technology", "@tom group:sre", {"person": "@tom", "team": "group:sre"}),
        ("where", "eu, 4", {"jurisdictions": ["EU", "UK"]}),
        ("affected", "employees employees", {"affected_persons": ["employees"]}),
        ("model", "OpenAI gpt-4o 2024-08-06",
         {"id": "openai", "provider": "openai", "name": "gpt-4o", "version": "2024-08-06"}),
        ("excluded", "none", {"completed_on": TODAY, "hits": [], "safety_component": False}),
        ("excluded", "safety, feels, 9", {"completed_on": TODAY, "hits": ["5(1)(f)", "5(1)(e)"],
                                          "safety_component": True}),
    ],
)  # fmt: skip
def test_an_answer_states(name, answer, values):
    assert read(name, answer) == values


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("who", "colleagues", "a whole number is missing"),
        ("who", "some, 34", "some, 34 is none of the choices"),
        ("where", "EU, Mars", "Mars is none of the choices"),
        ("pilot", "2026-09-01, 40, sandbox", "a date such as 2026-11-22 is missing"),
        ("owner", "Priya", "a person (name@company or @handle) is missing"),
        ("owner", "priya@company.org", "a team is missing"),
        ("model", "mistral", "a word is missing"),
        ("excluded", "", " is none of the choices"),
        ("problem", "red \x1b[31m words", "a character in it does not print"),
        ("problem", "", "words is missing"),
    ],
)
def test_an_answer_that_lacks_a_part_says_which(name, answer, says):
    with pytest.raises(ValueError, match="^" + says.replace("(", r"\(").replace(")", r"\)") + "$"):
        read(name, answer)


def test_what_the_repository_says_needs_no_answer():
    known = {"/spec/ownership/accountable/team": "group:sre"}
    assert read_answer(BY_ID["owner"], "@priya", known, TODAY) == {
        "/spec/ownership/accountable/person": "@priya",
        "/spec/ownership/business/person": "@priya",
        "/spec/ownership/accountable/team": "group:sre",
        "/spec/ownership/business/team": "group:sre",
    }


def test_a_question_may_hang_on_an_answer():
    where = "/spec/risk/facts/jurisdictions"
    assert BY_ID["shows"].is_asked({where: ["UK", "EU"]})
    assert not BY_ID["shows"].is_asked({where: ["UK"]})
    assert BY_ID["shows"].is_asked({})
    assert BY_ID["who"].is_asked({})


@given(st.text(max_size=80))
def test_any_text_makes_an_id(text):
    field = rules().schemas["UseCase"]
    made = {"apiVersion": "aigov/v1", "kind": "UseCase", "metadata": {"id": slug(text)}}
    assert not [one for one in field.issues(made) if one.pointer == "/metadata/id"]


@given(st.sampled_from(QUESTIONS), st.text(max_size=60))
def test_any_answer_is_understood_or_refused_in_words(question, text):
    try:
        found, refused = read_answer(question, text, {}, TODAY), ""
    except ValueError as error:
        found, refused = {}, str(error)
    assert found or refused
