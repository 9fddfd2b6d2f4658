"""The report for machines: `aigov/audit/v1` (`schemas/audit.v1.json`), as a stream."""

from collections.abc import Iterator

from aigov.reports import Style
from aigov.reports.encoding import dump, lines_of, policy_record
from aigov.reports.fleet.measures import Totals, add, nothing
from aigov.results import FleetAudit


def render(fleet: FleetAudit, _style: Style) -> Iterator[str]:
    """Yield the report, one line a repository; the style changes nothing."""
    tool = {"name": "aigov-gate", "version": fleet.tool_version}
    given = {
        name: getattr(fleet, name) for name in ("as_of", "run", "policy_digest", "profile_digest")
    }
    yield f"{dump({'schema': 'aigov/audit/v1', 'tool': tool, **given})[:-1]},\n"
    policies = (
        f"{dump(code)}: {dump(policy_record(text, fleet.as_of))}"
        for code, text in fleet.policies.items()
    )
    yield from lines_of('"policies": {', policies, "},\n")
    totals = nothing()
    yield from lines_of('"repositories": [', _repositories(fleet, totals), "],\n")
    changes = fleet.changes and {
        "since": fleet.changes.since,
        **{name: one._asdict() for name, one in fleet.changes.tallies.items()},
    }
    found = {"changes": changes, "portfolio": fleet.portfolio, "maturity": fleet.maturity}
    yield f"{dump({'summary': totals, **found})[1:]}\n"


def _repositories(fleet: FleetAudit, totals: Totals) -> Iterator[str]:
    """Yield the repositories, counted on the way."""
    for entry in fleet.rows():
        add(totals, entry)
        yield dump(entry)
