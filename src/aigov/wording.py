"""Say one fault of a document's shape in plain words.

A fault is what the validator reports: the keyword of the schema, what it asks for and
what was found.  The words for a format (`a date`, how to write one) are the `title`
and `description` of its `$defs` entry, so that a new format needs no code.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

MAX_SHOWN = 60
"""Characters of a value that a message shows."""
MAX_LISTED = 12
"""Allowed values that a message lists."""
_CLOSE = 0.55
"""Likeness (difflib ratio) from which an allowed value is suggested."""
_JSON_TYPES = {
    "object": "a set of names and values",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}
_SENTENCES = {
    "const": "{shown} is not {limit}, the only value there is",
    "pattern": "{shown} is not {title}: {how}",
    "not": "{shown} is not {title}: {how}",
    "minLength": "{shown} is too short: {size} characters, at least {limit}",
    "maxLength": "{shown} is too long: {size} characters, at most {limit}",
    "maxItems": "{name} has {size} entries, at most {limit} may stand here",
    "maxProperties": "{name} has {size} entries, at most {limit} may stand here",
    "minimum": "{shown} is too small: at least {limit}",
    "exclusiveMinimum": "{shown} is too small: more than {limit}",
    "maximum": "{shown} is too large: at most {limit}",
}


class Fault(NamedTuple):
    """What one keyword of the schema finds wrong with one value."""

    keyword: str
    limit: Any
    """What the keyword asks for."""
    found: Any
    """The value, or the name, at fault."""
    schema: Mapping[str, Any]
    """The schema node that holds the keyword."""


def say(fault: Fault, name: str) -> str:
    """Return what is wrong; `name` is what the message calls the place (`name_of`)."""
    found, limit = fault.found, fault.limit
    if found is None:
        return f"{name} is empty (null); give a value or remove the line"
    if found == "" or fault.keyword in ("minItems", "minProperties"):  # their limit is 1
        return f"{name} is empty; give a value or remove the line".lstrip()
    if fault.keyword == "type":
        return _wrong_type(found, limit, fault.schema)
    if fault.keyword == "enum":
        return not_one_of(found, limit)
    if fault.keyword == "uniqueItems":
        return f"{shown(repeated(found))} stands twice in {name}"
    return _SENTENCES[fault.keyword].format(
        shown=shown(found),
        limit=limit,
        name=name,
        size=len(found) if isinstance(found, str | list | dict) else 0,
        title=fault.schema.get("title"),
        how=fault.schema.get("description"),
    )


def not_one_of(found: object, allowed: Sequence[object]) -> str:
    """Say which values are allowed, and which of them was meant, if one is near."""
    from difflib import get_close_matches  # only a wrong value needs it

    listed = some([shown(one).strip("`") for one in allowed], MAX_LISTED)
    texts = [one for one in allowed if isinstance(one, str)]
    near = get_close_matches(normal(found), texts, 1, _CLOSE)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{shown(found)} is not one of {', '.join(listed)}{hint}"


def some(words: Sequence[str], most: int) -> list[str]:
    """Return at most `most` of the words, and how many more there are."""
    more = [f"and {len(words) - most} more"] if len(words) > most else []
    return [*words[:most], *more]


def shown(found: object) -> str:
    """Return a value as a message shows it: one line, at most `MAX_SHOWN` characters."""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, dict | list):
        return _JSON_TYPES["object" if isinstance(found, dict) else "array"]
    text = cut(found)
    if isinstance(found, str):
        return f"`{text}`" if text else "a blank text"
    return text


def cut(found: object) -> str:
    """Return a text on one line, cut to `MAX_SHOWN` characters."""
    text = " ".join(str(found)[: 4 * MAX_SHOWN].split())
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def normal(name: object) -> str:
    """Return a name as this format would spell it: snake case, at most `MAX_SHOWN` long."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[- ]", "_", str(name)[:MAX_SHOWN])
    return spaced.lower()


def name_of(path: Sequence[str]) -> str:
    """Return what messages call the value at `path` (names and list indexes)."""
    names = [part for part in path if not part.isdecimal()]
    if not names:
        return "the document"
    return f"`{cut(names[-1])}`" if path[-1] == names[-1] else f"an entry of `{cut(names[-1])}`"


def repeated(entries: Sequence[Any]) -> Any:
    """Return the first entry that has an equal one before it, None if there is none."""
    return next((one for index, one in enumerate(entries) if one in entries[:index]), None)


def _wrong_type(found: object, wanted: str | list[str], schema: Mapping[str, Any]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    expected = " or ".join(_JSON_TYPES[name] for name in names)
    hint = ""
    if names == ["string"]:
        expected = schema.get("title", expected)
        hint = "; put it in quotes" if isinstance(found, bool | int | float) else ""
    elif names == ["array"] and not isinstance(found, dict):
        hint = "; put it in brackets: [...]"
    elif isinstance(found, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?|true|false", found):
        hint = "; remove the quotes"
    return f"{expected} was expected, found {_described(found)}{hint}"


def _described(found: object) -> str:
    """Return a value with the word for its type."""
    if isinstance(found, dict | list | bool):
        return shown(found)
    return f"the {'text' if isinstance(found, str) else 'number'} {shown(found)}"
