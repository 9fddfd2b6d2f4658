"""What the files of a repository say about a use case: text in, clues out.

Which files, and where in them, is data (`init/files.yaml`). All text is hostile: what cannot
be read says nothing.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from aigov.dependencies import read_dependencies, values_at
from aigov.detectors import Detectors, stating
from aigov.slos import objectives
from aigov.source import load

MODELS = "/spec/architecture/models"
_README_CHARACTERS = 16 * 1024
_LONGEST = 400
"""Characters of a text that are kept: the most that a manifest's description may have."""
_SLO_MARKS = (b"openslo/", b"prometheus/v1", b"sloth.slok.dev/")


class Clue(NamedTuple):
    """One thing that a file says."""

    field: str
    """JSON pointer into a manifest, or the name of a hint: `people packages`."""
    value: Any
    """Text on one line; an item where the field is a list."""
    source: str
    """POSIX path of the file."""


class Guide(NamedTuple):
    """Where to look, as `init/files.yaml` says, and what the packages named there are."""

    files: Sequence[Mapping[str, Any]]
    detectors: Detectors

    def rank(self, path: str) -> int | None:
        """Return how early the file at `path` is asked (0 first), None where it has no say."""
        name = path.rpartition("/")[2]
        ranks = (at for at, row in enumerate(self.files) if fnmatchcase(name, row["file"]))
        return next(ranks, len(self.files) if stating(path, self.detectors) else None)


def read_clues(path: str, data: bytes, guide: Guide) -> list[Clue]:
    """Return what the file at `path` (POSIX, relative to the repository) says."""
    folder, _, name = path.rpartition("/")
    found: dict[str, list[Clue]] = {}
    for row in (row for row in guide.files if fnmatchcase(name, row["file"])):
        try:
            told = list(_says(row, data, path))
        except (ValueError, RecursionError):  # not what its name says
            continue
        for field, value in told:
            there = found.setdefault(field, [])
            if isinstance(value, dict):
                there.append(Clue(field, value, path))
            elif not there and folder in row.get("in", ("",)) and (line := one_line(value)):
                there.append(Clue(field, line, path))
    named = _packages(path, data, guide.detectors)
    return [*(clue for clues in found.values() for clue in clues), *named]


def one_line(value: object) -> str:
    """Return a text on one printable line, "" for what is none or is still a template."""
    if not isinstance(value, str) or "{{" in value or "${" in value:
        return ""
    kept = (one if one.isprintable() else " " if one.isspace() else "" for one in value)
    line = " ".join("".join(kept).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3].rstrip()}..."


def _packages(path: str, data: bytes, detectors: Detectors) -> Iterator[Clue]:
    """Yield the packages that a dependency file names, with the providers they speak to."""
    row = stating(path, detectors)
    if row is None:
        return
    for one in read_dependencies(data, row, lambda _: False):
        package = detectors.ecosystems[row["ecosystem"]].package(one.name)
        if package and not package.tooling and one.group in ("own", "runtime", "extra"):
            yield Clue("packages", package.name, path)
            if package.provider:
                model = {"id": package.provider, "provider": package.provider}
                yield Clue(MODELS, model, path)


def _says(row: Mapping[str, Any], data: bytes, path: str) -> Iterator[tuple[str, Any]]:
    """Yield what one row of the guide finds in a file; of YAML the first document that fits."""
    if row["read"] == "slo":
        objectives = _slos(data, path) if any(mark in data for mark in _SLO_MARKS) else ()
        yield from ((field, one) for field in row["says"] for one in objectives)
    elif row["read"] == "prose":
        yield from ((field, _prose(data)) for field in row["says"])
    elif row["read"] == "text":
        for field, pattern in row["says"].items():
            for found in re.finditer(pattern, data.decode(), re.MULTILINE):
                yield field, ":".join(found.groups())
    else:
        wanted = row.get("when", {}).items()
        for top in _documents(row["read"], data):
            if all(
                any(str(o).startswith(start) for o in values_at(top, at)) for at, start in wanted
            ):
                for field, paths in row["says"].items():
                    yield from ((field, one) for path in paths for one in _each(top, path))
                return


def _documents(read: str, data: bytes) -> list[Any]:
    if read == "yaml":
        return [document.value for document in load(data).documents]
    return [json.loads(data) if read == "json" else tomllib.loads(data.decode())]


def _each(top: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a path, of a collection each, or the text with values put in."""
    if "{" in path:
        yield re.sub(
            r"\{(.*?)\|(.*?)\}", lambda one: str(next(values_at(top, one[1]), one[2])), path
        )
        return
    for value in values_at(top, path):
        yield from value if isinstance(value, list | dict) else [value]


def _prose(data: bytes) -> str:
    """Return the first paragraph of a README that is prose, "" if none is."""
    text = data.decode(errors="replace")[:_README_CHARACTERS].replace("\r\n", "\n")
    text = text.partition("\n---")[2] if text.startswith("---\n") else text
    text = "".join(text.split("```")[::2])
    first, *rest = text.split("<!--")
    text = "".join((first, *(part.partition("-->")[2] for part in rest)))
    text = re.sub(r"\[([^\[\]]*)\]\([^()\s]*\)|[*`]", r"\1", text)
    paragraphs = (one.strip() for one in re.split(r"\n\s*\n", text))
    told = (one for one in paragraphs if one[:1].isalpha() and re.search(r"[.!?](\s|$)", one))
    return next((one for one in told if len(one) >= 20), "")


def _slos(data: bytes, path: str) -> Iterator[dict[str, Any]]:
    """Yield the objectives of OpenSLO and Sloth documents, as items of a manifest."""
    for top in _documents("yaml", data):
        window = next(values_at(top, "spec.timeWindow.*.duration"), None)
        for one in objectives(top):
            name = next(filter(None, one.names), "unnamed")
            ref = f"{path}#{name}"
            yield {"name": name, "target": one.target, "window": window, "ref": ref}
