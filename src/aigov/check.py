"""Judge manifests: the pure pipeline from what was read to the result.

`preparing.read` finds what a file holds and which evidence it names; the caller, who may
touch the file system, says which of that resolves; `check` judges.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov import __version__
from aigov.derivation import derive
from aigov.evidence import shared, sized
from aigov.expressions import CONSTANTS
from aigov.findings import Outcome, Result, by_code
from aigov.judgement import ORGANISATION, Situation, judge
from aigov.law import MAX_AGE_DAYS, age_days
from aigov.policies import TIERS, resolve_params
from aigov.preparing import Prepared, ReadFile, Surroundings, mapping, shape_result
from aigov.required import Requirement, absent
from aigov.results import CheckResult, Derived, DocumentResult, PolicyText, Problem
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.source import Document

STAGES = tuple(CONSTANTS["stages"])
_RANKS = CONSTANTS["stages"]
_SYNTAX = PolicyText(
    "SYN-001", "manifest-syntax", "The file cannot be read as manifests", "",
    "Mend the file at the place named; nothing in it was judged.", {},
)  # fmt: skip
_DELETED = PolicyText(
    "CHG-006", "manifest-deleted", "The last manifest was deleted", "",
    "Restore it; when the use case ends, set its stage to retired and keep the manifest.", {},
)  # fmt: skip
_SHAPE = PolicyText(
    "SCH-001", "manifest-schema", "The manifest does not have the shape of its kind", "",
    "Correct the field; `aigov schema` prints the schema, and an editor can show it.", {},
)  # fmt: skip


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
        texts := _texts(judged, problems, rules),
        tuple(judged),
        tuple(sorted(problems, key=lambda one: one[1:])),
        (*notes, *_age_of_law(judged, texts, settings.as_of)),
    )


def situate(
    prepared: Prepared, surroundings: Surroundings, rules: Rules, settings: Settings
) -> Situation:
    """Return what the policies on use cases are judged on."""
    derived, bound = _bind(prepared, surroundings, rules, settings)
    spec = bound.values["spec"]
    stage = judged_stage(spec, derived, settings.target_stage)
    return bound.situation(stage, effective_tier(spec, derived, stage), settings)


def _bind(
    prepared: Prepared, surroundings: Surroundings, rules: Rules, settings: Settings
) -> "tuple[Derived, _Bound]":
    given_spec, metadata = mapping(prepared.value, "spec"), mapping(prepared.value, "metadata")
    derived, variable, spec = derive(rules.derivation, given_spec, metadata, settings.as_of)
    found = surroundings.evidence
    variable["placeholders"] = list(prepared.placeholders)
    variable["unknown_facts"] = list(prepared.unknown_facts)
    variable["done_dates"] = list(prepared.done_dates)
    variable["evidence"] = sized(prepared.evidence, found)
    distinct = rules.vocabulary.distinct_evidence
    variable["shared_evidence"] = shared(prepared.evidence, found, distinct)
    implied = {f"/spec/risk/facts/{name}" for name in derived.implied}
    everything = absent(rules.demands, prepared.document.value)
    lacking = [(pointer, row) for pointer, row in everything if pointer not in implied]
    values = {"spec": spec, "metadata": metadata}
    return derived, _Bound(prepared, values, variable, surroundings, lacking, rules)


def _judge_use_case(
    prepared: Prepared, surroundings: Surroundings, rules: Rules, settings: Settings
) -> DocumentResult:
    derived, bound = _bind(prepared, surroundings, rules, settings)
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
    return _unjudged(prepared, settings)._replace(
        stage=stage,
        tier=tier,
        declared_stage=_word(spec, "lifecycle", "stage", STAGES),
        declared_tier=_word(spec, "risk", "tier", TIERS),
        derived=derived,
        results=tuple(sorted(results, key=by_code)),
        next_stage=following,
        preview=tuple(preview),
    )


def situate_organisation(
    document: Document, portfolio: Mapping[str, Any], rules: Rules, settings: Settings
) -> Situation:
    """Return what the policies on the organisation are judged on; findings stand in its
    profile's `document`, and `portfolio` is as in `schemas/facts.v1.json`.

    It has neither stage nor tier: it is held to what live and critical use cases are.
    """
    profile = mapping(document.value, "spec")
    stage, tier = _RANKS["production"], CONSTANTS["tiers"]["critical"]
    variables = {
        "profile": profile, "portfolio": portfolio, "today": settings.as_of, "stage": stage,
        "tier": tier, "params": resolve_params(rules.policies, tier),
    }  # fmt: skip
    organisation = str(mapping(document.value, "metadata").get("id", ""))
    return Situation(
        document, organisation, stage, tier, variables, rules.engine.activation(variables),
        rules.engine, frozenset({"profile", "portfolio"}), True, lambda _name: [], ORGANISATION,
        rules.corpus,
    )  # fmt: skip


class _Bound(NamedTuple):
    """A document's values, ready to be judged at any stage."""

    prepared: Prepared
    values: Mapping[str, Any]
    derived: Mapping[str, Any]
    surroundings: Surroundings
    absent: list[tuple[str, Requirement]]
    """What any stage and tier may ask for and the document neither states nor implies."""
    rules: Rules

    def situation(self, stage: str | None, tier: str, settings: Settings) -> Situation:
        stage_rank, tier_rank = _RANKS.get(stage or "", 0), CONSTANTS["tiers"][tier]
        variables: dict[str, Any] = {
            **self.values,
            "derived": self.derived,
            "today": settings.as_of,
            "stage": stage_rank,
            "tier": tier_rank,
            "judged": {"stage": stage_rank, "tier": tier_rank},
            "params": resolve_params(self.rules.policies, tier_rank),
            "evidence": {path: one.resolves for path, one in self.surroundings.evidence.items()},
        }
        contexts = dict(self.surroundings.facts)
        if settings.profile:
            contexts["profile"] = {"profile": settings.profile.spec}
        for facts in contexts.values():
            variables |= facts
        missing = self._missing(variables, stage_rank, tier_rank)
        variables["derived"] = {
            **self.derived,
            "missing": [{"pointer": pointer} for pointer, _ in missing],
            "missing_read_by_blocking": bool(missing)
            and not self.rules.read_by_blocking(tier_rank).isdisjoint(p for _, p in missing),
        }
        return Situation(
            self.prepared.document,
            self.prepared.id,
            None if stage is None else stage_rank,
            tier_rank,
            variables,
            self.rules.engine.activation(variables),
            self.rules.engine,
            frozenset(contexts),
            not self.prepared.shape,
            self.rules.derivation.inputs,
            corpus=self.rules.corpus,
        )

    def _missing(
        self, variables: Mapping[str, Any], stage: int, tier: int
    ) -> list[tuple[str, str]]:
        """Return (pointer, pattern) of each field demanded at `stage` and `tier` that is
        not written; an `unknown` fact is written."""
        found = [
            (pointer, row)
            for pointer, row in self.absent
            if row.stage <= stage and row.tier <= tier
        ]
        if not found:
            return []
        engine = self.rules.engine
        activation = engine.activation(variables)
        return [
            (pointer, row.path)
            for pointer, row in found
            if not row.when or engine.expression(row.when)(activation).value
        ]


