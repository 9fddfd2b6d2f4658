"""The golden files: which format in which style each one holds.

Write them anew after an intended change, then read the difference::

    PYTHONPATH=src:tests python -m reports.goldens
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aigov.reports import Style, render
from aigov.reports.fleet import render as render_fleet
from reports.fleet_zoo import FLEET
from reports.zoo import ZOO

FOLDER = Path(__file__).parent / "golden"
GOLDENS: Mapping[str, tuple[str, Style]] = {
    "text.txt": ("text", Style()),
    "text-colour.txt": ("text", Style(colour=True)),
    "text-quiet.txt": ("text", Style(quiet=True)),
    "text-verbose.txt": ("text", Style(verbose=True)),
    "json.json": ("json", Style()),
    "sarif.sarif": ("sarif", Style()),
    "junit.xml": ("junit", Style()),
    "github.txt": ("github", Style()),
    "gitlab.json": ("gitlab", Style()),
    "markdown.md": ("markdown", Style()),
}
FLEET_GOLDENS: Mapping[str, tuple[str, Style]] = {
    "fleet-text.txt": ("text", Style()),
    "fleet-text-colour.txt": ("text", Style(colour=True, limit=1)),
    "fleet-text-quiet.txt": ("text", Style(quiet=True)),
    "fleet-text-verbose.txt": ("text", Style(verbose=True)),
    "fleet-json.json": ("json", Style()),
    "fleet-csv.csv": ("csv", Style()),
    "fleet-markdown.md": ("markdown", Style()),
}


def rendered(name: str) -> str:
    """Return what the golden file `name` is to hold."""
    if name in FLEET_GOLDENS:
        form, style = FLEET_GOLDENS[name]
        return "".join(render_fleet(form)(FLEET, style))
    form, style = GOLDENS[name]
    return "".join(render(form)(ZOO, style))


def regenerate() -> None:
    """Write every golden file, with newlines as rendered on every platform."""
    for name in (*GOLDENS, *FLEET_GOLDENS):
        (FOLDER / name).write_bytes(rendered(name).encode())


if __name__ == "__main__":
    regenerate()
