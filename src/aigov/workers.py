"""One function over many tasks: in this process, in others on this machine, on a Dask cluster.

Whoever does the work, the results are the same and come in the order of the tasks, a bounded
number of tasks is under way, and a task that kills its process, hangs or eats the memory is
a `Failure`; all others are done.

Processes are spawned afresh: 0.13 s and the imports, all at once, where a fork takes 0.04 s.
That is the same on every platform, safe whatever threads there are, and finds modules where
this process does; a fork server of Python 3.11 preloads them from elsewhere.  Each process has
a pipe of its own, so it is known which task ended which; the pools of the standard library
lose tasks there, or hang.  A worker ends when the process that started it does, and takes the
programs that its tasks started along.  Windows knows no limit of memory and no groups of
processes; macOS may not keep the limit.
"""

import json
import multiprocessing
import os
import pickle
import re
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import cache, partial
from itertools import islice
from threading import Thread, local
from typing import Any, NamedTuple
from uuid import uuid4

from aigov.errors import MissingExtra, UsageError

AHEAD = 8
"""Tasks a worker that are under way, or done and waiting for an earlier one."""
IDLE_SECONDS = 60.0
"""After so long without a task a worker ends: one on a cluster may have been forgotten."""
JOINING_SECONDS = 30
"""Time for a cluster to answer, and to have a worker."""

_SECRET = re.compile(r"(TOKEN|SECRET|PASSWORD|_KEY)$")
_SPAWN: Any = multiprocessing.get_context("spawn")
_KEPT = local()
"""What a thread keeps between two tasks: its worker."""


class Job(NamedTuple):
    """What is done with each task; both functions are of the top level of a module."""

    function: Callable[[Any, Any], Any]
    """Takes what `prepare` returned and a task; its value can be pickled."""
    prepare: Callable[[], Any]
    """Called once in a process, within the time of its first task."""
    seconds: float = 300.0
    """Time for a task."""
    mebibytes: int = 1024
    """Memory of its process, without what is mapped from files."""
    attempts: int = 2
    """How often a task may end its process.  It is tried again while nothing else runs, so
    that it is not blamed for another.  What the function raises is final."""


class Failure(NamedTuple):
    """Why a task has no value."""

    kind: str
    """`killed`, `timeout`, `memory`, or `error`: the function raised."""
    message: str
    """One line without credentials; a hostile task may have worded it."""


class Done(NamedTuple):
    """A task and its value, or its failure."""

    task: Any
    value: Any = None
    failure: Failure | None = None


@contextmanager
def run(job: Job, tasks: Iterable[Any], engine: int | str) -> Iterator[Iterator[Done]]:
    """Do a job for each task: `with run(...) as results` has them in the order of the tasks.

    Tasks are plain values as in JSON, drawn when they are needed: `AHEAD` a worker, the next
    result's included.  `engine` is a number of processes, or the address of a Dask cluster on
    which this version is installed, or 0 for this process, which keeps no limit and dies of
    what kills.  On a cluster a task runs in a process beside the Dask worker, which survives it.
    When the block is left, local processes end at once, and those on a cluster in their time.

    Raises:
        MissingExtra: an address is given, and `distributed` is not installed.
        UsageError: the cluster cannot be used, or a task would bring a credential there.
    """
    if isinstance(engine, str):
        opened = _cluster(job, engine)
    else:
        opened = _processes(job, engine) if engine else _here(job)
    with opened as (send, most):
        yield _in_order(tasks, send, most, job.attempts)


Outcome = tuple[Any, Failure | None]
"""A value and a failure, one of them None."""
Send = Callable[[Any], Callable[[], Outcome]]
"""Sends a task somewhere; what it returns waits for the outcome."""


def _in_order(tasks: Iterable[Any], send: Send, most: int, attempts: int) -> Iterator[Done]:
    sent = ((task, send(task)) for task in tasks)
    under_way = deque(islice(sent, most))
    while under_way:
        task, result = under_way.popleft()
        value, failure = result()
        for _ in range(1, attempts):
            if failure is None or failure.kind == "error":
                break
            for _, other in under_way:
                other()
            value, failure = send(task)()
        yield Done(task, value, failure)
        under_way.extend(islice(sent, 1))


def without_credentials(text: str) -> str:
    """Hide what opens a door: in URLs, and values of the environment whose name says so."""
    for name, value in os.environ.items():
        if len(value) >= 8 and _SECRET.search(name.upper()):
            text = text.replace(value, "***")
    return re.sub(r"(https?://|://[^/\s@:]*:)[^/\s@]+@", r"\1***@", text)


def _said(error: Exception) -> str:
    """Return what an error says in one line of 300 characters at most, without credentials."""
    text = without_credentials(f"{type(error).__name__}: {error}")
    return " ".join(text.split())[:300]


