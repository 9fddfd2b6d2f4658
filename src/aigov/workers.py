"""One function over many tasks: in this process, in others on this machine, on a Dask cluster.

Whoever does the work, the results are the same and come in the order of the tasks, a bounded
number of tasks is under way, and a task that kills its process, hangs or eats the memory is
a `Failure`; all others are done.

Processes are spawned afresh: 0.13 s and the imports, all at once, where a fork takes 0.04 s.
That is the same on every platform, safe whatever threads there are, and finds modules where
this process does; a fork server of Python 3.11 preloads them from elsewhere.  Each process has
a pipe of its own, so it is known which task ended which; the pools of the standard library
lose tasks there, or hang.  A worker ends when the process that started it does, with what it
started itself.  Windows knows no limit of memory, no groups of processes and 60 workers at
most; macOS may not keep the limit of memory.
"""

import json
import multiprocessing
import os
import pickle
import re
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from multiprocessing.connection import wait
from time import monotonic
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
_KEPT = threading.local()
"""What a thread of a Dask worker keeps between two tasks of a run."""


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


def run(job: Job, tasks: Iterable[Any], engine: int | str) -> Iterator[Done]:
    """Do a job for each task and yield the results in the order of the tasks.

    Tasks are plain values as in JSON, drawn when they are needed: `AHEAD` a worker, the next
    result's included.  `engine` is a number of processes, or the address of a Dask cluster on
    which this version is installed, or 0 for this process, which keeps no limit and dies of
    what kills.  On a cluster a task runs in a process beside the Dask worker, which survives it.
    Close the iterator to stop: local processes end at once, those on a cluster in their time.

    Raises:
        MissingExtra: an address is given, and `distributed` is not installed.
        UsageError: the cluster cannot be used, or a task would bring a credential there.
    """
    if isinstance(engine, str):
        return _on_cluster(job, tasks, engine)
    return _Pool(job, tasks, engine).run() if engine else _here(job, tasks)


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


def _here(job: Job, tasks: Iterable[Any]) -> Iterator[Done]:
    doing = _Doing(job)
    for task in tasks:
        yield Done(task, *pickle.loads(doing.answer(task)))


class _Doing:
    """A job in the process that does it."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @cached_property
    def prepared(self) -> Any:
        return self.job.prepare()

    def answer(self, task: Any) -> bytes:
        """Return the pickled value and failure, one of them None."""
        try:
            return pickle.dumps((self.job.function(self.prepared, task), None))
        except MemoryError:
            failure = Failure("memory", f"needs more than {self.job.mebibytes} MiB")
        except Exception as error:  # noqa: BLE001  whatever it is, it is this task's alone
            failure = Failure("error", _said(error))
        return pickle.dumps((None, failure))


def _serve(pipe: Any, job: Job) -> None:
    """Do tasks from a pipe: the life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    with suppress(AttributeError):
        os.setsid()  # a group with what its tasks start, and no terminal to ask at
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (job.mebibytes << 20,) * 2)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    alarm = getattr(signal, "alarm", lambda _: None)  # ends even what hangs in C
    doing = _Doing(job)
    with suppress(EOFError, OSError):
        while pipe.poll(IDLE_SECONDS):
            task = pipe.recv()
            alarm(int(job.seconds) + 2)
            pipe.send_bytes(doing.answer(task))
            alarm(0)


def _end_with_parent() -> None:
    _SPAWN.parent_process().join()
    _kill(os.getpid())


def _kill(worker: int) -> None:
    """End a worker and, where there are groups, what it started."""
    with suppress(OSError):
        getattr(os, "killpg", os.kill)(worker, getattr(signal, "SIGKILL", signal.SIGTERM))


class _Try(NamedTuple):
    place: int
    task: Any
    number: int = 1


