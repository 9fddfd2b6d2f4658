"""Hold a policy to what it may say: every name, path, citation and demand.

Needed only for packs that are given or proved; the shipped pack is vetted by the tests.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov.errors import PackError, meant
from aigov.expressions import CONSTANTS, Engine
from aigov.fields import find
from aigov.frameworks import Framework, citation_faults
from aigov.lints import Fault, Vocabulary, name_faults, silence_faults
from aigov.policies import PLACEHOLDER
from aigov.source import Document, split_pointer
from aigov.syntax import ExpressionFault


class Vetted(NamedTuple):
    """What policies are vetted by."""

    words: Vocabulary
    obligations: Iterable[str]
    """Keys of the law corpus."""
    frameworks: Mapping[str, Framework]
    """What `controls` may cite."""


def vet_policy(document: Document, where: str, by: Vetted, engine: Engine) -> None:
    """Hold a policy that has the shape of one to what there is.

    Raises:
        PackError: it does not hold; `where` is `path:line:column`.
    """
    value: Any = document.value
    words = by.words._replace(params=by.words.params | value.get("params", {}).keys())
    for pointer, fault in _faults(value, where, by._replace(words=words), engine):
        place = document.place(pointer)
        # an offset counts only in a value on one line; a quoted one starts one later
        raise PackError(fault.message, where=f"{where}:{place.line}:{place.column + fault.offset}")


def _faults(
    value: Mapping[str, Any], where: str, by: Vetted, engine: Engine
) -> Iterator[tuple[str, Fault]]:
    """Yield (JSON pointer, fault) of a policy that has the shape of one."""
    name = where.rpartition("/")[2]
    if name != f"{value['id']}.yaml":
        yield "/id", Fault(f"the id is {value['id']}, but the file is {name}", 0)
    stages = CONSTANTS["stages"]
    if stages[value.get("to", "production")] < stages[value["from"]]:
        yield "/to", Fault("it never binds: `to` (else production) is before `from`", 0)
    optional = value.get("optional", ())
    conditions = {f"/soften/{i}/when": row["when"] for i, row in enumerate(value.get("soften", ()))}
    if value.get("when", "true") != "true":
        conditions["/when"] = value["when"]
    for pointer, text in {"/require": value["require"], **conditions}.items():
        for fault in expression_faults(engine, text, by.words):
            yield pointer, fault
        tree = engine.expression(text).tree
        for fault in silence_faults(tree, optional, condition=pointer in conditions):
            yield pointer, fault
    for found in PLACEHOLDER.finditer(value["message"]):
        if not found[1].startswith("it."):
            for fault in expression_faults(engine, found[1], by.words):
                yield "/message", fault
    if not _is_place(value, by.words):
        yield "/at", Fault(f"no field {value['at']}", 0)
    for index, key in enumerate(value.get("obligations", ())):
        if key not in by.obligations:
            words = f"no obligation {key} in the corpus{meant(key, by.obligations)}"
            yield f"/obligations/{index}", Fault(words, 0)
    for pointer, problem in citation_faults(by.frameworks, value.get("controls", {})):
        yield pointer, Fault(problem, 0)


def expression_faults(engine: Engine, text: str, words: Vocabulary) -> Iterator[Fault]:
    """Yield the names and types that an expression gets wrong, whether or not it binds."""
    try:
        yield from name_faults(engine.expression(text).tree, words)
        engine.compile(text)
    except ExpressionFault as fault:
        yield Fault(fault.message, fault.offset)


def _is_place(policy: Mapping[str, Any], words: Vocabulary) -> bool:
    at = policy["at"]
    root, _, name = at.partition(".")
    if root == "derived":
        return name in words.derived
    if not at.startswith("/"):
        return name in words.places(root)
    kind = "Organization" if "portfolio" in policy.get("needs", ()) else "UseCase"
    return find(words.documents[kind], split_pointer(at)) is not None
