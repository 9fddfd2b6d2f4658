"""Everything a document is judged by, built from the text of the shipped or given files."""

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from aigov.derivation import Derivation, parse_derivation
from aigov.errors import PackError
from aigov.expressions import Engine
from aigov.fields import Field, parse_fields
from aigov.findings import Enforcement
from aigov.functions import SIGNATURES, Vocabulary, host_functions, parse_vocabulary
from aigov.policies import Policy, parse_policy
from aigov.required import Demands, Requirement, demands, parse_requirements
from aigov.schema import ManifestSchema
from aigov.settings import Profile, Tightening
from aigov.source import Document, load
from aigov.syntax import ExpressionFault, paths

if TYPE_CHECKING:
    from aigov.lints import Vocabulary as Known

KINDS = ("UseCase", "Waiver", "Organization")
WALKED = frozenset({"placeholders", "evidence", "missing", "missing_read_by_blocking"})
"""Names below `derived` that are walked out of the document, not derived by rules."""
DERIVED = WALKED | {"stage", "stage_facts", "tier", "tier_max", "tier_reasons", "eu_category"}


class Pack(NamedTuple):
    """The files of one policy pack, as text."""

    name: str
    """How errors name it: `policies` for the shipped one, else the folder as given."""
    files: Mapping[str, bytes]
    """POSIX path below the pack's folder to content; case files are left out."""
    trusted: bool
    """Shipped, so vetted by the tests: not vetted again at every start."""


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
    files: Mapping[str, bytes]
    """Every policy, derivation and vocabulary file in force, by pack and path."""

    def digest(self) -> str:
        """Return `sha256:` over the sorted (path, sha256) of all files in force."""
        from hashlib import sha256  # loads OpenSSL; only machine formats need it

        whole = sha256()
        for path, content in sorted(self.files.items()):
            whole.update(f"{path}\0{sha256(content).hexdigest()}\n".encode())
        return f"sha256:{whole.hexdigest()}"

    def reads_while_blocking(self, tier: int, pointer: str) -> bool:
        """Say whether a policy that blocks at the tier's rank reads `pointer` (with `*`)."""
        return any(
            "/" + "/".join((path.root, *path.parts)) == pointer
            for policy in self.policies.values()
            if policy.enforcement.get(tier) is Enforcement.BLOCK
            for path in paths(policy.require.tree)
        )

    def named(self) -> dict[str, Policy]:
        """Return the policies by code and by id."""
        return {**self.policies, **{p.id: p for p in self.policies.values()}}


def build_rules(packs: list[Pack], schemas: Mapping[str, bytes]) -> Rules:
    """Build all rules; the first pack carries derivation and vocabulary.

    `schemas` maps the names in `schemas/` to their content.

    Raises:
        PackError: a file does not hold; names file, line and column.
    """
    manifest = json.loads(schemas["manifest.v1.json"])
    fields = parse_fields(manifest, "UseCase")
    files = {f"{pack.name}/{path}": data for pack in packs for path, data in pack.files.items()}
    words = _section(files, "/vocabulary/")
    vocabulary = parse_vocabulary(
        {path.rpartition("/")[2].removesuffix(".yaml"): value for path, value in words.items()}
    )
    implementations = host_functions(vocabulary)
    engine = Engine({name: (*SIGNATURES[name], implementations[name]) for name in SIGNATURES})
    derivation = parse_derivation(_section(files, "/derivation/"), engine)
    known = None
    if not all(pack.trusted for pack in packs):
        from aigov.lints import Vocabulary as Known  # the shipped pack alone is not vetted

        known = Known(fields, DERIVED | derivation.lists.keys(), frozenset(), engine.functions)
    policies = _policies(packs, known, engine)
    requirements = parse_requirements(_value(schemas["required.yaml"], "schemas/required.yaml"))
    rules = Rules(
        engine,
        policies,
        _as_wanted(derivation, files),
        requirements,
        demands(requirements),
        vocabulary,
        fields,
        {
            kind: ManifestSchema(
                manifest,
                kind,
                partial(_value, schemas["synonyms.yaml"], "schemas/synonyms.yaml"),
                fields if kind == "UseCase" else None,
            )
            for kind in KINDS
        },
        files,
    )
    if known and not packs[0].trusted:
        _vet_conditions(rules, known)
    return rules


