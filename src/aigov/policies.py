"""A policy: its file, read and checked.

Two YAML files make a policy (the second holds its cases); this module reads the
first.  A misspelt key, name or path is an error with file, line and column.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from aigov.errors import PackError
from aigov.expressions import CONSTANTS, CONTEXTS, Engine, Expression
from aigov.fields import find
from aigov.findings import Enforcement
from aigov.source import Document, split_pointer

if TYPE_CHECKING:
    from aigov.lints import Vocabulary

TIERS = ("low", "moderate", "high", "critical")
DOMAINS = (
    "strategy-governance",
    "intake-portfolio",
    "design-architecture",
    "build-delivery",
    "deploy-operate",
    "optimize-value",
)
_NAMES = {"code": "[A-Z][A-Z0-9]*-[0-9]{3}", "id": "[a-z][a-z0-9-]*"}
"""As `schemas/policy.v1.json` has it: what waivers and profiles can refer to."""
PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+(?:\.[A-Za-z0-9_]+)*)\s*\}\}")
"""A value in a message: `{{spec.risk.tier}}`; `it` is the list element at fault."""
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "code": str,
    "title": str,
    "domain": str,
    "from": str,
    "to": str,
    "enforcement": dict,
    "early": str,
    "soften": list,
    "needs": list,
    "when": str,
    "optional": list,
    "require": str,
    "at": str,
    "message": str,
    "remedy": str,
    "why": str,
    "waivable": (bool, dict),
    "params": dict,
    "controls": dict,
    "obligations": list,
}
_MANDATORY = ("id", "code", "title", "from", "enforcement", "require", "at", "message", "remedy")


class Waivable(NamedTuple):
    """How far a waiver may go."""

    max_days: Mapping[str, int]
    """Tier to the most days between grant and expiry."""
    approver_not: tuple[str, ...]
    """Roles below `spec.ownership` that may not approve it."""


class Policy(NamedTuple):
    """One machine-checkable rule, as its file states it."""

    code: str
    id: str
    title: str
    domain: str
    binds_from: int
    """Rank of the first stage at which it binds (`CONSTANTS["stages"]`)."""
    binds_to: int
    enforcement: Mapping[int, Enforcement]
    """By rank of the tier; a missing tier is not applicable."""
    early: Enforcement | None
    """Enforcement one stage before `binds_from`."""
    soften: tuple[tuple[Expression, Enforcement], ...]
    needs: tuple[str, ...]
    when: Expression | None
    require: Expression
    at: str
    """JSON pointer (`*` for list items), or `derived.<list>` whose items carry one."""
    message: str
    remedy: str
    why: str
    waivable: Waivable | None
    params: Mapping[str, Mapping[int, float]]
    """Threshold by name (`max_...`, `min_...`) and rank of the tier."""
    controls: Mapping[str, tuple[str, ...]]
    obligations: tuple[str, ...]
    """Keys of the legal obligations that it rests on (`policies/law/corpus.yaml`)."""
    where: str
    """Path of its file."""

    @property
    def on_organisation(self) -> bool:
        """Whether it judges the organisation by its portfolio, and no use case."""
        return "portfolio" in self.needs


def parse_policy(
    document: Document, path: str, engine: Engine, known: "Vocabulary | None" = None
) -> Policy:
    """Read one policy file; with `known`, also check every name, path and silent pass.

    Raises:
        PackError: the file does not hold; `where` is `path:line:column`.
    """
    return _PolicyReader(document, path, engine, known).read()


def resolve_params(policies: Mapping[str, Policy], tier: int) -> dict[str, float]:
    """Return the thresholds in force at a tier's rank, over all policies."""
    return {
        name: by_tier[tier]
        for policy in policies.values()
        for name, by_tier in policy.params.items()
        if tier in by_tier
    }


