"""What a policy may say: known names, and nothing that passes in silence."""

from __future__ import annotations

import pytest

from aigov.fields import parse_fields
from aigov.lints import Vocabulary, name_faults, silence_faults
from aigov.syntax import parse

DATE = {"type": "string"}
SCHEMA = {
    "$defs": {
        "date": DATE,
        "UseCase": {
            "type": "object",
            "properties": {
                "metadata": {"type": "object", "properties": {"id": {"type": "string"}}},
                "spec": {
                    "type": "object",
                    "properties": {
                        "tier": {"enum": ["low", "high"]},
                        "start_on": {"$ref": "#/$defs/date"},
                        "labels": {
                            "type": "object",
                            "additionalProperties": {"type": "string"},
                        },
                        "models": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {"kind": {"enum": ["gpai", "other"]}},
                            },
                        },
                    },
                },
            },
        },
    }
}
FACTS = {
    "$defs": {
        "git": {
            "type": "object",
            "properties": {
                "days": {"type": "integer"},
                "rewritten": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"pointer": {"type": "string"}}},
                },
            },
        }
    }
}
KNOWN = Vocabulary(
    {"UseCase": parse_fields(SCHEMA, "UseCase"), "Organization": parse_fields(SCHEMA, "UseCase")},
    {"git": parse_fields(FACTS, "git")},
    {"tier", "evidence"},
    {"max_days"},
    {"is_person"},
)


def names(text: str) -> list[tuple[str, int]]:
    return [tuple(fault) for fault in name_faults(parse(text), KNOWN)]


def silences(text: str, *optional: str, condition: bool = False) -> list[str]:
    return [f.message for f in silence_faults(parse(text), optional, condition=condition)]


@pytest.mark.parametrize(
    "text",
    [
        "tiers[spec.tier] >= tiers[derived.tier] && today > spec.start_on",
        "size(spec.models) > 0 && spec.models.all(m, m.kind == 'gpai')",
        "spec.models.exists(m, m.kind in ['gpai', 'other'])",
        "spec.labels['any'] == 'x' && spec.labels.any.startsWith('x')",
        "derived.evidence.all(e, evidence[e.path])",
        "params.max_days > 3 && judged.stage < stages.pilot && tier == tiers.low",
        "is_person(metadata.id) || repository.anything.goes == 1",
        "git.days > 3 && size(git.rewritten) == 0 && git.rewritten.all(r, r.pointer == 'x')",
    ],
)
def test_what_exists_is_no_fault(text):
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spec.teir == 'low'", ("no field spec.teir; did you mean tier?", 0)),
        ("true || spec.modles[0].kind == 'x'", ("no field spec.modles; did you mean models?", 8)),
        ("spec.models.all(m, m.knd == 'gpai')",
         ("no field spec.models.*.knd; did you mean kind?", 19)),
        ("spec.start_on.year == 1", ("no field spec.start_on.year", 0)),
        ("tiers.hihg == 1", ("no tiers.hihg; did you mean high?", 0)),
        ("derived.teir == 'x'", ("no derived.teir; did you mean tier?", 0)),
        ("params.max_day > 1", ("no params.max_day; did you mean max_days?", 0)),
        ("judged.step > 1", ("no judged.step; did you mean stage?", 0)),
        ("todya > '2'", ("no name todya; did you mean today?", 0)),
        ("is_persn(spec.tier)", ("no function is_persn(); did you mean is_person?", 0)),
        ("spec.tier.beginsWith('l')", ("no method beginsWith(); did you mean endsWith?", 0)),
        ("spec.tier == 'lwo'", ("spec.tier is never 'lwo'; did you mean low?", 13)),
        ("'lwo' != spec.tier", ("spec.tier is never 'lwo'; did you mean low?", 0)),
        ("spec.models.exists(m, m.kind in ['gpai', 'othr'])",
         ("spec.models.*.kind is never 'othr'; did you mean other?", 32)),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_a_fault_with_its_offset(text, expected):
    assert names(text) == [expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("!has(spec.tier) || spec.tier == 'low'", "has(spec.tier) lets an absent value decide"),
        ("spec.models.all(m, m.kind == 'gpai')", "an empty spec.models would pass"),
        ("spec.tier == 'low' ? true : spec.models.exists(m, m.kind == 'x')", "passes without"),
        ("spec.tier == 'low' || true", "a constant beside ||"),
        ("false && spec.tier == 'low'", "a constant beside &&"),
        ("true", "`true` demands nothing"),
    ],
)
def test_what_could_pass_in_silence_is_a_fault(text, words):
    assert any(words in message for message in silences(text))


def test_what_is_listed_as_optional_may_be_absent():
    assert silences("!has(spec.tier) || spec.tier == 'low'", "spec.tier") == []
    assert silences("spec.models.all(m, m.kind == 'gpai')", "spec.models") == []


def test_a_guarded_list_may_be_walked():
    assert silences("size(spec.models) > 0 && spec.models.all(m, m.kind == 'x')") == []
    assert silences("spec.models.size() >= 2 && spec.models.all(m, m.kind == 'x')") == []
    assert silences("['a', 'b'].all(r, spec.labels[r] == 'x')") == []


def test_a_condition_must_be_a_comparison():
    assert silences("spec.tier", condition=True) == [
        "a bare value is no condition; compare it (`== true`)"
    ]
    assert silences("spec.tier == 'low'", condition=True) == []
    assert "lets an absent value decide" in silences("has(spec.tier)", condition=True)[0]
