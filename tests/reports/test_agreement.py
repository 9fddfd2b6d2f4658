"""All formats of one run say the same, whatever stands in it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aigov.expressions import CONTEXTS
from aigov.findings import FINDINGS, Enforcement, Outcome, Place, Result, Spot, fingerprint
from aigov.reports import FORMATS
from aigov.reports.escape import escape
from aigov.results import CheckResult, Derived, DocumentResult, PolicyText, Problem, summarise
from reports.reading import READERS, Seen, printed, read
from reports.zoo import ATTACK, ZOO, hostile, poisoned

ATTACKS = (
    "::error file=a,line=1::forged",
    "\n::error::forged",
    "%0A::error::forged%0D%25",
    "\x1b[2J\x1b[31m",
    "<script>alert(1)</script></details><!--",
    "[a](https://evil.example) ![b](https://evil.example/p) https://evil.example www.a.example",
    "| a | b |\n| --- | --- |\n# head\n`code` *b* _i_ ~~s~~ &lt; @everyone #1",
    "]]></failure></testcase><testcase name='forged'/>",
    "\r\n\u2028\u2029\x00\x0b\ufffe\uffff",
    "\u202etxt.exe\u2066\u200f",
    "\ud800\udc80\udfff",
    "A" * 10_000,
    " GOV-001 ",
    "a:7:3",
    "##[error]forged ##vso[task.complete]",
    "\\",
    '"',
    ATTACK,
)
TEXTS = st.one_of(
    st.sampled_from(ATTACKS), st.text(st.characters(exclude_categories=()), max_size=12)
)
PATHS = TEXTS.map(lambda text: f"teams/{text[:200]}.yaml")
CODES = st.sampled_from(["BLD-002", "GOV-001", "GOV-004", "MAN-013", "VAL-006", "XYZ-999"])
NUMBERS = st.integers(1, 10_000)
PLACES = st.builds(
    lambda line, column, lines, columns: Place(line, column, line + lines, column + columns),
    NUMBERS, NUMBERS, st.integers(0, 2), st.integers(1, 40),
)  # fmt: skip


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Return a result of any outcome that holds what the engine would put in it."""
    code, outcome = draw(CODES), draw(st.sampled_from(Outcome))
    if outcome not in FINDINGS:
        absent = st.lists(st.sampled_from(CONTEXTS), max_size=2)
        missing = draw(absent) if outcome is Outcome.NOT_APPLICABLE else ()
        return Result(code, outcome, missing=tuple(missing))
    pointer = draw(TEXTS.map(lambda text: f"/spec/{text}"))
    related = draw(st.lists(st.builds(Spot, st.just(pointer), PLACES), max_size=2))
    missing = draw(st.lists(st.just(pointer), max_size=1)) if outcome is Outcome.UNKNOWN else ()
    return Result(
        code,
        outcome,
        draw(st.sampled_from(Enforcement)),
        draw(TEXTS),
        pointer,
        draw(st.none() | PLACES),
        tuple(related),
        tuple(missing),
        draw(TEXTS),
        draw(st.sampled_from(["", fingerprint(code, "a", "b")])),
        draw(TEXTS) if outcome is Outcome.WAIVED else None,
    )


