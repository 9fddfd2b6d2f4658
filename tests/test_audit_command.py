"""`aigov audit` from outside: real repositories, databases, processes and a Dask cluster."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import fleet
from aigov.gate import look
from forge.rest import TOKEN
from history.conftest import new_postgresql, postgres  # noqa: F401  # fixtures
from judging import EXAMPLES, ROOT
from test_attestation import PUBLIC, pems, signed, written
from test_check_command import run  # noqa: F401
from test_mirrors import remote  # noqa: F401
from test_workers import cluster  # noqa: F401

MANY = 152
"""Repositories of the fleet: 19 of each kind."""
FEW = 40
DATE = ("--as-of", "2026-11-22")
PROFILE = ("--profile", str(EXAMPLES / "organization.yaml"))
PYTHONPATH = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return fleet.fleet(tmp_path_factory.mktemp("fleet"), MANY)


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    return fleet.fleet(tmp_path_factory.mktemp("few"), FEW)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    for name in ("CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


@pytest.fixture
def audit(run, tmp_path):  # noqa: F811
    """Audit with a history below the test's folder; return exit code, JSON report and stderr."""

    def audit(*arguments: object, db: str = "", date: str = "2026-11-22", serial: bool = True):
        report = tmp_path / "report.json"
        words = [
            "--db",
            db or tmp_path / "history.db",
            "--as-of",
            date,
            "--format",
            f"json={report}",
        ]
        words += ["--workers", "0"] * serial
        report.unlink(missing_ok=True)
        code, _, err = run("audit", *arguments, *words)
        return code, json.loads(report.read_text("utf-8")) if report.exists() else None, err

    return audit


def rows(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in report["repositories"]}


def words(changes: dict[str, Any]) -> dict[str, list[str]]:
    """Return what changed, without what did not."""
    return {name: one["named"] for name, one in changes.items() if name != "since" and one["times"]}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "aigov", *map(str, arguments)]


def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": PYTHONPATH, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def exported(url: object) -> bytes:
    found = subprocess.run(
        command("db", "export", "--db", url), capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
    )  # fmt: skip
    return found.stdout


# --- every repository has a row, and all reports and databases agree


def test_every_repository_has_its_row_and_all_reports_agree(run, folder, tmp_path):  # noqa: F811
    files = {name: tmp_path / f"report.{name}" for name in ("json", "csv", "markdown", "text")}
    formats = [word for name, file in files.items() for word in ("--format", f"{name}={file}")]
    db = ("--db", tmp_path / "history.db")
    code, out, _ = run(
        "audit", folder, *DATE, *PROFILE, *db, "--workers", 0, *formats, "--format=text"
    )
    assert code == 1
    report = json.loads(files["json"].read_text("utf-8"))
    names = sorted(str(one.parent.relative_to(folder)) for one in folder.glob("*/*/HEAD"))
    assert [one["name"] for one in report["repositories"]] == names
    assert len(names) == MANY
    assert {one["state"] for one in report["repositories"]} == {"ok"}
    states = report["summary"]["repositories"]
    each = MANY // len(fleet.KINDS)
    assert states == {
        "unregistered": 3 * each, "registered": 2 * each, "declared_not_ai": 0,
        "none": 3 * each, "failed": 0,
    }  # fmt: skip
    for one in report["repositories"]:
        kind = one["name"].partition("/")[2].partition("-")[0]
        expected = {"broken": "unregistered", "not_ai": "unregistered", "mentioned": "none",
                    "blocked": "registered"}.get(kind, kind)  # fmt: skip
        assert one["ai_use"] == expected, one["name"]
    table = list(csv.DictReader(io.StringIO(files["csv"].read_text("utf-8"))))
    assert [one["name"] for one in table] == names
    sums = report["summary"]["sums"]
    for name in ("blocking", "warnings", "detections", "use_cases"):
        assert sum(int(one[name]) for one in table) == sums[name], name
    verdict = (
        f"{MANY} repositories: {3 * each} unregistered, {2 * each} registered, 0 declared not AI, "
        f"{3 * each} without AI, 0 failed · {sums['blocking']} blocking, "
        f"{sums['warnings']} warnings, 0 waived"
    )
    text = files["text"].read_text("utf-8")
    assert text == out
    for shown in (text, files["markdown"].read_text("utf-8")):
        assert verdict in " ".join(shown.split())
    assert max(map(len, text.splitlines())) <= 80
    with sqlite3.connect(tmp_path / "history.db") as connection:
        kept = connection.execute(
            "SELECT state, count(*) FROM interval WHERE kind = 'repository' GROUP BY state"
        )
        assert dict(kept) == {name: many for name, many in states.items() if many}
        assert connection.execute("SELECT items, run FROM run").fetchall() == [
            (MANY, report["run"])
        ]
        (found,) = connection.execute("SELECT count(*) FROM interval WHERE kind = 'detection'")
        assert found[0] == sums["detections"]
    connection.close()