class _Worker:
    """A process that does one task at a time."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.pipe, other = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=_serve, args=(other, job), daemon=True)
        self.process.start()
        other.close()

    def give(self, one: _Try) -> None:
        self.one = one
        self.deadline = monotonic() + self.job.seconds
        with suppress(OSError):  # it has just died: that is read from its pipe
            self.pipe.send(one.task)

    def take(self) -> tuple[Any, Failure | None]:
        """Return value and failure of the task, when there is an answer or no time left."""
        if not self.pipe.poll():
            return None, Failure("timeout", f"takes more than {self.job.seconds:g} s")
        try:
            answer: tuple[Any, Failure | None] = pickle.loads(self.pipe.recv_bytes())
        except (EOFError, OSError):
            self.process.join(1)
            return None, Failure("killed", f"its process ended ({self.process.exitcode})")
        return answer

    def end(self) -> None:
        if self.process.is_alive():
            _kill(self.process.pid)
            self.process.kill()  # it may be too young to lead a group
        self.process.join()
        self.pipe.close()


class _Pool:
    """Processes of this machine."""

    def __init__(self, job: Job, tasks: Iterable[Any], most: int) -> None:
        self.job = job
        self.most = most
        self.source = enumerate(tasks)
        self.again: deque[_Try] = deque()
        self.busy: list[_Worker] = []
        self.idle: list[_Worker] = []
        self.done: dict[int, Done] = {}

    def run(self) -> Iterator[Done]:
        following = 0
        try:
            while True:
                while len(self.busy) < self.most and (one := self.next()):
                    self.busy.append(self.worker())
                    self.busy[-1].give(one)
                if not self.busy:
                    return
                left = min(worker.deadline for worker in self.busy) - monotonic()
                answered = wait([worker.pipe for worker in self.busy], max(0.0, left))
                for worker in [*self.busy]:
                    if worker.pipe in answered or worker.deadline <= monotonic():
                        self.collect(worker)
                while following in self.done:
                    yield self.done.pop(following)
                    following += 1
        finally:
            for worker in (*self.busy, *self.idle):
                worker.end()

    def next(self) -> _Try | None:
        """Return what may be started now."""
        if self.again or any(worker.one.number > 1 for worker in self.busy):
            return None if self.busy else self.again.popleft()
        if len(self.busy) + len(self.done) >= AHEAD * self.most:
            return None
        return next((_Try(*one) for one in self.source), None)

    def worker(self) -> _Worker:
        while self.idle:
            if (worker := self.idle.pop()).process.is_alive():
                return worker
            worker.end()
        return _Worker(self.job)

    def collect(self, worker: _Worker) -> None:
        """Keep what became of a task, or have it tried again."""
        one, (value, failure) = worker.one, worker.take()
        self.busy.remove(worker)
        if failure is None or failure.kind == "error":
            self.idle.append(worker)
        else:
            worker.end()
            if one.number < self.job.attempts:
                self.again.append(one._replace(number=one.number + 1))
                return
        self.done[one.place] = Done(one.task, value, failure)


def _on_cluster(job: Job, tasks: Iterable[Any], address: str) -> Iterator[Done]:
    try:
        import distributed
    except ImportError:
        remedy = "pip install 'aigov-gate[cluster]'"
        raise MissingExtra("a cluster needs Dask", where=address, remedy=remedy) from None
    connect: Any = distributed.Client
    with _usable(address):
        client = connect(address, timeout=JOINING_SECONDS, set_as_default=False)
    with closing(client):
        with _usable(address):
            client.wait_for_workers(1, timeout=JOINING_SECONDS)
            most = AHEAD * sum(client.nthreads().values())
        under_way: deque[tuple[Any, Any]] = deque()
        name = uuid4().hex

        def oldest() -> Done:
            task, future = under_way.popleft()
            with _usable(address):
                try:
                    return Done(task, *pickle.loads(future.result()))
                except distributed.KilledWorker:
                    return Done(task, None, Failure("killed", "so did the Dask workers it was on"))

        for task in tasks:
            text = json.dumps(task, ensure_ascii=False)
            if without_credentials(text) != text:
                remedy = "have the workers read it from their environment"
                raise UsageError("a task holds a credential", where=address, remedy=remedy)
            under_way.append((task, client.submit(_beside, name, job, task, pure=False)))
            if len(under_way) == most:
                yield oldest()
        while under_way:
            yield oldest()


@contextmanager
def _usable(address: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        remedy = "see that it runs and that its workers have this version of aigov-gate"
        why = f"the Dask cluster cannot be used ({_said(error)})"
        raise UsageError(why, where=address, remedy=remedy) from error


def _beside(name: str, job: Job, task: Any) -> bytes:
    """Do a task of the run `name` in a process that this thread of a Dask worker keeps."""
    if getattr(_KEPT, "name", "") != name:
        multiprocessing.current_process().daemon = False  # a daemon may not start processes
        _KEPT.name, _KEPT.tasks = name, deque()
        _KEPT.results = _Pool(job, iter(_KEPT.tasks.popleft, _KEPT), 1).run()
    _KEPT.tasks.append(task)
    return pickle.dumps(next(_KEPT.results)[1:])
