"""The host functions: each is fed every type, real names, and what people try instead."""

from __future__ import annotations

import pickle
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aigov.errors import PackError
from aigov.functions import (
    MAX_SEARCHED,
    MAX_TEXT,
    check_patterns,
    days_between,
    host_functions,
    is_exact_version,
    is_sorted,
    mentions,
    parse_vocabulary,
    window_days,
)

FOLDER = Path(__file__).parents[1] / "policies" / "vocabulary"
FILES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FOLDER.glob("*.yaml")}
VOCABULARY = parse_vocabulary(FILES)
FUNCTIONS = host_functions(VOCABULARY)
is_person, is_team, is_contact, is_filled, is_exact_model = (
    FUNCTIONS[name][2]
    for name in ("is_person", "is_team", "is_contact", "is_filled", "is_exact_model")
)

EVERY_TYPE: list[Any] = [
    None, True, False, 0, -1, 2**63, 1.5, float("nan"), float("inf"), "", " ", "\0", "text",
    "\ud800", "é" * 9, [], [1], ["a", None], {}, {"a": 1}, {1: 2}, b"bytes", date(2026, 11, 22),
]  # fmt: skip
PREDICATES = sorted(name for name, (*types, _) in FUNCTIONS.items() if types == [("dyn",), "bool"])


def model(provider: str, version: str, name: str = "any", **more: str) -> dict[str, str]:
    return {"id": "chat", "provider": provider, "name": name, "version": version, **more}


@pytest.mark.parametrize("name", PREDICATES)
@pytest.mark.parametrize("value", EVERY_TYPE, ids=repr)
def test_a_predicate_answers_true_or_false_for_every_type(name: str, value: Any) -> None:
    if name == "is_exact_model" and isinstance(value, dict):
        with pytest.raises(LookupError, match=r'^Key not found in map : "unknown: '):
            FUNCTIONS[name][2](value)
    else:
        assert FUNCTIONS[name][2](value) in (True, False)


@pytest.mark.parametrize("value", EVERY_TYPE, ids=repr)
def test_what_is_no_date_or_window_is_a_value_error_and_never_a_number(value: Any) -> None:
    for call in (
        lambda: days_between(value, "2026-11-22"),
        lambda: days_between("2026-11-22", value),
        lambda: window_days(value),
    ):
        with pytest.raises(ValueError, match=r"no date|no window"):
            call()


@pytest.mark.parametrize(
    "value",
    [
        "priya.nair@northbank.internal", "Priya.Nair@Northbank.Internal", "o'brien@bank.ie",
        "jürgen.groß@bank.de", "li@bank.cn", "x@y.zz", "anne-marie.dupont@bank.fr",
        "ai.tanaka@bank.jp", "it.wong@bank.hk", "ai-ling.chen@bank.sg", "ops.van.dijk@bank.nl",
        "sales-garcia@bank.es", "anna.list@bank.de", "mark.team@bank.uk", "bo.group@bank.dk",
        "name+tag@bank.com", "ines.costa+aigov@bank.pt", "@octocat", "@ada-l", "@a",
    ],
)  # fmt: skip
def test_a_named_person_is_a_person(value: str) -> None:
    assert is_person(value)


