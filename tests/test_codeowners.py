"""CODEOWNERS as GitHub and GitLab read it."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigov.codeowners import MAX_LINES, owning, parse_owners


def owner(text: str, path: str) -> str:
    """Return the owners of a path, of several sections with / between."""
    return " / ".join(" ".join(rule.owners) for rule in owning(parse_owners(text.encode()), path))


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "a", True),
        ("*", "a/b/c", True),
        ("*.py", "a/b.py", True),
        ("*.py", "a/b.pyc", False),
        ("/*.py", "a/b.py", False),
        ("/*.py", "b.py", True),
        ("docs", "a/docs", True),
        ("docs", "a/docs/b/c", True),
        ("docs/", "a/docs/b", True),
        ("docs/", "a/docs", False),
        ("/docs/", "docs/a/b", True),
        ("/docs/", "a/docs/b", False),
        ("docs/*", "docs/a", True),
        ("docs/*", "docs/a/b", False),
        ("docs/*", "a/docs/b", False),
        ("docs/**", "docs/a/b", True),
        ("docs/**", "doc/a", False),
        ("**/docs", "a/docs/b", True),
        ("/a/**/z", "a/z", True),
        ("/a/**/z", "a/b/c/z", True),
        ("/a/**/z", "a/b/c", False),
        ("a/b", "a/b/c", True),
        ("a/b", "x/a/b", False),
        ("a?c", "abc", True),
        ("A", "a", False),
        (r"a\ b", "a b", True),
        (r"\#a", "#a", True),
        ("[ab].py", "b.py", True),
    ],
)
def test_patterns_match_as_in_gitignore(pattern, path, matches):
    assert owner(f"{pattern} @x", path) == ("@x" if matches else "")


def test_the_last_rule_that_matches_counts_and_comments_do_not():
    text = "# * @a\n* @b\r\n\n/src/ @c x@y.z # @d\n/src/free\n\t/q @e\n"
    assert owner(text, "a") == "@b"
    assert owner(text, "src/a") == "@c x@y.z"
    assert owner(text, "src/free") == ""
    assert owner(text, "q") == "@e"
    assert [rule.line for rule in parse_owners(text.encode())] == [2, 4, 5, 6]


def test_each_section_has_its_own_last_rule():
    text = "* @a\n[Docs][2] @b @c\ndocs/\n^[Code]\n* @d\n[DOCS]\ndocs/x @e\n[abc]z @f\n"
    assert owner(text, "docs/y") == "@a / @b @c / @d"
    assert owner(text, "docs/x") == "@a / @d / @e"
    assert owner(text, "q/cz") == "@a / @d / @f"


@pytest.mark.parametrize("data", [b"\xff", b"\n" * MAX_LINES])
def test_what_is_not_such_a_file_is_told(data):
    with pytest.raises(ValueError, match=r"utf-8|more than"):
        parse_owners(data)


def test_stars_cost_little():
    rules = parse_owners(("a*" * 200 + "b @x\n" + "**/" * 200 + "z @x\n").encode())
    began = process_time()
    assert owning(rules, "/".join(["a" * 200] * 200)) == []
    assert process_time() - began < 5


@settings(max_examples=30, deadline=None)
@given(st.text(), st.text(min_size=1))
def test_any_text_gives_at_most_one_rule_a_section(text, path):
    rules = parse_owners(text.encode(errors="replace"))
    found = owning(rules, path)
    assert len({rule.section for rule in found}) == len(found)
    assert {*found} <= {*rules}