def _as_wanted(derivation: Derivation, files: Mapping[str, bytes]) -> Derivation:
    """Keep from deriving lists that no policy and no condition reads."""
    text = b"\n".join(files.values()).decode()
    wanted = frozenset(name for name in derivation.lists if f"derived.{name}" in text)
    return derivation._replace(wanted=wanted)


def _vet_conditions(rules: Rules, known: "Known") -> None:
    """Check the names in derivation rules and in the conditions of required fields.

    Raises:
        PackError: one does not exist.
    """
    from aigov.lints import name_faults  # only a pack that is vetted needs it

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
        for path, data in sorted(pack.files.items()):
            if path == "pack.yaml" or path.startswith(("derivation/", "vocabulary/")):
                continue
            document = _document(data, f"{pack.name}/{path}")
            vetted = None if pack.trusted else known
            policy = parse_policy(document, f"{pack.name}/{path}", engine, vetted)
            for name in (policy.code, policy.id, *policy.params):
                if name in taken:
                    raise PackError(f"{name} is already taken by {taken[name]}", where=policy.where)
                taken[name] = policy.where
            found[policy.code] = policy
            if not pack.trusted:
                _compile(policy, engine)
    if not found:
        raise PackError("the pack holds no policy", where=packs[-1].name)
    return dict(sorted(found.items()))


def _compile(policy: Policy, engine: Engine) -> None:
    """Compile at once, so that a type error shows whether or not the policy binds."""
    for expression in (policy.when, policy.require, *(when for when, _ in policy.soften)):
        if expression is not None:
            try:
                engine.compile(expression.text)
            except ExpressionFault as fault:
                raise PackError(f"does not compile: {fault.message}", where=policy.where) from None


def _section(files: Mapping[str, bytes], infix: str) -> dict[str, Any]:
    return {path: _value(data, path) for path, data in sorted(files.items()) if infix in path}


def _value(data: bytes, path: str) -> Any:
    return _document(data, path).value


def _document(data: bytes, path: str) -> Document:
    loaded = load(data)
    if loaded.troubles:
        trouble = loaded.troubles[0]
        raise PackError(trouble.message, where=f"{path}:{trouble.line}:{trouble.column}")
    if len(loaded.documents) != 1:
        raise PackError("exactly one YAML document is expected", where=path)
    return loaded.documents[0]


def tighten(rules: Rules, profile: Profile) -> Rules:
    """Return `rules` with the enforcement and thresholds that `profile` tightens.

    Raises:
        ProfileError: an unknown policy or param, or a loosening; has its place.
    """
    named, policies = rules.named(), dict(rules.policies)
    for name, asked in profile.policies.items():
        policy = named.get(name)
        if policy is None:
            raise profile.error(asked.pointer, f"no policy {name}")
        policies[policy.code] = _tightened(policy, asked, profile)
    return rules._replace(policies=policies)


def _tightened(policy: Policy, asked: Tightening, profile: Profile) -> Policy:
    enforcement = policy.enforcement
    if asked.enforcement:
        wanted = asked.enforcement
        if any(wanted.rank < given.rank for given in enforcement.values()):
            problem = f"{policy.code} may only be tightened, not made {wanted}"
            raise profile.error(f"{asked.pointer}/enforcement", problem)
        enforcement = dict.fromkeys(enforcement, wanted)
    params = dict(policy.params)
    for name, number in asked.params.items():
        pointer = f"{asked.pointer}/params/{name}"
        if name not in params:
            raise profile.error(pointer, f"{policy.code} has no param {name}")
        given = params[name]
        loosened = max(given.values()) if name.startswith("max_") else min(given.values())
        if number > loosened if name.startswith("max_") else number < loosened:
            raise profile.error(pointer, f"{name} may only be tightened: {loosened:g} is the limit")
        stricter = min if name.startswith("max_") else max
        params[name] = {tier: stricter(one, number) for tier, one in given.items()}
    return policy._replace(enforcement=enforcement, params=params)