@pytest.mark.parametrize(
    "value",
    [
        "ai@bank.com", "AI@bank.com", "ai-team@bank.com", "ai_team@bank.com", "info@bank.com",
        "info+priya@bank.com", "no-reply@bank.com", "no_reply@bank.com", "noreply@bank.com",
        "credit-team@bank.com", "credit_models-leads@bank.com", "dl-credit@bank.com",
        "group_credit@bank.com", "platform-ops@bank.com", "model.risk@bank.com", "it-ops@bank.com",
        "TBD", "tbd@example.com", "jane@mail.example.org", "jane@bank.invalid", "jane@bank.test",
        "Priya Nair", "priya.nair", "priya nair@bank.com", "priya@localhost", "priya@", "@",
        "@-", "@two words", "a@b@c.com", "group:platform", "mailto:priya@bank.com",
        "tbd@bank.com", "nobody@bank.com", "someone@bank.com", "@tbd", "@unknown", "@team",
        "@ai-team", "@Someone",
        "priya@bank.com\n", "x" * MAX_TEXT + "@bank.com",
    ],
)  # fmt: skip
def test_a_mailbox_a_list_or_a_gap_is_no_person(value: str) -> None:
    assert not is_person(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("group:platform-sre", True),
        ("group:default/platform-sre", True),
        ("group:x", True),
        ("group:tbd", False),
        ("group:default/todo", False),
        ("group:", False),
        ("group:-", False),
        ("group:Platform", False),
        ("group:a b", False),
        ("platform-sre", False),
        ("user:priya", False),
    ],
)
def test_a_team_is_a_group_with_a_name(value: str, expected: bool) -> None:
    assert expected == is_team(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://pagerduty.northbank.internal/escalation_policies/PX7SRE1", True),
        ("https://jira/projects/AVA", True),
        ("mailto:cc-duty@northbank.internal", True),
        ("tel:+493023125010", True),
        ("slack:#ai-incidents", True),
        ("https://pagerduty.com", False),
        ("https://pagerduty.com/", False),
        ("http://pager.northbank.internal/x", False),
        ("https://pager.example.com/x", False),
        ("https://pager.test/x", False),
        ("mailto:oncall@example.com", False),
        ("mailto:oncall", False),
        ("tel:+1 555 0100", False),
        ("tel:+12025550123", False),
        ("tel:0049302312", False),
        ("slack:ai-incidents", False),
        ("ask Bob", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_contact_can_be_reached(value: str, expected: bool) -> None:
    assert expected == is_contact(value)


@pytest.mark.parametrize(
    "value",
    [
        "TBD", "tba", " Todo ", "FIXME", "n/a", "N/A.", "none yet", "unknown", "Placeholder",
        "xxx", "XXXXX", "?", "???", "-", "---", "—", "...", "…", "__", "[TBD]", "(to be defined)",
        "<your name>", "< >", "{{ owner }}", "${OWNER}", "lorem ipsum", "Lorem ipsum dolor sit",
        "change me", "ChangeMe", "TODO: name the owner", "tbd: after the board",
        "jane@example.com", "mailto:x@sub.example.net", "https://example.org/path?q=1",
        "example.com", "http://a.invalid", "db.test:5432", "x.localhost", "tel:+12025550123",
        "+1 (202) 555-0199", "555-0100", "tel:+0000000000", "1234567890",
        "TBD\u200b", "\u00adTBD", "\uff34\uff22\uff24", "\u200b" * 25, "\u3164", "\u2800" * 3,
        "T.B.D.", "T B D", "TBD TBD, TBD", "TBD (ask Tom)", "to be determined later on",
        "//", "#", "=======",
    ],
)  # fmt: skip
def test_a_value_that_nobody_gave_is_a_placeholder(value: str) -> None:
    assert VOCABULARY.is_placeholder(value)
    assert not is_filled(value)


@pytest.mark.parametrize(
    "value",
    [
        "A TBD list is kept in the wiki", "todo list application", "none", "NA", "no", "0",
        "none-found", "unknown unknowns remain", "< 0.93", "> 0.20", "**", "src/**", "2411",
        "https://examples.com/x", "for example", "an example.com address", "jane@test.com",
        "https://northbank.internal/test", "testing", "tel:+493023125010", "group:retail-digital",
        "docs/placeholder.md", "it was 555-0100 once", "x", "xx", "a...", "-1",
    ],
)  # fmt: skip
def test_prose_numbers_and_real_places_are_no_placeholders(value: str) -> None:
    assert not VOCABULARY.is_placeholder(value)
    assert is_filled(value)


def test_the_shipped_examples_hold_no_placeholder() -> None:
    for path in (FOLDER.parents[1] / "examples").glob("*.yaml"):
        texts = list(_texts(yaml.load(path.read_text("utf-8"), yaml.BaseLoader)))
        assert not [text for text in texts if VOCABULARY.is_placeholder(text)]


@given(st.lists(st.text() | st.sampled_from(["TBD", "https://example.com/", "?", "<x>", "", " "])))
def test_many_texts_are_judged_as_each_alone(texts: list[str]) -> None:
    alone = [i for i, text in enumerate(texts) if VOCABULARY.is_placeholder(text)]
    if not any("\0" in text for text in texts):  # the loader refuses NUL
        assert alone == VOCABULARY.placeholders(texts)


@given(st.text())
def test_letter_case_and_surrounding_space_do_not_make_a_value(text: str) -> None:
    if VOCABULARY.is_placeholder(text):
        assert VOCABULARY.is_placeholder(f"  {text}\n")
    assert not VOCABULARY.is_placeholder(f"the word {text} stands in prose")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False), ("", False), (" \n", False), ([], False), ({}, False), ("TBD", False),
        (0, True), (0.0, True), (False, True), ([None], True), ({"a": None}, True), ("x", True),
    ],
)  # fmt: skip
def test_empty_is_not_filled_and_zero_is(value: Any, expected: bool) -> None:
    assert expected == is_filled(value)


