"""The shipped schema, the table of required fields and the synonyms hold together."""

from __future__ import annotations

import calendar
import copy
import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aigov.expressions import CONSTANTS, Engine
from aigov.fields import Field, find, outline, parse_fields
from aigov.functions import days_between
from aigov.required import absent, demands, parse_requirements
from aigov.schema import ManifestSchema
from aigov.source import load

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "schemas" / "manifest.v1.json").read_text(encoding="utf-8"))
DEFS = SCHEMA["$defs"]
KINDS = ("UseCase", "Organization", "Waiver")
FIELDS = {kind: parse_fields(SCHEMA, kind) for kind in KINDS}
SYNONYMS = load((ROOT / "schemas" / "synonyms.yaml").read_bytes()).documents[0].value
REQUIRED = parse_requirements(
    load((ROOT / "schemas" / "required.yaml").read_bytes()).documents[0].value
)
EXAMPLES = {
    path.name.partition(".")[0]: load(path.read_bytes()).documents[0].value
    for path in sorted((ROOT / "examples").glob("*.aigov.yaml"))
}
STAGES, TIERS = CONSTANTS["stages"], CONSTANTS["tiers"]
AS_OF = "2026-11-22"
"""The date for which the examples are written."""


def nodes(node: Any, path: str = "#") -> Iterator[tuple[str, dict]]:
    """Yield every object of the schema file that is a schema, with its place."""
    if isinstance(node, dict):
        yield path, node
        for name, below in node.items():
            if name in ("properties", "$defs"):
                for one, inner in below.items():
                    yield from nodes(inner, f"{path}/{name}/{one}")
            elif name in ("items", "additionalProperties", "propertyNames", "not", "if", "then"):
                yield from nodes(below, f"{path}/{name}")
            elif name == "allOf":
                for index, inner in enumerate(below):
                    yield from nodes(inner, f"{path}/{name}/{index}")


def of_kind(kind: str) -> dict:
    return {"$ref": f"#/$defs/{kind}", "$defs": DEFS}


@cache
def judges(kind: str) -> tuple[jsonschema.protocols.Validator, Any, ManifestSchema]:
    """Return the reference, the fast engine and our own for one kind."""
    return (
        jsonschema.Draft202012Validator(of_kind(kind)),
        jsonschema_rs.Draft202012Validator(of_kind(kind), offline=True),
        ManifestSchema(SCHEMA, kind, partial(dict, SYNONYMS)),
    )


def verdicts(kind: str, document: object) -> tuple[bool, bool, bool]:
    reference, fast, ours = judges(kind)
    return (
        reference.is_valid(document),
        fast.is_valid(document),
        ours.issues(document, people_mapped=True) == [],
    )


