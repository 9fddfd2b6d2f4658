"""The host functions that policies call, built from a pack's vocabulary.

Every function is pure and total: a value of the wrong type is False, never an
exception, for the CEL library swallows exceptions.  Two tell more: a text that is no
date or no duration raises ValueError (an error of the policy or the document), and a
question that nobody can answer raises LookupError in the words of an absent key, so
that it counts as unknown.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from aigov.errors import PackError

Function = tuple[tuple[str, ...], str, Callable[..., object]]
"""The CEL types of the parameters and of the result, and what computes it."""

MAX_TEXT = 512
"""Longest text, in characters, that is matched at all: addresses, contacts and versions
are shorter, and it bounds what a hostile value can cost."""

MAX_SEARCHED = 8192
"""How much of a text, in characters, is searched for words."""

_PERSON = (
    r"@[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|([\w.!#$%&'*+/=?^`{|}~-]+)@[\w-]+(?:\.[\w-]+)+"
)
_TEAM = r"group:(?:[a-z0-9_.-]+/)?([a-z0-9][a-z0-9-]*)"
_CONTACTS = {
    "https": r"https://[^\s/?#]+/\S+",
    "mailto": r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+",
    "tel": r"tel:\+[1-9][0-9]{7,14}",  # E.164
    "slack": r"slack:#[a-z0-9_-]+",
}
_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_DATE = rf"20\d\d-(?:0[1-9]|1[0-2])-{_DAY}|20\d\d(?:0[1-9]|1[0-2]){_DAY}"
_VERSIONS = (
    r"v?\d+(?:\.\d+){2,3}(?![\w.+-]*(?:snapshot|latest|dev|tbd)\b)(?:-[\w.-]+)?(?:\+[\w.-]+)?",
    rf"(?:[a-z][\w.]*-)*v?(?:{_DATE})(?:[-.]\d+)?",  # snap-2026-01-31
    r"(?:sha256:)?[0-9a-f]{64}|[0-9a-f]{40}",  # a digest; a git commit
)
_EDGES = " \t\r\n.,:;!?()[]\"'`/#=~-\N{EN DASH}\N{EM DASH}_\N{HORIZONTAL ELLIPSIS}"
"""Signs around a placeholder that do not count."""
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by their category that show nothing: Hangul fillers and the Braille blank."""
_UNSEEN = "\N{ZERO WIDTH SPACE}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_WINDOW = {"d": 1, "w": 7, "M": 30}
"""Days in a unit of a window (OpenSLO v1 durations; a month counts 30 days)."""


class Provider(NamedTuple):
    """How one provider names its models; both are regular expressions, "" for none."""

    exact: str
    floating: str
    full_version: bool
    """A full version, a date or a digest is exact, as for components."""

    def is_exact(self, version: str, name: str, *, has_digest: bool) -> bool:
        """Tell whether a version in lower case is one snapshot; a floating one never is."""
        if _matches(self.floating, version):
            return False
        return (
            has_digest
            or any(_matches(self.exact, one) for one in (version, f"{name}-{version}"))
            or (self.full_version and is_exact_version(version))
        )


