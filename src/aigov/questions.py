"""What a person is asked (`init/questions.yaml`), and what an answer states.

An answer is one line of text. It states values of a manifest by JSON pointer; where it
cannot be understood, a sentence says what is missing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aigov.fields import Field, find
from aigov.source import split_pointer

_TAKES = {
    "text": (r"\S(?:.*\S)?", "some words"),
    "item": (r"\S(?:.*\S)?", "some words"),
    "date": (r"\b\d{4}-\d{2}-\d{2}\b", "a date such as 2026-11-22"),
    "number": (r"\b\d+\b", "a whole number"),
    "person": (r"[^\s,;@]*@[^\s,;]+", "a person: name@company or @handle"),
    "team": (r"[^\s,;]+", "a team"),
    "word": (r"[^\s,;]+", "one more word"),
    "slug": (r"[^\s,;]+", "a name"),
}
"""What a part of an answer looks like, and what it is called where it is missing."""


class Part(NamedTuple):
    """One part of an answer."""

    take: str
    to: tuple[str, ...] = ()
    """JSON pointers of the fields that it fills; none where the choice says."""


class Choice(NamedTuple):
    """One answer to choose."""

    say: str
    set: Mapping[str, Any]


class Question(NamedTuple):
    """One question, in the words that a person is asked."""

    id: str
    ask: str
    example: str
    parts: tuple[Part, ...]
    choices: Mapping[str, Choice] = {}
    set: Mapping[str, Any] = {}
    when: Mapping[str, Any] = {}

    @property
    def fields(self) -> tuple[str, ...]:
        """The pointers of all that an answer may fill, in the order of the question."""
        named = [pointer for part in self.parts for pointer in part.to]
        chosen = [pointer for choice in self.choices.values() for pointer in choice.set]
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
    return tuple(
        Question(
            row["id"],
            row["ask"],
            row["example"],
            tuple(Part(part["take"], tuple(part.get("to", ()))) for part in row["parts"]),
            _choices(row.get("choices", {}), fields),
            row.get("set", {}),
            row.get("when", {}),
        )
        for row in rows
    )


def _choices(given: Any, fields: Field) -> dict[str, Choice]:
    if isinstance(given, dict):
        return {key: Choice(one["say"], one["set"]) for key, one in given.items()}
    field = find(fields, [*split_pointer(given), "*"])
    assert field is not None  # the tests hold every pointer against the schema
    return {str(one): Choice(str(one), {given: [one]}) for one in field.enum}


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
    for part in question.parts:
        if part.take in ("choice", "choices"):
            chosen, left = _chosen(question, left, part.take)
            for choice in chosen:
                _state(found, choice.set)
            continue
        pattern, words = _TAKES[part.take]
        taken = re.search(pattern, left)
        told = next((known[pointer] for pointer in part.to if pointer in known), None)
        if taken:
            told = _value(part.take, taken[0])
            left = f"{left[: taken.start()]} {left[taken.end() :]}"
        elif told is None:
            raise ValueError(f"{words} is missing")
        _state(found, dict.fromkeys(part.to, told))
    return {pointer: today if one == "$today" else one for pointer, one in found.items()}


def _chosen(question: Question, left: str, take: str) -> tuple[list[Choice], str]:
    """Return the choices that `left` names by key or number, and what else it says."""
    numbered = {str(n): key for n, key in enumerate(question.choices, 1)}
    chosen: list[Choice] = []
    others: list[str] = []
    for word in re.split(r"[\s,;]+", left.strip(" ,;")):
        key = next((key for key in question.choices if key.lower() == word.lower()), None)
        key = key or numbered.get(word)
        if key and (take == "choices" or not chosen):
            chosen.append(question.choices[key])
        else:
            others.append(word)
    if not chosen or (take == "choices" and others):
        raise ValueError(f"{', '.join(others) or 'nothing'} is none of the choices")
    return chosen, " ".join(others)


def _state(found: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Add values: items to a list that is there, anything else in place of what is there."""
    for pointer, value in values.items():
        there = found.get(pointer)
        if isinstance(value, list) and isinstance(there, list):
            found[pointer] = [*there, *(one for one in value if one not in there)]
        else:
            found[pointer] = value


def _value(take: str, text: str) -> Any:
    if take == "number":
        return int(text)
    if take == "item":
        return [text]
    if take == "team":
        return text if text.startswith("group:") else f"group:{text}"
    return slug(text) if take == "slug" else text


def slug(text: str) -> str:
    """Return `text` in the letters of an id: 3 to 63 of a-z, 0-9 and `-`, a letter first."""
    plain = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
    if not plain[:1].isalpha() or len(plain) < 3:
        plain = f"uc-{plain or 'new'}"
    return plain[:63].rstrip("-")
