"""Measure `aigov gate` on a large repository against `git status` and `aigov check` there.

5,000 files, 2,000 commits and one use case that is ready to go live, from a fixed seed by `git
fast-import`.  CPU time (user and system) of the whole processes and their children; all three
run in turn, and the ratio is taken round by round.  Run it with `make bench`; it exits 1 when
the median ratio is above the limit.
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

LIMIT = 3.0
"""The most that the gate may cost, in `git status` and `aigov check` together."""
ROUNDS = 9
FILES, COMMITS = 5_000, 2_000
TODAY = "2026-11-22"
START, STEP = 1_735_732_800, 28_800
"""2025-01-01T12:00:00Z, the moment of the first commit; three follow a day."""
ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "examples" / "4-ready.aigov.yaml"
EVIDENCE = ROOT / "examples" / "docs" / "ready"


def history() -> Iterator[bytes]:
    """Yield the commands for `git fast-import`: files of code, then changes to them, one in
    eighty to the manifest: 25 versions, as many as the shipped examples grew in."""
    chance = random.Random(20261122)
    names = [f"src/part{n % 97}/module_{n}.py" for n in range(FILES - 60)]
    names += [f"services/s{n}/requirements.txt" for n in range(40)]
    text = MANIFEST.read_text("utf-8")
    files = {f"docs/ready/{one.name}": one.read_text("utf-8") for one in EVIDENCE.iterdir()}
    files |= {name: _words(chance, name) for name in names} | {"aigov.yaml": text}
    for number in range(COMMITS):
        who = f"Bo <bo@northbank.internal> {START + number * STEP} +0000"
        yield f"commit refs/heads/main\ncommitter {who}\ndata 6\nchange\n".encode()
        for name, content in files.items():
            data = content.encode()
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(data), data)
        name = chance.choice(names)
        noted = text.replace("Raise first-visit", f"Step {number} should raise first-visit")
        files = {name: _words(chance, name)} | ({} if number % 80 else {"aigov.yaml": noted})


def _words(chance: random.Random, name: str) -> str:
    if name.endswith("requirements.txt"):
        return "".join(f"package{chance.randrange(500)}=={n}.0\n" for n in range(12))
    return "".join(f"value_{n} = {chance.random()}\n" for n in range(chance.randrange(5, 80)))


def cpu_seconds(command: list[str], folder: str) -> float:
    """Run `command`, and return the CPU time of it and of all that it ran, in seconds."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode != 0:
        raise SystemExit(f"{command} exited {run.returncode}: {run.stdout.decode()}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    script = str(Path(sys.executable).with_name("aigov-gate"))
    status = ["git", "status", "--porcelain"]
    check = [script, "check", "--as-of", TODAY]
    gate = [script, "gate", "--as-of", TODAY]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
        stream = b"".join(history())
        subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=stream, check=True)
        subprocess.run(["git", "reset", "-q", "--hard", "main"], cwd=folder, check=True)
        commands = (status, check, gate)
        for command in commands * 2:  # warm the file cache
            cpu_seconds(command, folder)
        rounds = [[cpu_seconds(one, folder) for one in commands] for _ in range(ROUNDS)]
    ratios = [last / (first + second) for first, second, last in rounds]
    median = statistics.median(ratios)
    print(f"aigov-gate gate on {FILES:,} files and {COMMITS:,} commits, against git status and")
    print(f"aigov-gate check there, CPU of the whole processes, {ROUNDS} rounds:")
    for name, times in zip(("status", "check", "gate"), zip(*rounds, strict=True), strict=True):
        print(f"  {name:<6} {statistics.median(times) * 1000:6.1f} ms (median)")
    print(f"  ratio  {median:6.2f}x (median of rounds), {min(ratios):.2f} to {max(ratios):.2f}")
    print(f"  limit  {LIMIT:6.2f}x: {'held' if median <= LIMIT else 'BROKEN'}")
    return 0 if median <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