class TestTheFile:
    def test_it_is_a_valid_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

        assert jsonschema_rs.meta.is_valid(SCHEMA)
        assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"

    def test_every_property_has_a_description_in_whole_sentences(self):
        bare = [
            f"{path}/{name}"
            for path, node in nodes(SCHEMA)
            for name, below in node.get("properties", {}).items()
            if not re.fullmatch(r"[A-Z].*\.", below.get("description", "")) and "/if" not in path
        ]

        assert bare == []

    def test_every_list_and_every_map_is_bounded(self):
        unbounded = [
            path
            for path, node in nodes(SCHEMA)
            if (node.get("type") == "array" and "maxItems" not in node)
            or (isinstance(node.get("additionalProperties"), dict) and "maxProperties" not in node)
        ]

        assert unbounded == []

    def test_every_text_and_every_number_is_bounded(self):
        unbounded = [
            path
            for path, node in nodes(SCHEMA)
            if (node.get("type") == "string" and not {"minLength", "maxLength"} <= node.keys())
            or (
                node.get("type") in ("integer", "number")
                and not ({"minimum", "exclusiveMinimum"} & node.keys() and "maximum" in node)
            )
        ]

        assert unbounded == []

    def test_no_object_takes_names_that_it_does_not_list(self):
        open_objects = [
            path
            for path, node in nodes(SCHEMA)
            if "properties" in node and "/if" not in path and path != "#"
            if node.get("additionalProperties") is not False
        ]

        assert open_objects == []

    def test_conditions_stand_at_the_root_alone(self):
        conditional = {"anyOf", "oneOf", "allOf", "if", "then", "else", "dependentRequired"}

        assert [p for p, n in nodes({"$defs": DEFS}) if conditional & n.keys()] == []

    def test_only_keywords_that_can_be_told_are_used(self):
        told = {
            "type", "enum", "const", "pattern", "not", "minLength", "maxLength", "minItems",
            "maxItems", "uniqueItems", "minProperties", "maxProperties", "minimum", "maximum",
            "exclusiveMinimum", "required", "additionalProperties", "propertyNames",
        }  # fmt: skip
        silent = {"title", "description", "examples", "format", "$ref", "properties", "items"}
        used = {keyword for kind in DEFS.values() for _, node in nodes(kind) for keyword in node}

        assert used - told - silent == set()
        assert {node["minItems"] for _, node in nodes(SCHEMA) if "minItems" in node} == {1}
        assert {node["minProperties"] for _, node in nodes(SCHEMA) if "minProperties" in node} == {
            1
        }

    def test_every_pattern_has_words_for_what_it_wants(self):
        wordless = [
            path
            for path, node in nodes(SCHEMA)
            if "pattern" in node
            if not path.endswith("/not") and not {"title", "description"} <= node.keys()
        ]

        assert wordless == []

    @pytest.mark.parametrize("name", [name for name in DEFS if "examples" in DEFS[name]])
    def test_the_example_of_a_scalar_is_one(self, name: str):
        schema = {"$ref": f"#/$defs/{name}", "$defs": DEFS}

        for example in DEFS[name]["examples"]:
            jsonschema.Draft202012Validator(schema).validate(example)

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_whole_file_sends_a_document_to_its_kind(self, kind: str):
        whole = jsonschema_rs.Draft202012Validator(SCHEMA, offline=True)
        lone = {"apiVersion": "aigov/v1", "kind": kind}

        assert [error.message for error in whole.iter_errors(lone)] == [
            error.message for error in judges(kind)[1].iter_errors(lone)
        ]
        assert not whole.is_valid({"apiVersion": "aigov/v1", "kind": "Deployment"})
        assert not whole.is_valid({"apiVersion": "aigov/v1"})


class TestExamples:
    @pytest.mark.parametrize("name", EXAMPLES)
    def test_it_holds_by_every_engine(self, name: str):
        whole = jsonschema_rs.Draft202012Validator(SCHEMA, offline=True)

        assert verdicts("UseCase", EXAMPLES[name]) == (True, True, True)
        assert whole.is_valid(EXAMPLES[name])

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_it_lacks_nothing_at_its_stage_and_tier(self, name: str):
        spec = EXAMPLES[name]["spec"]

        assert lacking(EXAMPLES[name], spec["lifecycle"]["stage"], spec["risk"]["tier"]) == []

    def test_the_ready_one_lacks_nothing_when_it_is_judged_as_live(self):
        assert lacking(EXAMPLES["4-ready"], "production", "moderate") == []

    def test_once_live_the_ready_one_lacks_what_only_live_use_can_show(self):
        live = copy.deepcopy(EXAMPLES["4-ready"])
        live["spec"]["lifecycle"]["stage"] = "production"

        on_the_89th_day = lacking(live, "production", "moderate", "2027-02-28")
        on_the_90th_day = lacking(live, "production", "moderate", "2027-03-01")

        assert on_the_89th_day == ["/spec/oversight/queue/load_per_day"]
        assert on_the_90th_day == [
            "/spec/oversight/queue/load_per_day",
            "/spec/value/ebit/realised_to_date",
            "/spec/value/kpis/0/actual",
            "/spec/value/kpis/0/measured_on",
            "/spec/value/reviews",
            "/spec/value/roi/actual",
            "/spec/value/roi/measured_on",
            "/spec/value/roi/validated_by",
            "/spec/value/unit_cost/actual",
            "/spec/value/unit_cost/measured_on",
        ]

    def test_a_use_case_at_intake_needs_little(self):
        document = copy.deepcopy(EXAMPLES["1-low-pilot"])
        spec = document["spec"]
        document["spec"] = {name: spec[name] for name in ("purpose", "lifecycle", "ownership")}
        for block, kept in {
            "purpose": ("problem", "intended_use", "domains", "users"),
            "lifecycle": ("stage", "history", "exposure"),
            "ownership": ("accountable",),
        }.items():
            document["spec"][block] = {name: spec[block][name] for name in kept}

        assert verdicts("UseCase", document) == (True, True, True)
        assert lacking(document, "intake", "critical") == []


