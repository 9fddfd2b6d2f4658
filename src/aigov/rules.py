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
    documented: Any = packs[0].documents[CODES].value
    codes = parse_codes(documented)
    policies = _policies(packs, codes, engine)
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
        read_by_blocking(policies),
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


def read_by_blocking(policies: Mapping[str, Policy]) -> Callable[[int], frozenset[str]]:
    """Return what tells the pointers that policies read which block at a tier's rank."""

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


def named_codes(codes: Mapping[str, Code]) -> dict[str, str]:
    """Return the codes of findings that are no policies', by code and by id."""
    return {name: code for code, one in codes.items() for name in (code, one.id)}


def _policies(packs: list[Pack], codes: Mapping[str, Code], engine: Engine) -> dict[str, Policy]:
    found: dict[str, Policy] = {}
    taken = dict.fromkeys(named_codes(codes), f"{packs[0].name}/{CODES}")
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
