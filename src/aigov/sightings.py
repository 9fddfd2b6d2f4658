"""What a repository shows of its AI: detections, and in their files the models and tools by name.

All that reconciliation needs of the files, as values that can be kept: the same tree and the
same detectors give the same sightings.
"""

import json
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
    """Folders in which dependencies are stated, where AI is used; "" is the root."""
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
    used = [one for one in found if one.kind in NEEDING]
    first = {one.path: one for one in reversed(used)
             if one.kind != "model" and not stating(one.path, detectors)}  # fmt: skip
    folders: set[str] = set()  # a model that lies in one has no name elsewhere
    stated: set[str] = set()
    code: dict[str, str] = {}
    for path in paths:
        folder, language = path.rpartition("/")[0], _language(path, detectors)
        # where no AI is, nobody asks for components: most files need not be looked up
        row = stating(path, detectors) if used or not language else None
        folders.add(folder)
        if row and not row.get("locked"):
            stated.add(folder)
        if folder not in code and (row or language):
            code[folder] = path
    nearer = (near for one in first.values() for near in _named(one, read, detectors, names)
              if near.name not in folders)  # fmt: skip
    servers = (near for one in found if one.detector == "mcp-config"
               for near in _servers(one, read, names))  # fmt: skip
    everything = sorted({*found, *nearer, *servers})
    return Sightings(tuple(everything), tuple(sorted(stated)), tuple(sorted(code.values())))


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