@cache
def engine() -> Engine:
    return Engine({"days_between": (("string", "string"), "int", days_between)})


def lacking(document: dict, stage: str, tier: str, today: str = AS_OF) -> list[str]:
    """Return what `document` lacks at this stage and tier, conditions judged."""
    variables = {
        "spec": document["spec"],
        "metadata": document["metadata"],
        "stage": STAGES[stage],
        "tier": TIERS[tier],
        "today": today,
    }
    activation = engine().activation(variables)
    return sorted(
        pointer
        for pointer, row in absent(demands(REQUIRED), document)
        if row.stage <= STAGES[stage] and row.tier <= TIERS[tier]
        if not row.when or engine().expression(row.when)(activation).value
    )


class TestRequired:
    def test_every_path_stands_in_the_schema(self):
        assert [row.path for row in REQUIRED if not find(FIELDS["UseCase"], row.parts)] == []

    def test_every_condition_compiles_and_reads_fields_that_exist(self):
        read = set()
        for text in {row.when for row in REQUIRED if row.when}:
            engine().compile(text)
            read |= set(re.findall(r"\bspec(?:\.[a-z_0-9]+)+", re.sub(r"\.exists\(", "(", text)))

        assert [path for path in read if not find(FIELDS["UseCase"], path.split("."))] == []
        assert len(read) > 10

    def test_every_condition_is_met_by_one_example_and_not_by_another(self):
        """...or at least by an example with one fact changed."""
        changes = [
            ("3-critical-production", {}),
            (
                "1-low-pilot",
                {"facts": {"action_scope": "financial", "biometric": "emotion_recognition"}},
            ),
            (
                "2-moderate-production",
                {"facts": {"safety_component": True, "jurisdictions": ["US_FED"]}},
            ),
            ("2-moderate-production", {"facts": {"synthetic_content": ["text", "image"]}}),
            ("2-moderate-production", {"users": ["public"]}),
            (
                "4-ready",
                {
                    "exposure": "sandbox",
                    "mode": "out_of_the_loop",
                    "facts": {"jurisdictions": ["UK"]},
                },
            ),
        ]
        documents = []
        for name, change in changes:
            spec = copy.deepcopy(EXAMPLES[name]["spec"])
            spec["risk"]["facts"].update(change.get("facts", {}))
            spec["purpose"]["users"] = change.get("users", spec["purpose"]["users"])
            spec["lifecycle"]["exposure"] = change.get("exposure", spec["lifecycle"]["exposure"])
            if "mode" in change:
                spec["oversight"]["mode"] = change["mode"]
            tier = TIERS[spec["risk"]["tier"]]
            documents.append({"spec": spec, "tier": tier, "stage": 5, "today": AS_OF})

        for text in {row.when for row in REQUIRED if row.when}:
            condition = engine().expression(text)
            answers = {bool(condition(engine().activation(one)).value) for one in documents}
            assert answers == {True, False}, text

    def test_an_empty_list_is_an_answer_exactly_where_the_schema_allows_it(self):
        for row in REQUIRED:
            if row.may_be_empty:
                assert find(FIELDS["UseCase"], row.parts).kind == "list", row.path
                assert "minItems" not in raw("UseCase", row.parts), row.path

    def test_a_list_that_must_have_entries_says_so_in_the_schema(self):
        """A list whose emptiness depends on a condition cannot: it has a condition here."""
        lists = [row for row in REQUIRED if find(FIELDS["UseCase"], row.parts).kind == "list"]
        silent = [
            row.path
            for row in lists
            if not row.may_be_empty and not row.when and not row.only
            if "minItems" not in raw("UseCase", row.parts)
        ]

        assert silent == [
            "/spec/ownership/decisions",
            "/spec/ownership/decisions/*/responsible",
        ]


