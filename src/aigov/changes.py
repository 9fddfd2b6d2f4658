"""What a change does to a manifest: the places it touches, what it takes away, and whether
records that only grow were rewritten or dated back.

Everything here compares plain values; who read them, and from which commits, is
`lineage`'s business.  The rules are the project's own: a change may not quietly lower what
was declared (CHG codes), and a record counts from the day it came to the base branch.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from aigov.expressions import CONSTANTS
from aigov.findings import Outcome, Result, Spot, fingerprint
from aigov.judgement import MAX_SHOWN
from aigov.preparing import Prepared, ReadFile
from aigov.results import Problem
from aigov.rules import Rules
from aigov.source import join_pointer

MAX_NAMED = 5
"""Changes that one message names; all of them are among its places."""
MAX_DEPTH = 10
"""What lies deeper than any field does is compared as a whole, so that it costs little."""
_MODES = {"out_of_the_loop": 0, "on_the_loop": 1, "in_the_loop": 2}
_LOWERED = {
    "/spec/risk/tier": ("CHG-001", CONSTANTS["tiers"]),
    "/spec/lifecycle/stage": ("CHG-002", CONSTANTS["stages"]),
    "/spec/oversight/mode": ("CHG-003", _MODES),
}
"""What may not go down, by place: the finding, and the ranks of the values."""
_COMPARED = ("CHG-001", "CHG-002", "CHG-003", "CHG-004", "CHG-005", "CHG-008")
"""The findings that `change_findings` may return, and `freshness`."""
_KEPT = {
    "CHG-003": re.compile(
        r"/spec/(ownership/[^/]+/(person|team)|ownership/decisions/\*/(decision|accountable)"
        r"|oversight/(queue/(?!load_)\w+|override/\w+|stop/\w+))"
    ),
    "CHG-004": re.compile(r"/spec/operations/incident/(primary|escalation)"),
}
"""What may be replaced, but not taken away."""
_LOOSER_ABOVE = re.compile(
    r"/spec/(architecture/agent/max_steps|delivery/release/rollback/target_minutes"
    r"|oversight/(stop/target_minutes|queue/sla_minutes)|operations/cost/alert_at_pct"
    r"|operations/(incident/report_clocks/\w+|sla/response_minutes)|transparency/contest/sla_days)"
)
_LOOSER_BELOW = re.compile(
    r"/spec/operations/(slos/\*/target|sla/availability|cost/hard_limit"
    r"|observability/log_retention_days)"
)
"""Thresholds of which a higher, or a lower, value asks for less."""
_LIMITS = {
    "/spec/delivery/evaluations/*": "threshold",
    "/spec/operations/slos/*": "value",
    "/spec/operations/monitoring/*": "threshold",
}
"""Items with a limit that an operator reads: `op` beside it, or its own (`> 0.2` alarms above)."""
_ALARM = re.compile(r"\s*([<>]=?)\s*(-?\d+(?:\.\d+)?)\s*")
_HOLDS = {">": "lte", ">=": "lt", "<": "gte", "<=": "gt"}
"""What holds of a signal that does not alarm."""
_NOTHING: tuple[Any, ...] = (None, "", [], {})
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


Said = tuple[tuple[str, ...], str]
"""The parts of a pointer, and what is wrong there."""


class Change(NamedTuple):
    """One place whose value is not as it was."""

    pattern: str
    """Its pointer, with `*` for positions in lists."""
    at: tuple[str, ...]
    """The parts of its pointer in the new document; of what is gone, the topmost place."""
    label: tuple[str, ...]
    """How a reader names it: list items by their name."""
    before: Any
    """None where there was nothing."""
    after: Any
    """None where nothing is left."""


class Version(NamedTuple):
    """A manifest as one commit left it."""

    on: str | None
    """Day (YYYY-MM-DD, UTC) on which it came to the base branch, None if it is not there yet."""
    records: Mapping[tuple[str, ...], list[Any]]
    """What `recorded` keeps of the document."""


def changed_paths(before: Any, after: Any) -> list[str]:
    """Return the places that differ between two documents, with all that hold them, sorted.

    Pointers have `*` for list positions, as `facts.v1.json` asks.  List items are matched by
    their `id` or `name`, others by what they hold and then in their order, so that moving an
    item is no change.  A null reads as absent.  What was added or taken away counts with all
    that it holds.
    """
    return sorted({change.pattern for change in _changes(Change("", (), (), before, after))} - {""})


def described(before: Any, after: Any) -> tuple[str, ...]:
    """Return what changed between two documents as a reader names it, one text a value that is
    not as it was; what came or went with all that it holds is one."""
    told: dict[tuple[str, ...], str] = {}
    for change in _changes(Change("", (), (), before, after)):
        _, _, label, old, new = change
        whole = type(old) is not type(new) or len(label) >= MAX_DEPTH
        if whole or not isinstance(new, dict | list):
            told[label] = _words(change, old, new)
    return tuple(
        words
        for label, words in sorted(told.items())
        if not any(label[:length] in told for length in range(1, len(label)))
    )


def change_findings(before: Prepared | None, after: Prepared, rules: Rules) -> tuple[Result, ...]:
    """Return what the change since the base takes away from one use case, sorted by code.

    `before` is the document of the same `metadata.id` on the base, None if it has none: a new
    manifest lowers nothing.  One result a code, at the first place, the others in `related`.
    """
    if before is None or after.kind != "UseCase":
        return ()
    said: dict[str, list[Said]] = {}
    for change in _changes(Change("", (), (), before.value, after.value)):
        for code, at, words in _losses(change):
            said.setdefault(code, []).append((at, words))
    return tuple(
        finding(code, said[code], after, rules, prefix="since the base: ") for code in sorted(said)
    )


def unknown_changes(after: Prepared, why: str, rules: Rules) -> tuple[Result, ...]:
    """Return the findings on a history that cannot be read: all are unknown."""
    pointer = "/metadata/id"
    return tuple(
        Result(
            code,
            Outcome.UNKNOWN,
            rules.codes[code].enforcement,
            message=why,
            pointer=pointer,
            place=after.document.place(pointer),
            missing=("/history",),
            fingerprint=fingerprint(code, after.id, pointer),
        )
        for code in _COMPARED
    )


def gone_manifests(before: Iterable[ReadFile], after: Iterable[ReadFile]) -> list[Problem]:
    """Return CHG-006 for each use case of the base that is gone without having been retired.

    A use case ends by a manifest that says `retired`; only then may the file go.  A manifest
    moved to another path is found by its `metadata.id`; one that cannot be read any more is a
    finding of its own.
    """
    files = list(after)
    kept = {one.id for file in files for one in file.documents if one.kind == "UseCase"}
    unread = {file.path for file in files if file.problems}
    return [
        Problem("CHG-006", file.path, 1, 1, f"the base has the use case {document.id} here")
        for file in before
        for document in file.documents
        if document.kind == "UseCase"
        and document.id not in kept
        and file.path not in unread
        and below(document.value, ("lifecycle", "stage")) != "retired"
    ]


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
            for was, now in _matched(known, entries):
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


def _changes(here: Change) -> Iterator[Change]:
    """Yield every place that differs at and below `here`, what it holds before itself."""
    pattern, at, label, before, after = here
    if before is after:
        return
    deep = len(label) >= MAX_DEPTH
    if deep or not (isinstance(before, dict | list) or isinstance(after, dict | list)):
        differs = before != after or isinstance(before, bool) != isinstance(after, bool)
    else:
        differs = type(before) is not type(after)
    for part, name, position, old, new in () if deep else _children(before, after):
        place = at if after is None or position is None else (*at, position)
        deeper = pattern + join_pointer([part[:MAX_SHOWN]])
        for change in _changes(Change(deeper, place, (*label, name), old, new)):
            differs = True
            yield change
    if differs:
        yield here


def _children(before: Any, after: Any) -> Iterator[tuple[str, str, str | None, Any, Any]]:
    """Yield what two values hold, paired: the part of the pattern, the name for a reader, the
    key or position in the new value (None: the item is gone), and both values."""
    old: Any = before if isinstance(before, dict) else {}
    new: Any = after if isinstance(after, dict) else {}
    for key in {**old, **new}:
        yield "*" if key.isdecimal() else key, key, key, old.get(key), new.get(key)
    old = before if isinstance(before, list) else []
    new = after if isinstance(after, list) else []
    for was, now in _matched(old, new):
        ours, theirs = (None if was is None else old[was]), (None if now is None else new[now])
        position = str(was if now is None else now)
        named, name = identity(ours if was is not None else theirs)
        label = name if named else position
        yield "*", label, None if now is None else position, ours, theirs


def _matched(old: list[Any], new: list[Any]) -> Iterator[tuple[int | None, int | None]]:
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


def _losses(change: Change) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield code, place and words of what one change lowers, takes away or loosens."""
    pattern, at, _, before, after = change
    if pattern in _LOWERED:
        code, ranks = _LOWERED[pattern]
        if ranks.get(str(before), -1) > ranks.get(str(after), -1):
            yield code, at, _words(change, before, after)
    for code, places in _KEPT.items():
        if before is not None and after in _NOTHING and places.fullmatch(pattern):
            yield code, at, _words(change, before, None)
    for places, sign in ((_LOOSER_ABOVE, 1), (_LOOSER_BELOW, -1)):
        if isinstance(before, int | float) and before is not False and places.fullmatch(pattern):
            number = isinstance(after, int | float)
            if not number or (after - before) * sign > 0:
                yield "CHG-005", at, _words(change, before, after)
    if pattern in _LIMITS:
        name = _LIMITS[pattern]
        was, now = _limit(before, name), _limit(after, name)
        if was and (now is None or was.side != now.side or now.looseness > was.looseness):
            place = at if after is None else (*at, name)
            yield "CHG-005", place, _words(change, was.words, now.words if now else None)


