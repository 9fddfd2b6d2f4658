"""What a person is asked (`init/questions.yaml`), and what an answer states.

An answer is one line of text. It states values of a manifest by JSON pointer; where it
cannot be understood, a sentence says what is missing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aigov.fields import Field, find


def slug(text: str) -> str:
    """Return `text` in the letters of an id: 3 to 63 of a-z, 0-9 and `-`, a letter first."""
    plain = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
    if not plain[:1].isalpha() or len(plain) < 3:
        plain = f"uc-{plain or 'new'}"
    return plain[:63].rstrip("-")


_WORDS = r"\S(?:.*\S)?"
_WORD = r"[^\s,;]+"
_TAKES = {
    "text": (_WORDS, "words"),
    "item": (_WORDS, "words"),
    "date": (r"\b\d{4}-\d{2}-\d{2}\b", "a date such as 2026-11-22"),
    "number": (r"\b\d{1,3}(?:[,.']\d{3})+\b|\b\d{1,15}\b", "a whole number"),
    "person": (r"[^\s,;@]*@[^\s,;]+", "a person (name@company or @handle)"),
    "team": (_WORD, "a team"),
    "word": (_WORD, "a word"),
    "slug": (_WORD, "a word"),
}
"""What a part of an answer looks like, and what it is called where it is missing."""
_VALUES: Mapping[str, Callable[[str], Any]] = {
    "number": lambda text: int(re.sub(r"\D", "", text)),
    "item": lambda text: [text],
    "team": lambda text: f"group:{text.removeprefix('group:')}",
    "slug": slug,
}
"""What becomes of such a text; it stays as it is where nothing is said here."""


class Question(NamedTuple):
    """One question, in the words that a person is asked."""

    id: str
    ask: str
    example: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    """Kind of each part of an answer, and the fields (JSON pointers) that it fills."""
    choices: Mapping[str, tuple[str, Mapping[str, Any]]]
    """Key to the words for it and the values that it stands for."""
    set: Mapping[str, Any]
    """What every answer states."""
    when: Mapping[str, Any]
    """The question is asked only beside these values."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The pointers of all that an answer may fill, in the order of the question."""
        named = [pointer for _, to in self.parts for pointer in to]
        chosen = [pointer for _, values in self.choices.values() for pointer in values]
        return tuple(dict.fromkeys((*named, *chosen, *self.set)))

    def is_asked(self, values: Mapping[str, Any]) -> bool:
        """Say whether the answers so far, by pointer, lead to this question."""
        return all(
            expected == values.get(pointer)
            or (isinstance(values.get(pointer), list) and expected in values[pointer])
            for pointer, expected in self.when.items()
        )


def parse_questions(rows: Sequence[Mapping[str, Any]], fields: Field) -> tuple[Question, ...]:
    """Read the shipped rows; `fields` is the tree of a manifest."""
    found = []
    for row in rows:
        parts = [part.split() for part in row["parts"]]
        found.append(
            Question(
                row["id"],
                row["ask"],
                row["example"],
                tuple((kind, tuple(_below(dict.fromkeys(to)))) for kind, *to in parts),
                _choices(row.get("choices", {}), fields),
                _below(row.get("set", {})),
                _below(row.get("when", {})),
            )
        )
    return tuple(found)


def _below(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by JSON pointer; the rows name fields from /spec on."""
    return {f"/spec/{name}": value for name, value in values.items()}


def _choices(given: Any, fields: Field) -> dict[str, tuple[str, Mapping[str, Any]]]:
    if isinstance(given, dict):
        return {key: (one["say"], _below(one["set"])) for key, one in given.items()}
    field = find(fields, ["spec", *given.split("/"), "*"])
    assert field is not None  # the tests hold every field against the schema
    return {str(one): ("", _below({given: [one]})) for one in field.enum}


def read_answer(
    question: Question, answer: str, known: Mapping[str, Any], today: str
) -> dict[str, Any]:
    """Return the values that the answer states; `known` is what the repository says.

    Raises:
        ValueError: a part of it is missing; the message says which.
    """
    found: dict[str, Any] = {}
    _state(found, question.set)
    left = " ".join(answer.split())
    if not left.isprintable():
        raise ValueError("a character in it does not print")
    for kind, to in question.parts:
        if kind in ("choice", "choices"):
            chosen, left = _chosen(question, left, several=kind == "choices")
            for values in chosen:
                _state(found, values)
            continue
        pattern, words = _TAKES[kind]
        taken = re.search(pattern, left)
        told = next((known[pointer] for pointer in to if pointer in known), None)
        if taken:
            told = _VALUES.get(kind, str)(taken[0])
            left = f"{left[: taken.start()]} {left[taken.end() :]}"
        elif told is None:
            raise ValueError(f"{words} is missing")
        _state(found, dict.fromkeys(to, told))
    return {pointer: today if one == "$today" else one for pointer, one in found.items()}


def _chosen(question: Question, left: str, *, several: bool) -> tuple[list[Mapping[str, Any]], str]:
    """Return what the choices that `left` names by key or number stand for, and the rest."""
    named = {str(n): values for n, (_, values) in enumerate(question.choices.values(), 1)}
    named |= {key.lower(): values for key, (_, values) in question.choices.items()}
    chosen: list[Mapping[str, Any]] = []
    others: list[str] = []
    for word in re.split(r"(?:[\s;]|,(?!\d{3}\b))+", left.strip(" ,;")):
        if word.lower() in named and (several or not chosen):
            chosen.append(named[word.lower()])
        else:
            others.append(word)
    if not chosen or (several and others):
        raise ValueError(f"{', '.join(others)} is none of the choices")
    return chosen, " ".join(others)


def _state(found: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Add values: items to a list that is there, anything else in place of what is there."""
    for pointer, value in values.items():
        there = found.get(pointer)
        if isinstance(value, list) and isinstance(there, list):
            found[pointer] = [*there, *(one for one in value if one not in there)]
        else:
            found[pointer] = value