def test_the_report_is_as_its_schema_says(audit, few):
    schemas = [
        json.loads((ROOT / "schemas" / f"{name}.v1.json").read_text("utf-8"))
        for name in ("audit", "report")
    ]
    known = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in schemas)
    fleet.repository(few / "empty.git")
    try:
        _, report, _ = audit(few, *PROFILE)
    finally:
        shutil.rmtree(few / "empty.git")
    Draft202012Validator(schemas[0], registry=known).validate(report)


def test_serial_processes_and_a_cluster_give_the_same_bytes(few, tmp_path, cluster):  # noqa: F811
    found = {}
    for name, engine in {
        "serial": ("--workers", "0"),
        "processes": ("--workers", "2"),
        "dask": ("--dask", cluster),
    }.items():
        db, report = tmp_path / f"{name}.db", tmp_path / f"{name}.json"
        subprocess.run(
            command("audit", few, *DATE, *PROFILE, *engine, "--db", db, f"--format=json={report}"),
            env=environment(tmp_path), capture_output=True, check=False,
        )  # fmt: skip
        found[name] = report.read_bytes(), exported(db)
    assert found["serial"] == found["processes"] == found["dask"]
    assert found["serial"][0].count(b'"state": "ok"') == FEW


def test_postgresql_keeps_the_same_as_sqlite(audit, few, tmp_path, new_postgresql):  # noqa: F811
    url, odd = new_postgresql(), tmp_path / "odd"
    strange(odd)
    fleet.repository(odd / os.fsdecode(b"caf\xe9.git"), fleet.content("unregistered", 1))
    subprocess.run(
        command("db", "upgrade", "--db", url), check=True, capture_output=True,
        env=environment(tmp_path),
    )  # fmt: skip
    for date in ("2026-11-22", "2026-12-22"):
        here, there = (audit(few, odd, *PROFILE, date=date, db=db) for db in ("", url))
        assert here == there
        assert len(here[1]["repositories"]) == FEW + 5
    assert exported(url) == exported(tmp_path / "history.db")


# --- the second audit


def test_an_unchanged_fleet_gives_the_same_report_and_nothing_is_looked_for_again(
    audit, few, tmp_path, monkeypatch
):
    from aigov import auditing

    looked = []
    monkeypatch.setattr(auditing, "look", lambda *given: looked.append(1) or look(*given))
    first = audit(few, *PROFILE)
    assert len(looked) == FEW
    before = (tmp_path / "report.json").read_bytes()
    assert audit(few, *PROFILE) == first
    assert (tmp_path / "report.json").read_bytes() == before
    assert audit(few, *PROFILE) == first
    assert len(looked) == FEW
    extended = next(few.glob("*/none-8.git"))
    copy = tmp_path / "copy"
    shutil.copytree(few, copy)
    fleet.extend(copy / extended.relative_to(few), fleet.content("unregistered", 8))
    _, report, _ = audit(copy, *PROFILE)
    assert len(looked) == FEW + 1
    assert words(report["changes"])["newly_unregistered"] == [str(extended.relative_to(few))]


