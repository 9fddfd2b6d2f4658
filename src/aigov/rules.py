"""Everything a document is judged by, built from the text of the shipped or given files."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from aigov.derivation import Derivation, parse_derivation
from aigov.errors import PackError
from aigov.expressions import Engine, Expression
from aigov.fields import Field, parse_fields
from aigov.findings import Enforcement
from aigov.functions import Vocabulary, check_patterns, host_functions, parse_vocabulary
from aigov.law import Obligation, parse_corpus
from aigov.packs import CODES, CORPUS, Pack, read_document, vet_pack
from aigov.policies import Code, Policy, parse_codes, parse_policy
from aigov.required import Demands, Requirement, demands, parse_requirements
from aigov.schema import ManifestSchema
from aigov.settings import Profile, Tightening

if TYPE_CHECKING:
    from aigov.frameworks import Framework

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
        """Return `sha256:` over the sorted (path, sha256) of all files in force."""
        from hashlib import sha256  # loads OpenSSL; only machine formats need it

        whole = sha256()
        for path, digest in sorted(
            (f"{pack.name}/{path}", digest)
            for pack in self.packs
            for path, digest in pack.hashes().items()
        ):
            whole.update(f"{path}\0{digest}\n".encode())
        return f"sha256:{whole.hexdigest()}"

    def expressions(self) -> Iterator[Expression]:
        """Yield every expression that a judgement may evaluate."""
        yield from (rule.when for rule in self.derivation.rules())
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
    schemas = {kind: ManifestSchema(shapes.manifest, kind, shapes.synonyms) for kind in KINDS}
    vocabulary = parse_vocabulary(packs[0].section("vocabulary/"))
    engine = Engine(host_functions(vocabulary), compiled)
    derivation = parse_derivation(packs[0].section("derivation/"), engine)
    corpus = cache(partial(_corpus, packs[0]))
    frameworks = cache(partial(_frameworks, packs))
    policies = _policies(packs, engine)
    codes: Any = packs[0].documents[CODES].value
    requirements = parse_requirements(shapes.required)
    rules = Rules(
        engine,
        policies,
        derivation,
        requirements,
        demands(requirements),
        vocabulary,
        schemas["UseCase"].fields,
        schemas,
        tuple(packs),
        _read_by_blocking(policies),
        parse_codes(codes),
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
        {kind: schema.fields for kind, schema in rules.schemas.items()},
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
    check_patterns(rules.vocabulary)
    conditions = [(r.when.text, r.where, r.name) for r in rules.derivation.rules()]
    conditions += [(r.when, "schemas/required.yaml", r.path) for r in rules.requirements if r.when]
    for text, where, name in conditions:
        for fault in expression_faults(rules.engine, text, known):
            raise PackError(f"{fault.message} ({name})", where=where)


def _policies(packs: list[Pack], engine: Engine) -> dict[str, Policy]:
    found: dict[str, Policy] = {}
    taken: dict[str, str] = {}
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


def tighten(rules: Rules, profile: Profile) -> Rules:
    """Return `rules` with the enforcement and thresholds that `profile` tightens.

    Raises:
        ProfileError: an unknown policy or param, or a loosening; has its place.
    """
    named, policies = rules.named(), dict(rules.policies)
    asked_as: dict[str, str] = {}
    for name, asked in profile.policies.items():
        policy = named.get(name)
        if policy is None:
            raise profile.error(asked.pointer, f"no policy {name}")
        if policy.code in asked_as:  # by code and by id: the second would undo the first
            problem = f"{name} and {asked_as[policy.code]} are the same policy; write one of them"
            raise profile.error(asked.pointer, problem)
        asked_as[policy.code] = name
        policies[policy.code] = _tightened(policy, asked, profile)
    return rules._replace(policies=policies, read_by_blocking=_read_by_blocking(policies))


def _tightened(policy: Policy, asked: Tightening, profile: Profile) -> Policy:
    enforcement, soften = policy.enforcement, policy.soften
    if asked.enforcement:
        wanted = asked.enforcement
        if any(wanted.rank < given.rank for given in enforcement.values()):
            problem = f"{policy.code} may only be tightened, not made {wanted}"
            raise profile.error(f"{asked.pointer}/enforcement", problem)
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
    return policy._replace(enforcement=enforcement, soften=soften, params=params)
