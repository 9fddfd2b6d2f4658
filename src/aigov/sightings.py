"""What a repository shows of its AI: detections, and in their files the models and tools by name.

All that reconciliation needs of the files, as values that can be kept: the same tree and the
same detectors give the same sightings.
"""

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from aigov.detection import MAX_TEXT, detect
from aigov.detectors import Detectors, stating
from aigov.languages import lex
from aigov.results import NEEDING, Detection

NEARER = ("model-name", "agent-tool", "mcp-server")
"""Detectors of this module."""
MAX_NAMED = 50
"""Names of one file that are told: a manifest lists no more models or tools."""
_UNREAD: Mapping[str, Any] = {"comments": "none", "quotes": ""}


class Sightings(NamedTuple):
    """What the files of one tree show, sorted."""

    detections: tuple[Detection, ...]
    components: tuple[str, ...]
    """Folders in which dependencies are stated; "" is the root."""
    code: tuple[str, ...]
    """Of each folder that holds code or states dependencies one such file."""


def sight(
    files: Iterable[str],
    read: Callable[[str], bytes | None],
    detectors: Detectors,
    names: Mapping[str, Any],
) -> Sightings:
    """Look through the files (POSIX paths) of a repository, `names` being
    `vocabulary/providers.yaml`; `read` is as in `detect`, and nothing makes it fail."""
    paths = sorted(files)
    found = detect(paths, read, detectors).detections
    first = {one.path: one for one in reversed(found)
             if one.kind in NEEDING - {"model"} and not stating(one.path, detectors)}  # fmt: skip
    folder = {path: posixpath.dirname(path) for path in paths}
    folders = {*folder.values()}  # a model in one has no name elsewhere
    nearer = (near for one in first.values() for near in _named(one, read, detectors, names)
              if near.name not in folders)  # fmt: skip
    servers = (near for one in found if one.detector == "mcp-config"
               for near in _servers(one, read, names))  # fmt: skip
    stated = {folder[path] for path in paths
              if (row := stating(path, detectors)) and not row.get("locked")}  # fmt: skip
    code = {folder[path]: path for path in reversed(paths)
            if _language(path, detectors) or stating(path, detectors)}  # fmt: skip
    return Sightings(
        tuple(sorted({*found, *nearer, *servers})),
        tuple(sorted(stated)),
        tuple(sorted(code.values())),
    )


def _language(path: str, detectors: Detectors) -> Mapping[str, Any] | None:
    return detectors.languages.get(path[path.rfind(".") :].lower())


def _named(
    one: Detection,
    read: Callable[[str], bytes | None],
    detectors: Detectors,
    names: Mapping[str, Any],
) -> Iterator[Detection]:
    """Yield each model and tool that a file with a detection names, at its first place."""
    row = _language(one.path, detectors) or _UNREAD
    text = (read(one.path) or b"")[:MAX_TEXT].decode("utf-8", "replace").replace("\r\n", "\n")
    code = lex(text, row["comments"], row["quotes"])
    told: dict[tuple[str, str], int] = {}
    for near in names["nearer"]:
        for found in re.finditer(near["pattern"], code.text, re.MULTILINE):
            group = found.lastindex or 0
            told.setdefault((near["detector"], found[group]), found.start(group))
    for (detector, name), start in islice(told.items(), MAX_NAMED):
        yield one._replace(line=code.line(start), name=name, detector=detector, confidence="high")


def _servers(
    one: Detection, read: Callable[[str], bytes | None], names: Mapping[str, Any]
) -> Iterator[Detection]:
    data = (read(one.path) or b"")[:MAX_TEXT].decode("utf-8", "replace")
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        return
    for key in names["servers"]:
        servers = held.get(key) if isinstance(held, dict) else None
        for name in [*(servers if isinstance(servers, dict) else ())][:MAX_NAMED]:
            line = data.count("\n", 0, max(data.find(json.dumps(name)), 0)) + 1
            whole = name[:100].encode("utf-8", "replace").decode()  # JSON may hold half characters
            yield one._replace(line=line, name=whole, detector="mcp-server")