class Vocabulary(NamedTuple):
    """The words of a pack: placeholders, role mailboxes, model snapshots."""

    words: frozenset[str]
    patterns: tuple[tuple[str, tuple[str, ...]], ...]
    """Regular expression of a placeholder, and what a text must hold to be tried."""
    roles: frozenset[str]
    role_suffixes: frozenset[str]
    role_prefixes: frozenset[str]
    floating_version: frozenset[str]
    floating_name: frozenset[str]
    """Last words that make a version, or a name, a floating one."""
    providers: Mapping[str, Provider]
    """By every name of a provider."""
    distinct_evidence: frozenset[str]
    """Pointers (`*` for list positions) of evidence that may not be the same bytes."""

    def is_placeholder(self, text: str) -> bool:
        """Tell whether the whole of `text` stands for a value that nobody gave."""
        return self._stands_for_nothing(_unmasked(text), self.patterns)

    def placeholders(self, texts: Sequence[str]) -> list[int]:
        """Return the positions of the placeholders among `texts` (none of which holds NUL).

        Looks for the hints of all patterns in all texts at once: few documents hold one.
        """
        whole = _unmasked("\0".join(texts))
        seen = whole.replace(_UNSEEN, "")
        tried = [row for row in self.patterns if any(hint in seen for hint in row[1])]
        lowered = whole.split("\0") if texts else []
        return [i for i, text in enumerate(lowered) if self._stands_for_nothing(text, tried)]

    def _stands_for_nothing(
        self, small: str, patterns: Iterable[tuple[str, tuple[str, ...]]]
    ) -> bool:
        seen = small.replace(_UNSEEN, "")
        bare = seen.strip(_EDGES)
        if bare in self.words or not bare:
            return bool(small) and not small.isspace()
        if all(word.strip(_EDGES) in self.words for word in bare.split()):
            return True  # TBD TBD
        return any(
            _matches(pattern, seen.strip())
            for pattern, hints in patterns
            if any(hint in seen for hint in hints)  # most values hold none, and `in` is cheap
        )

    def is_role(self, local: str) -> bool:
        """Tell whether the local part of an address names a role and not a person."""
        name = local.lower().partition("+")[0]
        unified = name.replace("_", "-")
        if unified.replace(".", "-") in self.roles:
            return True
        head, _, tail = unified.rpartition("-")
        return bool(head) and (
            tail in self.role_suffixes or unified.partition("-")[0] in self.role_prefixes
        )

    def is_person(self, value: object) -> bool:
        """Tell whether it is one named person: an address that is no role's, or a handle."""
        found = _find(_PERSON, value)
        if found is None or self.is_placeholder(found[0]):
            return False
        name = found[1] or found[0][1:]  # of a mailbox, or of a handle
        return not self.is_placeholder(name) and not self.is_role(name)

    def is_team(self, value: object) -> bool:
        """Tell whether it is a group with a name."""
        found = _find(_TEAM, value)
        return found is not None and not self.is_placeholder(found[1])

    def is_contact(self, value: object) -> bool:
        """Tell whether it is a page, mailbox, telephone or channel that can be reached."""
        scheme = value.partition(":")[0] if isinstance(value, str) else ""
        found = _find(_CONTACTS[scheme], value) if scheme in _CONTACTS else None
        return found is not None and not self.is_placeholder(found[0])

    def is_filled(self, value: object) -> bool:
        """Tell whether it is neither null, empty nor a placeholder; 0 and false are filled."""
        if isinstance(value, str):
            return not (not value or value.isspace() or self.is_placeholder(value))
        if isinstance(value, list | dict):
            return bool(value)
        return value is not None

    def is_exact_model(self, model: object) -> bool:
        """Tell whether `provider`, `name`, `version` and perhaps `digest` fix one model.

        Raises:
            LookupError: provider or version is absent, or nobody knows how the provider
                names its versions and no digest is given.
        """
        if not isinstance(model, dict):
            return False
        for key in ("provider", "version"):
            if key not in model:
                raise LookupError(f'Key not found in map : "unknown: the model has no {key}"')
        given = [model["provider"], model["version"], model.get("name", "")]
        if not all(isinstance(one, str) and len(one) <= MAX_TEXT for one in given):
            return False
        provider, version, name = (one.lower() for one in given)
        if _last_word(version) in self.floating_version or _last_word(name) in self.floating_name:
            return False
        has_digest = _find(_DIGEST, model.get("digest")) is not None
        known = self.providers.get(provider)
        if known is not None:
            return known.is_exact(version, name, has_digest=has_digest)
        if not has_digest:
            words = f"how {provider[:40]} names its model versions"
            raise LookupError(f'Key not found in map : "unknown: {words}"')
        return bool(version)

    def expressions(self) -> Iterator[str]:
        """Yield every regular expression, for a check of the pack."""
        yield from (pattern for pattern, _ in self.patterns)
        for provider in self.providers.values():
            yield from (provider.exact, provider.floating)


def _unmasked(text: str) -> str:
    """Return `text` in lower case, look-alike letters unified, and one sign for what is unseen.

    A placeholder may hide behind fullwidth letters (Unicode NFKC) or zero-width ones.
    """
    if text.isascii():
        return text.lower()
    from unicodedata import category, normalize  # most manifests are ASCII

    return "".join(
        _UNSEEN if category(char) in ("Cf", "Mn") or char in _BLANKS else char
        for char in normalize("NFKC", text).lower()
    )


