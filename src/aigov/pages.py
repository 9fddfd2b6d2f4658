"""Pages of Markdown about policies: one a policy, an index by domain, the control matrix.

They hold no date but those of the law, so that they change only with the policies.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aigov.explanation import Explanation, Sample
from aigov.expressions import STAGES
from aigov.findings import Result
from aigov.frameworks import Framework
from aigov.listing import UNRESOLVED, coverage, numbers
from aigov.policies import DOMAINS, TIERS, Policy
from aigov.reports.encoding import literal
from aigov.reports.escape import escape

MARK = "<!-- Written by `aigov-gate policies docs`: change what it is made from. -->\n\n"
"""The start of every page: what starts otherwise is somebody's own and is left alone."""
INDEX = "README.md"
MATRIX = "controls.md"
_LINK = re.compile(r"https://[A-Za-z0-9./_~%#?=&:,+-]+")
_TOUCHES = (
    "A citation means that the policy *touches* a control. It never means that to pass it is "
    "to conform, and nothing here is legal advice. Short titles are our own words.\n\n"
)


def prose(text: str) -> str:
    """Return text as one line of Markdown that holds no markup but code between backticks."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # the last backtick opens nothing
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    return "".join(
        f"`{escape(part, limit=None)}`" if number % 2 and part.strip() else literal(part)
        for number, part in enumerate(parts)
    )


def table(*headings: str) -> str:
    """Return the head of a table."""
    return f"| {' | '.join(headings)} |\n|{' --- |' * len(headings)}\n"


def policy_page(
    policy: Policy,
    told: Explanation,
    judged: tuple[str, Result] | None,
    frameworks: Mapping[str, Framework],
) -> Iterator[str]:
    """Yield the page of a policy; `judged` is the example that the first failing case
    changes, and what the policy makes of it."""
    yield f"{MARK}# {policy.code} {literal(policy.id)}\n\n"
    yield f"**What goes wrong.** {prose(policy.title)}.\n\n"
    yield f"**Why.** {prose(policy.why)}\n\n" if policy.why else ""
    yield "## When it binds\n\n"
    limits = [f"limit `{name}`: {numbers(by_tier)}" for name, by_tier in told.limits.items()]
    yield from (f"- {prose(line)}\n" for line in (*told.asked, *limits))
    yield from _sample("What passes", told.passes)
    yield from _sample("What fails", told.fails)
    if judged and judged[1].is_finding:
        yield from _finding(*judged)
    yield f"\n## What to do\n\n**Remedy.** {prose(policy.remedy)}\n"
    if told.see:
        yield f"\n**It reads** {', '.join(f'`{one}`' for one in told.see)}.\n"
    if told.obligations:
        yield "\n## What the law asks\n\n"
        yield from map(_obligation, told.obligations)
    if told.controls:
        yield f"\n## Controls\n\n{_TOUCHES}{table('framework', 'control', 'in short')}"
    for name, titles in told.controls.items():
        yield from (_row(frameworks[name].title, *one) for one in titles.items())
    yield f"\n[All policies]({INDEX}), [controls]({MATRIX})\n"


def index_page(policies: Iterable[Policy]) -> Iterator[str]:
    """Yield the index: the policies by domain, with what a failure does by tier."""
    domains: dict[str, list[Policy]] = {name: [] for name in DOMAINS}
    for policy in policies:
        domains.setdefault(policy.domain, []).append(policy)
    yield f"{MARK}# Policies\n\n{sum(map(len, domains.values()))} in all, by domain. A policy "
    yield "binds from a stage on; a failure blocks, warns or informs by the tier of the use case,\n"
    yield f"and `-` is not asked. Which laws and standards they touch: [controls]({MATRIX}).\n"
    for domain, group in domains.items():
        if group:
            yield f"\n## {literal(domain or 'without a domain')}\n\n"
            yield table("policy", "what goes wrong", "from", *TIERS)
        for policy in group:
            acts = [str(policy.enforcement.get(rank + 1, "-")) for rank in range(len(TIERS))]
            yield f"| {_link(policy)} {literal(policy.id)} "
            yield _row(policy.title, STAGES[policy.binds_from], *acts)


def matrix_page(policies: list[Policy], frameworks: Mapping[str, Framework]) -> Iterator[str]:
    """Yield the control matrix: the policies of every control, and the controls of every
    policy, each with what is not covered."""
    covered = {name: coverage(policies, one) for name, one in frameworks.items()}
    yield f"{MARK}# Controls and policies\n\n{_TOUCHES}{table('framework', 'controls', 'touched')}"
    for name, controls in covered.items():
        touched = sum(map(bool, controls.values()))
        yield _row(f"{name}: {frameworks[name].title}", str(len(controls)), str(touched))
    for name, controls in covered.items():
        one = frameworks[name]
        source = f"<{one.source}>" if _LINK.fullmatch(one.source) else literal(one.source)
        yield f"\n## {literal(name)}\n\n**Edition:** {prose(f'{one.title}, {one.version}')}. "
        yield f"Source: {source}\n\n{table('control', 'in short', 'policies')}"
        for control, touching in controls.items():
            links = " ".join(map(_link, touching)) or "*not touched*"
            yield f"| {literal(control)} | {literal(one.controls[control])} | {links} |\n"
    yield f"\n## By policy\n\n{table('policy', 'touches')}"
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
    line = f", line {result.place.line}" if result.place else ""
    says = f"`{result.outcome}` ({result.enforcement}) at `{result.pointer}`{line}"
    yield f"\nSo changed, the example `{base}` is judged {prose(says)}:\n\n"
    yield f"> {prose(result.message)}\n"


def _obligation(duty: Mapping[str, Any]) -> str:
    doubt = "" if duty["certain"] else f" ({UNRESOLVED})"
    says = prose(f"{duty['duty']} {duty['note']}")
    checked = f"*{literal(duty['source'])}; checked on {duty['verified_on']}.*"
    return f"- **From {duty['applies_from']}**{doubt}: {says} {checked}\n"


def _link(policy: Policy) -> str:
    return f"[{policy.code}]({policy.code}.md)"


def _row(*cells: str) -> str:
    return f"| {' | '.join(map(literal, cells))} |\n"
