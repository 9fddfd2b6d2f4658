"""Everything a document is judged by, built from the text of the shipped or given files."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from aigov.derivation import Derivation, parse_derivation
from aigov.errors import PackError
from aigov.expressions import Engine, Expression
from aigov.fields import Field, parse_fields
from aigov.findings import Enforcement
from aigov.functions import SIGNATURES, Vocabulary, host_functions, parse_vocabulary
from aigov.law import CORPUS, Obligation, parse_corpus
from aigov.policies import Policy, parse_policy
from aigov.required import Demands, Requirement, demands, parse_requirements
from aigov.schema import ManifestSchema
from aigov.settings import Profile, Tightening
from aigov.source import Document, load

if TYPE_CHECKING:
    from aigov.frameworks import Framework
    from aigov.lints import Vocabulary as Known

FRAMEWORKS = "frameworks/"
"""Where a pack keeps control frameworks, one a file that is named by its id."""
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


class Pack(NamedTuple):
    """The files of one policy pack, parsed."""

    name: str
    """How errors name it: `policies` for the shipped one, else the folder as given."""
    documents: Mapping[str, Document]
    """POSIX path below the pack's folder to what the file holds; without case files."""
    hashes: Callable[[], Mapping[str, str]]
    """The sha256 (hex) of each file, for the digest."""
    trusted: bool = False
    """Shipped, so vetted by the tests: not vetted again at every start."""
    frameworks: Callable[[], Mapping[str, bytes]] = dict
    """The files of control frameworks: read only where someone asks for them."""


class Shapes(NamedTuple):
    """What `schemas/` says of manifests."""

    manifest: Mapping[str, Any]
    required: Any
    synonyms: Callable[[], Any]
    """Read only when a field is unknown."""
    facts: Callable[[], Any]
    """What expressions may read beyond the document; read only when a pack is vetted."""


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
        for rule in self.derivation.rules():
            yield from rule.when.leaves()
        for policy in self.policies.values():
            yield from filter(None, (policy.when, policy.require))
            yield from (when for when, _ in policy.soften)
        yield from (self.engine.expression(row.when) for row in self.requirements if row.when)

    def named(self) -> dict[str, Policy]:
        """Return the policies by code and by id."""
        return {**self.policies, **{p.id: p for p in self.policies.values()}}


def read_pack(name: str, files: Mapping[str, bytes], *, trusted: bool = False) -> Pack:
    """Parse the files of a pack (path to content).

    Raises:
        PackError: a file is not exactly one YAML document; has its place.
    """
    frameworks = {path: data for path, data in files.items() if path.startswith(FRAMEWORKS)}
    documents = {
        path: read_document(data, f"{name}/{path}")
        for path, data in files.items()
        if path not in frameworks
    }
    return Pack(name, documents, partial(_hashes, files), trusted, lambda: frameworks)


def parsed_pack(
    name: str,
    files: Mapping[str, list[Any]],
    frameworks: Callable[[], Mapping[str, bytes]] = dict,
) -> Pack:
    """Return the pack of files (path to [sha256, value]) that were parsed before."""
    return Pack(
        name,
        {path: Document("", 0, 0, value, (0, 0, None)) for path, (_, value) in files.items()},
        lambda: {path: one for path, (one, _) in files.items()} | _hashes(frameworks()),
        trusted=True,
        frameworks=frameworks,
    )


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    from hashlib import sha256  # loads OpenSSL; only machine formats need it

    return {path: sha256(content).hexdigest() for path, content in files.items()}


def build_rules(
    packs: list[Pack], shapes: Shapes, compiled: Mapping[str, bytes] | None = None
) -> Rules:
    """Build all rules; the first pack carries derivation and vocabulary.

    `compiled` is what `Engine` takes: expressions that were compiled before.

    Raises:
        PackError: a file does not hold; names file, line and column.
    """
    fields = parse_fields(shapes.manifest, "UseCase")
    vocabulary = parse_vocabulary(_section(packs[0], "vocabulary/"))
    implementations = host_functions(vocabulary)
    functions = {name: (*SIGNATURES[name], implementations[name]) for name in SIGNATURES}
    engine = Engine(functions, compiled)
    derivation = parse_derivation(_section(packs[0], "derivation/"), engine)
    corpus = cache(partial(_corpus, packs[0]))
    frameworks = cache(partial(_frameworks, packs))
    known = None
    if not all(pack.trusted for pack in packs):
        # the shipped pack alone is not vetted
        from aigov.frameworks import citation_faults
        from aigov.lints import Vocabulary as Known

        facts = shapes.facts()
        known = Known(
            {"UseCase": fields, "Organization": parse_fields(shapes.manifest, "Organization")},
            {name: parse_fields(facts, name) for name in facts["$defs"]},
            DERIVED | derivation.lists.keys(),
            frozenset(),
            engine.functions,
            corpus().keys(),
            partial(citation_faults, frameworks()),
        )
    policies = _policies(packs, known, engine)
    requirements = parse_requirements(shapes.required, "schemas/required.yaml")
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
        corpus,
        frameworks,
    )
    if known and not packs[0].trusted:
        _vet_conditions(rules, known)
    return rules


