"""From a false or unknown demand to the comparison and the values at fault."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.expressions import Engine
from aigov.judgement import USE_CASE
from aigov.syntax import parse, walk
from aigov.tracing import MAX_LEAVES, Tracer, substitute


def _cannot_tell(_value: object) -> bool:
    raise LookupError('Key not found in map : "unknown: nobody knows"')


ENGINE = Engine({"cannot_tell": (("dyn",), "bool", _cannot_tell)})
VARIABLES = {
    "spec": {
        "a": 1,
        "b": 2,
        "owners": {"tech": {"person": "t"}, "risk": {}},
        "models": [
            {"id": "one", "version": "1", "tags": ["x", "y"]},
            {"id": "two", "version": "latest"},
            {"id": "three"},
        ],
        "empty": [],
        "deep": {"list": [{"v": 1}, {}]},
    },
    "metadata": {"id": "case"},
    "derived": {
        "evidence": [
            {"pointer": "/spec/runbook", "path": "there.md"},
            {"pointer": "/spec/plan", "path": "gone.md"},
            {"pointer": "/spec/site", "path": "https://x.y/z"},
        ],
    },
    "evidence": {"there.md": True, "gone.md": False},
    "today": "2026-11-22",
    "tier": 2,
    "params": {"max_days": 3},
}
ACTIVATION = ENGINE.activation(VARIABLES)
TRACER = Tracer(ENGINE, ACTIVATION, VARIABLES, USE_CASE)


def traced(text: str) -> list[tuple[tuple[str, ...], tuple[str, ...], bool | None]]:
    return [(leaf.pointers, leaf.absent, leaf.answer.value) for leaf in TRACER.leaves(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spec.a == 1 && spec.b == 3", [(("/spec/b",), (), False)]),
        ("spec.a == 2 && (spec.b == 3 || spec.a == 4)",
         [(("/spec/a",), (), False), (("/spec/a",), (), False)]),
        ("!(spec.a == 1)", [(("/spec/a",), (), False)]),
        ("spec.a == 1 && spec.gone == 1", [(("/spec/gone",), ("/spec/gone",), None)]),
        ("spec.a == 2 && spec.gone == 1", [(("/spec/a",), (), False)]),
        ("spec.gone == 1 || spec.a == 2", [(("/spec/gone",), ("/spec/gone",), None)]),
        ("tier == 2 ? spec.b == 3 : spec.a == 9", [(("/spec/b",), (), False)]),
        ("tier == 1 ? spec.b == 3 : spec.a == 9", [(("/spec/a",), (), False)]),
        ("spec.gone == 1 ? spec.b == 3 : spec.a == 9",
         [(("/spec/gone",), ("/spec/gone",), None)]),
        ("spec.models.all(m, m.version != 'latest')", [(("/spec/models/1/version",), (), False)]),
        ("spec.models.all(m, m.id != '' && m.version != '')",
         [(("/spec/models/2/version",), ("/spec/models/2/version",), None)]),
        ("['tech', 'risk'].all(r, spec.owners[r].person != '')",
         [(("/spec/owners/risk/person",), ("/spec/owners/risk/person",), None)]),
        ("derived.evidence.all(e, evidence[e.path])", [(("/spec/plan",), (), False)]),
        ("size(spec.empty) > 0", [(("/spec/empty",), (), False)]),
        ("spec.empty[0] == 1", [(("/spec/empty/0",), ("/spec/empty/0",), None)]),
        ("spec.models.exists(m, m.id == 'four')", [(("/spec/models",), (), False)]),
        ("spec.deep.list.exists(x, x.v == 9)",
         [(("/spec/deep/list",), ("/spec/deep/list/1/v",), None)]),
        ("spec.models.filter(m, m.id == 'one').all(m, m.version == '2')",
         [(("/spec/models",), ("/spec/models/2/version",), False)]),
        ("derived.tier == 'low'", [((), ("derived.tier",), None)]),
        ("today < '2020-01-01'", [((), (), False)]),
        ("spec.models.all(m, m.id != 'one' || m.tags.all(t, t == 'x'))",
         [(("/spec/models/0/tags/1",), (), False)]),
    ],
)  # fmt: skip
def test_the_leaves_at_fault(text, expected):
    assert traced(text) == expected


def test_a_demand_on_every_key_of_a_map_leads_to_the_key_at_fault():
    variables = {
        "profile": {"claims": {"one": 2, "two": 3, "it's": 4}},
        "portfolio": {"levels": {"one": 1, "two": 3, "it's": 3}},
    }
    tracer = Tracer(ENGINE, ENGINE.activation(variables), variables, {"profile": "spec"})
    text = "profile.claims.all(d, profile.claims[d] <= portfolio.levels[d])"
    (leaf,) = tracer.leaves(text)  # a key that would need escaping is passed over
    assert (leaf.pointers, leaf.item) == (("/spec/claims/one",), "one")


def test_a_fact_that_is_missing_deep_inside_is_named_and_explains_the_answer():
    variables = {"portfolio": {"teams": [{"load": 1, "room": 2}, {"load": 1}], "levels": {}}}
    tracer = Tracer(ENGINE, ENGINE.activation(variables), variables, {"profile": "spec"})
    (leaf,) = tracer.leaves("portfolio.teams.all(t, t.load <= t.room)")
    assert (leaf.absent, leaf.explained) == (("portfolio.teams.1.room",), True)
    (leaf,) = tracer.leaves("portfolio.levels['one'] == 1")
    assert (leaf.absent, leaf.explained) == (("portfolio.levels.one",), True)


def test_a_leaf_knows_the_list_element_it_is_about():
    (leaf,) = TRACER.leaves("spec.models.all(m, m.version != 'latest' || m.id == 'x')")[:1]
    assert leaf.item == {"id": "two", "version": "latest"}


@pytest.mark.parametrize(
    ("text", "explained"),
    [
        ("spec.gone == 1", True),
        ("derived.tier == 'low'", True),
        ("evidence['https://x.y/z']", False),
        ("evidence[spec.models[0].id]", True),
        ("cannot_tell(spec.a)", True),
        ("tiers[spec.models[0].id] > 1", False),
        ("params.gone > 1", False),
        ("spec.a.startsWith('x')", False),
    ],
)
def test_an_unknown_answer_is_the_documents_or_the_policys_doing(text, explained):
    (leaf,) = TRACER.leaves(text)
    assert leaf.answer.value is None
    assert leaf.explained == explained


def test_a_finding_has_a_bounded_number_of_places():
    spec = {"xs": [{"v": 0}] * 200}
    activation = ENGINE.activation({"spec": spec})
    tracer = Tracer(ENGINE, activation, {"spec": spec}, USE_CASE)
    assert len(tracer.leaves("spec.xs.all(x, x.v == 1)")) == MAX_LEAVES


def test_an_inner_macro_that_binds_the_name_anew_keeps_it():
    text = "m.a == 1 && xs.all(m, m.b) && ys.all(n, m.c == n)"
    replaced = substitute(parse(text), "m", "spec.ms[0]", text)
    assert replaced == "spec.ms[0].a == 1 && xs.all(m, m.b) && ys.all(n, spec.ms[0].c == n)"


@given(st.sampled_from(["a", "spec", "x"]), st.sampled_from(["[1]", "spec.ms[0]", "'t'"]))
def test_substitution_leaves_no_free_use(variable, element):
    text = "a + x.all(y, y == a && x.b) ? spec.a : [x, a]"
    replaced = parse(substitute(parse(text), variable, element, text))
    names = [e.text for e in walk(replaced) if e.kind == "name"]
    assert variable not in names or variable == "spec"
