"""The ideas that the catalogue answers to, and which policy or metric serves each."""

from collections.abc import Iterator, Mapping
from typing import Any

from aigov.errors import PackError
from aigov.pages import INDEX, MARK, prose, table
from aigov.policies import Policy
from aigov.source import Document

FILE = "ideas.yaml"


def ideas_page(document: Document, policies: Mapping[str, Policy], folder: str) -> Iterator[str]:
    """Yield the page of the ideas that `document` holds; the pages of the policies lie in
    `folder` beside it.

    Raises:
        PackError: an idea is served by nothing, or by what there is not; has its place.
    """
    value: Any = document.value
    links = {name: f"*{name}*" for name in value["metrics"]}
    for code, policy in policies.items():
        prefix = code.partition("-")[0]
        links[f"{prefix}-*"] = f"[all {prefix}]({folder}/{INDEX})"
        links[code] = f"[{code} {policy.id}]({folder}/{code}.md)"
    yield f"{MARK}# The ideas behind the policies\n\n"
    yield "What tells organisations that scale AI from those that do not (A), and what keeps\n"
    yield "pilots from production (B), in our own words, and what serves each: a\n"
    yield f"[policy]({folder}/{INDEX}), or a *metric*, which comes with the audit of all\n"
    yield f"repositories.\n\n{table('', 'idea', 'served by')}"
    for name, row in value["ideas"].items():
        served = [*row.get("policies", ()), *row.get("metrics", ())]
        faults = [f"there is no {one}" for one in served if one not in links]
        for fault in faults or ([] if served else ["nothing serves it"]):
            place = document.place(f"/ideas/{name}")
            raise PackError(f"{name}: {fault}", where=f"{FILE}:{place.line}:{place.column}")
        yield f"| {name} | {prose(row['idea'])} | {', '.join(links[one] for one in served)} |\n"
    yield "\n## Metrics\n\n"
    yield from (f"- *{name}*: {prose(says)}\n" for name, says in value["metrics"].items())