def _words(change: Change, before: Any, after: Any) -> str:
    label = ".".join(part[:MAX_SHOWN] for part in change.label)
    if after in _NOTHING:
        return f"{label} is gone"
    if before is None or isinstance(after, dict | list):
        return f"{label} is new" if before is None else f"{label} is another"
    return f"{label}: {str(before)[:MAX_SHOWN]} -> {str(after)[:MAX_SHOWN]}"


class _Limit(NamedTuple):
    side: tuple[bool, str]
    """Whether it is the most or the least that may be, and its unit."""
    looseness: tuple[float, bool]
    """Larger is looser; on the limit itself, `lte` is looser than `lt`."""
    words: str


def _limit(item: Any, name: str) -> _Limit | None:
    """Return the limit that an item states, None where it states none that can be read."""
    found = item if isinstance(item, dict) else {}
    op, number = found.get("op"), found.get(name)
    unit = str(found.get("unit", ""))
    words = f"{op} {number} {unit}".rstrip()
    alarm = _ALARM.fullmatch(number) if isinstance(number, str) else None
    if alarm:
        op, number, words = _HOLDS[alarm[1]], float(alarm[2]), alarm[0].strip()
    if op not in _HOLDS.values() or not isinstance(number, int | float):
        return None
    most = str(op).startswith("l")
    looseness = number if most else -number, str(op).endswith("e")
    return _Limit((most, unit), looseness, words)


def finding(
    code: str,
    said: list[Said],
    after: Prepared,
    rules: Rules,
    outcome: Outcome = Outcome.FAIL,
    prefix: str = "",
) -> Result:
    """Return one finding for all that is said of a document, at its first place."""
    pointers = {join_pointer([*at]) for at, _ in said}
    spots = sorted(
        (Spot(pointer, after.document.place(pointer)) for pointer in pointers),
        key=lambda spot: (spot.place, spot.pointer),
    )
    words = list(dict.fromkeys(words for _, words in said))
    more = f" and {len(words) - MAX_NAMED} more" if len(words) > MAX_NAMED else ""
    first = spots[0].pointer
    return Result(
        code,
        outcome,
        rules.codes[code].enforcement,
        message=prefix + ", ".join(words[:MAX_NAMED]) + more,
        pointer=first,
        place=spots[0].place,
        related=tuple(spots[1:]),
        fingerprint=fingerprint(code, after.id, after.document.stable_pointer(first)),
    )


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