def raw(kind: str, parts: list[str]) -> dict:
    """Return the schema node at a place, references followed."""
    node = DEFS[kind]
    for part in parts:
        while "$ref" in node:
            node = DEFS[node["$ref"].rpartition("/")[2]]
        node = node["items"] if part == "*" else node["properties"][part]
    return node


class TestSynonyms:
    def test_each_names_a_field_of_some_kind(self):
        wrong = [
            (word, path)
            for word, paths in SYNONYMS.items()
            for path in ([paths] if isinstance(paths, str) else paths)
            if not any(find(FIELDS[kind], path.split(".")) for kind in KINDS)
        ]

        assert wrong == []

    def test_the_words_of_newcomers_are_among_them(self):
        assert {
            "hitl": "spec.oversight",
            "owner": "spec.ownership.accountable",
            "slo": "spec.operations.slos",
            "slos": "spec.operations.slos",
            "risk_tier": "spec.risk.tier",
            "oncall": "spec.operations.incident",
            "on_call": "spec.operations.incident",
            "contact": "spec.operations.incident",
        }.items() <= SYNONYMS.items()


class TestFormats:
    """What each scalar takes and refuses, by both engines."""

    @staticmethod
    def accepts(kind: str, text: object) -> bool:
        schema = {"$ref": f"#/$defs/{kind}", "$defs": DEFS}
        reference = jsonschema.Draft202012Validator(schema).is_valid(text)
        assert reference == jsonschema_rs.Draft202012Validator(schema, offline=True).is_valid(text)
        return reference

    @pytest.mark.parametrize("year", [1900, 2000, 2026, 2028, 2100, 2199])
    def test_a_date_is_a_day_that_exists(self, year: int):
        given = [f"{year}-{month:02}-{day:02}" for month in range(14) for day in range(33)]
        exist = [
            date(year, month, day).isoformat()
            for month in range(1, 13)
            for day in range(1, calendar.monthrange(year, month)[1] + 1)
        ]

        assert [text for text in given if self.accepts("date", text)] == exist

    @pytest.mark.parametrize(
        ("kind", "good", "bad"),
        [
            (
                "date",
                "2026-11-22",
                "2026-11-2 22.11.2026 20261122 1899-12-31 2200-01-01 2026-11-22T00:00:00Z",
            ),
            (
                "person",
                "ada@x.org Ada.B+tag@mail.x-y.internal o'neil@x.org",
                "Ada ada@ ada@host ada@x.org,bo@x.org",
            ),
            (
                "person",
                "@ada @A-b_c.9 12+ada@users.noreply.github.com",
                "@ @org/team ada@x..org ada@x.org. TBD",
            ),
            ("team", "group:ai-risk group:default/ai-risk", "ai-risk group: group:AI group:a/b/c"),
            (
                "contact",
                "https://pager.x.org/p/1 https://x.org:8443/?a=b#c",
                "http://x.org/p https:// Bob",
            ),
            (
                "contact",
                "mailto:duty@x.org",
                "mailto:duty https://user:secret@x.org/ https://x.org\\a",
            ),
            ("contact", "tel:+493012345678", "tel:030123 tel:+0123456789 tel:+49"),
            ("contact", "slack:#on-call", "slack:on-call javascript:alert(1)"),
            (
                "evidence",
                "docs/a.md ./docs/a.md a .github/x.yml",
                "/etc/passwd ../a a/../b a/.. .. . a//b a/",
            ),
            (
                "evidence",
                "..data/x docs/...md Übersicht.pdf",
                "a\\b C:/a C:\\a a\x00b https:/x https://",
            ),
            ("evidence", "https://wiki.x.org/a?b#c", "http://x.org/a file:///a"),
            ("version", "2411 v1.14.2 latest * 日本", "\x1b[31m"),
            ("slug", "abc a-1 provider-internal", "ab Abc 1ab a_b"),
            (
                "digest",
                f"sha256:{'0f' * 32}",
                f"{'0f' * 32} sha256:{'0F' * 32} sha256:{'0f' * 32}0",
            ),
            ("duration", "1d 30d 4w 1M", "0d 30 d 30m 1.5d -1d"),
            ("entityref", "component:default/bot", "bot component:bot default/bot Component:a/b"),
            ("currency", "EUR", "eur EURO €"),
            ("component", "component:llm-gateway", "llm-gateway component: component:A"),
            ("pointer", "/a /a/0/b~1c~0", "a /a~2 /a~"),
            ("resultref", "/results/0/value grounded=0.93", "results =1 a="),
            (
                "sloref",
                "slo/x.yaml#availability ./x.yaml#a.b",
                "x.yaml #a ../x.yaml#a /x.yaml#a x.yaml# x.yaml#a#b",
            ),
            ("glob", "services/chat/** *.py src/ ./a", "/a ../a a/../b a\\b C:/a"),
            (
                "url",
                "https://wiki.x.org https://wiki.x.org:8443/ai/",
                "http://x.org x.org https://a@b.org/",
            ),
            ("annexpoint", "5(b) 2 1(a)", "9 5(f) 5b III"),
            ("article5point", "5(1)(a) 5(1)(bb)", "5(1) 5(1)(A) a"),
            ("articlenumber", "9 72 4a", "0 Art.9 1000"),
            ("policyref", "GOV-004 tier-understated", "GOV-4 GOV_004 gov.004"),
        ],
    )
    def test_what_it_takes_and_what_it_refuses(self, kind: str, good: str, bad: str):
        taken, refused = good.split(" "), bad.split(" ")

        assert [text for text in taken if not self.accepts(kind, text)] == []
        assert [text for text in refused if self.accepts(kind, text)] == []
        around = (
            [f"{text}\n" for text in taken] + [f"\n{text}" for text in taken] + ["", " ", "a\nb"]
        )
        assert [text for text in around if self.accepts(kind, text)] == []
        assert [one for one in (None, 3, True, taken, {}) if self.accepts(kind, one)] == []

    def test_digits_of_another_script_are_no_date(self):
        assert not self.accepts("date", "\uff12\uff10\uff12\uff16-11-22")

    def test_a_text_holds_more_than_blanks(self):
        assert [
            text for text in ("a", "two\nlines", "\xa0x") if not self.accepts("text", text)
        ] == []
        assert [text for text in ("", " ", "\n\t ", 3, None) if self.accepts("text", text)] == []

    def test_a_three_valued_fact_is_no_text_and_no_number(self):
        assert [one for one in (True, False, "unknown") if not self.accepts("tri", one)] == []
        assert [one for one in ("true", "no", 1, 0, None) if self.accepts("tri", one)] == []


