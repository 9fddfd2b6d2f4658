"""Reports: one value of `aigov.results` in, text out; one file a format.

To add a format: a module here with `render(result, style)`, and its name in `FORMATS`.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import NamedTuple, cast

from aigov.results import CheckResult

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")
"""The only list of formats; each is a module here, imported when asked for."""


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
    """Return the renderer of one of `FORMATS`."""
    return cast("Render", import_module(f"aigov.reports.{name}").render)
