"""Whether the repository says what the manifest says: findings REP-002 to REP-005.

Owner, objectives, evaluation results and pipeline are compared with the files that show them.
What a manifest names and nobody can read is a finding, never silence.
"""

import math
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from aigov.codeowners import PLACES, owning, parse_owners
from aigov.findings import Outcome, Result, fingerprint
from aigov.packs import PIPELINES
from aigov.pipelines import pipelines_in, runs_gate
from aigov.preparing import Prepared, mapping
from aigov.rules import Rules
from aigov.settings import Settings, same_person
from aigov.shelf import Repository, Shelf, Unreadable
from aigov.slos import objectives
from aigov.source import split_pointer

_CATALOGUES = ("catalog-info.yaml", "catalog-info.yml")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LONGEST = 600
"""Characters of a message: owners and paths may be of any length."""
_MOST = 100
"""Items of a list that are compared: the schema allows no more."""
_POSITION = re.compile("0|[1-9][0-9]{0,6}")

Said = tuple[str, object]
"""Where something stands, and what."""
Owned = tuple[str, tuple[str, ...]]
"""Where owners stand, and who: `@name`, `@organisation/team` or an e-mail address."""
Compared = Iterator[tuple[str, str]]
"""JSON pointer into the manifest, and what disagrees there; "" for nothing."""


class _Unjudged(Exception):
    """Says why there is nothing to compare; then the context that is missing, if one is."""


def agree(
    prepared: Prepared, repository: Repository, rules: Rules, settings: Settings
) -> tuple[Result, ...]:
    """Compare a use case with its repository; `prepared.path` starts at the root.

    Returns REP-002 to REP-005 in order: `pass`, `not_applicable` with a note where there is
    nothing to compare, else one `fail` for each place that disagrees.
    """
    shelf = Shelf(repository, posixpath.dirname(prepared.path))
    spec, how = mapping(prepared.value, "spec"), rules.packs[0].documents[PIPELINES].value
    slos, evaluations = ("operations", "slos", "ref"), ("delivery", "evaluations", "result_at")
    compared = {
        "REP-002": _owners(prepared, shelf, settings),
        "REP-003": _each(spec, slos, lambda slo: _objective(slo, shelf)),
        "REP-004": _each(spec, evaluations, lambda one: _evaluation(one, shelf)),
        "REP-005": _pipeline(shelf, how),
    }
    return tuple(
        one for code, found in compared.items() for one in _results(code, found, prepared, rules)
    )


def _results(code: str, compared: Compared, prepared: Prepared, rules: Rules) -> list[Result]:
    document = prepared.document
    try:
        faults = [(pointer, words) for pointer, words in compared if words]
    except _Unjudged as error:
        note, *missing = error.args
        return [Result(code, Outcome.NOT_APPLICABLE, missing=tuple(missing), note=note)]
    return [
        Result(
            code,
            Outcome.FAIL,
            rules.codes[code].enforcement,
            message=f"{words:.{_LONGEST}}",
            pointer=pointer,
            place=document.place(pointer),
            fingerprint=fingerprint(code, prepared.id, document.stable_pointer(pointer)),
        )
        for pointer, words in faults
    ] or [Result(code, Outcome.PASS)]


def _owners(prepared: Prepared, shelf: Shelf, settings: Settings) -> Compared:
    """CODEOWNERS may name the accountable or the technology owner, the catalogue the former."""
    people = settings.profile.people if settings.profile else {}
    roles = mapping(mapping(prepared.value, "spec"), "ownership")
    owners = [
        {str(one) for one in mapping(roles, role).values()}
        for role in ("accountable", "technology")
    ]
    said: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for find, ours in ((_code_owners, owners[0] | owners[1]), (_catalogued, owners[0])):
        try:
            found = find(prepared, shelf) if ours else []
        except Unreadable as error:
            said[False].append(str(error))
            continue
        if found:
            verdict = _alike({one for _, names in found for one in names}, ours, people)
            said[verdict].append(f"{found[0][0]} says {' '.join(found[0][1]):.200}")
    if said[False]:
        words = (
            f"{' and '.join(sorted(owners[0])) or 'nobody':.200} here, but {'; '.join(said[False])}"
        )
        yield "/spec/ownership/accountable/team", words
    elif said[None]:
        missing = () if settings.profile else ("profile",)
        raise _Unjudged(f"{said[None][0]}, and no profile's people say who that is", *missing)
    elif not said[True]:
        raise _Unjudged("no owner stands both here and in CODEOWNERS or a catalogue file")


def _alike(owners: set[str], ours: set[str], people: Mapping[str, str]) -> bool | None:
    """Tell whether one of `ours` is among the owners; None where nobody knows a person."""
    teams = {one.removeprefix("group:").rpartition("/")[2] for one in ours if ":" in one}
    persons = {one for one in ours if ":" not in one}
    said = {same_person(one, people) for one in owners}
    if persons & said or teams & {one.rpartition("/")[2].removeprefix("@") for one in said}:
        return True
    known = persons | said <= {*people.values()}
    return False if known or any("/" in one for one in said) else None


def _code_owners(prepared: Prepared, shelf: Shelf) -> list[Owned]:
    """Return who owns what lies in the manifest's folder, then who owns the manifest."""
    place = next((place for place in PLACES if place in shelf.paths), "")
    rules = shelf.parsed(place, parse_owners) if place else []
    paths = (posixpath.join(posixpath.dirname(prepared.path), "any"), prepared.path)
    found = (rule for path in paths for rule in owning(rules, path))
    return [(f"{place}:{rule.line}", rule.owners) for rule in found if rule.owners]