DOCUMENTS = st.builds(
    DocumentResult,
    path=PATHS,
    line=NUMBERS,
    kind=st.sampled_from(["UseCase", "Waiver", "Organization"]),
    use_case=TEXTS,
    name=TEXTS,
    digest=st.just("a1" * 32),
    stage=st.just("pilot"),
    tier=st.none() | st.just("low"),
    declared_stage=TEXTS,
    declared_tier=st.none(),
    derived=st.just(Derived()),
    results=st.lists(results(), max_size=4).map(tuple),
)
PROBLEMS = st.builds(
    Problem, st.sampled_from(["SYN-001", "SYN-003"]), PATHS, NUMBERS, NUMBERS, TEXTS
)
POLICIES = st.builds(
    lambda texts: {
        code: PolicyText(code, *texts, controls={texts[0]: texts[1:3]})
        for code in ("BLD-002", "GOV-001", "GOV-004", "SYN-001")
    },
    st.tuples(TEXTS, TEXTS, TEXTS, TEXTS),
)
# Two documents of four results and two problems: never more than GitHub shows of a type.
RUNS = st.builds(
    lambda documents, problems, policies, notes: ZOO._replace(
        documents=documents, problems=problems, policies=policies, notes=notes
    ),
    st.lists(DOCUMENTS, max_size=2).map(tuple),
    st.lists(PROBLEMS, max_size=2).map(tuple),
    POLICIES,
    st.lists(TEXTS, max_size=2).map(tuple),
)


def expected(result: CheckResult) -> list[Seen]:
    """Return what every format has to tell, counted off the run itself."""
    seen = [
        Seen(one.code, escape(one.path, None), one.line, one.column, False)
        for one in result.problems
    ]
    for document in result.documents:
        for one in document.results:
            if one.outcome in FINDINGS:
                at = one.place or Place(document.line, 1, 0, 0)
                waived = one.outcome is Outcome.WAIVED
                path = escape(document.path, None)
                seen.append(Seen(one.code, path, at.line, at.column, waived))
    return seen


def told(name: str, found: list[Seen]) -> Counter[Seen]:
    """Return the findings as format `name` can tell them."""
    if name == "sarif":  # GitHub honours no suppression, so that waived ones are left out
        found = [one for one in found if not one.waived]
    if name == "github":  # an annotation has no word for waived but its message
        found = [one._replace(waived=None) for one in found]
    if name == "gitlab":  # lines only
        found = [one._replace(column=None) for one in found]
    return Counter(found)


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(FORMATS)


@settings(max_examples=80, suppress_health_check=list(HealthCheck), deadline=None)
@given(RUNS)
@example(ZOO._replace(documents=(), problems=(), notes=()))
def test_all_formats_of_one_run_agree_on_the_findings(result: CheckResult) -> None:
    found = expected(result)
    for name in FORMATS:
        assert Counter(read(name, result)) == told(name, found), name
    summary = summarise(result)
    assert len(found) == sum(summary.outcomes[one] for one in FINDINGS) + len(result.problems)


@pytest.mark.parametrize("name", FORMATS)
def test_the_zoo_is_told_in_full(name: str) -> None:
    assert Counter(read(name, ZOO)) == told(name, expected(ZOO))


@pytest.mark.parametrize("attack", [*ATTACKS, None], ids=lambda one: ascii(one)[:24])
@pytest.mark.parametrize("name", FORMATS)
def test_hostile_values_change_no_number_of_records(name: str, attack: str | None) -> None:
    result = hostile() if attack is None else poisoned(lambda text: f"{attack}{text}{attack}")
    tame, attacked = read(name, ZOO), read(name, result)
    places = [(one.code, one.line, one.column, one.waived) for one in tame]
    assert [(one.code, one.line, one.column, one.waived) for one in attacked] == places


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: ascii(one)[:24])
@pytest.mark.parametrize("name", FORMATS)
def test_nothing_hostile_reaches_a_terminal_or_a_runner(name: str, attack: str) -> None:
    report = printed(name, poisoned(lambda text: f"{attack}{text}"))
    own = ("::error file=", "::warning file=", "::notice file=") if name == "github" else ()
    for line in report.removesuffix("\n").split("\n"):
        assert line.isprintable()
        assert "##" not in line.replace("### ", "").replace("## ", "")
        start = line.lstrip()
        assert not start.startswith("::") or start.startswith(own)
    assert report.encode().decode() == report


def test_two_runs_are_equal_to_the_byte_in_every_format() -> None:
    for name in FORMATS:
        assert printed(name, ZOO) == printed(name, ZOO)
