"""The report for machines: `aigov/audit/v1` (`schemas/audit.v1.json`), as a stream."""

from collections.abc import Iterator

from aigov.reports import Style
from aigov.reports.encoding import dump, lines_of, policy_record
from aigov.reports.fleet.measures import Totals, nothing
from aigov.results import Changes, FleetAudit


def render(fleet: FleetAudit, _style: Style) -> Iterator[str]:
    """Yield the report, one line a repository; the style changes nothing."""
    head = {
        "schema": "aigov/audit/v1",
        "tool": {"name": "aigov-gate", "version": fleet.tool_version},
        "as_of": fleet.as_of,
        "run": fleet.run,
        "policy_digest": fleet.policy_digest,
        "profile_digest": fleet.profile_digest,
    }
    yield f"{dump(head)[:-1]},\n"
    policies = (
        f"{dump(code)}: {dump(policy_record(text, fleet.as_of))}"
        for code, text in fleet.policies.items()
    )
    yield from lines_of('"policies": {', policies, "},\n")
    totals = nothing()
    yield from lines_of('"repositories": [', _repositories(fleet, totals), "],\n")
    tail = {
        "summary": totals._asdict(),
        "changes": fleet.changes and _changes(fleet.changes),
        "portfolio": fleet.portfolio,
        "maturity": fleet.maturity,
    }
    yield f"{dump(tail)[1:]}\n"


def _repositories(fleet: FleetAudit, totals: Totals) -> Iterator[str]:
    """Yield the repositories, counted on the way."""
    for entry in fleet.rows():
        totals.add(entry)
        yield dump(entry)


def _changes(changes: Changes) -> dict[str, object]:
    counted = changes._asdict()
    return {"since": counted.pop("since"), **{key: one._asdict() for key, one in counted.items()}}
