"""Records that only grow: whether they were rewritten or dated back, and the pairing of lists
that tells.

The rules are the project's own: a record counts from the day it came to the base branch.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from aigov.source import join_pointer

_RECORDS = (
    ("lifecycle", "history"),
    ("approvals",),
    ("intake", "submitted_on"),
    ("lifecycle", "pilot", "start_on"),
)
"""Below `spec`: what is only ever added to, once it is on the base."""
_COVERED = (
    ("architecture", "models"),
    ("data",),
    ("oversight", "mode"),
    ("delivery", "evaluations"),
    ("risk", "assessments"),
)
"""Below `spec`: what `freshness` compares."""


class Version(NamedTuple):
    """A manifest as one commit left it."""

    on: str | None
    """Day (YYYY-MM-DD, UTC) on which it came to the base branch, None if it is not there yet."""
    records: Mapping[tuple[str, ...], list[Any]]
    """What `recorded` keeps of the document."""


def recorded(value: Any) -> dict[tuple[str, ...], list[Any]]:
    """Return the records of a document, and what they cover, as it is written, by their place
    below `spec`; a single one as a list of one; of an approval, all but the state of its
    conditions, which are open, then closed."""
    found = {path: below(value, path) for path in (*_RECORDS, *_COVERED)}
    return {
        path: [_settled(entry) for entry in (one if isinstance(one, list) else [one])]
        for path, one in found.items()
        if one is not None
    }


def record_facts(versions: Sequence[Version], today: str) -> dict[str, Any]:
    """Return what git says of a use case's records: the `git` facts of `facts.v1.json`.

    `versions` are those of one `metadata.id`, oldest first; the last one is judged.
    `rewritten` are the records that were on the base and that the last version does not have
    as they were first written; an entry that is restored is no finding.  A step of the
    lifecycle dated after the day it was written is a plan and may change; of an approval, the
    status of its conditions may.  `backdated_days` are the most days between the date that a
    record states and the day it came to the base, `today` where it has not; the first version
    brings what is older than it: its records are imported, and never count.
    """
    ledgers: dict[tuple[str, ...], list[Any]] = {path: [] for path in _RECORDS}
    rewritten: list[str] = []
    worst = 0
    for version in versions:
        day = version.on or today
        for path, known in ledgers.items():
            entries, kept = version.records.get(path, []), []
            for was, now in matched(known, entries):
                entry = None if now is None else entries[now]
                if was is not None and not (path[-1] == "history" and _stated(known[was]) > day):
                    kept.append(known[was])
                    if version is versions[-1] and known[was] != entry:
                        rewritten.append(_place(path, was if now is None else now))
                elif entry is not None:
                    kept.append(entry)
                    worst = max(worst, 0 if version is versions[0] else _days(entry, day))
            ledgers[path] = kept
    return {
        "rewritten": [{"pointer": place} for place in sorted(rewritten)],
        "backdated_days": min(worst, 100_000),
    }


def imported(versions: Sequence[Version], today: str) -> str:
    """Return the day (`today` if it is not on the base) on which the first version brought
    records that are older than itself; "" if it brought none."""
    for version in versions[:1]:
        day = version.on or today
        if any(_days(one, day) > 0 for entries in version.records.values() for one in entries):
            return day
    return ""


def matched(old: list[Any], new: list[Any]) -> Iterator[tuple[int | None, int | None]]:
    """Pair the positions of two lists: equal identities first, then what bears no name in its
    order; what is left has no partner."""
    identities = [identity(item) for item in old]
    left: dict[tuple[bool, Any], list[int]] = {}
    for index in reversed(range(len(new))):
        left.setdefault(identity(new[index]), []).append(index)
    pairs = [left[one].pop() if left.get(one) else None for one in identities]
    added = sorted((at for (named, _), ones in left.items() if named for at in ones))
    loose = sorted((at for (named, _), ones in left.items() if not named for at in ones))[::-1]
    for index, (named, _) in enumerate(identities):
        partner = pairs[index]
        if partner is None and loose and not named:
            partner = loose.pop()
        yield index, partner
    yield from ((None, index) for index in (*loose[::-1], *added))


def identity(item: Any) -> tuple[bool, Any]:
    """Return whether a list's item bears a name, and the name, else its content."""
    name = (item.get("id") or item.get("name")) if isinstance(item, dict) else None
    return (True, name) if isinstance(name, str) else (False, _frozen(item))


def _frozen(value: Any) -> Any:
    """Return plain values as what can be hashed; what aliases share stays shared."""
    if isinstance(value, dict):
        return "mapping", *((key, _frozen(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return isinstance(value, bool), value


def below(value: Any, path: tuple[str, ...]) -> Any:
    """Return what a document has at a path below `spec`, None for nothing."""
    for name in ("spec", *path):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _settled(entry: Any) -> Any:
    conditions = entry.get("conditions") if isinstance(entry, dict) else None
    if not isinstance(conditions, list):
        return entry
    kept = [
        {name: one[name] for name in one if name not in ("status", "closed_on")}
        for one in conditions
        if isinstance(one, dict)
    ]
    return {**entry, "conditions": kept}


def _place(path: tuple[str, ...], index: int | None) -> str:
    return join_pointer(["spec", *path, *([] if path[-1].endswith("_on") else [str(index)])])


def _stated(entry: Any) -> str:
    """Return the date that a record states, "" where it states none."""
    found = entry.get("date") if isinstance(entry, dict) else entry
    return found if isinstance(found, str) else ""


def _days(entry: Any, day: str) -> int:
    """Return how many days before `day` a record is dated; below 0 if after, 0 if nobody knows."""
    try:
        return (date.fromisoformat(day) - date.fromisoformat(_stated(entry))).days
    except ValueError:
        return 0
