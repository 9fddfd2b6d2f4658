"""The corpus of legal obligations: what applies from when, by which source.

Every legal date and duty that is printed comes from here by its key; policies name the
keys that they rest on.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from aigov.errors import PackError
from aigov.source import Document

CORPUS = "law/corpus.yaml"
"""Where in the shipped pack it lies."""
MAX_AGE_DAYS = 90
"""A corpus that nobody has held against its sources for longer draws a warning."""
_TEXTS = ("duty", "applies_from", "source", "verified_on", "status")
_STATUS = ("certain", "unresolved")


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


def parse_corpus(document: Document, where: str) -> dict[str, Obligation]:
    """Read the corpus.

    Raises:
        PackError: a row does not hold; has its place.
    """
    value = document.value
    rows = value.get("obligations") if isinstance(value, dict) else None
    if not isinstance(rows, dict):
        raise _fault(document, where, "", "a corpus is a mapping with `obligations`")
    found = {}
    for key, row in rows.items():
        pointer = f"/obligations/{key}"
        if not isinstance(row, dict) or not all(isinstance(row.get(t), str) for t in _TEXTS):
            raise _fault(document, where, pointer, f"an obligation needs {', '.join(_TEXTS)}")
        for name in ("applies_from", "verified_on"):
            if not _is_date(row[name]):
                raise _fault(document, where, f"{pointer}/{name}", f"{row[name]} is no date")
        if row["status"] not in _STATUS:
            raise _fault(document, where, f"{pointer}/status", f"is one of {', '.join(_STATUS)}")
        found[key] = Obligation(
            key,
            row["duty"],
            row["applies_from"],
            row["source"],
            row["verified_on"],
            row["status"] == "certain",
            str(row.get("note", "")),
        )
    return found


def first_to_bind(keys: Iterable[str], corpus: Mapping[str, Obligation]) -> Obligation | None:
    """Return the obligation among `keys` that binds first, None if there is none."""
    named = (corpus[key] for key in keys)
    return min(named, key=lambda one: (one.applies_from, one.key), default=None)


def age_days(corpus: Iterable[Obligation], today: str) -> int:
    """Return the days since the corpus was last held against its sources, by its oldest row."""
    oldest = min((one.verified_on for one in corpus), default=today)
    return (date.fromisoformat(today) - date.fromisoformat(oldest)).days


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _fault(document: Document, where: str, pointer: str, problem: Any) -> PackError:
    place = document.place(pointer)
    return PackError(problem, where=f"{where}:{place.line}:{place.column}")