class _PolicyReader:
    """Reads one file; knows where each of its values stands."""

    def __init__(
        self, document: Document, path: str, engine: Engine, known: "Vocabulary | None"
    ) -> None:
        self.document = document
        self.path = path
        self.known = known
        self.engine = engine
        value = document.value
        if not isinstance(value, dict):
            raise self.error("", "a policy is a mapping")
        self.value: dict[str, Any] = value

    def error(self, pointer: str, problem: str, offset: int = 0) -> PackError:
        place = self.document.place(pointer)
        # An offset counts only in a value on one line; a quoted one starts one later.
        return PackError(problem, where=f"{self.path}:{place.line}:{place.column + offset}")

    def read(self) -> Policy:
        self.check_keys()
        parts = self.path.split("/")
        value = self.value
        if parts[-1] != f"{value['id']}.yaml":
            raise self.error("/id", f"the id is {value['id']}, but the file is {parts[-1]}")
        binds_from = self.rank("stages", "/from", value["from"])
        binds_to = self.rank("stages", "/to", value.get("to", "production"))
        if binds_to < binds_from:
            raise self.error("/to", "it never binds: `to` (else production) is before `from`")
        params = self.params()
        if self.known:
            self.known = self.known._replace(params=self.known.params | params.keys())
        require = self.expression("/require", value["require"], condition=False)
        when = None
        if value.get("when", "true") != "true":
            when = self.expression("/when", value["when"], condition=True)
        return Policy(
            code=value["code"],
            id=value["id"],
            title=value["title"],
            domain=value.get("domain", parts[-2] if len(parts) > 1 else ""),
            binds_from=binds_from,
            binds_to=binds_to,
            enforcement={
                CONSTANTS["tiers"][tier]: self.enforcement(f"/enforcement/{tier}", word)
                for tier, word in value["enforcement"].items()
            },
            early=self.enforcement("/early", value["early"]) if "early" in value else None,
            soften=tuple(self.soften()),
            needs=self.needs(),
            when=when,
            require=require,
            at=self.at(),
            message=self.message(),
            remedy=value["remedy"],
            why=value.get("why", ""),
            waivable=self.waivable(),
            params=params,
            controls=self.controls(),
            obligations=self.obligations(),
            where=self.path,
        )

    def check_keys(self) -> None:
        for key, value in self.value.items():
            if key not in _KEYS:
                raise self.error(f"/{key}", f"no key {key} in a policy{_meant(key, _KEYS)}")
            if not isinstance(value, _KEYS[key]):
                raise self.error(f"/{key}", f"{key} is of the wrong type")
        for key in _MANDATORY:
            if not self.value.get(key):
                raise self.error("", f"a policy needs {key}")
        for key, pattern in _NAMES.items() if self.known else ():
            if not re.fullmatch(pattern, self.value[key]):
                raise self.error(f"/{key}", f"{self.value[key]} is no {key} of the form {pattern}")
        for tier in self.value["enforcement"]:
            if tier not in TIERS:
                raise self.error(f"/enforcement/{tier}", f"no tier {tier}")

    def rank(self, kind: str, pointer: str, word: str) -> int:
        ranks = CONSTANTS[kind]
        if word not in ranks:
            raise self.error(pointer, f"{word} is not one of {', '.join(ranks)}")
        return ranks[word]

    def enforcement(self, pointer: str, word: object) -> Enforcement:
        try:
            return Enforcement(str(word))
        except ValueError:
            raise self.error(pointer, f"{word} is not block, warn or info") from None

    def needs(self) -> tuple[str, ...]:
        needs = tuple(self.value.get("needs", ()))
        for index, need in enumerate(needs):
            if need not in CONTEXTS:
                raise self.error(f"/needs/{index}", f"{need} is not one of {', '.join(CONTEXTS)}")
        return needs

    def soften(self) -> Iterator[tuple[Expression, Enforcement]]:
        for index, row in enumerate(self.value.get("soften", ())):
            pointer = f"/soften/{index}"
            if not isinstance(row, dict) or row.keys() != {"when", "to"}:
                raise self.error(pointer, "soften takes `when` and `to`")
            when = self.expression(f"{pointer}/when", row["when"], condition=True)
            yield when, self.enforcement(f"{pointer}/to", row["to"])

    def expression(self, pointer: str, text: str, *, condition: bool) -> Expression:
        expression = self.engine.expression(text)
        if self.known is None:
            return expression
        # the shipped pack is not vetted at run time
        from aigov.lints import name_faults, silence_faults
        from aigov.syntax import ExpressionFault

        optional = [str(path) for path in self.value.get("optional", ())]
        try:
            faults = [
                *name_faults(expression.tree, self.known),
                *silence_faults(expression.tree, optional, condition=condition),
            ]
        except ExpressionFault as fault:
            raise self.error(pointer, fault.message, fault.offset) from None
        for one in faults:
            raise self.error(pointer, one.message, one.offset)
        return expression

    def at(self) -> str:
        at = str(self.value["at"])
        if self.known is None:
            return at
        root, _, name = at.partition(".")
        if root == "derived":
            if name not in self.known.derived:
                raise self.error("/at", f"no {at}")
        elif not at.startswith("/"):
            if name not in self.known.places(root):
                raise self.error("/at", "a JSON pointer starts with /")
        else:
            kind = "Organization" if "portfolio" in self.value.get("needs", ()) else "UseCase"
            if find(self.known.documents[kind], split_pointer(at)) is None:
                raise self.error("/at", f"no field {at}")
        return at

    def controls(self) -> dict[str, tuple[str, ...]]:
        given = self.value.get("controls", {})
        for pointer, problem in self.known.citation_faults(given) if self.known else ():
            raise self.error(pointer, problem)
        return {name: tuple(cited) for name, cited in given.items()}

    def obligations(self) -> tuple[str, ...]:
        keys = tuple(map(str, self.value.get("obligations", ())))
        for index, key in enumerate(keys) if self.known else ():
            if self.known and key not in self.known.obligations:
                problem = f"no obligation {key} in the corpus{_meant(key, self.known.obligations)}"
                raise self.error(f"/obligations/{index}", problem)
        return keys

    def message(self) -> str:
        message = str(self.value["message"])
        for found in PLACEHOLDER.finditer(message) if self.known else ():
            if not found[1].startswith("it."):
                self.expression("/message", found[1], condition=False)
        return message

    def waivable(self) -> Waivable | None:
        given = self.value.get("waivable", False)
        if given is False:
            return None
        if not isinstance(given, dict) or given.keys() != {"max_days", "approver_not"}:
            raise self.error("/waivable", "waivable is false, or takes max_days and approver_not")
        return Waivable(dict(given["max_days"]), tuple(given["approver_not"]))

    def params(self) -> dict[str, dict[int, float]]:
        found = {}
        for name, given in self.value.get("params", {}).items():
            if not name.startswith(("max_", "min_")):
                raise self.error(
                    f"/params/{name}",
                    "a param starts with max_ or min_, so that it is known how to tighten it",
                )
            by_tier = given if isinstance(given, dict) else dict.fromkeys(TIERS, given)
            for tier, number in by_tier.items():
                if tier not in TIERS or isinstance(number, bool) or not _is_number(number):
                    raise self.error(f"/params/{name}", "a param is a number, or one by tier")
                if number < 0:
                    raise self.error(f"/params/{name}", "a param may not be negative")
            found[name] = {CONSTANTS["tiers"][t]: n for t, n in by_tier.items()}
        return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _meant(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only a fault needs it

    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