@pytest.fixture
def waived(tmp_path) -> Path:
    """A repository whose one blocking finding a waiver covers until 2026-12-15."""
    late = fleet.pilot().replace(b"end_on: 2026-12-18", b"end_on: 2027-09-30")
    assert late != fleet.pilot()
    waiver = fleet.WAIVER.format(policy="INT-004").encode()
    files = {"aigov.yaml": late}
    path = fleet.repository(tmp_path / "repos" / "waived.git", files, {"aigov.yaml": late + waiver})
    fleet.repository(tmp_path / "repos" / "plain.git", fleet.content("none", 1))
    return path


def test_time_alone_reopens_what_was_waived_and_it_is_told(audit, waived, tmp_path, monkeypatch):
    from aigov import auditing

    _, first, _ = audit(waived.parent, *PROFILE)
    assert first["summary"]["sums"]["waived"] == 1, first["repositories"]
    monkeypatch.setattr(auditing, "look", None)
    code, second, _ = audit(waived.parent, *PROFILE, date="2026-12-16")
    assert code == 1
    assert second["summary"]["sums"]["waived"] == 0
    assert second["run"] != first["run"]
    assert second["changes"]["since"] == "2026-11-22"
    changes = words(second["changes"])
    assert changes["findings_reopened"] == ["waived.git sre-runbook-assistant INT-004"]
    assert changes["waivers_expired"] == ["waived.git sre-runbook-assistant late-intake"]
    heads = [[one["head"] for one in report["repositories"]] for report in (first, second)]
    assert heads[0] == heads[1]


def test_without_a_profile_no_waiver_counts(audit, waived):
    code, report, _ = audit(waived.parent)
    assert (code, report["summary"]["sums"]["waived"]) == (1, 0)


# --- killed, and resumed


