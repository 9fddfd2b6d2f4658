"""Everything a document is judged by, built from the text of the shipped or given files."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from aigov.derivation import Derivation, parse_derivation
from aigov.errors import PackError
from aigov.expressions import Engine, Expression
from aigov.fields import Field, parse_fields
from aigov.findings import Enforcement
from aigov.functions import SIGNATURES, Vocabulary, host_functions, parse_vocabulary
from aigov.law import Obligation, parse_corpus
from aigov.packs import CODES, CORPUS, Pack, read_document, vet_pack
from aigov.policies import Code, Policy, RampIn, parse_codes, parse_policy
from aigov.required import Demands, Requirement, demands, parse_requirements
from aigov.schema import ManifestSchema
from aigov.settings import Profile, Tightening

if TYPE_CHECKING:
    from aigov.frameworks import Framework

MAX_RAMP_IN_DAYS = 366
"""From the last review of a profile; a rule of the project: what has no end is no ramp."""
KINDS = ("UseCase", "Waiver", "Organization")
WALKED = frozenset(
    {
        "placeholders",
        "evidence",
        "shared_evidence",
        "unknown_facts",
        "done_dates",
        "missing",
        "missing_read_by_blocking",
    }
)
"""Names below `derived` that are walked out of the document, not derived by rules."""
DERIVED = WALKED | {"stage", "stage_facts", "tier", "tier_max", "tier_reasons", "eu_category"}


class Shapes(NamedTuple):
    """What `schemas/` says of manifests."""

    manifest: Mapping[str, Any]
    required: Any
    synonyms: Callable[[], Any]
    """Read only when a field is unknown."""
    schema: Callable[[str], Any]
    """Returns a JSON Schema by its name; read only when a pack is vetted."""


class Rules(NamedTuple):
    """What `check` judges by; build it once a process with `build_rules`."""

    engine: Engine
    policies: Mapping[str, Policy]
    """By code, sorted."""
    derivation: Derivation
    requirements: tuple[Requirement, ...]
    demands: Demands
    """The requirements as a tree, to walk beside a document."""
    vocabulary: Vocabulary
    fields: Field
    """The tree of a UseCase document."""
    schemas: Mapping[str, ManifestSchema]
    """By kind."""
    packs: tuple[Pack, ...]
    """Every policy, derivation, vocabulary and framework file in force."""
    read_by_blocking: Callable[[int], frozenset[str]]
    """Pointers (with `*`) that policies read which block at a tier's rank."""
    codes: Mapping[str, Code]
    """The findings that are not policies."""
    corpus: Callable[[], Mapping[str, Obligation]]
    """The legal obligations by key; few runs print one."""
    frameworks: Callable[[], Mapping[str, "Framework"]]
    """What the `controls` of policies refer to, by id; judging reads none of it."""

    @property
    def on_use_cases(self) -> tuple[Policy, ...]:
        """The policies that judge a use case, by code."""
        return tuple(p for p in self.policies.values() if not p.on_organisation)

    @property
    def on_organisation(self) -> tuple[Policy, ...]:
        """The policies that judge the organisation, by code."""
        return tuple(p for p in self.policies.values() if p.on_organisation)

    def digest(self) -> str:
        """Return `sha256:` over the sorted (path, sha256) of all files in force, wherever
        their packs lie."""
        from hashlib import sha256  # loads OpenSSL; only machine formats need it

        whole = sha256()
        for path, digest in sorted(
            (f"policies/{path}", digest)
            for pack in self.packs
            for path, digest in pack.hashes().items()
        ):
            whole.update(f"{path}\0{digest}\n".encode())
        return f"sha256:{whole.hexdigest()}"

    def expressions(self) -> Iterator[Expression]:
        """Yield every expression that a judgement may evaluate."""
        for rule in self.derivation.rules():
            yield from rule.when.leaves()
        for policy in self.policies.values():
            yield from filter(None, (policy.when, policy.require))
            yield from (when for when, _ in policy.soften)
        yield from (self.engine.expression(row.when) for row in self.requirements if row.when)

    def named(self) -> dict[str, Policy]:
        """Return the policies by code and by id."""
        return {**self.policies, **{p.id: p for p in self.policies.values()}}


