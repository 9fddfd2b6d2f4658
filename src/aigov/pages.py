"""Pages of Markdown about policies: one a policy, an index by domain, the control matrix.

They hold no date but those of the law, so that they change only with the policies.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from aigov.explanation import Explanation, Sample
from aigov.expressions import CONSTANTS
from aigov.findings import Result
from aigov.frameworks import Framework
from aigov.law import Obligation
from aigov.listing import coverage, numbers
from aigov.policies import DOMAINS, TIERS, Policy
from aigov.reports.encoding import literal
from aigov.reports.escape import escape

MARK = "<!-- Written by `aigov-gate policies docs`: change what it is made from. -->\n\n"
"""The start of every page: what starts otherwise is somebody's own and is left alone."""
INDEX = "README.md"
MATRIX = "controls.md"
_STAGES = tuple(CONSTANTS["stages"])
_LINK = re.compile(r"https://[A-Za-z0-9./_~%#?=&:,+-]+")
_TOUCHES = (
    "A citation means that the policy *touches* a control. It never means that to pass it is "
    "to conform, and nothing here is legal advice.\n"
)


class Page(NamedTuple):
    """What the page of one policy is made from."""

    policy: Policy
    told: Explanation
    path: str
    """Where the policy is written, below its pack."""
    base: str = ""
    """The example that the first failing case changes, "" where there is no such case."""
    result: Result | None = None
    """How that case is judged."""


def prose(text: str) -> str:
    """Return text as one line of Markdown that holds no markup but code between backticks."""
    *pairs, last = " ".join(text.split()).split("`")
    whole = len(pairs) % 2 == 0
    shown = [
        f"`{escape(part, limit=None)}`" if number % 2 and part.strip() else literal(part)
        for number, part in enumerate(pairs)
    ]
    return "".join(shown) + ("" if whole else "&#96;") + literal(last)


def table(*headings: str) -> str:
    """Return the head of a table."""
    return f"| {' | '.join(headings)} |\n|{' --- |' * len(headings)}\n"


def policy_page(
    page: Page, corpus: Mapping[str, Obligation], frameworks: Mapping[str, Framework]
) -> Iterator[str]:
    """Yield the page of a policy."""
    policy, told = page.policy, page.told
    yield f"{MARK}# {policy.code} {literal(policy.id)}\n\n"
    yield f"**What goes wrong.** {prose(policy.title)}.\n\n"
    yield f"**Why.** {prose(policy.why)}\n\n" if policy.why else ""
    yield "## When it binds\n\n"
    limits = [f"limit `{name}`: {numbers(by_tier)}" for name, by_tier in told.limits.items()]
    yield from (f"- {prose(line)}\n" for line in (*told.asked, *limits))
    yield from _sample("What passes", told.passes)
    yield from _sample("What fails", told.fails)
    if page.result:
        yield from _finding(page.base, page.result)
    yield f"\n## What to do\n\n**Remedy.** {prose(policy.remedy)}\n"
    if told.see:
        yield f"\n**It reads** {', '.join(f'`{one}`' for one in told.see)}.\n"
    if policy.obligations:
        yield "\n## What the law asks\n\n"
        yield from (_obligation(corpus[key]) for key in policy.obligations)
    if policy.controls:
        yield f"\n## Controls\n\n{_TOUCHES}\n"
        yield table("framework", "control", "in short")
        for name, cited in policy.controls.items():
            known = frameworks[name]
            yield from (_row(known.title, one, known.short_title(one)) for one in cited)
    yield f"\n[All policies]({INDEX}), [controls]({MATRIX}); {prose(f'written in `{page.path}`')}\n"