@pytest.mark.parametrize(
    "value",
    [
        "1.2.0", "v1.14.2", "10.0.0.1", "1.2.3-beta.1", "1.2.3+build.5", "2026-10-18", "20261018",
        "kb-2026-10-18", "snap-2026-01-31", "branch-kb-2026-10-24", "KB-2026-10-18", "2026.10.18",
        "9" * 40, "a" * 64, "sha256:" + "0f" * 32,
    ],
)  # fmt: skip
def test_a_full_version_a_date_or_a_digest_is_exact(value: str) -> None:
    assert is_exact_version(value)


@pytest.mark.parametrize(
    "value",
    [
        "1", "1.2", "v37", "1.2.x", "1.2.*", "^1.2.3", "~1.2.3", ">=1.2.3", "1.2.3 - 2.0.0",
        "latest", "stable", "main", "v1", "1.2.3-SNAPSHOT", "1.2.3-latest", "2026-13-01",
        "2026-00-10", "2026-10-00", "2026-10", "kb-latest", "abc1234", "", "1.2.3\n",
        "1." * MAX_TEXT + "1",
    ],
)  # fmt: skip
def test_half_a_version_a_range_or_a_branch_is_not(value: str) -> None:
    assert not is_exact_version(value)


@pytest.mark.parametrize(
    "given_model",
    [
        model("mistral", "2411", "mistral-large"),
        model("mistral", "mistral-medium-2508"),
        model("mistral-ai", "24.11"),
        model("openai", "2024-08-06", "gpt-4o"),
        model("openai", "gpt-4o-2024-11-20"),
        model("openai", "gpt-5.4-mini-2026-03-17"),
        model("openai", "0613", "gpt-4"),
        model("openai", "gpt-4-0125-preview"),
        model("openai", "ft:gpt-4o-2024-08-06:northbank:claims:BVYmIA6e"),
        model("openai", "text-embedding-3-large"),
        model("azure-openai", "2024-11-20", "gpt-4o"),
        model("azure-openai", "0613", "gpt-4"),
        model("azure", "2", "text-embedding-ada-002"),
        model("anthropic", "claude-sonnet-4-5-20250929"),
        model("anthropic", "20250929", "claude-sonnet-4-5"),
        model("anthropic", "claude-opus-4-6"),
        model("anthropic", "4.6", "claude-sonnet"),
        model("google", "gemini-2.0-flash-001"),
        model("google", "002", "gemini-1.5-pro"),
        model("google", "gemini-2.5-pro"),
        model("vertex-ai", "claude-haiku-4-5@20251001"),
        model("vertex-ai", "text-bison@001"),
        model("meta", "llama-3.3-70b-instruct"),
        model("meta", "Llama-4-Maverick-17B-128E-Instruct"),
        model("aws-bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        model("aws-bedrock", "eu.amazon.nova-pro-v1:0"),
        model("amazon", "v2:0", "amazon.titan-embed-text"),
        model("bedrock", "anthropic.claude-sonnet-4-6"),
        model("cohere", "command-r-plus-08-2024"),
        model("cohere", "v4.0", "embed"),
        model("xai", "grok-4-0709"),
        model("deepseek", "DeepSeek-V3-0324"),
        model("alibaba", "qwen-max-2025-01-25"),
        model("huggingface", "4f9c2e1a" * 5),
        model("internal", "1.2.0"),
        model("internal", "2026-10-18"),
        model("internal", "sha256:" + "0f" * 32),
        model("internal", "v7", digest="sha256:" + "0f" * 32),
        model("unvetted-labs", "v7", digest="sha256:" + "0f" * 32),
    ],
    ids=str,
)
def test_a_snapshot_is_one_exact_model(given_model: dict[str, str]) -> None:
    assert is_exact_model(given_model)


@pytest.mark.parametrize(
    "given_model",
    [
        model("mistral", "latest", "mistral-large"),
        model("mistral", "mistral-large-latest"),
        model("mistral", "2411", "mistral-large-latest"),
        model("mistral", "mistral-large"),
        model("mistral", "2413"),
        model("openai", "gpt-4o", "gpt-4o"),
        model("openai", "gpt-4o", digest="sha256:" + "0f" * 32),
        model("openai", "gpt-5-chat-latest"),
        model("openai", "o3-mini"),
        model("openai", "chatgpt-4o-latest"),
        model("openai", "2024-13-06", "gpt-4o"),
        model("azure-openai", "gpt-4o"),
        model("azure-openai", "1106-preview", "gpt-4"),
        model("azure-openai", "auto"),
        model("anthropic", "claude-sonnet-4-5"),
        model("anthropic", "claude-3-5-sonnet-latest"),
        model("anthropic", "claude-opus-4-1"),
        model("anthropic", "opus"),
        model("google", "gemini-1.5-pro"),
        model("google", "gemini-2.0-flash"),
        model("google", "gemini-flash-latest"),
        model("google", "gemini-3-pro-preview"),
        model("meta", "llama-3"),
        model("amazon", "nova-pro"),
        model("cohere", "command-r"),
        model("cohere", "command-r-plus"),
        model("xai", "grok-4"),
        model("xai", "grok-4.3-latest"),
        model("deepseek", "deepseek-chat"),
        model("alibaba", "qwen-max"),
        model("huggingface", "main"),
        model("internal", "1.2"),
        model("internal", "v7"),
        model("internal", "v7", digest="sha256:short"),
        model("unvetted-labs", "latest"),
        model("unvetted-labs", "v7-stable", digest="sha256:" + "0f" * 32),
        model("unvetted-labs", "", digest="sha256:" + "0f" * 32),
        model("openai", ""),
        model("openai", "2024-08-06 or later", "gpt-4o"),
        model("openai", "2024-08-06" + "-" * MAX_TEXT),
    ],
    ids=lambda one: str(one)[:80],
)
def test_an_alias_a_range_or_half_a_version_is_not(given_model: dict[str, str]) -> None:
    assert not is_exact_model(given_model)


@pytest.mark.parametrize(
    "given_model",
    [
        model("unvetted-labs", "v7"),
        model("unvetted-labs", "2024-08-06"),
        model("unvetted-labs", "v7", digest="sha256:short"),
        {"provider": "openai"},
        {"version": "2024-08-06"},
    ],
    ids=str,
)
def test_what_nobody_can_tell_is_unknown_in_the_words_of_an_absent_key(
    given_model: dict[str, str],
) -> None:
    with pytest.raises(LookupError, match=r'^Key not found in map : "unknown: [^"]*"$'):
        is_exact_model(given_model)


@pytest.mark.parametrize("wrong", [3, None, ["openai"], {}])
@pytest.mark.parametrize("key", ["provider", "version", "name"])
def test_a_model_with_a_value_of_the_wrong_type_is_not_exact(key: str, wrong: Any) -> None:
    assert not is_exact_model({**model("openai", "2024-08-06"), key: wrong})


@given(st.dates(min_value=date(1900, 1, 1)), st.integers(-40_000, 40_000))
def test_days_between_counts_both_ways(first: date, days: int) -> None:
    second = min(max(first.toordinal() + days, 1), date.max.toordinal()) - first.toordinal()
    later = (first + timedelta(days=second)).isoformat()
    assert second == days_between(first.isoformat(), later)
    assert -second == days_between(later, first.isoformat())


@pytest.mark.parametrize(
    "text", ["20261122", "2026-W47-7", "2026-2-3", "2026-02-30", "22-11-2026", "2026/11/22"]
)
def test_only_a_written_out_iso_date_is_a_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        days_between(text, "2026-11-22")


@pytest.mark.parametrize(
    ("text", "expected"), [("1d", 1), ("30d", 30), ("4w", 28), ("1M", 30), ("3M", 90), ("12M", 360)]
)
def test_a_window_has_days(text: str, expected: int) -> None:
    assert expected == window_days(text)


@pytest.mark.parametrize(
    "text", ["30", "d", "1m", "1y", "-1d", "1.5d", "30 d", "1d1w", "0d", "9999999d"]
)
def test_what_is_no_window_has_none(text: str) -> None:
    with pytest.raises(ValueError, match="no window"):
        window_days(text)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], True), ([1], True), ([1, 1, 2.5], True), (["2026-01-01", "2026-01-01"], True),
        ([2, 1], False), (["b", "a"], False), ([1, "2"], False), ([True, False], False),
        ([None], False), ("ab", False), ((1, 2), False),
    ],
)  # fmt: skip
def test_a_list_of_one_kind_that_never_decreases_is_sorted(values: Any, expected: bool) -> None:
    assert expected == is_sorted(values)