def build_rules(
    packs: list[Pack], shapes: Shapes, compiled: Mapping[str, bytes] | None = None
) -> Rules:
    """Build all rules; the first pack carries derivation and vocabulary.

    `compiled` is what `Engine` takes: expressions that were compiled before.

    Raises:
        PackError: a file does not hold; names file, line and column.
    """
    given = [pack for pack in packs if not pack.trusted]
    for pack in given:
        vet_pack(pack, first=pack is packs[0], schema=shapes.schema)
    fields = parse_fields(shapes.manifest, "UseCase")
    vocabulary = parse_vocabulary(packs[0].section("vocabulary/"))
    implementations = host_functions(vocabulary)
    functions = {name: (*SIGNATURES[name], implementations[name]) for name in SIGNATURES}
    engine = Engine(functions, compiled)
    derivation = parse_derivation(packs[0].section("derivation/"), engine)
    corpus = cache(partial(_corpus, packs[0]))
    frameworks = cache(partial(_frameworks, packs))
    documented: Any = packs[0].documents[CODES].value
    codes = parse_codes(documented)
    policies = _policies(packs, codes, engine)
    requirements = parse_requirements(shapes.required)
    rules = Rules(
        engine,
        policies,
        _as_wanted(derivation, policies),
        requirements,
        demands(requirements),
        vocabulary,
        fields,
        {
            kind: ManifestSchema(
                shapes.manifest, kind, shapes.synonyms, fields if kind == "UseCase" else None
            )
            for kind in KINDS
        },
        tuple(packs),
        _read_by_blocking(policies),
        codes,
        corpus,
        frameworks,
    )
    if given:
        _vet(packs, rules, shapes)
    return rules


def _corpus(pack: Pack) -> dict[str, Obligation]:
    document: Any = pack.documents.get(CORPUS)
    return parse_corpus(document.value) if document else {}


def _frameworks(packs: list[Pack]) -> dict[str, "Framework"]:
    from aigov.frameworks import parse_frameworks  # judging by the shipped pack needs none

    return parse_frameworks(
        (where, read_document(data, where))
        for pack in packs
        for where, data in ((f"{pack.name}/{path}", d) for path, d in pack.frameworks().items())
    )


def _read_by_blocking(policies: Mapping[str, Policy]) -> Callable[[int], frozenset[str]]:
    @cache
    def pointers(tier: int) -> frozenset[str]:
        return frozenset(
            "/" + "/".join((path.root, *path.parts))
            for policy in policies.values()
            if policy.enforcement.get(tier) is Enforcement.BLOCK
            for path in policy.require.paths
        )

    return pointers


def _as_wanted(derivation: Derivation, policies: Mapping[str, Policy]) -> Derivation:
    """Keep from deriving lists that no policy reads."""
    texts = "\n".join(
        text
        for policy in policies.values()
        for text in (policy.require.text, policy.message, policy.at)
        + ((policy.when.text,) if policy.when else ())
        + tuple(when.text for when, _ in policy.soften)
    )
    wanted = frozenset(name for name in derivation.lists if f"derived.{name}" in texts)
    return derivation._replace(wanted=wanted)


def _vet(packs: list[Pack], rules: Rules, shapes: Shapes) -> None:
    """Hold the packs that are not trusted to all that policies may say.

    Raises:
        PackError: one does not hold; has its place.
    """
    # only a pack that is vetted needs these
    from aigov.lints import Vocabulary as Known
    from aigov.vetting import Vetted, expression_faults, vet_policy

    facts = shapes.schema("facts.v1.json")
    known = Known(
        {kind: parse_fields(shapes.manifest, kind) for kind in ("UseCase", "Organization")},
        {name: parse_fields(facts, name) for name in facts["$defs"]},
        DERIVED | rules.derivation.lists.keys(),
        frozenset(),
        rules.engine.functions,
    )
    by = Vetted(known, rules.corpus(), rules.frameworks())
    for pack in packs:
        for path, document in pack.policies().items() if not pack.trusted else ():
            vet_policy(document, f"{pack.name}/{path}", by, rules.engine)
    if packs[0].trusted:
        return
    derivation = rules.derivation
    conditions = [(derivation.expression(r).text, r.where, r.name) for r in derivation.rules()]
    conditions += [(r.when, "schemas/required.yaml", r.path) for r in rules.requirements if r.when]
    for text, where, name in conditions:
        for fault in expression_faults(rules.engine, text, known):
            raise PackError(f"{fault.message} ({name})", where=where)


def _policies(packs: list[Pack], codes: Mapping[str, Code], engine: Engine) -> dict[str, Policy]:
    found: dict[str, Policy] = {}
    taken = dict.fromkeys(_named(codes), f"{packs[0].name}/{CODES}")
    for pack in packs:
        for path, document in pack.policies().items():
            policy = parse_policy(document, f"{pack.name}/{path}", engine)
            pointers = {policy.code: "/code", policy.id: "/id"}
            pointers |= {name: f"/params/{name}" for name in policy.params}
            for name, pointer in pointers.items():
                if name in taken:
                    place = document.place(pointer)
                    problem = f"{name} is already taken by {taken[name]}"
                    where = f"{policy.where}:{place.line}:{place.column}"
                    raise PackError(problem, where=where)
                taken[name] = policy.where
            found[policy.code] = policy
    return dict(sorted(found.items()))


