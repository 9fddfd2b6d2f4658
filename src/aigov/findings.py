"""What a judgement is made of: outcome, enforcement, place, result, fingerprint."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What became of one policy on one document; silence is never `PASS`."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """The expression reads a value that is not there."""
    NOT_APPLICABLE = "not_applicable"
    LATER = "later"
    """Binds at a later stage: a preview, never a finding."""
    WAIVED = "waived"
    ERROR = "error"
    """The policy itself misbehaved on a document that its schema accepts."""


FINDINGS = frozenset({Outcome.FAIL, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.ERROR})


class Enforcement(StrEnum):
    """What a failure does, weakest first in `rank`."""

    INFO = "info"
    WARN = "warn"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 (info) to 2 (block): a larger rank is stricter."""
        return _RANKS[self]


_RANKS = {Enforcement.INFO: 0, Enforcement.WARN: 1, Enforcement.BLOCK: 2}


class Place(NamedTuple):
    """A stretch of text: lines and columns start at 1, columns count code points,
    `end_column` is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Spot(NamedTuple):
    """A place in a document and the JSON pointer it stands for."""

    pointer: str
    place: Place


class Result(NamedTuple):
    """One policy judged on one document (or one schema, waiver or change finding)."""

    code: str
    outcome: Outcome
    enforcement: Enforcement | None = None
    """What the failure does; None unless this is a finding."""
    message: str = ""
    """What was found, in one line; may hold hostile text: renderers escape it."""
    pointer: str = ""
    """JSON pointer (RFC 6901) of the value at fault; it may be absent from the text."""
    place: Place | None = None
    """Where the value stands; for an absent one, the nearest written ancestor's key."""
    related: tuple[Spot, ...] = ()
    """Further places of the same finding, in document order."""
    missing: tuple[str, ...] = ()
    """For `UNKNOWN`: pointers of the absent values; for `NOT_APPLICABLE`: the
    contexts that were not given (`history`, `profile`, ...)."""
    note: str = ""
    fingerprint: str = ""
    """64 hex digits, stable across moves within the file; empty unless a finding."""
    waiver: str | None = None
    """`metadata.id` of the waiver that covers a `WAIVED` result; several with ", " between,
    where each covers some of its places."""
    path: str = ""
    """The file in which `place` is, where that is another than the document's."""

    @property
    def is_finding(self) -> bool:
        return self.outcome in FINDINGS

    @property
    def blocks(self) -> bool:
        """Whether this result alone denies: a blocking fail or unknown, or an error."""
        if self.outcome is Outcome.ERROR:
            return True
        return self.enforcement is Enforcement.BLOCK and self.outcome in (
            Outcome.FAIL,
            Outcome.UNKNOWN,
        )

    @property
    def warns(self) -> bool:
        return self.enforcement is Enforcement.WARN and self.outcome in (
            Outcome.FAIL,
            Outcome.UNKNOWN,
        )


def by_code(result: Result) -> tuple[str, str, str]:
    """Return the key by which the results of a document are sorted."""
    return result.code, result.pointer, result.message


def fingerprint(code: str, use_case: str, stable_pointer: str) -> str:
    """Return the sha256 (hex) that identifies a finding across commits.

    `stable_pointer` is the pointer with list positions replaced by the item's
    `id` or `name` (`Document.stable_pointer`).
    """
    import hashlib  # only a finding needs it, and it loads OpenSSL

    return hashlib.sha256(f"{code}\0{use_case}\0{stable_pointer}".encode()).hexdigest()
