"""What changed since the audit before, counted off the history."""

from collections.abc import Iterable
from typing import Any

from aigov.results import Changes, Tally

NAMED = 3
"""Examples of each change."""
_EVENTS = {
    "repository unregistered new": "newly_unregistered",
    "repository unregistered entered": "newly_unregistered",
    "repository unregistered left": "no_longer_unregistered",
    "finding open new": "findings_opened",
    "finding open entered": "findings_reopened",
    "waiver expired new": "waivers_expired",
    "waiver expired entered": "waivers_expired",
}
"""By kind, state, and whether it is new, entered or left."""


def changes_since(since: str, found: Iterable[Any]) -> Changes:
    """Count what entered or left a state since the audit of a date.

    Args:
        found: values with `kind state what why repo use_case name`, as the history yields them.
    """
    tallies: dict[str, Tally] = {}
    for one in found:
        event = _EVENTS.get(f"{one.kind} {one.state} {one.what}", f"{one.kind}s_{one.why}")
        if event in Changes._fields:
            words = " ".join(filter(None, (one.repo, one.use_case, one.name)))
            before = tallies.get(event, Tally())
            tallies[event] = Tally(before.times + 1, (*before.named, words)[:NAMED])
    return Changes(since, **tallies)
