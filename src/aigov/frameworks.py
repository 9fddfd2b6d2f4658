"""Control frameworks: the laws and standards that policies touch, as data.

One file each in `frameworks/` of a pack: official ids, short titles of our own.  A
citation says that a policy touches a control, never that to pass it is to conform.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov.errors import PackError, meant
from aigov.source import Document, join_pointer

_POINT = re.compile(r"(?:\([0-9a-z]{1,5}\)|\.[0-9]{1,3})$")
"""The last step of a citation that goes deeper than its control: `(2)`, `(ba)`, `.5`."""


class Framework(NamedTuple):
    """One law or standard, as its file states it."""

    id: str
    title: str
    publisher: str
    version: str
    source: str
    """An https page of the publisher."""
    controls: Mapping[str, str]
    """Official id to our short title, in the framework's order."""
    points: bool = False
    """Citations may go deeper than the controls: `Art. 26(2)` lies in `Art. 26`."""
    groups: Mapping[str, str] = {}
    """Heading to the first control below it."""
    aliases: Iterable[str] = ()
    """Names of what it replaced, to be found by; policies cite the id."""

    def control(self, cited: str) -> str | None:
        """Return the control that a citation names or lies in, None where there is none."""
        while cited not in self.controls:
            step = _POINT.search(cited)
            if step is None or not self.points:
                return None
            cited = cited[: step.start()]
        return cited

    def short_title(self, cited: str) -> str:
        """Return the short title of the control that a vetted citation names or lies in."""
        return self.controls[self.control(cited) or cited]


def parse_frameworks(files: Iterable[tuple[str, Document]]) -> dict[str, Framework]:
    """Read framework files that have their shape, given with their paths; by id, sorted.

    Raises:
        PackError: a file is named otherwise than its framework, two have one id, or a
            heading has no first control; has its place.
    """
    found: dict[str, Framework] = {}
    for path, document in files:
        value: Any = document.value
        for pointer, problem in _faults(value, path, found):
            place = document.place(pointer)
            raise PackError(problem, where=f"{path}:{place.line}:{place.column}")
        found[value["id"]] = Framework(**value)
    return dict(sorted(found.items()))


def _faults(value: Any, path: str, taken: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (JSON pointer, what is wrong)."""
    if not path.endswith(f"frameworks/{value['id']}.yaml"):
        yield "/id", f"the file of {value['id']} is frameworks/{value['id']}.yaml"
    if value["id"] in taken:
        yield "/id", f"the framework {value['id']} stands in another pack already"
    controls, groups = value["controls"], value.get("groups", {})
    for heading, first in groups.items():
        if first not in controls:
            yield join_pointer(["groups", heading]), f"no control {first}{meant(first, controls)}"
    if groups and next(iter(controls)) not in groups.values():
        yield "/groups", "the first control stands below no heading"


def citation_faults(
    frameworks: Mapping[str, Framework], controls: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield (JSON pointer, what is wrong) of what a policy cites below `controls`."""
    for name, cited in controls.items():
        if name not in frameworks:
            problem = f"no framework {name}{meant(name, frameworks)}"
            yield join_pointer(["controls", name]), problem
        for index, one in enumerate(cited if name in frameworks else ()):
            known = frameworks[name]
            if known.control(one) is None:
                problem = f"{name} has no control {one}{meant(one, known.controls)}"
                yield join_pointer(["controls", name, str(index)]), problem
