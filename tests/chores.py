"""Tasks for the workers, good and bad: functions that other processes can import."""

from __future__ import annotations

import mmap
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from aigov.workers import Job, run

PREPARED = "prepared"


class Unpicklable(Exception):
    def __reduce__(self):
        raise TypeError("this stays here")


def prepare() -> str:
    return PREPARED


def refuse() -> str:
    raise ValueError("the rules do not hold")


def do(prepared: str, task):
    """Do what a task says: a list of a word and its values."""
    assert prepared == PREPARED
    what, *values = task if isinstance(task, list) else [None]
    return DOINGS[what](*values) if what else task


def note_and_do(folder: str, what: str, *values):
    """Leave a note that the task was begun, with the time, and do it the second time alone."""
    with Path(folder, what).open("a") as notes:
        notes.write(f"begun {time.monotonic()}\n")
    if len(Path(folder, what).read_text().splitlines()) == 1:
        DOINGS[what](*values)
    return "done at last"


def kill(signal_number: int = signal.SIGKILL):
    os.kill(os.getpid(), signal_number)
    time.sleep(60)


def kill_parent() -> None:
    """End the process that started this one: on a cluster, the Dask worker."""
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return f"slept {seconds} s"


def span(folder: str, name: str, seconds: float) -> None:
    """Write down when this began and ended."""
    begun = time.monotonic()
    time.sleep(seconds)
    Path(folder, name).write_text(f"{begun} {time.monotonic()}")


def spin() -> None:
    """Hang in C with the interpreter's lock held, where no thread can help."""
    re.fullmatch("(a|a)*b", "a" * 60)


def sleeper(folder: str, then: str = "sleep") -> None:
    """Start a program that outlives its time, and end or hang."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    Path(folder, "sleeper").write_text(str(child.pid))
    DOINGS[then](*[300] * (then == "sleep"))


def eat() -> None:
    eaten = []
    while True:
        eaten.append(b"x" * (8 << 20))


def map_file(path: str) -> int:
    with Path(path).open("rb") as file:
        return len(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def fail(message: str = "no") -> None:
    raise ValueError(message)


def fail_strangely() -> None:
    raise Unpicklable("odd")


DOINGS = {
    "pid": os.getpid,
    "kill": kill,
    "note": note_and_do,
    "sleep": sleep,
    "span": span,
    "spin": spin,
    "sleeper": sleeper,
    "eat": eat,
    "map": map_file,
    "fail": fail,
    "fail strangely": fail_strangely,
    "lambda": lambda: lambda: None,
    "kilobytes": lambda many: "x" * (many << 10),
    "kill parent": kill_parent,
    "exit": sys.exit,
}


def drive(task: list, processes: int = 2) -> None:
    """Be a driver that has two workers at a task, and says who they are."""
    tasks = [["pid"], ["pid"], *[task] * processes]
    job = Job(do, prepare, seconds=2.0 if task == ["spin"] else 100.0)
    with run(job, tasks, processes) as results:
        for one in results:
            print(one.value, flush=True)


if __name__ == "__main__":
    drive([*sys.argv[1:2], *map(float, sys.argv[2:])])