@given(st.lists(st.text()) | st.lists(st.integers()))
def test_sorting_makes_sorted(values: list[Any]) -> None:
    assert is_sorted(sorted(values))
    assert is_sorted(values) == (values == sorted(values))


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("Scores Credit applications", "credit", True),
        ("accredited sellers", "credit", False),
        ("screens CVs for\nrecruiters", "recruit\\w*", True),
        ("loan or lending", "loans?|lend", True),
        ("decides on loan\n  applications", "loan applications", True),
        ("", "credit", False),
        ("x" * MAX_SEARCHED + " credit", "credit", False),
        (3, "credit", False),
        ("credit", None, False),
    ],
)
def test_whole_words_are_mentioned(text: Any, pattern: Any, expected: bool) -> None:
    assert mentions(text, pattern) is expected


@pytest.mark.parametrize(
    "text", ["T\u200bBD", "t\u2060b\u2060d", "n/a, n/a", "TBD; TBD", "\u200b\u200b", "T\u00adODO"]
)
def test_a_placeholder_hides_behind_no_sign_that_nobody_sees(text: str) -> None:
    assert VOCABULARY.is_placeholder(text)
    assert VOCABULARY.placeholders(["words", text]) == [1]


@pytest.mark.parametrize(
    "version",
    ["\uff11.\uff10.\uff10", "1.0.0+latest", "1.0.0-dev.2", "0.0.0-tbd", "1.2.3+a.latest"],
)
def test_what_looks_like_a_version_and_names_none_is_refused(version: str) -> None:
    assert not is_exact_version(version)


