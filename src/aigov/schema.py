"""Hold a document against the JSON Schema of its kind, and say in words what is wrong.

`jsonschema-rs` decides (it is 90 times faster); only for a document that it refuses is
`jsonschema` imported, to find each fault.  The words for a format (`a date`, how to
write one) are the `title` and `description` of its `$defs` entry.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from aigov.fields import Field, find, outline, parse_fields, walk
from aigov.source import join_pointer
from aigov.wording import Fault, cut, name_of, normal, not_one_of, repeated, say, shown

MAX_ISSUES = 100
"""Issues that are told: more help nobody, and a hostile document could hold thousands."""
_CLOSE = 0.75
"""Likeness (difflib ratio) from which a name is suggested."""
_RANK = {"type": 0, "enum": 0, "const": 0, "pattern": 1, "not": 1}
"""Which fault of one value is told: the lowest; all others are 2."""
_HEAD = ("/apiVersion", "/kind")


class Issue(NamedTuple):
    """One place where a document does not have the shape of its kind."""

    pointer: str
    """JSON pointer of the value, or of the place where a missing one belongs."""
    message: str
    """One line; may hold hostile text: renderers escape it."""
    at_key: bool = False
    """The name is at fault, not its value."""


class ManifestSchema:
    """The schema of one kind of document; its engines are built when first needed."""

    def __init__(
        self,
        schema: Mapping[str, Any],
        kind: str,
        synonyms: Callable[[], Mapping[str, str | Sequence[str]]],
    ) -> None:
        """Take the parsed schema file; `synonyms` reads the other words for its names when a
        name is unknown."""
        self.kind = kind
        self.kinds: tuple[str, ...] = tuple(schema["properties"]["kind"]["enum"])
        self._given = (schema, kind, synonyms)

    def __reduce__(self) -> tuple[object, ...]:
        return ManifestSchema, self._given

    @cached_property
    def fields(self) -> Field:
        """The tree of this kind of document."""
        return parse_fields(self._given[0], self.kind)

    def issues(self, value: object, *, people_mapped: bool = False) -> list[Issue]:
        """Return every fault of `value`, sorted by pointer; empty if and only if it holds.

        `people_mapped`: a profile maps people, so that a document may name them by
        e-mail address here and by handle there.
        """
        found = [] if self._holds(value) else self._explain(value)
        if not people_mapped and self.kind != "Organization":
            found += self._mixed_people(value)
        return sorted(found) if len(found) > 1 else found

    @cached_property
    def _decider(self) -> Any:
        from jsonschema_rs import Draft202012Validator  # not every command judges

        return Draft202012Validator(self._schema(), offline=True)

    @cached_property
    def _explainer(self) -> Any:
        return _bounded_validator(self._schema())

    def _holds(self, value: object) -> bool:
        try:
            return bool(self._decider.is_valid(value))
        except ValueError:  # what JSON cannot hold: a lone surrogate, a foreign type
            return False

    def _schema(self) -> dict[str, Any]:
        """Return the schema of this kind alone, without the other kinds."""
        defs = self._given[0]["$defs"]
        kept = {k: v for k, v in defs.items() if k == self.kind or k not in self.kinds}
        return {"$ref": f"#/$defs/{self.kind}", "$defs": kept}

    def _explain(self, value: object) -> list[Issue]:
        best: dict[tuple[str, bool], tuple[int, Issue]] = {}
        told = (
            (_RANK.get(error.validator, 2), issue)
            for error in self._explainer.iter_errors(value)
            for issue in self._put(error)
        )
        for rank, issue in told:
            at = issue.pointer, issue.at_key
            if len(best) == MAX_ISSUES and at not in best:
                more = f"there is more than the {MAX_ISSUES} faults told here"
                best["", False] = 0, Issue("", more)
                break
            if at not in best or rank < best[at][0]:
                best[at] = rank, issue
        found = [issue for _, issue in best.values()]
        kind = value.get("kind") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind not in self.kinds:
            found = [issue for issue in found if issue.pointer in _HEAD]
        # the two engines may differ (NaN, a lone surrogate): never in silence
        return found or [Issue("", "the document does not have the shape of its kind")]

    def _put(self, error: Any) -> Iterator[Issue]:
        """Say one `jsonschema` error; each missing or unknown name is an issue of its own."""
        path = [str(part) for part in error.absolute_path]
        fault = Fault(error.validator, error.validator_value, error.instance, error.schema)
        if "propertyNames" in error.absolute_schema_path:
            yield Issue(
                join_pointer([*path, fault.found]), f"the name {say(fault, '')}", at_key=True
            )
        elif fault.keyword == "required":
            for name in fault.limit:
                if name not in fault.found:
                    yield Issue(join_pointer([*path, name]), f"`{name}` is missing")
        elif fault.keyword == "additionalProperties":
            for name in _unknown(fault.found, fault.schema):
                message = f"`{cut(name)}` is not a field here{self._meant(path, name)}"
                yield Issue(join_pointer([*path, name]), message, at_key=True)
        elif path == ["kind"] and fault.found is not None:
            yield Issue("/kind", not_one_of(fault.found, self.kinds))
        else:
            yield Issue(join_pointer(path), say(fault, name_of(path)))

    def _meant(self, path: list[str], name: str) -> str:
        """Return a suggestion for an unknown name, "" if none is close.

        In this order: the same word written otherwise, a synonym, a close name beside
        it, the same name elsewhere, a close name or synonym anywhere.
        """
        from difflib import get_close_matches  # only a wrong name needs it

        word = normal(name)
        if word.startswith("x_"):
            return "; your own data goes under `annotations` (metadata.annotations)"
        here = find(self.fields, path)
        beside = here.properties if here else {}
        dotted = _dotted(self.fields, path)
        if word in beside:
            return _did_you_mean([f"{dotted}.{word}"])
        if word in self._synonyms:
            return _did_you_mean(self._synonyms[word])
        if close := get_close_matches(word, beside, 1, _CLOSE):
            return _did_you_mean([f"{dotted}.{close[0]}"])
        anywhere = {**self._places, **self._synonyms}
        close = [word] if word in anywhere else get_close_matches(word, anywhere, 1, _CLOSE)
        if close:
            return _did_you_mean(anywhere[close[0]])
        return f"; known here: {', '.join(beside)}" if 0 < len(beside) <= 12 else ""

    @cached_property
    def _places(self) -> dict[str, list[str]]:
        """Every field name of this kind, and the dotted paths at which it stands."""
        places: dict[str, list[str]] = {}
        for dotted, _ in outline(self.fields):
            places.setdefault(dotted.rpartition(".")[2], []).append(dotted)
        return places

    @cached_property
    def _synonyms(self) -> dict[str, list[str]]:
        """The synonyms whose places this kind of document has."""
        known = {}
        for word, given in self._given[2]().items():
            paths = [given] if isinstance(given, str) else given
            if here := [path for path in paths if find(self.fields, path.split("."))]:
                known[normal(word)] = here
        return known

    def _mixed_people(self, value: object) -> list[Issue]:
        """Find the first person who is named the other way than the first one is."""
        people = [
            (pointer, one)
            for pointer, field, one in walk(self.fields, value)
            if field.kind == "person" and isinstance(one, str) and "@" in one
        ]
        handles = [one.startswith("@") for _, one in people]
        if all(handles) or not any(handles):
            return []
        first = handles[0]
        pointer, other = people[handles.index(not first)]
        kinds = ("a handle", "an e-mail address") if first else ("an e-mail address", "a handle")
        return [
            Issue(
                pointer,
                f"{shown(other)} is {kinds[1]}, but the first person named here is {kinds[0]}; "
                "use one kind throughout, or map people in the organisation profile",
            )
        ]


def _bounded_validator(schema: Mapping[str, Any]) -> Any:
    """Build the explaining validator.

    It looks at no more entries than may stand there: `maxItems` and `maxProperties`
    have told of the rest, and a hostile document must not cost seconds.
    """
    import jsonschema  # slow to import, and only an invalid document needs it

    def items(validator: Any, below: Any, given: Any, schema: Any) -> Iterator[Any]:
        for index, one in enumerate(_first(given, schema)):
            yield from validator.descend(one, below, path=index)

    def others(validator: Any, below: Any, given: Any, schema: Any) -> Iterator[Any]:
        names = _unknown(given, schema) if isinstance(given, dict) else []
        if below is not False:
            for name in names:
                yield from validator.descend(given[name], below, path=name)
        elif names:
            yield jsonschema.ValidationError("unknown names")

    def unique(_: Any, __: Any, given: Any, schema: Any) -> Iterator[Any]:
        if repeated(_first(given, schema)) is not None:
            yield jsonschema.ValidationError("an entry stands twice")

    keywords = {"items": items, "additionalProperties": others, "uniqueItems": unique}
    extend: Any = jsonschema.validators.extend  # untyped in its stubs
    return extend(jsonschema.Draft202012Validator, keywords)(schema)


def _first(given: Any, schema: Mapping[str, Any]) -> list[Any]:
    """Return the entries of a list that its schema has room for."""
    return given[: schema["maxItems"]] if isinstance(given, list) else []


def _unknown(given: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the first names of an object that its schema does not list."""
    known = schema.get("properties", {})
    room = schema.get("maxProperties", MAX_ISSUES + 1)
    return list(islice((name for name in given if name not in known), room))


def _did_you_mean(dotted: Sequence[str]) -> str:
    choices = [f"`{path.rpartition('.')[2]}` ({path.lstrip('.')})" for path in dotted[:3]]
    return f"; did you mean {' or '.join(choices)}?"


def _dotted(fields: Field, path: Sequence[str]) -> str:
    """Return the dotted path of a place in a document (`spec.approvals[]`)."""
    dotted, here = "", fields
    for part in path:
        inside = here.kind == "list"
        dotted += "[]" if inside else f".{part}"
        here = find(here, [part]) or Field("any")
    return dotted.lstrip(".")