def started(tmp_path: Path, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("audit", folder, *DATE, *PROFILE, "--db", tmp_path / "killed.db", *arguments),
        env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def children(pid: int) -> list[int]:
    """Return the processes that a process started (of /proc, as Linux has it)."""
    found = []
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = one.read_text().rpartition(")")[2].split()
            line = one.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and b"spawn_main" in line:
            found.append(int(one.parent.name))
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_an_audit_whose_worker_and_then_itself_is_killed_ends_as_if_undisturbed(
    audit, folder, tmp_path
):
    with started(tmp_path, folder, "--workers", "2") as process:
        assert process.stderr
        for number, _ in enumerate(process.stderr, 1):
            if number == 30:
                os.kill(children(process.pid)[0], signal.SIGKILL)
            if number == 70:
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL
    code, _, err = audit(folder, *PROFILE, "--resume", db=str(tmp_path / "killed.db"))
    assert code == 1
    done = MANY - len(err.splitlines())
    assert 50 <= done <= MANY - 10
    undisturbed = audit(folder, *PROFILE, db=str(tmp_path / "undisturbed.db"))
    assert undisturbed[0] == 1
    assert exported(tmp_path / "killed.db") == exported(tmp_path / "undisturbed.db")


def test_another_audit_is_not_resumed(audit, folder, tmp_path, run):  # noqa: F811
    with started(tmp_path, folder, "--workers", "0") as process:
        assert process.stderr
        process.stderr.readline()
        process.kill()
    code, report, err = audit(
        folder, *PROFILE, "--resume", db=str(tmp_path / "killed.db"), date="2026-11-23"
    )
    assert (code, report) == (2, None)
    assert "judged something else" in err


# --- what is wrong with one repository, and what is hostile


CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
\tfsmonitor = RUN
\thooksPath = hooks
\tsshCommand = RUN
\tpager = RUN
\tattributesFile = attributes
\talternateRefsCommand = RUN
[alias]
\tlog = !RUN
\trev-parse = !RUN
\tcat-file = !RUN
[filter "x"]
\tclean = RUN
\tsmudge = RUN
\tprocess = RUN
\trequired = true
[diff]
\texternal = RUN
[diff "x"]
\ttextconv = RUN
\tcommand = RUN
[gpg]
\tprogram = RUN
[log]
\tshowSignature = true
[include]
\tpath = more
"""
SOUND = fleet.content("registered", 1)


def damaged(top: Path) -> None:
    """Make what cannot be read: without a commit, half a repository, bad and missing objects."""
    fleet.repository(top / "empty.git")
    (top / "nothing.git" / "objects").mkdir(parents=True)
    (top / "nothing.git" / "HEAD").write_text("ref: refs/heads/main\n")
    beheaded = fleet.repository(top / "beheaded.git", SOUND)
    (beheaded / "refs" / "heads" / "main").write_text("1" * 40)
    flipped = fleet.repository(top / "flipped.git", SOUND)
    (pack,) = (flipped / "objects" / "pack").glob("*.pack")
    data = bytearray(pack.read_bytes())
    data[len(data) // 3] ^= 0xFF
    pack.chmod(0o600)
    pack.write_bytes(data)
    missing = fleet.repository(top / "missing.git", SOUND)
    git = ["git", "-C", str(missing)]
    (pack,) = (missing / "objects" / "pack").glob("*.pack")
    data = bytearray(pack.read_bytes())
    shutil.rmtree(missing / "objects" / "pack")
    subprocess.run([*git, "unpack-objects", "-q"], input=data, check=True)
    blob = subprocess.check_output([*git, "rev-parse", "HEAD:app.py"], text=True).strip()
    (missing / "objects" / blob[:2] / blob[2:]).unlink()


def strange(top: Path) -> None:
    """Make what is rare, and sound all the same."""
    fleet.repository(top / "sha256.git", SOUND, form="sha256")
    names = {"caf\udce9/\udcff.py": fleet.USING, "a\nb\x1b[31m.py": fleet.USING}
    fleet.repository(top / "bytes.git", {**SOUND, **names})
    fleet.repository(top / "long.git", {**SOUND, f"{LONG}/app.py": fleet.USING})
    links = {
        "a": b"b",
        "b": b"a",
        "c/x.py": b"../c",
        "requirements-a.txt": b"a",
        "d.py": b"/etc/passwd",
    }
    fleet.repository(
        top / "links.git", {**SOUND, **{at: ("120000", to) for at, to in links.items()}}
    )


def hostile_yaml(top: Path, canary: Path) -> None:
    """Make manifests that are to hurt whoever reads them."""
    layers = (b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in range(98, 118))
    for name, text in {
        "bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(layers),
        "deep": b"[" * 100_000,
        "tags": f"!!python/object/apply:os.system ['touch {canary}']\n".encode(),
        "halves": fleet.pilot() + b'  note: "\\ud800"\n',
        "binary": b"\xff\xfe\0",
    }.items():
        fleet.repository(top / f"{name}.git", {"aigov.yaml": text})


def scheming(top: Path, canary: Path) -> None:
    """Make repositories with everything that git would run: none may."""
    attributes = b"* filter=x diff=x\n"
    for name in ("config", "hooks"):
        path = fleet.repository(top / f"{name}.git", {**SOUND, ".gitattributes": attributes})
        (path / "hooks").mkdir()
        for hook in ("post-checkout", "pre-auto-gc", "reference-transaction", "fsmonitor-watchman"):
            (path / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {canary}\n")
            (path / "hooks" / hook).chmod(0o755)
        (path / "attributes").write_bytes(attributes)
        if name == "config":
            (path / "config").write_text(CONFIG.replace("RUN", f"touch {canary}"))
            (path / "more").write_text(f"[core]\n\tfsmonitor = touch {canary}\n")


LONG = "/".join(["d" * 199] * 20)
"""A path of 4,000 characters with its file."""


def test_each_hostile_repository_has_a_row_and_nothing_is_run(audit, tmp_path):
    top, canary = tmp_path / "all" / "hostile", tmp_path / "canary"
    subprocess.run(["git", "init", "-q", tmp_path / "all"], check=True)  # never taken for one below
    fleet.repository(top / "sound.git", SOUND)
    damaged(top)
    strange(top)
    hostile_yaml(top, canary)
    scheming(top, canary)
    code, report, err = audit(top, *PROFILE, "--error-budget", "100")
    found = {name.removesuffix(".git"): one for name, one in rows(report).items()}
    assert code == 1
    assert not canary.exists()
    assert len(err.splitlines()) == len(found) == len(list(top.iterdir()))
    classes = {name: one["error"].partition(":")[0] for name, one in found.items() if one["error"]}
    assert classes == {
        "beheaded": "corrupt", "empty": "empty", "flipped": "corrupt", "missing": "corrupt",
        "nothing": "corrupt",
    }  # fmt: skip
    uses = {name: one["ai_use"] for name, one in found.items() if one["state"] == "ok"}
    sound = ("sound", "sha256", "bytes", "long", "links", "config", "hooks")
    unsound = ("bomb", "deep", "tags", "halves", "binary")
    assert uses == dict.fromkeys(sound, "registered") | dict.fromkeys(unsound, "none")
    for name in unsound:
        assert [one["code"] for one in found[name]["problems"]] == ["SYN-001"], name
    for name in sound:  # what is odd beside it changes nothing of how a use case is judged
        results = found[name]["documents"][0]["results"]
        assert results == found["sound"]["documents"][0]["results"], name
    assert f"{LONG}/app.py" in {one["path"] for one in found["long"]["detections"]}
    assert len(found["bytes"]["detections"]) == len(found["sound"]["detections"]) + 2


def test_what_a_name_or_file_holds_forges_no_line_of_a_report(run, tmp_path):  # noqa: F811
    top = tmp_path / "top"
    name = "x\x1b[31m\n::error::y\udcff=1+1"
    fleet.repository(top / os.fsdecode(os.fsencode(name)), {"=cmd\x1b[0m|.py": fleet.USING})
    files = [
        word for one in ("csv", "markdown") for word in ("--format", f"{one}={tmp_path / one}")
    ]
    code, out, err = run("audit", top, *DATE, "--db", tmp_path / "h.db", "--workers", 0, *files,
                         "--format", "text", "--format", f"sarif={tmp_path / 'sarif'}")  # fmt: skip
    assert code == 1
    written = (tmp_path / "csv").read_text("utf-8") + (tmp_path / "markdown").read_text("utf-8")
    for text in (out, err, written):
        assert "\x1b" not in text
        assert not re.search(r"^::error", text, re.MULTILINE)
    assert len(err.splitlines()) == 1
    (sarif,) = (tmp_path / "sarif").iterdir()
    assert json.loads(sarif.read_text("utf-8"))["runs"]


def test_one_that_hangs_ends_in_its_time_and_the_others_are_audited(audit, tmp_path):
    for name in ("a", "c"):
        fleet.repository(tmp_path / "top" / f"{name}.git", fleet.content("unregistered", 1))
    with socket.create_server(("localhost", 0)) as silent:  # it takes calls, and says nothing
        (tmp_path / "urls").write_text(f"https://localhost:{silent.getsockname()[1]}/b.git\n")
        began = time.monotonic()
        given = (tmp_path / "top", tmp_path / "urls", "--seconds", "2", "--workers", "2")
        code, report, _ = audit(*given, "--error-budget", "50", serial=False)
    assert time.monotonic() - began < 30
    a, c, b = report["repositories"]
    assert (a["state"], c["state"], code) == ("ok", "ok", 1)
    assert b["error"] == "timeout: it takes longer than it may"


# --- remote repositories


def test_urls_are_mirrored_and_what_cannot_be_had_says_why(
    audit,
    web,
    remote,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    huge = b"\x80\x02" + os.urandom(2_000_000)
    remote("acme/bot.git", **{"app.py": fleet.USING, "model.pkl": huge})
    remote("acme/plain.git", **{"x.py": fleet.CODE})
    remote("acme/none.git")
    remote("acme/private.git", **{"x.py": fleet.CODE})
    names = ("bot", "plain", "none", "gone", "private")
    urls = [f"{web.url}/acme/{name}.git" for name in names]
    (tmp_path / "urls.txt").write_text("\n".join(urls), "utf-8")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    found = []
    for _ in range(2):
        code, report, err = audit(tmp_path / "urls.txt", "--error-budget", "60")
        assert code == 1
        found.append(report)
        assert TOKEN not in err + json.dumps(report)
    assert TOKEN.encode() not in (tmp_path / "history.db").read_bytes()
    assert rows(found[0]) == rows(found[1])
    assert found[0] == found[1]
    each = {name.rpartition("/")[2]: one for name, one in rows(report).items()}
    ends = {name: each[name]["error"] or each[name]["ai_use"] for name in names}
    assert {name: end.partition(":")[0] for name, end in ends.items()} == {
        "bot": "unregistered", "plain": "none", "none": "empty", "gone": "not found",
        "private": "password needed",
    }  # fmt: skip
    assert each["bot"]["unread"] == ["model.pkl"]
    assert report["summary"]["sums"]["unread"] == 1


# --- what a profile, a stage and a commit change


def test_what_the_profile_says_is_no_ai_is_none_until_the_day_it_names(audit, tmp_path):
    fleet.repository(tmp_path / "northbank" / "vault-torch.git", fleet.content("unregistered", 1))
    for source in (tmp_path, tmp_path / "northbank"):
        code, report, _ = audit(source, *PROFILE)
        (one,) = report["repositories"]
        assert (code, one["ai_use"], one["problems"]) == (0, "declared_not_ai", [])
        assert one["notes"][0].startswith("no use of AI, says the profile until 2027-05-31")
    code, report, _ = audit(tmp_path, *PROFILE, date="2027-06-01")
    assert (code, report["repositories"][0]["ai_use"]) == (1, "unregistered")
    assert words(report["changes"])["newly_unregistered"] == ["northbank/vault-torch.git"]
    assert audit(tmp_path)[1]["repositories"][0]["ai_use"] == "unregistered"  # no profile


def test_what_is_retired_and_still_runs_is_judged_as_live(audit, tmp_path):
    files = fleet.content("registered", 1)
    retired = files["aigov.yaml"].replace(b"stage: pilot\n", b"stage: retired\n", 1)
    assert retired != files["aigov.yaml"]
    fleet.repository(tmp_path / "top" / "runs.git", {**files, "aigov.yaml": retired})
    fleet.repository(tmp_path / "top" / "off.git", {"aigov.yaml": retired, "x.py": fleet.CODE})
    code, report, _ = audit(tmp_path / "top", *PROFILE)
    stages = {name: one["documents"][0] for name, one in rows(report).items()}
    assert stages["runs.git"]["stage"] == "production"
    assert stages["off.git"]["stage"] == "retired"
    failing = {one["code"] for one in stages["runs.git"]["results"] if one["outcome"] == "fail"}
    assert "MAN-006" in failing
    assert code == 1


def test_a_commit_is_judged_by_itself(audit, tmp_path):
    plain, ai = fleet.content("none", 1), fleet.content("unregistered", 1)
    path = fleet.repository(tmp_path / "one.git", plain, ai)
    commits = subprocess.check_output(["git", "-C", path, "log", "--format=%H"], text=True).split()
    code, report, _ = audit(f"{path}@{commits[0][:10]}", f"{path}@{commits[1]}", path)
    uses = {one["head"]: one["ai_use"] for one in report["repositories"]}
    assert uses == dict(zip(commits, ("unregistered", "none"), strict=True))
    assert (code, len(report["repositories"])) == (1, 3)
    code, report, _ = audit(f"{path}@abcdef0123")
    assert (code, report["repositories"][0]["error"]) == (2, "not found: no commit")


# --- exit codes, formats and what is said meanwhile


def test_the_exit_code_says_what_was_found(audit, tmp_path):
    top = tmp_path / "top"
    fleet.repository(top / "none.git", fleet.content("none", 1))
    assert audit(top)[0] == 0
    fleet.repository(top / "warned.git", {"aigov.yaml": fleet.pilot()})
    sums = audit(top)[1]["summary"]["sums"]
    assert (sums["blocking"], sums["warnings"] > 0) == (0, True)
    assert [audit(top, "--fail-on", how)[0] for how in ("block", "warn", "never")] == [0, 1, 0]
    fleet.repository(top / "used.git", fleet.content("unregistered", 2))
    assert [audit(top, "--fail-on", how)[0] for how in ("block", "never")] == [1, 0]
    fleet.repository(top / "empty.git")
    code, _, err = audit(top)
    assert code == 2
    assert err.splitlines()[-1] == (
        "1 of 4 repositories could not be judged: more than 1 % (--error-budget)"
    )
    assert audit(top, "--fail-on", "never")[0] == 2
    assert audit(top, "--error-budget", "24")[0] == 2
    assert audit(top, "--error-budget", "25")[0] == 1


def test_wrong_use_is_2_and_says_what_to_do(audit, few, tmp_path, monkeypatch):
    own = tmp_path / "own"
    shutil.copytree(next(few.glob("*/none-0.git")), own / ".git")
    profile = own / "organization.yaml"
    shutil.copy(EXAMPLES / "organization.yaml", profile)
    (own / "link.yaml").symlink_to(EXAMPLES / "organization.yaml")
    (tmp_path / "away.yaml").symlink_to(profile)
    (tmp_path / "nobody").mkdir()
    for given, said in {
        (own, "--profile", profile): "lies inside own, which is audited",
        (own, "--profile", own / "link.yaml"): "lies inside own, which is audited",
        (own, "--profile", tmp_path / "away.yaml"): "lies inside own, which is audited",
        (own, "--policies", own): "lies inside own, which is audited",
        (tmp_path / "gone",): "there is no such source",
        (tmp_path / "nobody",): "no repository",
        (own, "--format", "sarif"): "--format sarif=FOLDER",
        (own, "--format", "junit"): "no format junit",
        (own, "--dask", "tcp://127.0.0.1:9"): "the Dask cluster cannot be used",
        (own, "--profile", tmp_path / "gone.yaml"): "the profile cannot be read",
        (own, "--attestations", tmp_path / "gone"): "the attestations cannot be read",
    }.items():
        monkeypatch.setattr("aigov.workers.JOINING_SECONDS", 1)
        code, report, err = audit(*given)
        assert (code, report) == (2, None), given
        assert said in err, given


def test_progress_is_a_line_of_json_a_repository_and_quiet_says_none(run, few, tmp_path):  # noqa: F811
    arguments = ("audit", few, *DATE, "--db", tmp_path / "h.db", "--workers", 0)
    _, out, err = run(*arguments)
    told = [json.loads(line) for line in err.splitlines()]
    assert [one["done"] for one in told] == [*range(1, FEW + 1)]
    assert {one["of"] for one in told} == {FEW}
    assert all(one["name"] not in out or one["state"] == "ok" for one in told)
    _, out, err = run(*arguments, "--quiet")
    assert err == ""
    assert len(out.splitlines()) <= 4


def test_sarif_is_a_file_a_repository_that_has_something(run, tmp_path):  # noqa: F811
    for name in ("a/b", "a-b", "a/c"):
        kind = "none" if name == "a/c" else "unregistered"
        fleet.repository(tmp_path / "top" / f"{name}.git", fleet.content(kind, 1))
    reports = tmp_path / "reports"
    run("audit", tmp_path / "top", *DATE, "--db", tmp_path / "h.db", "--workers", 0,
        "--format", f"sarif={reports}")  # fmt: skip
    names = sorted(one.name for one in reports.iterdir())
    assert len(names) == 2
    assert all(name.startswith("a-b.git-") for name in names)
    for one in reports.iterdir():
        (found,) = json.loads(one.read_text("utf-8"))["runs"]
        assert {result["ruleId"] for result in found["results"]} == {"REP-001"}


def test_attested_permits_are_kept_where_the_key_signed_them(audit, few, tmp_path):
    permits = tmp_path / "permits"
    permits.mkdir()
    (permits / "bot.intoto.json").write_bytes(signed(written()))
    (permits / "note.txt").write_text("no attestation", "utf-8")
    (tmp_path / "gate.pub").write_bytes(PUBLIC)
    (tmp_path / "other.pub").write_bytes(pems(Ed25519PrivateKey.generate())[1])
    kept = []
    for key in ("other.pub", "gate.pub"):
        code, _, err = audit(few, "--attestations", permits, "--key", tmp_path / key)
        assert code == 1
        assert "note.txt: passed over: " in err
        assert ("bot.intoto.json: passed over: not signed by" in err) == (key == "other.pub")
        with sqlite3.connect(tmp_path / "history.db") as connection:
            kept.append(connection.execute("SELECT count(*) FROM first_pass").fetchone()[0])
        connection.close()
    assert kept == [0, 1]