# -- documents drawn from the schema, and broken ---------------------------------------

JUNK = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from(
        ["", " ", "2026-02-30", "TBD", "@x", "a\n", "unknown", "x" * 3000, "١٢", "é\r"]
    )
    | st.lists(st.text(max_size=3), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2)
)
TEXTS = [
    "A sentence that is long enough for every field of the schema.",
    "Ünïcode wörds that are forty characters long.",
]


def documents(node: dict) -> st.SearchStrategy[Any]:
    """Return documents that a schema node accepts, as far as this knows its keywords."""
    while "$ref" in node:
        beside = {name: value for name, value in node.items() if name != "$ref"}
        node = {**DEFS[node["$ref"].rpartition("/")[2]], **beside}
    if "enum" in node or "const" in node:
        return st.sampled_from(node.get("enum", [node.get("const")]))
    few = {"min_size": node.get("minItems", node.get("minProperties", 0)), "max_size": 2}
    match node["type"]:
        case "object" if "properties" in node:
            found = objects(node)
        case "object":
            names = documents(node["propertyNames"])
            found = st.dictionaries(names, documents(node["additionalProperties"]), **few)
        case "array":
            found = st.lists(documents(node["items"]), **few)
        case "integer":
            found = st.integers(node["minimum"], node["maximum"])
        case "number":
            low = node.get("minimum", node.get("exclusiveMinimum", 0) + 1)
            found = st.floats(low, node["maximum"]) | st.integers(int(low), int(node["maximum"]))
        case "boolean":
            found = st.booleans()
        case "string":
            prose = node["pattern"] == DEFS["text"]["pattern"]
            texts = [text[: node["maxLength"]] for text in TEXTS] if prose else node["examples"]
            found = st.sampled_from(texts)
        case _:  # several types
            found = st.integers(0, 100)
    return found