def judged_stage(spec: Mapping[str, Any], derived: Derived, target: str | None) -> str | None:
    """Return the latest of declared, derived and target; None where none is readable.

    A derived `intake` says only that no rule raises the stage, so it settles nothing.
    """
    declared = _word(spec, "lifecycle", "stage", STAGES)
    found = derived.stage if derived.stage != "intake" or declared else None
    known = [one for one in (declared, found, target) if one]
    return max(known, key=_RANKS.__getitem__, default=None)


def effective_tier(spec: Mapping[str, Any], derived: Derived, stage: str | None) -> str:
    """Return the highest of declared and derived tier, by the rules for absent ones.

    Undeclared: the derived upper bound; without facts critical, but low at intake.
    A prohibited use case has the thresholds of a critical one.
    """
    declared = _word(spec, "risk", "tier", TIERS)
    if declared:
        known = [declared, derived.tier or "low"]
    elif derived.tier_max:
        known = [derived.tier_max]
    else:
        known = ["low" if stage == "intake" else "critical"]
    highest = max(known, key=CONSTANTS["tiers"].__getitem__)
    return "critical" if highest == "prohibited" else highest


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

    return waive(documents, rules.named(), settings)


def _texts(
    documents: list[DocumentResult], problems: list[Problem], rules: Rules
) -> dict[str, PolicyText]:
    codes = {result.code for document in documents for result in document.results}
    codes |= {result.code for document in documents for result in document.preview}
    codes |= {problem.code for problem in problems}
    texts = {text.code: text for text in (_SYNTAX, _SHAPE, _DELETED)}
    if any(code.startswith("WAI") for code in codes):
        from aigov.waivers import WORDS  # few runs judge waivers

        for code, words in WORDS.items():
            texts[code] = PolicyText(code, words.id, words.title, "", words.remedy, {})
    for policy in rules.policies.values():
        texts[policy.code] = PolicyText(
            policy.code, policy.id, policy.title, policy.domain, policy.remedy, policy.controls,
            tuple(rules.corpus()[key] for key in policy.obligations if policy.code in codes),
        )  # fmt: skip
    return {code: texts[code] for code in sorted(codes)}


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


def _word(spec: Mapping[str, Any], block: str, name: str, known: Iterable[str]) -> str | None:
    word = mapping(spec, block).get(name)
    return word if isinstance(word, str) and word in known else None
