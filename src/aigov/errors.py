"""Errors that end a run: a set-up that cannot judge.

Bad *input* (a manifest that does not parse, a field that is wrong) is never an
exception here; it is a finding.  Bad *set-up* is one of these, and every one
carries the place and the next step::

    AigovError          exit 2
    +-- UsageError      a path, option or file that was named and cannot be used
    +-- PackError       a policy, derivation or vocabulary file that does not hold
    +-- ProfileError    an organisation profile that does not hold
    +-- MissingExtra    an optional part that is not installed

Only the outermost frame (`aigov.cli`) catches them; `gate` takes one for an answer, that the
base of a commit cannot be read, which makes unknown what changed since.
"""

from collections.abc import Iterable


class AigovError(Exception):
    """A run that cannot judge: what is wrong, where, and what to do next."""

    exit_code = 2

    def __init__(self, problem: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(problem, where, remedy)
        self.problem = problem
        self.where = where
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.problem, self.where, self.remedy))

    def __str__(self) -> str:
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{text}\n  next: {self.remedy}" if self.remedy else text


class UsageError(AigovError):
    """A path, option or file that was named on the command line cannot be used."""


class PackError(AigovError):
    """A policy pack does not hold: `where` is its file, line and column."""


class ProfileError(AigovError):
    """An organisation profile does not hold: `where` is its file, line and column."""


class MissingExtra(AigovError):
    """An optional dependency is absent: `remedy` is the pip line."""


def meant(word: object, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` where a known word is close to `word`, else ""."""
    from difflib import get_close_matches  # only a fault needs it

    close = get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _rebuild(kind: type[AigovError], problem: str, where: str, remedy: str) -> AigovError:
    """Rebuild a pickled error (workers send them between processes)."""
    return kind(problem, where=where, remedy=remedy)