def _named(codes: Mapping[str, Code]) -> dict[str, str]:
    """Return the codes of findings that are no policies', by code and by id."""
    return {name: code for code, one in codes.items() for name in (code, one.id)}


def tighten(rules: Rules, profile: Profile) -> Rules:
    """Return `rules` with the enforcement and thresholds that `profile` tightens, and with the
    days until which it lets a policy do less.

    Raises:
        ProfileError: an unknown policy or param, or a loosening; has its place.
    """
    named, policies, codes = rules.named(), dict(rules.policies), dict(rules.codes)
    other = _named(rules.codes)
    asked_as: dict[str, str] = {}
    for name, asked in profile.policies.items():
        code = named[name].code if name in named else other.get(name)
        if code is None:
            raise profile.error(asked.pointer, f"no policy {name}")
        if code in asked_as:  # by code and by id: the second would undo the first
            problem = f"{name} and {asked_as[code]} are the same policy; write one of them"
            raise profile.error(asked.pointer, problem)
        asked_as[code] = name
        if code in policies:
            policies[code] = _tightened(policies[code], asked, profile)
        else:
            codes[code] = _tightened_code(code, codes[code], asked, profile)
    read_by_blocking = _read_by_blocking(policies)
    return rules._replace(policies=policies, codes=codes, read_by_blocking=read_by_blocking)


def _tightened_code(code: str, given: Code, asked: Tightening, profile: Profile) -> Code:
    wanted = asked.enforcement or given.enforcement
    for name in asked.params:
        raise profile.error(f"{asked.pointer}/params/{name}", f"{code} has no param {name}")
    if asked.until or wanted.rank < given.enforcement.rank:
        problem = f"{code} may only be tightened: block, and no date"
        raise profile.error(asked.pointer, problem)
    return given._replace(enforcement=wanted)


def _ramp_in(policy: Policy, asked: Tightening, wanted: Enforcement, profile: Profile) -> RampIn:
    """Return the time in which a failure does less: from the profile's last review on, and no
    longer than a year, so that whoever wants more has to look at it again."""
    first = profile.reviewed_on
    if policy.waivable is None:
        problem = f"{policy.code} cannot be waived, and so not be {wanted} for a while"
        raise profile.error(f"{asked.pointer}/enforcement", problem)
    last = date.fromisoformat(str(asked.until))
    if not first or last - date.fromisoformat(first) > timedelta(MAX_RAMP_IN_DAYS):
        problem = f"until is at most {MAX_RAMP_IN_DAYS} days after metadata.reviewed_on"
        raise profile.error(f"{asked.pointer}/until", problem)
    return RampIn(wanted, first, str(last), str(last + timedelta(1)))


def _tightened(policy: Policy, asked: Tightening, profile: Profile) -> Policy:
    enforcement, soften, ramp_in = policy.enforcement, policy.soften, None
    wanted = asked.enforcement
    lower = wanted and any(wanted.rank < given.rank for given in enforcement.values())
    if wanted and lower and asked.until:
        ramp_in = _ramp_in(policy, asked, wanted, profile)
    elif lower:
        problem = f"{policy.code} may only be tightened, not made {wanted}; or write until when"
        raise profile.error(f"{asked.pointer}/enforcement", problem)
    elif asked.until:
        problem = "until goes with an enforcement below the policy's own"
        raise profile.error(f"{asked.pointer}/until", problem)
    elif wanted:
        enforcement = dict.fromkeys(enforcement, wanted)
        # what the profile asks for holds for every failure, a softened one too
        soften = tuple((when, max(to, wanted, key=lambda one: one.rank)) for when, to in soften)
    params = dict(policy.params)
    for name, number in asked.params.items():
        pointer = f"{asked.pointer}/params/{name}"
        if name not in params:
            raise profile.error(pointer, f"{policy.code} has no param {name}")
        if number < 0:
            raise profile.error(pointer, f"{name} may not be negative")
        given = params[name]
        loosened = max(given.values()) if name.startswith("max_") else min(given.values())
        if number > loosened if name.startswith("max_") else number < loosened:
            raise profile.error(pointer, f"{name} may only be tightened: {loosened:g} is the limit")
        stricter = min if name.startswith("max_") else max
        params[name] = {tier: stricter(one, number) for tier, one in given.items()}
    return policy._replace(enforcement=enforcement, soften=soften, params=params, ramp_in=ramp_in)
