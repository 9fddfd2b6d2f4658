"""Whether evidence covers what it is evidence of, or was there before: finding CHG-008.

The order is that of the base branch, since a date is soon written.  Evidence is older than a
change where the record of it, date and result, stood on the base before the change came.  What
the first version brings is imported, and no change.  The rules are the project's own:

- an evaluation covers the model that it names (all, if it names none): provider, name, version
  and digest.  One that named the version from the day of its record on may be there before it;
- an assessment covers the providers and names of the models, and the data;
- the approvals, of which one has to come after, cover these and the oversight mode.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aigov.changes import Said, finding
from aigov.findings import Outcome, Result
from aigov.judgement import MAX_SHOWN
from aigov.ledgers import Version, identity
from aigov.preparing import Prepared
from aigov.rules import Rules

_MODELS, _EVALUATIONS = ("architecture", "models"), ("delivery", "evaluations")
_ASSESSMENTS, _APPROVALS = ("risk", "assessments"), ("approvals",)
_KIND = ("provider", "name")
_GIVEN = ("approved", "approved_with_conditions")
_DATED = ("date", "result", "evidence")


_WIDE = ("its models", "its data", "its oversight mode")


class _Evidence(NamedTuple):
    at: tuple[str, ...]
    name: str
    record: Any
    covered: tuple[str, ...]
    """What it is to cover: names that `_state` gives."""
    of: Any = None
    """The version of the model that it says it is of."""


class _Model(NamedTuple):
    kind: list[Any]
    version: Any
    digest: Any


def judge_freshness(
    versions: Sequence[Version], prepared: Prepared, rules: Rules
) -> tuple[Result, ...]:
    """Return CHG-008 on the last of `versions` (oldest first), which is that of `prepared`."""
    states = [_state(version) for version in versions]
    stood = [
        {one.name: one for one in _evidence(*pair)} for pair in zip(versions, states, strict=True)
    ]
    old: list[Said] = []
    for name, evidence in stood[-1].items():
        past = [one.get(name) for one in stood]
        brought = _last_change([one and one.record for one in past])
        relabelled = _last_change([one and one.of for one in past]) > brought
        for covered in evidence.covered:
            values = [state.get(covered) for state in states]
            changed = _last_change(values)
            if brought < changed and (
                relabelled or not _is_of(evidence.of, values[changed - 1], values[changed])
            ):
                day = versions[changed].on
                came = f"on {day}" if day else "with this change"
                what = f"{name:.{MAX_SHOWN}} was there before {covered:.{MAX_SHOWN}}"
                old.append((evidence.at, f"{what} came {came}"))
    return (finding("CHG-008", old, prepared, rules) if old else Result("CHG-008", Outcome.PASS),)


def _last_change(values: Sequence[Any]) -> int:
    """Return the position of the last value that is not as the one before, else 0."""
    return max((i for i in range(1, len(values)) if values[i] != values[i - 1]), default=0)


def _is_of(stated: Any, before: Any, after: Any) -> bool:
    """Tell whether a change brought the very version that evidence says it is of."""
    if stated is None or not isinstance(after, _Model) or after.version != stated:
        return False
    return before is None or (before.version != stated and before.kind == after.kind)


def _state(version: Version) -> dict[str, Any]:
    """Return what evidence is to cover, by how a reader calls it."""
    models = _mappings(version, _MODELS)
    kinds = sorted(str(_picked(one, _KIND)) for _, one in models)
    wide = (kinds, version.records.get(("data",)), version.records.get(("oversight", "mode")))
    state: dict[str, Any] = dict(zip(_WIDE, wide, strict=True))
    for _, one in models:
        model = _Model(_picked(one, _KIND), one.get("version"), one.get("digest"))
        state[f"the model {_named(one)}"] = model
    return state


def _evidence(version: Version, state: Mapping[str, Any]) -> Iterator[_Evidence]:
    """Yield the evidence that a version has, and what it is to cover."""
    names = [_named(one) for _, one in _mappings(version, _MODELS)]
    for position, one in _mappings(version, _EVALUATIONS):
        covers = [f"the model {m}" for m in ([one["model"]] if one.get("model") else names)]
        at = ("spec", *_EVALUATIONS, str(position), "date")
        yield _Evidence(
            at, f"the evaluation {_named(one)}", _picked(one, _DATED),
            tuple(name for name in covers if name in state), one.get("model_version"),
        )  # fmt: skip
    for _, assessments in _mappings(version, _ASSESSMENTS):
        for name, one in assessments.items():
            if isinstance(one, dict) and one.get("date"):
                at = ("spec", *_ASSESSMENTS, name, "date")
                yield _Evidence(at, f"the assessment {name}", _picked(one, _DATED), _WIDE[:2])
    given = [one for _, one in _mappings(version, _APPROVALS) if one.get("decision") in _GIVEN]
    if given:
        yield _Evidence(("spec", *_APPROVALS), "the last approval", given, _WIDE)


def _mappings(version: Version, path: tuple[str, ...]) -> list[tuple[int, dict[str, Any]]]:
    entries = enumerate(version.records.get(path, ()))
    return [(position, one) for position, one in entries if isinstance(one, dict)]


def _picked(one: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    return [one.get(name) for name in names]


def _named(one: Any) -> str:
    return str(identity(one)[1])
