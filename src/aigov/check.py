"""Judge manifests: the pure pipeline from what was read to the result.

`preparing.read` finds what a file holds and which evidence it names; the caller, who may
touch the file system, says which of that resolves; `check` judges.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from aigov import __version__
from aigov.expressions import CONSTANTS, STAGES
from aigov.findings import Outcome, Result, by_code
from aigov.judgement import judge
from aigov.law import MAX_AGE_DAYS, age_days
from aigov.policies import TIERS
from aigov.preparing import NOTHING, Prepared, ReadFile, Surroundings, mapping, shape_result
from aigov.results import CheckResult, Derived, DocumentResult, PolicyText, Problem
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.situations import bind, effective_tier, judged_stage, word

_RANKS = CONSTANTS["stages"]


def check(
    files: Iterable[tuple[ReadFile, Surroundings]],
    rules: Rules,
    settings: Settings,
    notes: tuple[str, ...] = (),
) -> CheckResult:
    """Judge what was read, each file with what is known around it."""
    documents: list[tuple[Prepared, DocumentResult]] = []
    problems: list[Problem] = []
    for file, surroundings in files:
        problems += file.problems
        for prepared in file.documents:
            if prepared.kind == "UseCase":
                result = _judge_use_case(prepared, surroundings, rules, settings)
            else:
                result = _unjudged(prepared, settings)
            documents.append((prepared, result))
    judged = _waived(_without_twins(documents), rules, settings)
    judged.sort(key=lambda one: (one.path, one.line))
    return CheckResult(
        __version__,
        settings.as_of,
        settings.target_stage,
        rules.digest() if settings.digests else "",
        settings.profile.digest() if settings.profile and settings.digests else None,
        told := _texts(judged, problems, rules),
        tuple(judged),
        tuple(sorted(problems, key=lambda one: one[1:])),
        (*notes, *_ramping_in(judged, rules), *_age_of_law(judged, told, settings.as_of)),
    )


def _judge_use_case(
    prepared: Prepared, surroundings: Surroundings, rules: Rules, settings: Settings
) -> DocumentResult:
    derived, bound = bind(prepared, surroundings, rules, settings)
    spec = bound.values["spec"]
    stage = judged_stage(spec, derived, settings.target_stage)
    tier = effective_tier(spec, derived, stage)
    situation = bound.situation(stage, tier, settings)
    results = [judge(policy, situation) for policy in rules.on_use_cases]
    following = _following(stage) if settings.preview else None
    preview: list[Result] = []
    if following:
        ahead = bound.situation(following, effective_tier(spec, derived, following), settings)
        open_codes = {result.code for result in results if result.is_finding}
        preview = [
            result
            for policy in rules.on_use_cases
            if (result := judge(policy, ahead)).is_finding and result.code not in open_codes
        ]
    results += prepared.shape
    own = surroundings.of.get(prepared.id, NOTHING)
    results += own.results
    if own.notes:
        results = [one._replace(note=own.notes.get(one.code, one.note)) for one in results]
    return _unjudged(prepared, settings)._replace(
        stage=stage,
        tier=tier,
        declared_stage=word(spec, "lifecycle", "stage", STAGES),
        declared_tier=word(spec, "risk", "tier", TIERS),
        derived=derived,
        results=tuple(sorted(results, key=by_code)),
        next_stage=following,
        preview=tuple(preview),
        changed=own.changed,
    )


def _following(stage: str | None) -> str | None:
    if stage is None or _RANKS[stage] >= _RANKS["production"]:
        return None
    return STAGES[_RANKS[stage] + 1]


def _unjudged(prepared: Prepared, settings: Settings) -> DocumentResult:
    metadata = mapping(prepared.value, "metadata")
    use_case = prepared.id
    if prepared.kind == "Waiver":
        use_case = str(mapping(prepared.value, "spec").get("use_case", ""))
    digest = ""
    if settings.digests:
        from hashlib import sha256  # loads OpenSSL; only machine formats need it

        digest = sha256(prepared.document.own_text.encode()).hexdigest()
    return DocumentResult(
        prepared.path, prepared.document.line, prepared.kind, use_case,
        str(metadata.get("name", "")), digest, None, None, None, None, Derived(),
        tuple(sorted(prepared.shape, key=by_code)),
    )  # fmt: skip


def _without_twins(
    documents: list[tuple[Prepared, DocumentResult]],
) -> list[tuple[Prepared, DocumentResult]]:
    """Add a finding to every use case whose id another document already has."""
    first: dict[str, DocumentResult] = {}
    found = []
    for prepared, result in documents:
        twin = first.setdefault(prepared.id, result)
        if prepared.kind != "UseCase" or not prepared.id or twin is result:
            found.append((prepared, result))
            continue
        words = f"the id {prepared.id} is already used at {twin.path}:{twin.line}"
        finding = shape_result(prepared.document, "/metadata/id", words)
        results = tuple(sorted((*result.results, finding), key=by_code))
        found.append((prepared, result._replace(results=results)))
    return found


def _waived(
    documents: list[tuple[Prepared, DocumentResult]], rules: Rules, settings: Settings
) -> list[DocumentResult]:
    if all(prepared.kind != "Waiver" for prepared, _ in documents):
        return [result for _, result in documents]
    from aigov.waivers import waive  # few runs judge waivers

    return waive(documents, rules, settings)


def _texts(
    documents: list[DocumentResult], problems: list[Problem], rules: Rules
) -> dict[str, PolicyText]:
    codes = {result.code for document in documents for result in document.results}
    codes |= {result.code for document in documents for result in document.preview}
    return texts(codes | {problem.code for problem in problems}, rules)


def texts(codes: AbstractSet[str], rules: Rules) -> dict[str, PolicyText]:
    """Return the words of policies and other findings, by code, sorted."""
    found = {
        code: PolicyText(code, one.id, one.title, "", one.remedy, {})
        for code, one in rules.codes.items()
    }
    for policy in (one for one in rules.policies.values() if one.code in codes):
        found[policy.code] = PolicyText(
            policy.code, policy.id, policy.title, policy.domain, policy.remedy, policy.controls,
            tuple(rules.corpus()[key] for key in policy.obligations),
        )  # fmt: skip
    return {code: found[code] for code in sorted(codes)}


def _ramping_in(documents: list[DocumentResult], rules: Rules) -> Iterator[str]:
    """Yield how many findings of a policy do less for now, as the profile allows."""
    ramps = {code: one.ramp_in for code, one in rules.policies.items() if one.ramp_in}
    if not ramps:
        return
    found = (one for document in documents for one in document.results if one.is_finding)
    noted = Counter(one.code for one in found if one.note and one.code in ramps)
    for code, number in sorted(noted.items()):
        ramp = ramps[code]
        many = f"{number} finding{'s' if number > 1 else ''}"
        yield f"{code}: the profile lets {many} only {ramp.enforcement} until {ramp.last}"


def _age_of_law(
    documents: list[DocumentResult], texts: Mapping[str, PolicyText], today: str
) -> Iterator[str]:
    """Yield a warning if what was judged by is long unchecked law."""
    judged = {
        result.code
        for document in documents
        for result in document.results
        if result.outcome not in (Outcome.LATER, Outcome.NOT_APPLICABLE)
    }
    laws = [one for code in sorted(judged & texts.keys()) for one in texts[code].obligations]
    age = age_days(laws, today)
    if age > MAX_AGE_DAYS:
        yield (
            f"the legal dates were last held against their sources {age} days ago; "
            "a newer release of aigov may know better"
        )
