"""Control frameworks: the laws and standards that policies touch, as data.

One file each in `frameworks/` of a pack: official ids, short titles of our own.  A
citation says that a policy touches a control, never that to pass it is to conform.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from aigov.errors import PackError
from aigov.source import Document, join_pointer

_POINT = re.compile(r"(?:\([0-9a-z]{1,5}\)|\.[0-9]{1,3})$")
"""The last step of a citation that goes deeper than its control: `(2)`, `(ba)`, `.5`."""
_KEYS: Mapping[str, type] = {
    "id": str,
    "title": str,
    "publisher": str,
    "version": str,
    "source": str,
    "points": bool,
    "aliases": list,
    "groups": dict,
    "controls": dict,
}
_MANDATORY = ("id", "title", "source", "controls")


class Framework(NamedTuple):
    """One law or standard, as its file states it."""

    id: str
    title: str
    publisher: str
    version: str
    source: str
    """An https page of the publisher."""
    points: bool
    """Citations may go deeper than the controls: `Art. 26(2)` lies in `Art. 26`."""
    aliases: tuple[str, ...]
    """Names of what it replaced, to be found by; policies cite the id."""
    groups: Mapping[str, str]
    """Heading to the first control below it."""
    controls: Mapping[str, str]
    """Official id to our short title, in the framework's order."""

    def control(self, cited: str) -> str | None:
        """Return the control that a citation names or lies in, None where there is none."""
        while cited not in self.controls:
            step = _POINT.search(cited)
            if step is None or not self.points:
                return None
            cited = cited[: step.start()]
        return cited


class Frameworks(Mapping[str, Framework]):
    """The frameworks of some packs by id; each is parsed when it is first asked for."""

    def __init__(
        self,
        files: Callable[[], Iterable[tuple[str, str, bytes]]],
        read: Callable[[bytes, str], Document],
    ) -> None:
        """`files` gives (id, path, content) of each; `read` parses a content of a path.

        Raises (when first used):
            PackError: a file does not hold, or one id stands in two packs.
        """
        self._given = files
        self._read = read
        self._parsed: dict[str, Framework] = {}

    def __getitem__(self, name: str) -> Framework:
        if name not in self._parsed:
            where, content = self._files[name]
            self._parsed[name] = parse_framework(self._read(content, where), name, where)
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def named(self, name: str) -> str | None:
        """Return the id of the framework that is, or was, called `name`."""
        if name in self:
            return name
        return next((one.id for one in self.values() if name in one.aliases), None)

    def title(self, name: str, cited: str) -> str:
        """Return the short title of the control that a citation lies in, "" if unknown."""
        control = self[name].control(cited) if name in self else None
        return self[name].controls[control] if control else ""

    def faults(self, controls: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
        """Yield (JSON pointer below the policy, what is wrong) of citations that name nothing."""
        for name, cited in controls.items():
            if name not in self:
                yield join_pointer(["controls", name]), f"no framework {name}{_meant(name, self)}"
                continue
            for index, one in enumerate(cited):
                if self[name].control(one) is None:
                    problem = f"{name} has no control {one}{_meant(one, self[name].controls)}"
                    yield join_pointer(["controls", name, str(index)]), problem

    @cached_property
    def _files(self) -> dict[str, tuple[str, bytes]]:
        found: dict[str, tuple[str, bytes]] = {}
        for name, where, content in self._given():
            if name in found:
                problem = f"the framework {name} is already taken by {found[name][0]}"
                raise PackError(problem, where=where)
            found[name] = (where, content)
        return dict(sorted(found.items()))


def parse_framework(document: Document, name: str, where: str) -> Framework:
    """Read one framework file, which is called `name`.

    Raises:
        PackError: the file does not hold; has its place.
    """
    for pointer, problem in _file_faults(document.value, name):
        place = document.place(pointer)
        raise PackError(problem, where=f"{where}:{place.line}:{place.column}")
    value: Any = document.value
    absent = {"publisher": "", "version": "", "points": False, "groups": {}}
    return Framework(**{**absent, **value, "aliases": tuple(value.get("aliases", ()))})


def _file_faults(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield (JSON pointer, what is wrong) of a framework file; what follows a fault may
    rest on it, so only the first is sure."""
    if not isinstance(value, dict):
        yield "", "a framework is a mapping"
    for key, given in value.items():
        if key not in _KEYS:
            yield f"/{key}", f"no key {key} in a framework{_meant(key, _KEYS)}"
        elif not isinstance(given, _KEYS[key]):
            yield f"/{key}", f"{key} is of the wrong type; a number stands in quotes"
    for key in _MANDATORY:
        if not value.get(key):
            yield "", f"a framework needs {key}"
    if value["id"] != name:
        yield "/id", f"the id is {value['id']}, but the file is {name}.yaml"
    if not value["source"].startswith("https://"):
        yield "/source", "the source is an https page"
    yield from _control_faults(value["controls"], value.get("groups", {}))


def _control_faults(
    controls: Mapping[str, object], groups: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    for control, title in controls.items():
        if not isinstance(title, str) or not title:
            yield join_pointer(["controls", control]), f"{control} needs a short title"
    for heading, first in groups.items():
        if first not in controls:
            problem = f"no control {first}{_meant(str(first), controls)}"
            yield join_pointer(["groups", heading]), problem
    if groups and next(iter(controls)) not in groups.values():
        yield "/groups", "the first control stands below no heading"


def _meant(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only a fault needs it

    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
