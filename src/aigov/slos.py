"""Service level objectives as OpenSLO and Sloth documents state them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from aigov.source import look_up


class Objective(NamedTuple):
    """One objective of a document."""

    names: tuple[object, ...]
    """Its own name and, in OpenSLO, that of its document; None where it has none."""
    pointer: str
    """JSON pointer of its target."""
    target: object
    """As a ratio (0.99) where it is a number, else as written."""


def objectives(top: Any) -> Iterator[Objective]:
    """Yield the objectives of a document, nothing for one of another kind.

    OpenSLO (v1) states `target` as a ratio or `targetPercent`; Sloth `objective` in percent,
    below `slos` (prometheus/v1) or `spec.slos` (sloth.slok.dev).
    """
    version = str(top.get("apiVersion", top.get("version"))) if isinstance(top, dict) else ""
    if not version.startswith(("openslo/", "prometheus/v1", "sloth.slok.dev/")):
        return
    whole = look_up(top, ("metadata", "name")) if version.startswith("openslo/") else None
    for place in (("slos",), ("spec", "slos"), ("spec", "objectives")):
        listed = look_up(top, place)
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            percent = next(
                (key for key in ("targetPercent", "objective") if look_up(one, (key,))), ""
            )
            target = look_up(one, (percent or "target",))
            if percent and isinstance(target, int | float):
                target = round(target / 100, 12)
            pointer = "/".join(("", *place, str(index), percent or "target"))
            yield Objective((look_up(one, ("name",)), whole), pointer, target)
