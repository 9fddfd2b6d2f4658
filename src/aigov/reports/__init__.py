"""Reports: one value of `aigov.results` in, text out; one file a format.

To add a format: a module here with `render(result, style)`, and one line in `FORMATS`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, cast

from aigov.errors import UsageError
from aigov.results import CheckResult

FORMATS: Mapping[str, str] = {
    "text": "aigov.reports.text",
    "json": "aigov.reports.json",
    "sarif": "aigov.reports.sarif",
    "junit": "aigov.reports.junit",
    "github": "aigov.reports.github",
    "gitlab": "aigov.reports.gitlab",
    "markdown": "aigov.reports.markdown",
}
"""The only list of formats: name to the module that renders it, imported when asked."""


class Style(NamedTuple):
    """How a report for people looks; formats for machines ignore it."""

    width: int = 80
    """Columns; prose is wrapped to it, paths never are."""
    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    limit: int = 10
    """Findings printed before "N more: --verbose"."""


Render = Callable[[CheckResult, Style], Iterator[str]]
"""Yield chunks of text: deterministic, whole lines, the last one ends in a newline."""


def render(name: str) -> Render:
    """Return the renderer of format `name`; raise `UsageError` where there is none."""
    if name not in FORMATS:
        raise UsageError(
            f"no report format is called {name!r}", remedy=f"use one of {', '.join(FORMATS)}"
        )
    from importlib import import_module  # each format is paid for by those who ask for it

    module = import_module(FORMATS[name])
    return cast("Render", module.render)