def test_hostile_text_costs_little() -> None:
    import time

    hostile = ["a-" * 250, "a." * 250, "." * 500 + "!", "todo" * 120, "1.2.3-" + "a." * 200]
    start = time.perf_counter()
    for text in hostile:
        for name in PREDICATES:
            FUNCTIONS[name][2](text)
        for provider in VOCABULARY.providers:
            is_exact_model(model(provider, text, text))
        VOCABULARY.is_placeholder(f"{text * 400} example. < 555")
    assert time.perf_counter() - start < 5  # a backtracking pattern would take for ever


def test_the_vocabulary_goes_to_workers() -> None:
    assert pickle.loads(pickle.dumps(VOCABULARY)) == VOCABULARY


def test_every_shipped_pattern_compiles() -> None:
    check_patterns(VOCABULARY)


def test_a_pattern_that_does_not_is_named() -> None:
    with pytest.raises(PackError, match="no regular expression"):
        check_patterns(VOCABULARY._replace(patterns=(("(oops", ("o",)),)))


def test_an_empty_vocabulary_knows_nothing_and_still_answers() -> None:
    empty = parse_vocabulary(
        {
            "placeholders": {"words": []},
            "role-mailboxes": {"names": [], "suffixes": [], "prefixes": []},
            "model-snapshots": {"floating": {"version": [], "name": []}, "providers": {}},
            "distinct-evidence": {"pointers": []},
        }
    )
    assert empty.is_person("info@bank.com")
    assert empty.is_filled("TBD")
    with pytest.raises(LookupError):
        empty.is_exact_model(model("openai", "2024-08-06"))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value]
