"""What changed since the audit before, counted and in words."""

from collections.abc import Iterable
from typing import Any

from aigov.reports.escape import escape
from aigov.results import Changes, Tally

NAMED = 3
"""Examples of each change."""
WORDS = {
    "unregistered": "newly without a manifest",
    "no_longer_unregistered": "no longer without one",
    "opened": "findings opened",
    "reopened": "findings re-opened",
    "fixed": "findings fixed",
    "rule_retired": "findings of retired rules",
    "repo_gone": "findings, repository gone",
    "waived": "findings waived",
    "waivers_expired": "waivers expired",
}
"""By field of `Changes`, in the order of a report."""
_EVENTS = {
    ("repository", "unregistered", "new"): "unregistered",
    ("repository", "unregistered", "entered"): "unregistered",
    ("repository", "unregistered", "left"): "no_longer_unregistered",
    ("finding", "open", "new"): "opened",
    ("finding", "open", "entered"): "reopened",
    ("waiver", "expired", "new"): "waivers_expired",
    ("waiver", "expired", "entered"): "waivers_expired",
}
"""Kind, state, and whether that is new, entered or left."""
_CLOSED = frozenset(("fixed", "rule_retired", "repo_gone", "waived"))


def changes_since(since: str, found: Iterable[Any]) -> Changes:
    """Count what entered or left a state since the audit of a date.

    Args:
        found: values with `kind state what why repo use_case name`, as the history yields them.
    """
    counts, named = dict.fromkeys(WORDS, 0), dict[str, tuple[str, ...]]()
    for one in found:
        event = _EVENTS.get((one.kind, one.state, one.what))
        if one.kind == "finding" and one.why in _CLOSED:
            event = one.why
        if event:
            counts[event] += 1
            if counts[event] <= NAMED:
                about = " ".join(word for word in (one.use_case, one.name) if word)
                gone = " (gone)" if one.why == "repo_gone" else ""
                words = f"{one.repo} {about}" if about else f"{one.repo}{gone}"
                named[event] = (*named.get(event, ()), words)
    return Changes(since, **{event: Tally(counts[event], named.get(event, ())) for event in WORDS})


def told(changes: Changes) -> list[tuple[str, str]]:
    """Return each change that there is and how often it happened, with examples."""
    tallies = ((words, getattr(changes, event)) for event, words in WORDS.items())
    return [(words, f"{one.times:,}{_examples(one)}") for words, one in tallies if one.times]


def _examples(tally: Tally) -> str:
    shown = [escape(one) for one in tally.named]
    rest = tally.times - len(shown)
    shown += [f"{rest:,} more"] if rest and shown else []
    return f": {'; '.join(shown)}" if shown else ""
