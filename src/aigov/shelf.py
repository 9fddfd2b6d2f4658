"""Files of the repository under test as one use case names them: bounded, each parsed once."""

import csv
import io
import json
import posixpath
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NamedTuple

from aigov.source import Document, load

MAX_BYTES = 1024 * 1024
"""A larger file is not read."""
MAX_WORK = 4 * MAX_BYTES
"""How much is parsed in all, in bytes; a byte of YAML takes as long as eight."""
MAX_ROWS = 50_000


class Repository(NamedTuple):
    """The files of the revision that is judged."""

    paths: Collection[str]
    """POSIX, from the repository's root."""
    read: Callable[[str], bytes | None]
    """Returns what a file holds, None where there is no such file."""


class Unreadable(Exception):
    """Says of a file, or a place in it, why it shows nothing."""


class Shelf:
    """What a repository holds, for a manifest in `folder` ("" for its root)."""

    def __init__(self, repository: Repository, folder: str) -> None:
        self.paths, self._read = repository
        self._folder, self._left = folder, MAX_WORK
        self._parsed: dict[str, tuple[Any, str]] = {}

    def path(self, named: str) -> str:
        """Return the path from the root of what the manifest names from its folder."""
        return posixpath.normpath(posixpath.join(self._folder, named))

    def data(self, path: str) -> bytes:
        """Return what a file holds.

        Raises:
            Unreadable: there is none, or it is too large.
        """
        data = self._read(path)
        if data is None or len(data) > MAX_BYTES:
            why = "is not in the repository" if data is None else "is larger than 1 MiB"
            raise Unreadable(f"{path} {why}")
        return data

    def parsed(self, path: str, parse: Callable[[bytes], Any], weight: int = 1) -> Any:
        """Return what `parse` makes of a file.

        Raises:
            Unreadable: as `data`, or the file is not what its name says.
        """
        if path not in self._parsed:
            self._parsed[path] = self._parse(path, parse, weight)
        value, trouble = self._parsed[path]
        if trouble:
            raise Unreadable(trouble)
        return value

    def yaml(self, path: str) -> tuple[Document, ...]:
        documents: tuple[Document, ...] = self.parsed(path, _yaml, weight=8)
        return documents

    def json(self, path: str) -> Any:
        """Return the value of a JSON or YAML file; of several documents the first."""
        if path.endswith((".yaml", ".yml")):
            return next((document.value for document in self.yaml(path)), None)
        return self.parsed(path, partial(json.loads, parse_int=float))

    def table(self, path: str) -> list[tuple[int, list[str]]]:
        """Return the rows of a CSV file with their lines, the header first."""
        rows: list[tuple[int, list[str]]] = self.parsed(path, _table)
        return rows

    def _parse(self, path: str, parse: Callable[[bytes], Any], weight: int) -> tuple[Any, str]:
        try:
            data = self.data(path)
            self._left -= len(data) * weight
            if self._left < 0:
                raise ValueError("the files named are too large together")
            return parse(data), ""
        except Unreadable as error:
            return None, str(error)
        except (ValueError, RecursionError, csv.Error) as error:
            return None, f"{path} cannot be read: {error!s:.120}"


def _yaml(data: bytes) -> tuple[Document, ...]:
    loaded = load(data)
    for trouble in loaded.troubles:
        raise ValueError(f"line {trouble.line}: {trouble.message}")
    return loaded.documents


def _table(data: bytes) -> list[tuple[int, list[str]]]:
    separator = "\t" if b"\t" in data.partition(b"\n")[0] else ","
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator)
    rows = [(reader.line_num, row) for row, _ in zip(reader, range(MAX_ROWS + 1), strict=False)]
    if not 0 < len(rows) <= MAX_ROWS:
        raise ValueError(f"it has more than {MAX_ROWS} rows" if rows else "it is empty")
    return rows
