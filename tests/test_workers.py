from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import pytest

from aigov.errors import MissingExtra, UsageError
from aigov.workers import AHEAD, Done, Failure, Job, run, without_credentials
from chores import do, prepare, refuse
from conftest import skip_or_fail

ROOT = Path(__file__).parents[1]
PATH = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
JOB = Job(do, prepare)
QUICK = Job(do, prepare, seconds=3.0, mebibytes=300)
SOUND = [1, "two", {"three": [3]}, None, 5.5, True]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def finished(job: Job, tasks, engine) -> list[Done]:
    with run(job, tasks, engine) as results:
        return list(results)


def kinds(job: Job, tasks, engine=2) -> list:
    """Return for each task its value, or the kind of its failure."""
    return [one.failure.kind if one.failure else one.value for one in finished(job, tasks, engine)]


@pytest.mark.parametrize("engine", [0, 1, 3])
def test_results_come_in_the_order_of_the_tasks(engine):
    tasks = [["sleep", 0.2], *SOUND, ["sleep", 0.05], *range(50)]
    values = ["slept 0.2 s", *SOUND, "slept 0.05 s", *range(50)]
    assert finished(JOB, tasks, engine) == [*map(Done, tasks, values)]


def test_no_tasks_are_no_results_and_no_processes():
    before = multiprocessing.active_children()
    assert finished(JOB, [], 2) == []
    assert multiprocessing.active_children() == before == []


def test_endless_tasks_are_drawn_a_bounded_number_ahead():
    drawn = itertools.count()
    at = 0
    with run(JOB, (next(drawn) for _ in itertools.count()), 2) as results:
        for at, one in enumerate(itertools.islice(results, 300)):
            assert one.value == at
            assert int(repr(drawn)[6:-1]) - at <= AHEAD * 2
    assert at == 299


def test_one_slow_task_holds_back_a_bounded_number_of_others(tmp_path):
    drawn = []
    tasks = (drawn.append(one) or one for one in [["sleep", 1.0], *range(500)])
    with run(JOB, tasks, 2) as results:
        assert next(results).value == "slept 1.0 s"
        assert len(drawn) == AHEAD * 2


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_task_that_always_kills_its_worker_fails_alone(signal_number):
    results = finished(JOB, [*range(20), ["kill", signal_number], *range(20)], 2)
    failed = results.pop(20)
    assert failed.failure == Failure("killed", f"it ended with {-signal_number}")
    assert [one.value for one in results] == [*range(20), *range(20)]


def test_a_task_whose_worker_was_killed_once_is_done_the_second_time(tmp_path):
    tasks = [1, 2, ["note", str(tmp_path), "kill"], 4]
    assert kinds(JOB, tasks) == [1, 2, "done at last", 4]


def test_a_task_that_ended_its_worker_is_tried_again_alone(tmp_path):
    spans = [["span", str(tmp_path), str(one), 0.2] for one in range(6)]
    kinds(JOB, [spans[0], ["note", str(tmp_path), "kill"], *spans[1:]], 3)
    again = float((tmp_path / "kill").read_text().split()[-1])
    for one in range(6):
        begun, ended = map(float, (tmp_path / str(one)).read_text().split())
        assert not begun < again < ended, one


def test_more_than_one_bad_task_and_no_good_one_is_lost():
    bad = [["kill"], ["fail"], ["exit", 3], ["kill"]]
    tasks = [*bad, *range(30), *bad]
    expected = ["killed", "error", "killed", "killed"]
    assert kinds(JOB, tasks, 3) == [*expected, *range(30), *expected]


def test_a_task_that_kills_its_worker_takes_the_programs_it_started_along(tmp_path):
    assert kinds(JOB, [["sleeper", str(tmp_path), "kill"]]) == ["killed"]
    assert gone([int((tmp_path / "sleeper").read_text())])


def test_the_workers_go_on_while_a_result_is_used(tmp_path):
    with run(JOB, [0, ["span", str(tmp_path), "done", 0]], 2) as results:
        next(results)
        until = time.monotonic() + 10
        while not (tmp_path / "done").exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert (tmp_path / "done").exists()