def _answering(job: Job) -> Callable[[Any], bytes]:
    """Return what does a task in this process and pickles the outcome."""
    prepare = cache(job.prepare)

    def answer(task: Any) -> bytes:
        try:
            return pickle.dumps((job.function(prepare(), task), None))
        except MemoryError:
            failure = Failure("memory", f"needs more than {job.mebibytes} MiB")
        except Exception as error:  # noqa: BLE001  whatever it is, it is this task's alone
            failure = Failure("error", _said(error))
        return pickle.dumps((None, failure))

    return answer


def _serve(pipe: Any, job: Job) -> None:
    """Do tasks from a pipe: the life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    with suppress(AttributeError):
        os.setsid()  # a group with what its tasks start, and no terminal to ask at
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (job.mebibytes << 20,) * 2)
    Thread(target=_end_with_parent, daemon=True).start()
    alarm = getattr(signal, "alarm", lambda _: None)  # ends even what hangs in C
    answer = _answering(job)
    with suppress(EOFError, OSError):
        while pipe.poll(IDLE_SECONDS):
            task = pipe.recv()
            alarm(int(job.seconds) + 2)
            pipe.send_bytes(answer(task))
            alarm(0)


def _end_with_parent() -> None:
    _SPAWN.parent_process().join()
    _kill_group(os.getpid())
    os._exit(1)


def _kill_group(leader: int) -> None:
    with suppress(AttributeError, OSError):
        os.killpg(leader, signal.SIGKILL)


def _end(process: Any) -> None:
    """End a worker and what it started, if it has not ended itself."""
    _kill_group(process.pid)
    process.kill()  # it may be too young to lead a group
    process.join()


class _Worker:
    """A process that does one task at a time for the run `name`."""

    def __init__(self, name: str, job: Job) -> None:
        self.job = job
        self.pipe, other = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=_serve, args=(other, job), name=name, daemon=True)
        self.process.start()
        other.close()

    def do(self, task: Any) -> Outcome:
        """Do a task; what goes wrong with the process, or with its memory, ends it."""
        try:
            self.pipe.send(task)
            if self.pipe.poll(self.job.seconds):
                value, failure = pickle.loads(self.pipe.recv_bytes())
            else:
                value, failure = None, Failure("timeout", f"takes more than {self.job.seconds:g} s")
        except (EOFError, OSError):
            self.process.join(1)
            value, failure = None, Failure("killed", f"it ended with {self.process.exitcode}")
        if failure and failure.kind != "error":
            _end(self.process)
        return value, failure


def _beside(name: str, job: Job, task: Any) -> Outcome:
    """Do a task of the run `name` in the process that this thread keeps for it."""
    worker = getattr(_KEPT, "worker", None)
    if worker is None or worker.process.name != name or not worker.process.is_alive():
        multiprocessing.current_process().daemon = False  # as a Dask worker is: may start none
        worker = _KEPT.worker = _Worker(name, job)
    outcome: Outcome = worker.do(task)
    return outcome


@contextmanager
def _here(job: Job) -> Iterator[tuple[Send, int]]:
    """Send tasks nowhere."""
    answer = _answering(job)
    yield lambda task: partial(pickle.loads, answer(task)), 1


@contextmanager
def _processes(job: Job, most: int) -> Iterator[tuple[Send, int]]:
    """Send tasks to processes of this machine: a thread for each, which waits for it."""
    name = uuid4().hex
    threads = ThreadPoolExecutor(most)
    try:
        yield lambda task: threads.submit(_beside, name, job, task).result, AHEAD * most
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        last = Thread(target=threads.shutdown)
        last.start()
        running = True
        while running:
            running = last.is_alive()
            for process in multiprocessing.active_children():
                if process.name == name:
                    _end(process)
            last.join(0.01)


@contextmanager
def _cluster(job: Job, address: str) -> Iterator[tuple[Send, int]]:
    """Send tasks to a Dask cluster."""
    try:
        import distributed
    except ImportError:
        remedy = "pip install 'aigov-gate[cluster]'"
        raise MissingExtra("a cluster needs Dask", where=address, remedy=remedy) from None
    name = uuid4().hex

    def send(task: Any) -> Callable[[], Outcome]:
        text = json.dumps(task, ensure_ascii=False)
        if without_credentials(text) != text:
            remedy = "have the workers read it from their environment"
            raise UsageError("a task holds a credential", where=address, remedy=remedy)
        return partial(fetch, client.submit(_beside, name, job, task, pure=False))

    def fetch(future: Any) -> Outcome:
        with _usable(address):
            try:
                outcome: Outcome = future.result()
            except distributed.KilledWorker:
                outcome = None, Failure("killed", "the Dask workers that had it ended")
        return outcome

    connect: Any = distributed.Client
    with _usable(address):
        client = connect(address, timeout=JOINING_SECONDS, set_as_default=False)
    with closing(client):
        with _usable(address):
            client.wait_for_workers(1, timeout=JOINING_SECONDS)
            most = AHEAD * sum(client.nthreads().values())
        yield send, most


@contextmanager
def _usable(address: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        why = f"the Dask cluster cannot be used ({_said(error)})"
        remedy = "see that it runs and that its workers have this version of aigov-gate"
        raise UsageError(why, where=address, remedy=remedy) from error
