"""The ideas that the catalogue answers to, and which policy or metric serves each."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aigov.errors import PackError
from aigov.pages import INDEX, MARK, prose, table
from aigov.policies import Policy
from aigov.source import Document

FAMILY = "-*"
"""Ends what names all policies of one prefix: `GOV-*`."""


class Idea(NamedTuple):
    """One idea, in our own words."""

    id: str
    says: str
    policies: tuple[str, ...]
    """Codes, or all codes of a prefix as `GOV-*`."""
    metrics: tuple[str, ...]


class Ideas(NamedTuple):
    """All of them."""

    ideas: tuple[Idea, ...]
    metrics: Mapping[str, str]
    """Name to what it measures."""


def parse_ideas(document: Document, where: str, policies: Mapping[str, Policy]) -> Ideas:
    """Read `ideas.yaml`; `policies` are those that there are, by code.

    Raises:
        PackError: an idea is served by nothing, or by what there is not; has its place.
    """
    value: Any = document.value
    families = {f"{code.partition('-')[0]}{FAMILY}" for code in policies}
    known = {"policies": {*policies, *families}, "metrics": value["metrics"]}
    ideas = []
    for name, row in value["ideas"].items():
        served = {kind: tuple(row.get(kind, ())) for kind in known}
        faults = [f"no {one}" for kind in known for one in served[kind] if one not in known[kind]]
        if not any(served.values()):
            faults.append("nothing serves it")
        for fault in faults:
            place = document.place(f"/ideas/{name}")
            raise PackError(f"{name}: {fault}", where=f"{where}:{place.line}:{place.column}")
        ideas.append(Idea(name, row["idea"], **served))
    return Ideas(tuple(ideas), value["metrics"])


def ideas_page(found: Ideas, policies: Mapping[str, Policy], folder: str) -> Iterator[str]:
    """Yield the page; the pages of the policies lie in `folder` beside it."""
    yield f"{MARK}# The ideas behind the policies\n\n"
    yield "What tells organisations that scale AI from those that do not (A), and what keeps\n"
    yield "pilots from production (B), in our own words, and what serves each: a\n"
    yield f"[policy]({folder}/{INDEX}), or a *metric*, which comes with the audit of all\n"
    yield "repositories.\n\n"
    yield table("", "idea", "served by")
    for idea in found.ideas:
        served = [
            f"[{code} {policies[code].id}]({folder}/{code}.md)"
            if code in policies
            else f"[all {code.removesuffix(FAMILY)}]({folder}/{INDEX})"
            for code in idea.policies
        ]
        served += [f"*{name}*" for name in idea.metrics]
        yield f"| {idea.id} | {prose(idea.says)} | {', '.join(served)} |\n"
    yield "\n## Metrics\n\n"
    yield from (f"- *{name}*: {prose(says)}\n" for name, says in found.metrics.items())