def test_attempts_are_a_limit(tmp_path):
    assert kinds(JOB._replace(attempts=1), [["note", str(tmp_path), "kill"], 2]) == ["killed", 2]


def test_a_task_that_sleeps_for_ever_or_hangs_in_c_times_out_with_what_it_started(tmp_path):
    tasks = [["sleep", 300], 2, ["spin"], 4, ["sleeper", str(tmp_path)]]
    results = finished(QUICK._replace(attempts=1), tasks, 3)
    assert [one.value for one in results] == [None, 2, None, 4, None]
    assert {one.failure for one in results[::2]} == {Failure("timeout", "takes more than 3 s")}
    assert gone([int((tmp_path / "sleeper").read_text())])


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is kept by Linux alone")
def test_a_task_that_allocates_without_end_is_stopped(tmp_path):
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", 1 << 30)
    tasks = [1, ["eat"], 3, ["map", str(tmp_path / "big")]]
    results = finished(QUICK._replace(seconds=20), tasks, 2)
    assert [one.value for one in results] == [1, None, 3, 1 << 30]
    assert results[1].failure == Failure("memory", "needs more than 300 MiB")


@pytest.mark.parametrize("engine", [0, 2])
def test_what_a_function_raises_is_told_in_a_line_without_credentials(engine, monkeypatch):
    hostile = "cannot clone\nhttps://me:hunter2@git.example/x " + "long" * 100
    tasks = [["fail", hostile], ["fail strangely"], ["lambda"], 4]
    first, second, third, last = finished(JOB, tasks, engine)
    said = "ValueError: cannot clone https://***@git.example/x long"
    assert first.failure.kind == "error"
    assert first.failure.message.startswith(said)
    assert len(first.failure.message) == 300
    assert second.failure == Failure("error", "Unpicklable: odd")
    assert third.failure.kind == "error"
    assert "<lambda>" in third.failure.message
    assert last.value == 4


def test_credentials_are_hidden_in_urls_and_where_the_environment_names_them(monkeypatch):
    monkeypatch.setenv("FORGE_TOKEN", "abcd-1234-efgh")
    monkeypatch.setenv("SHORT_TOKEN", "a")
    hidden = {
        "https://abc@h/x": "https://***@h/x",
        "ssh://git:pw@h/x": "ssh://git:***@h/x",
        "said abcd-1234-efgh": "said ***",
    }
    assert {text: without_credentials(text) for text in hidden} == hidden
    plain = "ssh://git@h/x git@h:x mail@h https://h/x@y a"
    assert without_credentials(plain) == plain


@pytest.mark.parametrize("engine", [0, 2])
def test_where_a_process_cannot_prepare_every_task_says_why(engine):
    results = finished(Job(do, refuse), [1, 2, 3], engine)
    assert {one.failure for one in results} == {
        Failure("error", "ValueError: the rules do not hold")
    }


def test_a_large_result_arrives():
    assert [len(one.value) for one in finished(JOB, [["kilobytes", 10240]] * 3, 2)] == [
        10 << 20
    ] * 3


def test_tasks_that_cannot_be_told_end_the_run_and_its_workers():
    def tasks():
        yield ["pid"]
        yield from range(20)
        raise OSError("the list is gone")

    with run(JOB, tasks(), 2) as results:
        worker = next(results).value
        with pytest.raises(OSError, match="the list is gone"):
            list(results)
    assert gone([worker])


def test_an_interrupt_between_two_results_ends_the_workers_at_once():
    tasks = [["pid"], *[["sleep", 300]] * 20]
    try:
        with run(JOB, tasks, 2) as results:
            worker = next(results).value
            begun = time.monotonic()
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert gone([worker])
    assert time.monotonic() - begun < 3
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("how", "task"),
    [
        (signal.SIGKILL, ["sleep", "300"]),
        (signal.SIGKILL, ["spin"]),
        (signal.SIGINT, ["spin"]),
    ],
)
def test_a_driver_that_is_ended_leaves_no_process(how, task):
    command = [sys.executable, "-m", "chores", *task]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": PATH}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as driver:  # fmt: skip
        workers = {int(driver.stdout.readline()) for _ in range(2)}
        below = {*workers, *children(driver.pid)}
        time.sleep(0.2)
        assert workers <= {one for one in below if alive(one)}
        driver.send_signal(how)
        driver.wait(10)
        assert "chores" not in driver.stderr.read() or how == signal.SIGINT
    assert driver.returncode in (-how, 1, 130)
    assert gone(below, 8 if task == ["spin"] else 3)


