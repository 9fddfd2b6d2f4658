"""The corpus of legal obligations: what applies from when, by which source.

Every legal date and duty that is printed comes from here by its key; policies name the
keys that they rest on.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

MAX_AGE_DAYS = 90
"""A corpus that nobody has held against its sources for longer draws a warning."""


class Obligation(NamedTuple):
    """One legal duty."""

    key: str
    duty: str
    applies_from: str
    """YYYY-MM-DD, the first day on which it binds."""
    source: str
    verified_on: str
    certain: bool
    """Whether the sources agree on duty and date."""
    note: str

    def days_left(self, today: str) -> int:
        """Return the days until it binds; 0 or less where it does."""
        return (date.fromisoformat(self.applies_from) - date.fromisoformat(today)).days


def parse_corpus(value: Mapping[str, Any]) -> dict[str, Obligation]:
    """Read a corpus that has the shape of one (`schemas/pack.v1.json`)."""
    return {
        key: Obligation(
            key,
            row["duty"],
            row["applies_from"],
            row["source"],
            row["verified_on"],
            row["status"] == "certain",
            row.get("note", ""),
        )
        for key, row in value["obligations"].items()
    }


def first_to_bind(keys: Iterable[str], corpus: Mapping[str, Obligation]) -> Obligation | None:
    """Return the obligation among `keys` that binds first, None if there is none; of those
    of one day, one whose date is open."""
    named = (corpus[key] for key in keys)
    return min(named, key=lambda one: (one.applies_from, one.certain, one.key), default=None)


def age_days(corpus: Iterable[Obligation], today: str) -> int:
    """Return the days since the corpus was last held against its sources, by its oldest row."""
    oldest = min((one.verified_on for one in corpus), default=today)
    return (date.fromisoformat(today) - date.fromisoformat(oldest)).days
