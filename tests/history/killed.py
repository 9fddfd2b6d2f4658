"""An audit that ends by SIGKILL where it is told to: `killed.py URL RUNS PLACE`.

RUNS is JSON: a list of lists of rows.  Of the last run PLACE is `all`, `finish`, or how many rows
it records before it is killed.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from aigov.history.store import History, Metric

NUMBERS = (Metric("organisation", "use_cases", 0.1, 3, 1),)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def numbers(place: str) -> Iterator[Metric]:
    """Yield what the run found; the database asks for it when all intervals are written."""
    if place == "finish":
        kill()
    yield from NUMBERS


def audit(history: History, number: int, rows: list[dict], place: str, *, resume: bool) -> None:
    history.begin(f"scope-{number}", "2026-11-22", {"number": number}, resume=resume)
    for count, row in enumerate(rows):
        if str(count) == place:
            kill()
        if not history.done(row["entry"]["name"]):
            history.record(row)
            history.keep_facts(str(row["entry"]["tree"]), "1", row["entry"]["detections"])
    if place == "unfinished":
        return
    history.finish(f"run-{number}", metrics=numbers(place))


if __name__ == "__main__":
    url, path, stop = sys.argv[1:]
    *before, last = json.loads(Path(path).read_text("utf-8"))
    with History(url, write=True, upgrade=True) as opened:
        for at, given in enumerate(before):
            audit(opened, at, given, "", resume=False)
        audit(opened, len(before), last, stop, resume=False)
