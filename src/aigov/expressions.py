"""CEL through Google's `cel-expr-python`: compile, activate, evaluate.

The only module that knows the library, and its guard.  The library's traps, and what
holds them off here:

* only plain values may enter (no subclasses, no dates): `source.load` makes such;
* reading a null value back corrupts memory: only BOOL and ERROR are ever read;
* an activation caches its conversion at first use: it is never changed afterwards;
* results above its iteration budget come as RuntimeError: an answer, not a crash.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cel_expr_python import cel

if TYPE_CHECKING:
    from aigov.syntax import Expr, Path

STAGES = (
    "intake",
    "pilot",
    "authorization",
    "governance",
    "operational_ownership",
    "production",
    "retired",
)
CONSTANTS: Mapping[str, Mapping[str, int]] = {
    "tiers": {"low": 1, "moderate": 2, "high": 3, "critical": 4, "prohibited": 5},
    "stages": {stage: rank for rank, stage in enumerate(STAGES)},
    "eu_categories": {"out_of_scope": 0, "minimal": 1, "limited": 2, "high": 3, "prohibited": 4},
    "modes": {"out_of_the_loop": 0, "on_the_loop": 1, "in_the_loop": 2},
    "data_classes": {"public": 0, "internal": 1, "confidential": 2, "restricted": 3},
}
"""Ordered vocabularies: a value's rank, for comparisons such as `tiers[a] >= tiers[b]`."""

CONTEXTS = ("history", "profile", "repository", "portfolio")
"""What a policy may `need` beyond the document."""

VARIABLES: Mapping[str, str] = {
    **dict.fromkeys(("spec", "metadata", "derived", "judged", "params"), "dyn"),
    **dict.fromkeys(("profile", "change", "git", "waivers", "repository", "portfolio"), "dyn"),
    **dict.fromkeys(CONSTANTS, "map(string, int)"),
    "evidence": "map(string, bool)",
    "today": "string",
    "tier": "int",
    "stage": "int",
}
"""Every name that an expression may use, and its CEL type."""

Function = tuple[tuple[str, ...], str, Callable[..., object]]
"""Parameter types, result type and implementation of a host function."""

ABSENT = 'NOT_FOUND: Key not found in map : "'
"""How the library's text for an absent key begins; a host function that cannot tell
raises LookupError with the same words and a key that starts with `unknown: `."""


class Answer(NamedTuple):
    """What an evaluation gave: true, false, or None with the library's words."""

    value: bool | None
    trouble: str = ""


class Expression:
    """An expression; parsed and compiled when first needed, for most never are."""

    def __init__(self, engine: "Engine", text: str) -> None:
        self.engine = engine
        self.text = text

    @cached_property
    def tree(self) -> "Expr":
        """The parse, for paths, places and explanations; ExpressionFault if there is none."""
        from aigov.syntax import parse  # only vetting and explaining need it

        return parse(self.text)

    @cached_property
    def paths(self) -> "tuple[Path, ...]":
        """The static paths it reads, in the order of its text."""
        from aigov.syntax import paths  # only vetting and explaining need it

        return tuple(paths(self.tree))

    @cached_property
    def _compiled(self) -> cel.Expression:
        return self.engine.prepare(self.text)

    def __call__(self, activation: cel.Activation) -> Answer:
        """Evaluate; raises ExpressionFault if it does not compile."""
        try:
            value = self._compiled.eval(activation)
        except RuntimeError as error:  # the iteration budget
            return Answer(None, f"BUDGET: {error}")
        kind = value.type()
        if kind == _BOOL:
            return Answer(bool(value.value()))
        if kind == _ERROR:
            return Answer(None, str(value.value()))
        return Answer(None, f"NOT_BOOL: the result is of type {kind.name()}")


_BOOL = cel.Type.BOOL
_ERROR = cel.Type.ERROR


class Engine:
    """One CEL environment with its host functions; make one a process."""

    def __init__(
        self, functions: Mapping[str, Function], compiled: Mapping[str, bytes] | None = None
    ) -> None:
        """Declare the host functions; `compiled` holds expressions that this same version
        of the library compiled and serialized before, by their text."""
        self.functions = frozenset(functions)
        self._serialized = compiled or {}
        self._known: dict[str, Expression] = {}
        kinds = {"dyn": cel.Type.DYN, "string": cel.Type.STRING, "int": cel.Type.INT}
        kinds |= {"bool": _BOOL, "list": cel.Type.List(cel.Type.DYN)}
        kinds["map(string, int)"] = cel.Type.Map(cel.Type.STRING, cel.Type.INT)
        kinds["map(string, bool)"] = cel.Type.Map(cel.Type.STRING, _BOOL)
        declared = [
            cel.FunctionDecl(
                name,
                [
                    cel.Overload(
                        f"aigov_{name}",
                        return_type=kinds[result],
                        parameters=[kinds[one] for one in parameters],
                        is_member=False,
                        impl=implementation,
                    )
                ],
            )
            for name, (parameters, result, implementation) in functions.items()
        ]
        # A dyn parameter accepts every type only through an extension.
        self._environment = cel.NewEnv(
            variables={name: kinds[kind] for name, kind in VARIABLES.items()},
            extensions=[cel.CelExtension("aigov", declared)],
        )

    def expression(self, text: str) -> Expression:
        """Return the expression of `text`; the same text gives the same one."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = Expression(self, text)
        return known

    def prepare(self, text: str) -> cel.Expression:
        """Return the compiled form to evaluate, from the serialized one where there is one."""
        serialized = self._serialized.get(text)
        if serialized is None:
            return self.compile(text, checked=False)
        return self._environment.deserialize(serialized)

    def compile(self, text: str, *, checked: bool = True) -> cel.Expression:
        """Compile by the library; `checked` also holds the declared names and types.

        Evaluation takes the unchecked form: it gives the same answers in half the time
        to compile, and what is checked is checked when a pack is vetted.

        Raises:
            ExpressionFault: it does not compile.
        """
        try:
            return self._environment.compile(text, disable_check=not checked)
        except RuntimeError as error:
            from aigov.syntax import ExpressionFault

            raise ExpressionFault(*_fault(str(error), text)) from None

    def activation(self, variables: Mapping[str, Any]) -> cel.Activation:
        """Bind the variables of one document; a context that was not given stays out."""
        return self._environment.Activation({**CONSTANTS, **variables})


def _fault(words: str, text: str) -> tuple[str, int]:
    """Take message and offset from the library's `ERROR: <input>:1:10: message`."""
    head, _, message = words.splitlines()[0].partition("<input>:")
    if not message:
        return head, 0
    line, column, message = message.split(":", 2)
    offset = sum(len(one) + 1 for one in text.split("\n")[: int(line) - 1]) + int(column) - 1
    return message.strip(), max(0, offset)