def parse_vocabulary(files: Mapping[str, Any]) -> Vocabulary:
    """Build the vocabulary from the parsed files, which have their shape
    (`schemas/pack.v1.json`), by their names without suffix.

    Patterns are compiled at first use; `check_patterns` compiles them all.
    """
    placeholders, mailboxes = files["placeholders"], files["role-mailboxes"]
    snapshots = files["model-snapshots"]
    return Vocabulary(
        frozenset(placeholders["words"]),
        tuple((row["pattern"], tuple(row["hints"])) for row in placeholders.get("patterns", ())),
        frozenset(mailboxes["names"]),
        frozenset(mailboxes["suffixes"]),
        frozenset(mailboxes["prefixes"]),
        frozenset(snapshots["floating"]["version"]),
        frozenset(snapshots["floating"]["name"]),
        dict(_providers(snapshots["providers"])),
        frozenset(files["distinct-evidence"]["pointers"]),
    )


def check_patterns(vocabulary: Vocabulary) -> None:
    """Compile every pattern of the vocabulary.

    Raises:
        PackError: one is no regular expression.
    """
    for pattern in vocabulary.expressions():
        _compiled(pattern)


def host_functions(vocabulary: Vocabulary) -> dict[str, Function]:
    """Return every function that an expression may call, by its name."""
    tells: tuple[tuple[str, ...], str] = (("dyn",), "bool")
    return {
        "days_between": (("string", "string"), "int", days_between),
        "is_person": (*tells, vocabulary.is_person),
        "is_team": (*tells, vocabulary.is_team),
        "is_contact": (*tells, vocabulary.is_contact),
        "is_exact_version": (*tells, is_exact_version),
        "is_exact_model": (*tells, vocabulary.is_exact_model),
        "is_filled": (*tells, vocabulary.is_filled),
        "window_days": (("string",), "int", window_days),
        "is_sorted": (("list",), "bool", is_sorted),
        "mentions": (("string", "string"), "bool", mentions),
    }


def days_between(first: object, second: object) -> int:
    """Return the days from one ISO date (YYYY-MM-DD) to another.

    Raises:
        ValueError: one of them is no such date.
    """
    return (_date(second) - _date(first)).days


def window_days(window: object) -> int:
    """Return the days of a window such as `30d`, `4w` or `1M`.

    Raises:
        ValueError: it is no window; 0 would be a value that may pass.
    """
    found = _find(r"([1-9][0-9]{0,5})([dwM])", window)
    if found is None:
        raise ValueError(f"no window of days, weeks or months: {window!r:.40}")
    return int(found[1]) * _WINDOW[found[2]]


def is_exact_version(version: object) -> bool:
    """Tell whether a version names one build: x.y.z, a date, a commit or a digest."""
    return (
        isinstance(version, str)
        and version.isascii()
        and any(_find(pattern, version.lower()) is not None for pattern in _VERSIONS)
    )


def is_sorted(values: object) -> bool:
    """Tell whether a list of texts, or of numbers, never decreases."""
    if not isinstance(values, list):
        return False
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    if not numbers and not all(isinstance(one, str) for one in values):
        return False
    return all(a <= b for a, b in pairwise(values))


def mentions(text: object, pattern: object) -> bool:
    """Tell whether a text holds whole words that match a pattern, whatever their case.

    Any run of white space is one space: a phrase may be broken over lines.
    """
    return isinstance(text, str) and isinstance(pattern, str) and _mentions(text, pattern)


@lru_cache(maxsize=64)  # many conditions ask the same of one document
def _mentions(text: str, pattern: str) -> bool:
    searched = " ".join(text[:MAX_SEARCHED].lower().split())
    return _compiled(rf"\b(?:{pattern})\b").search(searched) is not None


def _date(value: object) -> date:
    # `fromisoformat` also reads 20260101 and 2026-W01-1.
    if not isinstance(value, str) or len(value) != 10 or value[4] != "-" or value[7] != "-":
        raise ValueError(f"no date (YYYY-MM-DD): {value!r:.40}")
    return date.fromisoformat(value)


def _find(pattern: str, value: object) -> re.Match[str] | None:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return None
    return _compiled(pattern).fullmatch(value)


def _last_word(text: str) -> str:
    for sign in "_.:/@ ":
        text = text.replace(sign, "-")
    return text.rpartition("-")[2]


def _matches(pattern: str, text: str) -> bool:
    """Match the whole of a text that is in lower case; "" matches nothing."""
    return bool(pattern) and _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise PackError(f"no regular expression: {error} in `{pattern}`") from None


def _either(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{one})" for one in patterns)


def _providers(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Provider]]:
    for name, row in rows.items():
        exact, floating = (_either(row.get(part, ())) for part in ("exact", "floating"))
        provider = Provider(exact, floating, row.get("full_version", False))
        for known_as in (name, *row.get("also", ())):
            yield known_as, provider
