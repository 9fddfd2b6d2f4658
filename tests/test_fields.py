"""The tree of fields that a schema describes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.fields import Field, find, outline, parse_fields, walk

SCHEMA = {
    "$defs": {
        "Card": {
            "type": "object",
            "properties": {
                "kind": {"const": "Card"},
                "name": {"$ref": "#/$defs/text", "maxLength": 80, "description": "Its name."},
                "due": {"$ref": "#/$defs/date"},
                "stage": {"$ref": "#/$defs/stage", "description": "Where it stands."},
                "sure": {"$ref": "#/$defs/tri"},
                "done": {"type": "boolean"},
                "steps": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"by": {"$ref": "#/$defs/person"}}},
                },
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "limit": {"type": ["number", "object"]},
                "proof": {"$ref": "#/$defs/proof", "description": "What shows it."},
                "count": {"type": "integer"},
                "share": {"type": "number"},
            },
            "additionalProperties": False,
        },
        "proof": {"type": "object", "properties": {"path": {"$ref": "#/$defs/text"}}},
        "stage": {"description": "A stage.", "enum": ["open", "closed"]},
        "tri": {"enum": [True, False, "unknown"]},
        "text": {"type": "string", "description": "prose", "examples": ["Some words."]},
        "date": {"type": "string"},
        "person": {"type": "string"},
    }
}
CARD = parse_fields(SCHEMA, "Card")


def test_the_kind_of_a_scalar_is_the_name_of_its_definition():
    kinds = {name: field.kind for name, field in CARD.properties.items()}

    assert kinds == {
        "kind": "enum",
        "name": "text",
        "due": "date",
        "stage": "enum",
        "sure": "tri",
        "done": "bool",
        "steps": "list",
        "labels": "map",
        "limit": "any",
        "proof": "object",
        "count": "int",
        "share": "number",
    }


def test_a_field_knows_its_words_its_values_and_an_example():
    name, stage = CARD.properties["name"], CARD.properties["stage"]

    assert (name.description, name.example) == ("Its name.", "Some words.")
    assert (stage.description, stage.enum) == ("Where it stands.", ("open", "closed"))
    assert CARD.properties["sure"].enum == (True, False, "unknown")
    assert CARD.properties["kind"].enum == ("Card",)
    assert CARD.properties["proof"].description == "What shows it."


def test_a_description_of_the_definition_stands_in_where_the_field_has_none():
    card = {"type": "object", "properties": {"stage": {"$ref": "#/$defs/stage"}}}
    fields = parse_fields({"$defs": {**SCHEMA["$defs"], "Card": card}}, "Card")

    assert fields.properties["stage"].description == "A stage."


def test_a_kind_that_the_schema_does_not_have_is_refused():
    with pytest.raises(KeyError):
        parse_fields(SCHEMA, "Deck")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "object"),
        ("steps", "list"),
        ("steps.*", "object"),
        ("steps.[].by", "person"),
        ("steps.17.by", "person"),
        ("labels.any/thing", "text"),
        ("proof.path", "text"),
    ],
)
def test_a_place_is_found_by_its_names(path: str, kind: str):
    field = find(CARD, path.split(".") if path else [])

    assert field is not None
    assert field.kind == kind


@pytest.mark.parametrize(
    "path", ["colour", "steps.by", "name.first", "steps.*.by.at", "colour.of.it"]
)
def test_a_place_that_the_schema_does_not_have_is_none(path: str):
    assert find(CARD, path.split(".")) is None


def test_every_scalar_is_walked_with_its_pointer_in_document_order():
    document = {
        "steps": [{"by": "ada@x.org"}, {"by": "@kim"}],
        "name": "Bea",
        "labels": {"a/b~c": "red"},
        "done": False,
    }

    found = [(pointer, field.kind, value) for pointer, field, value in walk(CARD, document)]

    assert found == [
        ("/steps/0/by", "person", "ada@x.org"),
        ("/steps/1/by", "person", "@kim"),
        ("/name", "text", "Bea"),
        ("/labels/a~1b~0c", "text", "red"),
        ("/done", "bool", False),
    ]


def test_unknown_names_nulls_and_wrong_shapes_are_passed_over():
    document = {
        "colour": "red",
        "due": None,
        "name": ["a", {"b": "c"}],
        "steps": {"by": "ada@x.org"},
        "labels": ["red"],
    }

    assert walk(CARD, document) == []


def test_a_scalar_in_the_place_of_a_list_is_walked_with_the_list_field():
    document = {"steps": "TBD", "proof": "TBD"}

    found = [(pointer, field.kind, value) for pointer, field, value in walk(CARD, document)]

    assert found == [("/steps", "list", "TBD"), ("/proof", "object", "TBD")]


def test_a_document_that_is_a_scalar_is_its_own_leaf():
    assert walk(CARD, "TBD") == [("", CARD, "TBD")]
    assert walk(CARD, None) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda below: (
            st.lists(below)
            | st.dictionaries(st.text() | st.sampled_from([*CARD.properties]), below)
        ),
        max_leaves=30,
    )
)
def test_walking_never_raises_and_finds_what_its_pointer_names(document: object):
    for pointer, field, value in walk(CARD, document):
        here, parts = (
            document,
            [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]],
        )
        for part in parts:
            here = here[int(part)] if isinstance(here, list) else here[part]
        assert here is value
        assert find(CARD, parts) == field


def test_the_outline_names_every_field_once():
    names = [path for path, _ in outline(CARD)]

    assert len(names) == len(set(names))
    assert {"steps", "steps[].by", "proof.path", "labels"} <= set(names)


def test_the_outline_goes_into_the_values_of_a_map():
    inside = Field("map", values=Field("object", properties={"until": Field("date")}))

    assert [path for path, _ in outline(Field("object", properties={"x": inside}))] == [
        "x",
        "x.*.until",
    ]


def test_the_tree_of_the_shipped_schema_knows_people_dates_and_evidence():
    file = Path(__file__).parents[1] / "schemas" / "manifest.v1.json"
    fields = parse_fields(json.loads(file.read_text(encoding="utf-8")), "UseCase")
    kinds = {path: field.kind for path, field in outline(fields)}

    assert kinds["spec.ownership.accountable.person"] == "person"
    assert kinds["spec.approvals[].date"] == "date"
    assert kinds["spec.risk.assessments.fria.evidence"] == "evidence"
    assert kinds["spec.risk.facts.profiling"] == "tri"
    assert kinds["spec.risk.facts.biometric"] == "enum"
    assert kinds["spec.risk.eu_ai_act.provider_pack"] == "map"