def index_page(policies: Iterable[Policy]) -> Iterator[str]:
    """Yield the index: the policies by domain, with what a failure does by tier."""
    domains: dict[str, list[Policy]] = {name: [] for name in DOMAINS}
    for policy in policies:
        domains.setdefault(policy.domain, []).append(policy)
    number = sum(map(len, domains.values()))
    yield f"{MARK}# Policies\n\n{number} in all, by domain. [Controls]({MATRIX}) says which laws "
    yield "and standards they touch.\nA policy binds from a stage on; a failure blocks, warns or "
    yield "informs by the tier of the use case, and `-` is not asked.\n"
    for domain, group in domains.items():
        if group:
            yield f"\n## {literal(domain or 'without a domain')}\n\n"
            yield table("policy", "what goes wrong", "from", *TIERS)
        for policy in group:
            acts = [str(policy.enforcement.get(rank + 1, "-")) for rank in range(len(TIERS))]
            yield f"| {_link(policy)} {literal(policy.id)} "
            yield _row(policy.title, _STAGES[policy.binds_from], *acts)


def matrix_page(policies: Iterable[Policy], frameworks: Mapping[str, Framework]) -> Iterator[str]:
    """Yield the control matrix: the policies of every control, and the controls of every
    policy, each with what is not covered."""
    policies = list(policies)
    covered = {name: coverage(policies, one) for name, one in frameworks.items()}
    yield f"{MARK}# Controls and policies\n\n{_TOUCHES}\nThe titles of controls are our own short "
    yield "words; the publisher's text is what counts.\n\n"
    yield table("framework", "controls", "touched")
    for name, controls in covered.items():
        touched = sum(map(bool, controls.values()))
        yield _row(f"{name}: {frameworks[name].title}", str(len(controls)), str(touched))
    for name, controls in covered.items():
        framework = frameworks[name]
        yield f"\n## {literal(name)}\n\n{prose(f'{framework.title}, {framework.version}')}. "
        yield f"Source: {_address(framework.source)}\n\n"
        yield table("control", "in short", "policies")
        for control, touching in controls.items():
            links = " ".join(map(_link, touching)) or "*not touched*"
            yield f"| {literal(control)} | {literal(framework.controls[control])} | {links} |\n"
    yield "\n## By policy\n\n"
    yield table("policy", "touches")
    for policy in policies:
        cited = [f"{name} {', '.join(refs)}" for name, refs in policy.controls.items()]
        yield f"| {_link(policy)} {_row('; '.join(cited) or 'no control')}"


def _sample(heading: str, sample: Sample | None) -> Iterator[str]:
    if sample is None:
        return
    note = f" ({sample.note})" if sample.note else ""
    yield f"\n## {heading}\n\n**For example** {prose(f'{sample.about}{note}')}"
    yield ":\n\n" if sample.yaml else ".\n"
    # no text in code that is indented can end it, as it could a fence
    yield from (f"    {escape(line, limit=None)}\n" for line in sample.yaml.splitlines())


def _finding(base: str, result: Result) -> Iterator[str]:
    """Yield how the failing example is judged: outcome, place and message."""
    if not result.is_finding:
        yield f"\nSo changed, the example `{base}` is no finding: the policy is not proved.\n"
        return
    line = f", line {result.place.line}" if result.place else ""
    says = f"`{result.outcome}` ({result.enforcement}) at `{result.pointer}`"
    yield f"\nSo changed, the example `{base}` is judged {prose(f'{says}{line}')}:\n"
    yield f"\n> {prose(result.message)}\n"


def _obligation(one: Obligation) -> str:
    status = "" if one.certain else " (unresolved: the sources leave the date or the duty open)"
    note = f" {prose(one.note)}" if one.note else ""
    return (
        f"- **From {one.applies_from}**{status}: {prose(one.duty)}{note} "
        f"*{literal(one.source)}; checked on {one.verified_on}.*\n"
    )


def _address(url: str) -> str:
    return f"<{url}>" if _LINK.fullmatch(url) else literal(url)


def _link(policy: Policy) -> str:
    return f"[{policy.code}]({policy.code}.md)"


def _row(*cells: str) -> str:
    return f"| {' | '.join(map(literal, cells))} |\n"
