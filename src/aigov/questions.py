"""What a person is asked (`init/questions.yaml`), and what an answer states.

An answer is one line of text. It states values of a manifest by JSON pointer; where it
cannot be understood, a sentence says what is missing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Question(NamedTuple):
    """One question, as a row of `init/questions.yaml` has it; all fields are JSON pointers."""

    id: str
    ask: str
    example: str
    parts: Sequence[str]
    """What an answer is made of: a kind, and the fields it fills, with blanks between."""
    choices: Mapping[str, str] = {}
    """Key to the words for it."""
    means: Mapping[str, Mapping[str, Any]] = {}
    """Key of a choice to the values that it states."""
    set: Mapping[str, Any] = {}
    """What every answer states."""
    when: Mapping[str, Any] = {}
    """The question is left out beside a list that has not this among its items."""
    hint: str = ""
    """The kind of clue that may help."""
    open: Mapping[str, Any] = {}
    """What stands in a manifest while nobody has answered."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The pointers of all that an answer may fill, in the order of the question."""
        named = [pointer for part in self.parts for pointer in part.split()[1:]]
        meant = [pointer for values in self.means.values() for pointer in values]
        return tuple(dict.fromkeys((*named, *meant, *self.set)))

    def is_asked(self, values: Mapping[str, Any]) -> bool:
        """Say whether the values so far, by pointer, leave room for this question."""
        return all(one in values.get(pointer, [one]) for pointer, one in self.when.items())


def slug(text: str) -> str:
    """Return `text` in the letters of an id: 3 to 63 of a-z, 0-9 and `-`, a letter first."""
    plain = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
    if not plain[:1].isalpha() or len(plain) < 3:
        plain = f"uc-{plain or 'new'}"
    return plain[:63].rstrip("-")


def team(text: str) -> str:
    """Return the name of a team as a manifest has it."""
    return f"group:{text.lower().removeprefix('group:')}"


_SEPARATOR = re.compile(r"(?:[\s;]|,(?!\d{3}\b))+")
_KINDS: Mapping[str, tuple[str, str, Callable[[str], Any]]] = {
    "text": (".+", "words", str),
    "item": (".+", "words", lambda text: [text]),
    "date": (r"\d{4}-\d{2}-\d{2}", "a date such as 2026-11-22", str),
    "number": (
        r"\d{1,3}([,.']\d{3})+|\d{1,15}",
        "a whole number",
        lambda text: int(re.sub(r"\D", "", text)),
    ),
    "person": ("[^@]*@.+", "a person (name@company or @handle)", str),
    "team": (".+", "a team", team),
    "word": (".+", "a word", str),
    "slug": (".+", "a word", slug),
}
"""What a part of an answer looks like, what it is called where it is missing, its value."""


def read_answer(
    question: Question, answer: str, known: Mapping[str, Any], today: str
) -> dict[str, Any]:
    """Return the values that the answer states; `known` is what the repository says.

    Raises:
        ValueError: a part of it is missing; the message says which.
    """
    line = " ".join(answer.split())
    if not line.isprintable():
        raise ValueError("a character in it does not print")
    stated = [question.set]
    left = [word for word in _SEPARATOR.split(line) if word]
    for part in question.parts:
        kind, *to = part.split()
        if kind in ("choice", "choices"):
            stated += _chosen(question, left, to, several=kind == "choices")
            continue
        pattern, words, value = _KINDS[kind]
        whole = [line] if kind in ("text", "item") else left
        taken = next((one for one in whole if re.fullmatch(pattern, one)), None)
        told = next((known[pointer] for pointer in to if pointer in known), None)
        if taken is not None:
            whole.remove(taken)
            told = value(taken)
        elif told is None:
            raise ValueError(f"{words} is missing")
        stated.append(dict.fromkeys(to, told))
    found: dict[str, Any] = {}
    for pointer, one in (item for values in stated for item in values.items()):
        listed = isinstance(one, list)
        found[pointer] = [*dict.fromkeys([*found.get(pointer, ()), *one])] if listed else one
    return {pointer: today if one == "$today" else one for pointer, one in found.items()}


def _chosen(
    question: Question, left: list[str], to: Sequence[str], *, several: bool
) -> list[Mapping[str, Any]]:
    """Take the choices that `left` names by key or number out of it; return their values."""
    keys = {str(n): key for n, key in enumerate(question.choices, 1)}
    keys |= {key.lower(): key for key in question.choices}
    named = [word for word in left if word.lower() in keys]
    named = named if several else named[:1]
    for word in named:
        left.remove(word)
    if not named or (several and left):
        raise ValueError(f"{', '.join(left)} is none of the choices")
    chosen = [keys[word.lower()] for word in named]
    return [
        question.means.get(key, {pointer: [key] if several else key for pointer in to})
        for key in chosen
    ]
