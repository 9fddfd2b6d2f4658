"""Real git repositories with honest pasts, written in one stroke by `git fast-import`.

A use case in them grew as the shipped examples say it did: each record stands from the commit
of its own day on, written by the person who answers for it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from aigov.cli import aigov
from aigov.emit import dump
from aigov.preparing import prepare
from aigov.settings import Settings
from aigov.source import removed, replaced, split_pointer
from judging import AS_OF, EXAMPLES, example, rules

PROFILE = str(EXAMPLES / "organization.yaml")
WORKFLOW = "jobs:\n  deploy:\n    steps:\n      - run: aigov-gate gate --base origin/main\n"
"""A pipeline that runs the gate."""
GONE: Any = None
"""What stands for a file that a commit takes away."""


class Commit(NamedTuple):
    """One commit: what it writes, by whom, and when it says it was."""

    files: Mapping[str, str]
    day: str = AS_OF
    author: str = "ana.lima@northbank.internal"


def write(folder: Path, branch: str, commits: Iterable[Commit], start: str = "") -> None:
    """Put commits on a branch of the bare repository `folder`, which begins at `start`."""
    if not folder.exists():
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    stream, above = [], f"from {start}\n" if start else ""
    for one in commits:
        clock = int(datetime.fromisoformat(one.day).replace(hour=12, tzinfo=UTC).timestamp())
        who = f"{one.author.partition('@')[0]} <{one.author}> {clock} +0000"
        stream.append(f"commit refs/heads/{branch}\nauthor {who}\ncommitter {who}\n")
        stream.append(f"data 6\nchange\n{above}")
        for path, text in one.files.items():
            data = f"data {len(text.encode())}\n{text}\n" if text is not GONE else ""
            stream.append(f"M 100644 inline {path}\n{data}" if data else f"D {path}\n")
        above = ""
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    subprocess.run(command, check=True, input="".join(stream).encode())


def past(name: str) -> list[Commit]:
    """Return how a shipped example came to be: a commit for each day on which something was
    done, with all that was done by then, its evidence and nothing of later."""
    document = example(name)
    ready = prepare("aigov.yaml", document, rules(), Settings(AS_OF))
    spec = ready.value["spec"]
    steps = {one["date"]: one for one in spec["lifecycle"]["history"]}
    first, builder = min(steps), spec["ownership"]["technology"]["person"]
    approvers = {one["date"]: one["person"] for one in spec.get("approvals", [])}
    metadata = ready.value["metadata"]
    readers = {metadata["reviewed_on"]: metadata["reviewed_by"]}
    days = sorted({one["value"] for one in ready.done_dates if one["value"] > first} | {first})
    files = {one["path"]: (EXAMPLES / one["path"]).read_text("utf-8") for one in ready.evidence}
    files[".github/workflows/deploy.yml"] = WORKFLOW
    commits = []
    for day in days:
        value = document.value
        for pointer in reversed([one["pointer"] for one in ready.done_dates if one["value"] > day]):
            value = _undone(value, split_pointer(pointer))
        step = steps[max(one for one in steps if one <= day)]
        value = replaced(value, ["spec", "lifecycle", "stage"], step["stage"])
        if metadata["reviewed_on"] > day:
            value = replaced(value, ["metadata", "reviewed_on"], step["date"])
        by = {**approvers, **readers, **{one: steps[one]["by"] for one in steps}}.get(day, builder)
        commits.append(Commit({"aigov.yaml": dump(value), **files}, day, by))
        files = {}
    return commits


def _undone(value: Any, parts: list[str]) -> Any:
    """Return the document as it was before what is dated at `parts` was done."""
    *above, name = parts
    if name == "reviewed_on" and above == ["metadata"]:
        return value
    if name == "closed_on":
        return replaced(removed(value, parts), [*above, "status"], "open")
    if above[-1].isdecimal() or name == "date":
        return removed(value, above)
    return removed(value, parts)


def changed(value: Any, put: Mapping[str, Any], drop: Iterable[str] = ()) -> Any:
    """Return a document with values put in and dropped, by JSON pointer."""
    for pointer, new in put.items():
        value = replaced(value, split_pointer(pointer), new)
    for pointer in drop:
        value = removed(value, split_pointer(pointer))
    return value


def gate(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code of `aigov gate` and its report."""
    command = ["gate", str(folder), "--as-of", AS_OF, "--format", "json", *arguments]
    result = CliRunner().invoke(aigov, command, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, json.loads(result.stdout)