def objects(node: dict) -> st.SearchStrategy[dict]:
    properties, always = node["properties"], node.get("required", [])
    others = [name for name in properties if name not in always]

    @st.composite
    def draw_object(draw: Any) -> dict:
        names = (
            [*always, *draw(st.lists(st.sampled_from(others), max_size=3, unique=True))]
            if others
            else always
        )
        return {name: draw(documents(properties[name])) for name in names}

    return draw_object()


def places(value: Any, way: tuple = ()) -> Iterator[tuple]:
    """Yield the way to everything below `value`."""
    if isinstance(value, dict):
        pairs: Any = value.items()
    else:
        pairs = enumerate(value if isinstance(value, list) else ())
    for key, below in pairs:
        yield (*way, key)
        yield from places(below, (*way, key))


@st.composite
def broken(draw: Any, kind: str) -> Any:
    """Draw a document of `kind` with up to three things done to it."""
    document = draw(documents(DEFS[kind]))
    for _ in range(draw(st.integers(0, 3))):
        ways = list(places(document))
        assume(ways)
        *way, last = draw(st.sampled_from(ways))
        here = document
        for key in way:
            here = here[key]
        match draw(st.sampled_from(["junk", "delete", "add", "repeat", "swap"])):
            case "delete":
                del here[last]
            case "add" if isinstance(here, dict):
                here[draw(st.text(max_size=8))] = draw(JUNK)
            case "repeat" if isinstance(here[last], list) and here[last]:
                here[last] = here[last] * draw(st.sampled_from([2, 60, 200]))
            case "swap" if isinstance(here, dict):
                here[draw(st.sampled_from(list(here)))] = copy.deepcopy(here[last])
            case _:
                here[last] = draw(JUNK)
    return document


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
def test_every_engine_gives_one_verdict_and_no_issue_is_found_in_what_holds(kind: str, data: Any):
    document = data.draw(broken(kind))

    reference, fast, ours = verdicts(kind, document)

    assert reference == fast == ours


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_most_documents_that_are_drawn_hold(kind: str, data: Any):
    """Otherwise the law above would be about refusals alone."""
    document = data.draw(documents(DEFS[kind]))
    repeated = [n for n in judges(kind)[0].iter_errors(document) if n.validator == "uniqueItems"]
    assume(not repeated)

    assert verdicts(kind, document) == (True, True, True)


# -- the list of fields ------------------------------------------------------------------

CODES = dict(zip(("ITK", "PIL", "AUT", "GOV", "OWN", "PRD", "RET"), STAGES, strict=True))
ENUM_ELSEWHERE = {"as stage": "stage", "as org_roles": "role"}


