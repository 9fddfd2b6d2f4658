"""Which use case covers which file, and what the profile says is no AI."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.preparing import Prepared, prepare
from aigov.scopes import Scopes, excused, fits, listing, nearest
from aigov.settings import Settings, parse_profile
from aigov.source import load
from judging import AS_OF, EXAMPLES, example, rules

PROFILE = parse_profile(load((EXAMPLES / "organization.yaml").read_bytes()).documents[0], "p")


def use_case(path: str, scope: Any = None) -> Prepared:
    one = prepare(path, example("1-low-pilot"), rules(), Settings(AS_OF))
    metadata = {**one.value["metadata"], **({"scope": scope} if scope is not None else {})}
    return one._replace(value={**one.value, "metadata": metadata})


@pytest.mark.parametrize(
    ("path", "covering"),
    [
        ("app.py", (0,)),
        ("services/pay/app.py", (0,)),
        ("services/chat/app.py", (1, 2)),
        ("services/chat/web/src/a.ts", (1, 2, 3)),
        ("services/chat/web/b.ts", (1, 2)),
        ("services/chatter/a.py", (0,)),
    ],
)
def test_the_nearest_manifest_above_covers_and_its_scope_narrows(path, covering):
    scopes = Scopes(
        [
            use_case("aigov.yaml"),
            use_case("services/chat/aigov.yaml"),
            use_case("services/chat/other.aigov.yaml", "no list"),
            use_case("services/chat/aigov.yaml", ["./web/src", 7]),
        ]
    )
    assert scopes.covering(path) == covering
    assert scopes.covering(path) == covering


def test_what_a_deeper_manifest_leaves_out_is_no_ones():
    scopes = Scopes([use_case("aigov.yaml"), use_case("a/aigov.yaml", ["src/**/*.py"])])
    assert scopes.covering("a/src/x/y.py") == (1,)
    assert scopes.covering("a/other.py") == ()
    assert Scopes([]).covering("a.py") == ()
    assert Scopes([use_case("a/aigov.yaml")]).covering("b.py") == ()


names = st.sampled_from(["a", "b", "c"])
folders = st.lists(names, max_size=3).map("/".join)


@given(st.lists(folders, max_size=4), folders, names)
def test_whoever_covers_a_file_lies_above_it_and_nobody_lies_between(places, folder, name):
    use_cases = [use_case(f"{one}/aigov.yaml".lstrip("/")) for one in places]
    path = f"{folder}/{name}.py".lstrip("/")
    covering = Scopes(use_cases).covering(path)
    above = [one for one in places if not one or path.startswith(f"{one}/")]
    longest = max(above, key=len, default=None)
    assert [places[n] for n in covering] == [one for one in above if one == longest]


def test_the_nearest_of_some_folders():
    assert nearest("a/b/c.py", {"", "a"}) == "a"
    assert nearest("c.py", {""}) == ""
    assert nearest("a/c.py", {"b"}) is None


def test_patterns_are_of_the_folder():
    assert fits("src", ["src", "a.py"])
    assert not fits("src", ["a", "src", "a.py"])


@pytest.mark.parametrize(
    ("repository", "today", "globs", "note"),
    [
        ("northbank/vault-torch", AS_OF, ["**"], "no use of AI, says the profile until 2027-05-31"),
        ("Northbank/Vault-Torch", "2027-05-31", ["**"], "no use of AI"),
        ("git.example/northbank/vault-torch", AS_OF, ["**"], "no use of AI"),
        ("northbank/vault-torch", "2027-06-01", [], "ended on 2027-05-31"),
        ("northbank/other", AS_OF, [], ""),
        ("vault-torch", AS_OF, [], ""),
        ("", AS_OF, [], ""),
    ],
)
def test_what_is_no_ai_is_so_by_name_and_until_a_day(repository, today, globs, note):
    found, notes = excused(Settings(today, profile=PROFILE), repository)
    assert found == globs
    assert note in "".join(notes)
    assert bool(notes) == bool(note)


def test_without_a_profile_nothing_is_excused():
    assert excused(Settings(AS_OF), "northbank/vault-torch") == ([], ())


def test_a_list_is_cut():
    assert listing(["a", "b" * 200]) == "a, " + "b" * 160
    assert listing(list("abcdef")) == "a, b, c, d and 2 more"
