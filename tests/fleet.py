"""Bare repositories made fast, of every kind that an audit meets."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from judging import EXAMPLES

DAY = 1_790_000_000
"""2026-09-21: when all of it is written, in seconds."""
WHO = "karin.holm@northbank.internal"
CODE = b"import json\n\n\ndef total(rows):\n    return sum(row['amount'] for row in rows)\n"
USING = b"from openai import OpenAI\n\nclient = OpenAI()\nprint(client.models.list())\n"
NEEDS = b"openai==1.51.0\nrequests==2.32.3\n"
BROKEN = b"apiVersion: aigov/v1\nkind: UseCase\nmetadata: {id: [\n"
WAIVER = """---
apiVersion: aigov/v1
kind: Waiver
metadata: {{id: late-intake}}
spec:
  policy: {policy}
  use_case: sre-runbook-assistant
  reason: The register was closed for migration until October.
  compensating: The forum looks at the use case every week until then.
  approved_by: karin.holm@northbank.internal
  granted_on: 2026-11-01
  expires_on: 2026-12-15
"""
Files = Mapping[str, "bytes | tuple[str, bytes]"]
"""Path (half characters stand for bytes) to content, or to mode and content."""
_CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n"


@cache
def pilot() -> bytes:
    return (EXAMPLES / "1-low-pilot.aigov.yaml").read_bytes()


def repository(path: Path, *commits: Files, who: str = WHO, day: int = DAY, form: str = "sha1"):
    """Make a bare repository of commits, each with all of its files; return its path."""
    if form == "sha1":  # what `git init` makes, without a process
        for folder in ("objects", "refs"):
            (path / folder).mkdir(parents=True)
        (path / "HEAD").write_bytes(b"ref: refs/heads/main\n")
        (path / "config").write_bytes(_CONFIG)
    else:
        init = ["git", "init", "-q", "--bare", "-b", "main", f"--object-format={form}"]
        subprocess.run([*init, str(path)], check=True)
    if commits:
        extend(path, *commits, who=who, day=day, onto="")
    return path


def extend(path: Path, *commits: Files, who: str = WHO, day: int = DAY + 86_400, onto="main"):
    """Add commits to the branch `main`."""
    lines = []
    for number, files in enumerate(commits):
        person = f"{who} <{who}> {day + 60 * number} +0000"
        parent = f"from refs/heads/{onto}^0\n" if onto and not number else ""
        lines.append(f"commit refs/heads/main\ncommitter {person}\ndata 1\nx\n{parent}deleteall\n")
        for name, given in files.items():
            mode, content = given if isinstance(given, tuple) else ("100644", given)
            raw = name.encode("utf-8", "surrogateescape")
            quoted = "".join(
                chr(b) if 32 < b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in raw
            )
            lines.append(f'M {mode} inline "{quoted}"\ndata {len(content)}\n')
            lines.append(content)
            lines.append("\n")
    stream = b"".join(one if isinstance(one, bytes) else one.encode() for one in lines)
    command = ["git", "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"]
    subprocess.run(command, input=stream, cwd=path, check=True, capture_output=True)


KINDS = ("none", "unregistered", "registered", "blocked", "none", "broken", "not_ai", "mentioned")


def content(kind: str, number: int, files: int = 3) -> Files:
    """Return the files of one repository; some are the same in all, most are its own."""
    own = {
        f"src/part_{n // 20}/module_{n}.py": b"# %d of %d\n" % (n, number) + CODE
        for n in range(files)
    }
    low = pilot().replace(b"id: sre-runbook-assistant", b"id: assistant-%d" % number)
    ai: Files = {"app.py": USING, "requirements.txt": NEEDS}
    return own | {
        "none": {},
        "mentioned": {"README.md": b"We looked at openai and went without.\n"},
        "unregistered": ai,
        "not_ai": ai,
        "registered": {**ai, "aigov.yaml": low.replace(b"provider: mistral, name: mistral-small",
                                                       b"provider: openai, name: gpt-4o")},
        "blocked": {"aigov.yaml": low.replace(b"primary: ", b"secondary: ")},
        "broken": {**ai, "aigov.yaml": BROKEN},
    }[kind]  # fmt: skip


def fleet(folder: Path, many: int, files: int = 3) -> Path:
    """Make so many repositories of all kinds below a folder: `team-3/service-27.git`."""
    for number in range(many):
        kind = KINDS[number % len(KINDS)]
        repository(
            folder / f"team-{number % 5}" / f"{kind}-{number}.git", content(kind, number, files)
        )
    return folder
