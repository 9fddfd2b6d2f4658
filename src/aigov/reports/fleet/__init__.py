"""Reports on an organisation: one `FleetAudit` in, text out; one file a format.

To add a format: a module here with `render(fleet, style)`, and its name in `FLEET_FORMATS`.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import cast

from aigov.reports import Style
from aigov.results import FleetAudit

FLEET_FORMATS = ("text", "json", "csv", "markdown")
"""The only list of formats; each is a module here, imported when asked for."""

RenderFleet = Callable[[FleetAudit, Style], Iterator[str]]
"""Yield chunks of text: deterministic, whole lines, the last one ends in a newline."""


def render(name: str) -> RenderFleet:
    """Return the renderer of one of `FLEET_FORMATS`."""
    return cast("RenderFleet", import_module(f"aigov.reports.fleet.{name}").render)
