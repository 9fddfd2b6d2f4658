"""The fields a document can have: a tree read from the JSON Schema.

Policies are checked against it when they load, `explain` prints it, and the engine
uses it to find the people, dates and evidence of a document.  The meaning of a
scalar is the name of the `$defs` entry that it refers to (`date`, `person`, ...).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aigov.source import join_pointer

_PLAIN = {"boolean": "bool", "integer": "int", "number": "number", "string": "text"}
_ANY_ELEMENT = ("*", "[]")


class Field(NamedTuple):
    """One field, or one shape of values inside a list or map."""

    kind: str
    """`object list map enum bool int number any`, or a scalar of the schema:
    `text date person team contact evidence version slug tri ...`."""
    properties: Mapping[str, "Field"] = {}
    """Of an object: its fields by name."""
    items: "Field | None" = None
    """Of a list: what each element is."""
    values: "Field | None" = None
    """Of a map: what each value is."""
    enum: tuple[object, ...] = ()
    """The values that may stand here; also for the three-valued kind `tri`."""
    description: str = ""
    example: object = None
    """A value of this kind, where the schema gives one."""


def parse_fields(schema: Mapping[str, Any], kind: str) -> Field:
    """Read the tree of `kind` ("UseCase") from the parsed `schema`; KeyError if it has none."""
    return _read(schema["$defs"][kind], schema["$defs"], {})


def find(field: Field, parts: Sequence[str]) -> Field | None:
    """Return what stands at `parts` below `field`, None where the schema has no such place.

    An element of a list is named by its index, `*` or `[]`; a value of a map by any key.
    """
    here: Field | None = field
    for part in parts:
        if here is None:
            break
        if here.kind == "list":
            here = here.items if part in _ANY_ELEMENT or part.isdecimal() else None
        elif here.kind == "map":
            here = here.values
        else:
            here = here.properties.get(part)
    return here


def walk(field: Field, value: object) -> list[tuple[str, Field, object]]:
    """Return (pointer, field, scalar) for every scalar of `value` that the tree knows.

    Document order.  Nulls, unknown names and wrongly shaped branches are passed over:
    they are the schema's findings.  A scalar where a list or an object belongs is
    returned with the field of that list or object.
    """
    found: list[tuple[str, Field, object]] = []
    _walk(field, value, "", found.append)
    return found


def outline(field: Field, path: str = "") -> Iterator[tuple[str, Field]]:
    """Yield every field below `field` with its dotted path (`spec.approvals[].gate`)."""
    for name, below in field.properties.items():
        here = f"{path}.{name}" if path else name
        yield here, below
        yield from outline(below, here)
    inner = field.items or field.values
    if inner is not None:
        yield from outline(inner, f"{path}[]" if field.items else f"{path}.*")


def _read(node: Mapping[str, Any], defs: Mapping[str, Any], known: dict[str, Field]) -> Field:
    """Read one schema node; `known` holds the `$defs` entries read so far."""
    reference = node.get("$ref")
    if reference is not None:
        name = reference.rpartition("/")[2]
        named = known.get(name)
        if named is None:
            named = known[name] = _named(name, _read(defs[name], defs, known))
        description = node.get("description")
        return named._replace(description=description) if description else named
    description = node.get("description", "")
    example = node.get("examples", (None,))[0]
    if "enum" in node:
        return Field("enum", enum=tuple(node["enum"]), description=description, example=example)
    if "const" in node:
        return Field("enum", enum=(node["const"],), description=description)
    shape = node.get("type")
    if shape == "object":
        return _read_object(node, defs, known)
    if shape == "array":
        items = _read(node["items"], defs, known)
        return Field("list", items=items, description=description)
    # several types, or none: the schema leaves the shape open
    kind = _PLAIN.get(shape, "any") if isinstance(shape, str) else "any"
    return Field(kind, description=description, example=example)


def _read_object(
    node: Mapping[str, Any], defs: Mapping[str, Any], known: dict[str, Field]
) -> Field:
    """Read an object with named fields, or a map from any name to one shape."""
    description = node.get("description", "")
    further = node.get("additionalProperties")
    if isinstance(further, Mapping):
        return Field("map", values=_read(further, defs, known), description=description)
    properties = {
        name: _read(below, defs, known) for name, below in node.get("properties", {}).items()
    }
    return Field("object", properties=properties, description=description)


def _named(name: str, field: Field) -> Field:
    """Give a scalar the name of its `$defs` entry; enums and shapes keep their own kind."""
    scalar = field.kind in _PLAIN.values() or name == "tri"
    return field._replace(kind=name) if scalar else field


def _walk(
    field: Field, value: Any, pointer: str, note: Callable[[tuple[str, Field, object]], None]
) -> None:
    """Note the scalars of one branch; the depth of the field tree bounds the recursion."""
    shape = value.__class__  # plain values only: cheaper than isinstance, and this is hot
    if shape is dict:
        if field.values is not None:
            for name, one in value.items():
                _walk(field.values, one, pointer + join_pointer([str(name)]), note)
            return
        properties = field.properties
        pointer += "/"
        for name, one in value.items():
            if name in properties:
                below = one.__class__
                if below is dict or below is list:
                    _walk(properties[name], one, pointer + name, note)
                elif one is not None:
                    note((pointer + name, properties[name], one))
    elif shape is list:
        items = field.items
        if items is not None:
            for index, one in enumerate(value):
                _walk(items, one, f"{pointer}/{index}", note)
    elif value is not None:
        note((pointer, field, value))