def test_the_memory_of_the_driver_does_not_grow_with_the_tasks():
    most = (AHEAD * 2 + 10) * (100 << 10)  # what is under way, and copies while it is received
    for many in (100, 1000):
        tracemalloc.start()
        with run(JOB, [["kilobytes", 100]] * many, 2) as results:
            assert all(one.failure is None for one in results)
        assert tracemalloc.get_traced_memory()[1] < most
        tracemalloc.stop()


def test_a_task_costs_little(capsys):
    begun = time.monotonic()
    assert kinds(JOB, range(1000)) == [*range(1000)]
    with capsys.disabled():
        print(f"\n1,000 tasks that do nothing: {time.monotonic() - begun:.2f} s with start-up")


@pytest.fixture(scope="module")
def cluster():
    """The address of a Dask cluster: two workers of two threads, watched by nannies."""
    if find_spec("distributed") is None:
        skip_or_fail("dask", "the package distributed is not installed")
    env = {**os.environ, "PYTHONPATH": PATH, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER], env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        yield process.stdout.readline().strip()
        process.stdin.close()


CLUSTER = """
from distributed import LocalCluster
with LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster:
    print(cluster.scheduler_address, flush=True)
    input()
"""


def test_every_engine_gives_the_same(cluster):
    sound = [*SOUND, ["fail"], ["lambda"], ["kilobytes", 100], *range(50)]
    here = finished(JOB, sound, 0)
    assert here == finished(JOB, sound, 2) == finished(JOB, sound, cluster)
    limits = QUICK._replace(attempts=1)
    deadly = [1, ["kill"], ["eat"], *range(20)]
    *same, slow = finished(limits, [*deadly, ["sleep", 300]], cluster)
    assert same == finished(limits, deadly, 3)
    failures = [one.failure.kind for one in (*same[1:3], slow)]
    assert failures == ["killed", "memory", "timeout"]


def test_a_cluster_has_a_bounded_number_of_tasks(cluster):
    drawn = []
    tasks = (drawn.append(one) or one for one in itertools.count())
    with run(JOB, tasks, cluster) as results:
        for one in itertools.islice(results, 100):
            assert one.value == one.task
            assert len(drawn) - one.task <= AHEAD * 4


def test_a_dask_worker_that_dies_takes_no_task_with_it(cluster, tmp_path):
    tasks = [1, ["note", str(tmp_path), "kill parent"], 3]
    assert kinds(JOB, tasks, cluster) == [1, "done at last", 3]


def test_a_task_that_kills_each_dask_worker_fails(cluster):
    assert kinds(JOB._replace(attempts=1), [["kill parent"]], cluster) == ["killed"]
    assert kinds(JOB, [1, 2], cluster) == [1, 2]


def test_no_credential_is_sent_to_a_cluster(cluster):
    tasks = [1, {"url": "https://me:hunter2@git.example/x"}]
    with pytest.raises(UsageError, match="a task holds a credential") as caught:
        finished(JOB, tasks, cluster)
    assert "hunter2" not in str(caught.value)


def test_a_cluster_that_does_not_answer_ends_the_run(monkeypatch, cluster):
    monkeypatch.setattr("aigov.workers.JOINING_SECONDS", 1)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with pytest.raises(UsageError, match="the Dask cluster cannot be used"):
            finished(JOB, [1], address)


def test_without_dask_the_pip_line_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"pip install 'aigov-gate\[cluster\]'"):
        finished(JOB, [1], "tcp://127.0.0.1:1")


def children(parent: int) -> list[int]:
    """Return the processes below one, all generations."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    below = [parent]
    for one in below:
        below += [pid for pid, of in pairs if of == one]
    return below[1:]


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def gone(pids, seconds: float = 3.0) -> bool:
    """Say whether processes have ended, after waiting for it."""
    assert pids
    until = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(alive, pids))
