"""Whether evidence covers what it is evidence of, or was there before: finding CHG-008.

The order is that of the base branch, since a date is soon written.  Evidence is older than a
change where the record of it, date and result, stood on the base before the change came.  What
the first version brings is imported, and no change.  The rules are the project's own:

- an evaluation covers the provider and name of the model that it names (of all, if it names
  none), and its version and digest too, unless it states the version that the model now has;
- an assessment covers the providers and names of the models, and the data;
- the approvals, of which one has to come after, cover these and the oversight mode.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aigov.changes import Said, Version, finding, identity
from aigov.findings import Outcome, Result
from aigov.judgement import MAX_SHOWN
from aigov.preparing import Prepared
from aigov.rules import Rules

_MODELS, _EVALUATIONS = ("architecture", "models"), ("delivery", "evaluations")
_ASSESSMENTS, _APPROVALS = ("risk", "assessments"), ("approvals",)
_KIND = ("provider", "name")
_BUILD = ("version", "digest")
_GIVEN = ("approved", "approved_with_conditions")
_DATED = ("date", "result", "evidence")


_WIDE = ("its models", "its data", "its oversight mode")


class _Evidence(NamedTuple):
    at: tuple[str, ...]
    name: str
    record: Any
    covered: tuple[str, ...]
    """What it is to cover: names that `_state` gives."""


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
        brought = _last_change([one[name].record if name in one else None for one in stood])
        for covered in evidence.covered:
            changed = _last_change([state.get(covered) for state in states])
            if brought < changed:
                day = versions[changed].on
                came = f"on {day}" if day else "with this change"
                old.append((evidence.at, f"{name} was there before {covered} came {came}"))
    return (finding("CHG-008", old, prepared, rules) if old else Result("CHG-008", Outcome.PASS),)


def _last_change(values: Sequence[Any]) -> int:
    """Return the position of the last value that is not as the one before, else 0."""
    return max((i for i in range(1, len(values)) if values[i] != values[i - 1]), default=0)


def _state(version: Version) -> dict[str, Any]:
    """Return what evidence is to cover, by how a reader calls it."""
    models = _mappings(version, _MODELS)
    kinds = sorted(str(_picked(one, _KIND)) for _, one in models)
    wide = (kinds, version.records.get(("data",)), version.records.get(("oversight", "mode")))
    state: dict[str, Any] = dict(zip(_WIDE, wide, strict=True))
    for _, one in models:
        state[f"the model {_named(one)}"] = _picked(one, _KIND)
        state[f"the version of {_named(one)}"] = _picked(one, _BUILD)
    return state


def _evidence(version: Version, state: Mapping[str, Any]) -> Iterator[_Evidence]:
    """Yield the evidence that a version has, and what it is to cover."""
    versions = {_named(one): one.get("version") for _, one in _mappings(version, _MODELS)}
    for position, one in _mappings(version, _EVALUATIONS):
        models = [one["model"]] if isinstance(one.get("model"), str) else list(versions)
        covered = [f"the model {model}" for model in models]
        stated = one.get("model_version")
        covered += [f"the version of {m}" for m in models if versions.get(m) != stated]
        at = ("spec", *_EVALUATIONS, str(position), "date")
        named = f"the evaluation {_named(one)}"
        yield _Evidence(at, named, _picked(one, _DATED), tuple(n for n in covered if n in state))
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
    return str(identity(one)[1])[:MAX_SHOWN]