def rows(shared: Path) -> list[list[str]]:
    """Return the rows of the field list: path, type, values, required."""
    text = (shared / "domain" / "manifest-fields.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [[cell.strip() for cell in line.split("|")][:4] for line in lines]


def listed(path: str) -> tuple[str, Field | None]:
    """Return the kind of document that a listed path belongs to, and its field."""
    kind, _, below = path.partition(".")
    if kind not in KINDS:
        kind, below = "UseCase", path
    return kind, find(FIELDS[kind], below.replace("[]", ".*").split("."))


def test_every_listed_field_stands_in_the_schema(shared: Path):
    assert [path for path, *_ in rows(shared) if listed(path)[1] is None] == []


def test_every_listed_field_has_its_type(shared: Path):
    same = {
        "string": {
            "text",
            "component",
            "digest",
            "resultref",
            "sloref",
            "policyref",
            "pointer",
            "currency",
        }
    }
    same |= {"obj": {"object"}, "assessment": {"object"}, "map": {"map", "object"}}
    wrong = []
    for path, kind, *_ in rows(shared):
        field = listed(path)[1]
        outer, _, inner = kind.partition(" ")
        found = field.items if outer == "list" and field.kind == "list" else field
        wanted = inner or outer
        if wanted == "string" and outer == "list":
            same_kinds = {"text", "glob", "url", "article5point", "annexpoint"}
        else:
            same_kinds = same.get(wanted, {wanted})
        if found.kind not in same_kinds:
            wrong.append((path, kind, found.kind))

    assert wrong == []


def test_every_listed_enum_has_the_listed_values(shared: Path):
    wider = {"spec.lifecycle.pilot.environment": ("production",)}  # a policy refuses it
    wrong = []
    for path, kind, values, _ in rows(shared):
        if "enum" not in kind or path == "spec.purpose.domains":
            continue
        field = listed(path)[1]
        given = sorted((field.items or field).enum)
        words = values.removeprefix("min 1; ")
        if words in ENUM_ELSEWHERE:
            wanted = sorted(DEFS[ENUM_ELSEWHERE[words]]["enum"])
        else:
            wanted = sorted((*words.split(", "), *wider.get(path, ())))
        if given != wanted:
            wrong.append((path, given, wanted))

    assert wrong == []


def test_the_fields_of_use_are_those_of_the_domain(shared: Path):
    text = (shared / "domain" / "domain.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("D2 domains")]

    domains = FIELDS["UseCase"].properties["spec"].properties["purpose"].properties["domains"]
    assert ", ".join(domains.items.enum) == line.split("profile): ")[1].rstrip(".")


def test_every_listed_field_is_asked_for_at_its_stage_and_tier(shared: Path):
    asked: dict[str, set[tuple[int, int]]] = {}
    for row in REQUIRED:
        asked.setdefault(row.path, set()).add((row.stage, row.tier))
    wrong = []
    for path, kind, _, required in rows(shared):
        if path.partition(".")[0] in KINDS or required == "opt" or required.startswith("cond:"):
            continue
        code, _, tier = required.removesuffix("+90").partition(":")
        wanted = (STAGES[CODES[code]], {"": 1, "M": 2, "H": 3}[tier])
        pointer = "/" + path.replace("[]", ".*").replace(".", "/")
        members = [below for below in asked if below.startswith(pointer + "/")]
        below = {pointer} if pointer in asked or kind == "list" else set(members)
        if not any(wanted in asked[one] for one in below):
            wrong.append((path, required))

    assert wrong == []


def test_every_conditional_field_is_asked_for_on_a_condition_and_no_optional_one_is(shared: Path):
    asked: dict[str, list] = {}
    for row in REQUIRED:
        asked.setdefault(row.path, []).append(row)
    wrong = []
    for path, _, _, required in rows(shared):
        if path.partition(".")[0] in KINDS:
            continue
        pointer = "/" + path.replace("[]", ".*").replace(".", "/")
        found = [row for one in asked for row in asked[one] if f"{one}/".startswith(f"{pointer}/")]
        conditional = any(row.when or row.only or row.stepped_back for row in found)
        if (required == "opt" and found) or (required.startswith("cond:") and not conditional):
            wrong.append((path, required))

    assert wrong == []


def test_no_field_is_invented_in_the_table_of_required_fields(shared: Path):
    known = {"/" + path.replace("[]", ".*").replace(".", "/") for path, *_ in rows(shared)}
    invented = [
        row.path
        for row in REQUIRED
        if not any(f"{row.path}/".startswith(f"{pointer}/") for pointer in known)
    ]

    assert invented == []


def test_a_waiver_must_have_what_the_list_says_at_once(shared: Path):
    spec = DEFS["Waiver"]["properties"]["spec"]
    always = [
        p.rpartition(".")[2]
        for p, _, _, r in rows(shared)
        if p.startswith("Waiver.spec") and r == "always"
    ]

    assert sorted(spec["required"]) == sorted(always)


def test_the_profile_has_the_names_of_the_domain(shared: Path):
    text = (shared / "domain" / "domain.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("Organization (one per")]
    named = re.findall(r"`([a-z_]+)[^`]*`", line.partition(": ")[2])
    known = {
        path.partition("[")[0] for path, _ in outline(FIELDS["Organization"].properties["spec"])
    }

    assert [name for name in named if name not in known] == []
