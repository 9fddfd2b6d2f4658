"""The small parse of CEL: what an expression reads, and where."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.syntax import (
    ExpressionFault,
    literal_texts,
    parse,
    paths,
    walk,
)

NAMES = st.sampled_from(["spec", "tier", "a", "in_eu"])
ATOMS = st.one_of(
    NAMES,
    st.integers(0, 99).map(str),
    st.sampled_from(
        ["'x'", '"y\\"z"', "r'raw'", "1.5e3", "0x1F", "true", "null", "spec.risk.tier"]
    ),
)


def _compose(inner):
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||", "==", "<", "in", "+", "*", "%"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        pair.map(lambda t: f"[{t[0]}, {t[1]}]"),
        pair.map(lambda t: f"{{{t[0]}: {t[1]}}}"),
        inner.map(lambda t: f"!({t})"),
        inner.map(lambda t: f"size({t})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        pair.map(lambda t: f"[{t[0]}].all(v, {t[1]})"),
        pair.map(lambda t: f"({t[0]})[{t[1]}]"),
    )


EXPRESSIONS = st.recursive(ATOMS, _compose, max_leaves=10)


@given(EXPRESSIONS)
def test_every_part_cut_from_the_text_parses_to_that_part(text):
    for expr in walk(parse(text)):
        cut = text[expr.start : expr.end]
        again = parse(cut)
        assert (again.kind, again.text, len(again.parts)) == (
            expr.kind,
            expr.text,
            len(expr.parts),
        )


@given(EXPRESSIONS)
def test_what_the_library_compiles_is_parsed_too(text):
    from cel_expr_python import cel

    environment = cel.NewEnv(variables=dict.fromkeys(["spec", "tier", "a", "in_eu"], cel.Type.DYN))
    try:
        environment.compile(text)
    except RuntimeError:
        return
    parse(text)


@given(st.text("ab.()[]{}?:!&|='\"0 ,<>in", max_size=20))
def test_any_text_is_parsed_or_refused_with_an_offset_inside_it(text):
    with suppress(ExpressionFault):
        parse(text)
        return
    with pytest.raises(ExpressionFault) as raised:
        parse(text)
    assert 0 <= raised.value.offset <= len(text)
    assert raised.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tiers[spec.risk.tier] >= 2", ["tiers.?", "spec.risk.tier"]),
        ("has(spec.a.b) || spec.a.b == 1", ["spec.a.b has", "spec.a.b"]),
        ("spec.xs.all(x, x.v == spec.w)", ["spec.xs", "spec.xs.*.v", "spec.w"]),
        ("spec.xs.filter(x, x.a == 1).all(y, y.b)", ["spec.xs", "spec.xs.*.a", "spec.xs.*.b"]),
        ("['p', 'q'].all(r, spec.o[r].n == '')", ["spec.o.p.n", "spec.o.q.n"]),
        ("spec.xs.map(x, x.on, x.v)", ["spec.xs", "spec.xs.*.on", "spec.xs.*.v"]),
        ("spec.packs['9'] == 'x'", ["spec.packs.9"]),
        ("spec.xs[0].v > 1", ["spec.xs.0.v"]),
        ("evidence[e.path]", ["evidence.?", "e.path"]),
        ("{'gte': a >= b}[op]", ["a", "b", "op"]),
        ("size(spec.a) > 0 && spec.b.startsWith('x')", ["spec.a", "spec.b"]),
        ("(spec.a ? spec.b : spec.c).d", ["spec.a", "spec.b", "spec.c"]),
        ("['x'].exists(v, v == today)", ["today"]),
    ],
)
def test_the_static_paths_of_an_expression(text, expected):
    found = [path.dotted + (" has" if path.tested else "") for path in paths(parse(text))]
    assert found == expected


def test_comments_and_line_breaks_are_space():
    assert parse("a // why\n && b").text == "&&"


def test_text_literals_are_read_with_their_escapes():
    assert literal_texts(parse("""['a', "b\\"c", 1, r'\\d']""")) == ["a", 'b"c', "\\d"]


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a &&", 4), ("a..b", 2), ("a.all(x)", 1), ("a.all(1, b)", 1), ("'x", 0), ("has(a)", 0),
        ("has(a.b, c.d)", 0), ("a b", 2), ("f(,)", 2), ("@", 0), ("a ? b", 5), ("[a", 2),
        ("!" * 5000 + "a", 0), ("a" + ".b" * 200, 0), ("[" * 51, 50), ("a?b:" * 60 + "c", 200),
        ("{1: a, 'x': b, 1: c}", 0),
        ("{a b}", 3), ("{a: b c: d}", 6), ("a[1", 3), ("(a", 2), ("", 0), ("a.1", 2),
    ],
)  # fmt: skip
def test_a_fault_has_its_offset(text, offset):
    with pytest.raises(ExpressionFault) as raised:
        parse(text)
    assert raised.value.offset == offset


def test_a_text_that_python_does_not_read_is_a_fault():
    with pytest.raises(ExpressionFault) as raised:
        literal_texts(parse("[a, 'x\0']"))
    assert raised.value.offset == 4


def test_brackets_beyond_what_the_library_compiles_are_parsed():
    assert parse("(" * 49 + "a" + ")" * 49).text == "a"
    assert parse("!" * 99 + "a").kind == "unary"


def test_trailing_commas_are_allowed_as_in_cel():
    assert len(parse("[a, b,]").parts) == 2
    assert len(parse("{a: b,}").parts) == 2