def _catalogued(prepared: Prepared, shelf: Shelf) -> list[Owned]:
    """Return the owner in the nearest Backstage file: of the entity that the manifest names,
    else of all that stand there."""
    folders = PurePosixPath(prepared.path).parents
    near = (posixpath.normpath(f"{one}/{name}") for one in folders for name in _CATALOGUES)
    path = next((path for path in near if path in shelf.paths), "")
    metadata = mapping(prepared.value, "metadata")
    ours = {metadata.get("id"), str(metadata.get("catalog_ref")).rpartition("/")[2]}
    found: list[tuple[object, Owned]] = []
    for document in shelf.yaml(path) if path else ():
        owner = mapping(document.value, "spec").get("owner")
        if isinstance(owner, str) and owner:
            kind, _, name = owner.rpartition(":")
            said = f"@{name.rpartition('/')[2]}" if kind.lower() == "user" else f"@catalogue/{name}"
            where = f"{path}:{document.place('/spec/owner').line}"
            found.append((mapping(document.value, "metadata").get("name"), (where, (said,))))
    return [one for name, one in found if name in ours] or [one for _, one in found]


def _each(
    spec: Mapping[str, Any],
    where: tuple[str, str, str],
    compare: Callable[[Mapping[str, Any]], tuple[str, str]],
) -> Compared:
    """Compare each item of a list (block, name) that has a key; `compare` returns the name of
    the number compared, and what disagrees."""
    block, name, key = where
    listed, found = mapping(spec, block).get(name), False
    for index, one in enumerate(listed[:_MOST] if isinstance(listed, list) else ()):
        if isinstance(one, dict) and key in one:
            found = True
            try:
                field, words = compare(one)
            except Unreadable as error:
                field, words = key, str(error)
            yield f"/spec/{block}/{name}/{index}/{field}", words
    if not found:
        raise _Unjudged(f"none of {block}.{name} has {key}")


def _objective(slo: Mapping[str, Any], shelf: Shelf) -> tuple[str, str]:
    """Compare a target with its document's; of several of one name one has to agree."""
    file, _, name = str(slo["ref"]).partition("#")
    path, target = shelf.path(file), slo.get("target")
    found = [
        (f"{path}:{document.place(one.pointer).line}", one.target)
        for document in shelf.yaml(path)
        for one in objectives(document.value)
        if name in one.names
    ]
    if not found:
        raise Unreadable(f"{path} holds no objective {name}")
    agrees = any(not _differing("target", target, [one]) for one in found)
    return "target", "" if agrees else _differing("target", target, found)


def _evaluation(one: Mapping[str, Any], shelf: Shelf) -> tuple[str, str]:
    named, at = str(one.get("evidence", "")), str(one["result_at"])
    if not named or named.startswith("https://"):
        raise Unreadable("the evidence is no file of this repository, so nobody read its result")
    path = shelf.path(named)
    found = _value(path, at, shelf) if at[:1] == "/" else _cells(path, at, one, shelf)
    return "result", _differing("result", one.get("result"), found)


def _value(path: str, pointer: str, shelf: Shelf) -> list[Said]:
    """Return what stands at a JSON pointer of a JSON or YAML file."""
    value = shelf.json(path)
    for part in split_pointer(pointer):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and _POSITION.fullmatch(part) and int(part) < len(value):
            value = value[int(part)]
        else:
            raise Unreadable(f"{path} holds nothing at {pointer}")
    return [(f"{path} at {pointer}", value)]


def _cells(path: str, at: str, evaluation: Mapping[str, Any], shelf: Shelf) -> list[Said]:
    """Return the results in those rows of a CSV file that hold `value` in `column`: what stands
    below the metric's name, below `result` or `value`, else in that column itself."""
    column, _, wanted = at.partition("=")
    (_, head), *rows = shelf.table(path)
    names = (evaluation.get("metric"), "result", "value", column)
    chosen = next((name for name in names if name in head), column)
    if head.count(column) != 1 or head.count(chosen) != 1:
        raise Unreadable(f"{path} has no one column {column}")
    key, below = head.index(column), head.index(chosen)
    cells = [
        (f"{path}:{line}", row[below].strip())
        for line, row in rows
        if len(row) == len(head) and row[key] == wanted
    ]
    if not cells:
        raise Unreadable(f"{path} has no row where {at}")
    return [(where, float(text) if _NUMBER.fullmatch(text) else text) for where, text in cells]


def _number(value: object) -> float:
    """Return a finite number as it is, NaN for all else; NaN equals nothing."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else math.nan  # type: ignore[arg-type]


def _differing(field: str, stated: object, found: Sequence[Said]) -> str:
    """Return the words of numbers that are not the one stated, up to what binary fractions
    lose; "" where all agree."""
    unlike = [
        f"{where} says {_shown(value)}"
        for where, value in found
        if not math.isclose(_number(stated), _number(value), rel_tol=1e-9)
    ]
    return f"{field} {_shown(stated)}, but {' and '.join(unlike[:3])}" if unlike else ""


def _shown(value: object) -> str:
    if value is None or isinstance(value, list | dict):
        return "nothing" if value is None else "more than one value"
    return f"{value!r:.60}" if math.isnan(_number(value)) else f"{_number(value):.12g}"


def _pipeline(shelf: Shelf, how: Any) -> Compared:
    """Look for one pipeline that runs the gate."""
    idle = []
    for path, kind in pipelines_in(shelf.paths, how):
        try:
            if runs_gate(shelf.data(path), kind, how):
                return
            idle.append(path)
        except Unreadable as error:
            idle.append(str(error))
    more = f" and {len(idle) - 3} more" if len(idle) > 3 else ""
    words = f"nothing runs the gate in {', '.join(idle[:3])}{more}"
    yield "/spec/delivery/pipeline", words if idle else "there is no pipeline to run the gate"