def _corpus(pack: Pack) -> dict[str, Obligation]:
    document = pack.documents.get(CORPUS)
    return parse_corpus(document, f"{pack.name}/{CORPUS}") if document else {}


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


def _vet_conditions(rules: Rules, known: "Known") -> None:
    """Check the names in derivation rules and in the conditions of required fields.

    Raises:
        PackError: one does not exist.
    """
    # only a pack that is vetted needs these
    from aigov.lints import name_faults
    from aigov.syntax import ExpressionFault

    derivation = rules.derivation
    conditions = [(derivation.expression(r), r.where, r.name) for r in derivation.rules()]
    conditions += [
        (rules.engine.expression(one.when), "schemas/required.yaml", one.path)
        for one in rules.requirements
        if one.when
    ]
    for expression, where, name in conditions:
        try:
            faults = [*name_faults(expression.tree, known)]
            rules.engine.compile(expression.text)
        except ExpressionFault as fault:
            raise PackError(f"{fault.message} ({name})", where=where) from None
        for one in faults:
            raise PackError(f"{one.message} ({name})", where=where)


def _policies(packs: list[Pack], known: "Known | None", engine: Engine) -> dict[str, Policy]:
    found: dict[str, Policy] = {}
    taken: dict[str, str] = {}
    for pack in packs:
        before = len(found)
        for path, document in sorted(pack.documents.items()):
            where = f"{pack.name}/{path}"
            if path.startswith(("derivation/", "vocabulary/")) or path == CORPUS:
                if pack is not packs[0]:
                    raise PackError(
                        "only the shipped pack holds such a file: this would not be read",
                        where=where,
                        remedy=f"remove it from {pack.name}",
                    )
                continue
            if path == "pack.yaml":
                _vet_description(document, where)
                continue
            vetted = None if pack.trusted else known
            policy = parse_policy(document, where, engine, vetted)
            pointers = {policy.code: "/code", policy.id: "/id"}
            pointers |= {name: f"/params/{name}" for name in policy.params}
            for name, pointer in pointers.items():
                if name in taken:
                    problem = f"{name} is already taken by {taken[name]}"
                    raise PackError(problem, where=_at(document, where, pointer))
                taken[name] = where
            found[policy.code] = policy
            if not pack.trusted:
                _compile(policy, engine, document)
        if len(found) == before:
            raise PackError(
                "the pack holds no policy",
                where=pack.name,
                remedy="add one as <domain>/<id>.yaml, or give the folder that holds them",
            )
    return dict(sorted(found.items()))


def _vet_description(document: Document, where: str) -> None:
    """Check `pack.yaml`, which describes a pack in texts.

    Raises:
        PackError: it is something else; has its place.
    """
    known = ("id", "title", "version", "description")
    value = document.value
    if not isinstance(value, dict):
        problem = f"a pack is described by a mapping of {', '.join(known)}"
        raise PackError(problem, where=_at(document, where, ""))
    for key, text in value.items():
        if key not in known or not isinstance(text, str):
            problem = f"{key} is not text" if key in known else f"no key {key} in a pack.yaml"
            raise PackError(problem, where=_at(document, where, f"/{key}"))


def _at(document: Document, where: str, pointer: str) -> str:
    place = document.place(pointer)
    return f"{where}:{place.line}:{place.column}"


def _compile(policy: Policy, engine: Engine, document: Document) -> None:
    """Compile at once, so that a type error shows whether or not the policy binds."""
    from aigov.syntax import ExpressionFault

    given = {"/when": policy.when, "/require": policy.require}
    given |= {f"/soften/{i}/when": when for i, (when, _) in enumerate(policy.soften)}
    for pointer, expression in given.items():
        if expression is not None:
            try:
                engine.compile(expression.text)
            except ExpressionFault as fault:
                where = _at(document, policy.where, pointer)
                raise PackError(f"does not compile: {fault.message}", where=where) from None


def _section(pack: Pack, folder: str) -> dict[str, Any]:
    """Return the values of a folder's files, by name without `.yaml`, in order."""
    return {
        path.removeprefix(folder).removesuffix(".yaml"): document.value
        for path, document in sorted(pack.documents.items())
        if path.startswith(folder)
    }


def read_document(data: bytes, where: str) -> Document:
    """Read a file that is exactly one YAML document.

    Raises:
        PackError: it is not; has its place.
    """
    loaded = load(data)
    if loaded.troubles:
        trouble = loaded.troubles[0]
        raise PackError(trouble.message, where=f"{where}:{trouble.line}:{trouble.column}")
    if len(loaded.documents) != 1:
        line = loaded.documents[1].line if loaded.documents else 1
        raise PackError("exactly one YAML document is expected", where=f"{where}:{line}:1")
    return loaded.documents[0]


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
