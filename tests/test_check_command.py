"""`aigov check` from outside: every exit code, and what is said with it.

The rows follow the ways in which other tools of this field were seen to pass what they
could not judge: a missing path, an empty folder, unreadable YAML, an unknown rule.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aigov import cli
from judging import EXAMPLES, ROOT

PASSING = EXAMPLES / "1-low-pilot.aigov.yaml"
FAULTY = EXAMPLES / "faulty" / "aigov.yaml"
AS_OF = ("--as-of", "2026-11-22")


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process; return exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["aigov-gate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def low_pilot(old: str = "", new: str = "") -> str:
    text = PASSING.read_text("utf-8")
    assert old in text
    return text.replace(old, new, 1)


# --- 0: nothing at or above --fail-on


def test_a_sound_manifest_is_0(run):
    code, out, err = run("check", *AS_OF, PASSING)
    assert (code, err) == (0, "")
    assert "1 use case: 1 passing · 0 blocking, 0 warnings" in out


def test_a_warning_is_0_unless_warnings_fail(run, folder):
    # At tier low an intake that came after the pilot began is a warning (INT-001).
    path = write(
        folder / "aigov.yaml", low_pilot("submitted_on: 2026-09-01", "submitted_on: 2026-10-20")
    )
    assert run("check", *AS_OF, path)[0] == 0
    assert run("check", *AS_OF, "--fail-on", "warn", path)[0] == 1


def test_fail_on_never_turns_1_into_0_and_touches_neither_2_nor_3(run, folder):
    assert run("check", *AS_OF, "--fail-on", "never", FAULTY)[0] == 0
    assert run("check", "--fail-on", "never", "nowhere.yaml")[0] == 2
    assert run("check", "--fail-on", "never", folder)[0] == 3


def test_if_present_turns_3_into_0_and_says_so(run, folder):
    assert run("check", "--if-present") == (
        0, "no manifest here, and none was asked for (--if-present)\n", "",
    )  # fmt: skip


# --- 1: findings, and manifests that cannot be read


@pytest.mark.parametrize("format_", ["text", "json"])
def test_findings_are_1_in_every_format(run, format_):
    code, out, _ = run("check", *AS_OF, "--format", format_, FAULTY)
    assert code == 1
    assert "GOV-004" in out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("", "the file is empty"),
        ("# nothing but a comment\n", "the file is empty"),
        ("a: 1\na: 2\n", "stands twice"),
        ("a: \x07", "U+0007"),
        ("just text", "SCH-001"),
        ("[]", "SCH-001"),
        ("{}", "SCH-001"),
        ("apiVersion: aigov/v1\nkind: UseCase\n", "SCH-001"),
        ("apiVersion: aigov/v1\nkind: Pod\n", "SCH-001"),
        ("apiVersion: aigov/v1\nkind: UseCase\nmetadata:\nspec:\n", "SCH-001"),
    ],
)
def test_what_is_no_manifest_is_1_never_0(run, folder, text, words):
    code, out, _ = run("check", write(folder / "aigov.yaml", text))
    assert code == 1
    assert words in out


def test_an_unreadable_manifest_is_1(run, folder):
    write(folder / "aigov.yaml", low_pilot())
    (folder / "sub.aigov.yaml").symlink_to(PASSING)
    (folder / "lost.aigov.yaml").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.aigov.yaml")
    (folder / "deep").mkdir()
    (folder / "deep" / "aigov.yaml").mkdir()
    code, out, _ = run("check", *AS_OF)
    assert code == 1
    assert "symbolic link out of the repository" in out
    assert "symbolic link to nothing" in out
    assert "not a regular file" in out


def test_a_waiver_for_an_unknown_policy_is_1(run, folder):
    write(folder / "aigov.yaml", low_pilot() + waiver(policy="NOT-001"))
    code, out, _ = run("check", *AS_OF)
    assert code == 1
    assert "WAI-007" in out
    assert "no policy NOT-001" in out


def waiver(policy: str = "INT-001", expires_on: str = "2026-12-20") -> str:
    return f"""
---
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
  expires_on: {expires_on}
"""


# --- 2: could not judge


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.yaml"], "no such file or folder"),
        (["nowhere/"], "no such file or folder"),
        (["--profile", "nowhere.yaml", "."], "the profile cannot be read"),
        (["--policies", "nowhere", "."], "no such folder of policies"),
        (["--format", "xml", "."], "no format xml"),
        (["--format", "json=", "."], "names no file"),
        (["--format", "json", "--format", "text", "."], "two formats go to standard output"),
        (["--format", "json=nowhere/x.json", str(PASSING)], "the report cannot be written"),
        (["--stage", "prod", "."], "'prod' is not one of"),
        (["--as-of", "yesterday", "."], "'yesterday' is no date such as"),
        (["--fail-on", "all", "."], "'all' is not one of"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_wrong_use_is_2_with_the_next_step(run, folder, arguments, words):
    code, out, err = run("check", *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_an_unknown_command_is_2(run):
    assert run("chekc")[0] == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id: x\n", "is a required property"),
        ("a: [", "not YAML"),
        ("", "exactly one YAML document"),
    ],
)
def test_a_policy_that_does_not_hold_is_2_with_its_place(run, folder, text, words):
    write(folder / "mine" / "x.yaml", text)
    code, out, err = run("check", "--policies", "mine", PASSING)
    assert (code, out) == (2, "")
    assert "mine/x.yaml" in err
    assert words in err


def test_a_policy_that_misbehaves_is_2_and_wins_over_1(run, folder):
    """Dividing by a number that is zero in a sound manifest is the policy's fault."""
    text = """
id: divides
code: MINE-001
title: Divides
from: intake
enforcement: {low: warn, moderate: warn, high: warn, critical: warn}
require: 10 / spec.risk.facts.persons_per_month > 1
at: /spec/risk/facts
message: "divides"
remedy: None.
"""
    write(folder / "mine" / "strategy-governance" / "divides.yaml", text)
    manifest = low_pilot("persons_per_month: 34", "persons_per_month: 0")
    path = write(folder / "aigov.yaml", manifest.replace("tier: low", "tier: moderate"))
    code, out, _ = run("check", *AS_OF, "--policies", "mine", path)
    assert code == 2
    assert "MINE-001" in out
    assert "misbehaved" in out


def test_a_given_policy_that_fails_is_a_finding_beside_the_shipped_ones(run, folder):
    text = """
id: unlucky
code: MINE-002
title: Unlucky
from: intake
enforcement: {low: block}
require: spec.lifecycle.monthly_users != 34
at: /spec/lifecycle/monthly_users
message: "{{spec.lifecycle.monthly_users}} users"
remedy: Find another user.
"""
    write(folder / "mine" / "strategy-governance" / "unlucky.yaml", text)
    code, out, _ = run("check", *AS_OF, "--policies", "mine", PASSING)
    assert code == 1
    assert "34 users" in out


# --- the organisation profile

PROFILE = """
apiVersion: aigov/v1
kind: Organization
metadata: {id: northbank, name: Northbank}
spec:
  policies:
    %s
"""


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ("NO-001: {enforcement: block}", ":7:5: "),
        ("NOT-001: {enforcement: block}", ":7:5: no policy NOT-001"),
        ("INT-004: {params: {max_pilot_days: 400}}", "may only be tightened: 180 is the limit"),
        ("INT-004: {params: {max_days: 4}}", "INT-004 has no param max_days"),
        ("INT-004: {params: {max_pilot_days: soon}}", "soon"),
        ("GOV-001: {enforcement: warn}", "may only be tightened, not made warn"),
        ("GOV-001: {enforcement: shout}", "shout"),
    ],
)
def test_a_profile_that_does_not_hold_is_2_with_its_place(run, folder, policies, words):
    path = write(folder / "profile.yaml", PROFILE % policies)
    code, out, err = run("check", "--profile", path, PASSING)
    assert (code, out) == (2, "")
    assert "profile.yaml:" in err
    assert words in err


@pytest.mark.parametrize("text", ["a: [", "", "a: 1\n---\nb: 2\n", "kind: Organization\n"])
def test_a_profile_that_is_no_profile_is_2(run, folder, text):
    path = write(folder / "profile.yaml", text)
    assert run("check", "--profile", path, PASSING)[0] == 2


def test_a_profile_tightens_thresholds_and_enforcement(run, folder):
    policies = "INT-004: {params: {max_pilot_days: 30}}\n    MAN-013: {enforcement: block}"
    path = write(folder / "profile.yaml", PROFILE % policies)
    code, out, _ = run("check", *AS_OF, "--profile", path, PASSING)
    assert code == 1
    assert "at most 30 days" in " ".join(out.split())


def test_a_url_is_evidence_only_where_the_profile_lists_it(run, folder):
    text = (EXAMPLES / "4-ready.aigov.yaml").read_text("utf-8")
    url = "https://wiki.northbank.internal/ai/decommission"
    text = text.replace("docs/ready/decommission.md", url)
    path = write(folder / "aigov.yaml", text)
    shutil.copytree(EXAMPLES / "docs", folder / "docs")
    code, out, _ = run("check", *AS_OF, path)
    assert code == 1
    assert "was not read" in out
    listed = "[https://wiki.northbank.internal/ai]"
    profile = PROFILE.replace("policies:\n    %s", f"evidence_urls: {listed}")
    assert run("check", *AS_OF, "--profile", write(folder / "p.yaml", profile), path)[0] == 0
    other = profile.replace("/ai]", "/a]")
    assert run("check", *AS_OF, "--profile", write(folder / "q.yaml", other), path)[0] == 1


# --- 3: nothing to check


def test_a_folder_without_a_manifest_is_3(run, folder):
    write(folder / ".git" / "aigov.yaml", low_pilot())
    write(folder / "node_modules" / "x" / "aigov.yaml", low_pilot())
    write(folder / "env" / "pyvenv.cfg", "home = /usr/bin\n")
    write(folder / "env" / "bin" / "python", "")
    write(folder / "env" / "aigov.yaml", low_pilot())
    write(folder / "values.yaml", "a: 1")
    code, out, err = run("check")
    assert (code, out) == (3, "")
    assert err == "no manifest here: `aigov init` writes one\n"


def test_the_last_manifest_deleted_is_1_even_with_if_present(run, folder):
    write(folder / "svc" / "aigov.yaml", low_pilot())
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "x")
    (folder / "svc" / "aigov.yaml").unlink()
    code, out, _ = run("check", "--if-present", "--quiet")
    assert code == 1
    assert "svc/aigov.yaml:1:1: block CHG-006 manifest-deleted" in out
    assert run("check", "--if-present", "svc")[0] == 1
    report = json.loads(run("check", "--if-present", "--format", "json")[1])
    assert [problem["code"] for problem in report["problems"]] == ["CHG-006"]


def test_a_repository_without_a_commit_has_nothing_to_miss(run, folder):
    git(folder, "init", "-q")
    assert run("check", "--if-present")[0] == 0


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@northbank.internal"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


# --- 70 and 130


def test_a_bug_is_70_with_the_traceback_in_a_file(run, monkeypatch):
    from aigov.cli import options

    monkeypatch.setattr(options, "summarise", lambda _result: 1 / 0)
    code, _, err = run("check", *AS_OF, PASSING)
    assert code == 70
    assert len(err.splitlines()) == 1
    path = Path(err.split()[-1])
    assert "ZeroDivisionError" in path.read_text("utf-8")
    path.unlink()


def test_an_interrupt_is_130(run, monkeypatch):
    from aigov.cli import check

    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "read_manifest", interrupted)
    assert run("check", PASSING)[0] == 130


# --- paths, documents, formats


def test_standard_input_is_a_manifest_of_this_folder(folder):
    command = [sys.executable, "-m", "aigov", "check", *AS_OF, "-"]
    done = subprocess.run(command, input=FAULTY.read_bytes(), check=False, capture_output=True)
    assert done.returncode == 1
    assert b"-:51:11" in done.stdout


def test_several_documents_a_file_and_a_file_given_twice(run, folder):
    second = low_pilot("id: sre-runbook-assistant", "id: another-assistant")
    path = write(folder / "aigov.yaml", low_pilot() + "\n---\n" + second)
    code, out, _ = run("check", *AS_OF, "--format", "json", path, folder, "aigov.yaml")
    documents = json.loads(out)["documents"]
    assert code == 0
    assert [document["use_case"] for document in documents] == [
        "sre-runbook-assistant",
        "another-assistant",
    ]


def test_each_repository_has_its_own_manifest_of_one_name(run, folder):
    write(folder / "sound/aigov.yaml", low_pilot())
    write(folder / "faulty/aigov.yaml", low_pilot("tier: low", "tier: banana"))
    for name in ("sound", "faulty"):
        (folder / name / ".git").mkdir()
    for given in (("sound", "faulty"), ("faulty", "sound"), (".",)):
        code, out, _ = run("check", *given, *AS_OF)
        assert code == 1
        assert "faulty/aigov.yaml" in out
        assert "2 use cases" in out


def test_one_id_for_two_use_cases_blocks_the_second(run, folder):
    write(folder / "a.aigov.yaml", low_pilot())
    write(folder / "b.aigov.yaml", low_pilot())
    code, out, _ = run("check", *AS_OF)
    assert code == 1
    assert "already used at a.aigov.yaml:1" in " ".join(out.split())


def test_paths_are_shown_from_the_repositorys_root(run, folder, monkeypatch):
    (folder / ".git").mkdir()
    write(folder / "svc" / "aigov.yaml", "a: [")
    monkeypatch.chdir(folder / "svc")
    assert "svc/aigov.yaml:1:5" in run("check")[1]


def test_evidence_never_leads_out_of_the_repository(run, folder):
    (folder / "repo" / ".git").mkdir(parents=True)
    write(folder / "secret.md", "x" * 100)
    text = (EXAMPLES / "4-ready.aigov.yaml").read_text("utf-8")
    shutil.copytree(EXAMPLES / "docs", folder / "repo" / "docs")
    (folder / "repo" / "out.md").symlink_to(folder / "secret.md")
    (folder / "repo" / "lfs.md").write_text("version https://git-lfs.github.com/spec/v1\noid x\n")
    (folder / "repo" / "blank.md").write_text(" \n")
    for name in ("out.md", "lfs.md", "blank.md", "docs", "none.md"):
        changed = text.replace("docs/ready/decommission.md", name)
        path = write(folder / "repo" / "aigov.yaml", changed)
        code, out, _ = run("check", *AS_OF, "--quiet", path)
        assert (code, f"MAN-004 evidence-missing: {name}" in out) == (1, True), name


def test_the_stage_option_raises_and_never_lowers(run):
    ready = EXAMPLES / "4-ready.aigov.yaml"
    stage = lambda *options: json.loads(  # noqa: E731
        run("check", *AS_OF, "--format", "json", *options, ready)[1]
    )["documents"][0]["stage"]
    assert stage() == "operational_ownership"
    assert stage("--stage", "production") == "production"
    assert stage("--stage", "pilot") == "operational_ownership"


def test_formats_can_be_written_to_files_beside_the_terminal(run, folder):
    code, out, _ = run("check", *AS_OF, "--format", "json=r.json", "--format", "text=r.txt", FAULTY)
    assert code == 1
    assert out.startswith("Use case claims-letter-drafter")
    report = json.loads((folder / "r.json").read_text("utf-8"))
    assert report["summary"]["blocking"] == 11
    assert (folder / "r.txt").read_text("utf-8").rstrip().endswith("11 blocking, 2 warnings")


def test_a_report_never_replaces_a_manifest(run, folder):
    manifest = write(folder / "x.aigov.yaml", low_pilot())
    code, _, err = run("check", "--format", f"text={manifest}", manifest)
    assert code == 2
    assert "a report would replace a manifest" in err
    assert manifest.read_text("utf-8") == low_pilot()


@pytest.mark.parametrize("closing", [">&-", "> /dev/full"])
def test_an_output_that_takes_nothing_is_2(closing):
    command = f"{sys.executable} -m aigov check {PASSING} {' '.join(AS_OF)} {closing}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output ")


def test_an_endless_standard_input_ends():
    command = f"{sys.executable} -m aigov check - < /dev/zero"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "SYN-001" in done.stdout


def test_an_option_forges_no_command_on_standard_error(run):
    code, _, err = run("check", "--nope\n::error::x\n##[error]y")
    assert code == 2
    assert "\n::" not in err
    assert "##[" not in err


@pytest.mark.parametrize("option", [(), ("--profile",), ("--policies",), ("--format",)])
def test_a_name_forges_no_command_on_standard_error(run, folder, option):
    code, _, err = run("check", *option, "nope\n::error::x\n##[error]y")
    assert code == 2
    assert "\n::" not in err
    assert "##[" not in err
    assert "nope\\n" in err


def test_two_runs_give_the_same_bytes(run):
    first = run("check", *AS_OF, "--format", "json", EXAMPLES)
    assert run("check", *AS_OF, "--format", "json", EXAMPLES) == first


def test_waivers_are_honoured_shown_counted_and_can_be_left_out(run, folder):
    late = low_pilot("submitted_on: 2026-09-01", "submitted_on: 2026-10-20")
    path = write(folder / "aigov.yaml", late + waiver())
    code, out, _ = run("check", *AS_OF, "--fail-on", "warn", path)
    assert code == 0
    assert "late-intake" in out
    assert "1 waived" in out
    assert run("check", *AS_OF, "--fail-on", "warn", "--no-waivers", path)[0] == 1
    path = write(folder / "aigov.yaml", late + waiver(expires_on="2026-11-21"))
    code, out, _ = run("check", *AS_OF, path)
    assert code == 1
    assert "WAI-001" in out


def test_quiet_is_a_line_a_finding_and_the_summary(run):
    _, out, _ = run("check", *AS_OF, "--quiet", FAULTY)
    lines = out.splitlines()
    assert all(line.startswith("examples/faulty/aigov.yaml:") for line in lines[:12])
    assert len(lines) == 14


def test_help_of_every_command_has_an_example(run):
    for command in cli.COMMANDS:
        code, out, _ = run(command, "--help")
        assert code == 0
        assert f"aigov-gate {command}" in out


def test_start_up_loads_nothing_heavy():
    code = (
        "import sys, aigov.cli, aigov.cli.check; "
        "print(*{'jsonschema', 'git', 'rich', 'jinja2', 'sqlalchemy', 'dataclasses', 'asyncio',"
        " 'importlib.metadata', 'importlib.resources'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_passing_manifest_loads_nothing_that_only_findings_need():
    code = (
        "import sys; sys.argv = ['aigov-gate', 'check', '--as-of', '2026-11-22', sys.argv[1]]\n"
        "import atexit\n"
        "heavy = ('jsonschema', 'git', 'difflib', 'hashlib', 'tempfile', 'aigov.lints')\n"
        "atexit.register(lambda: print(*(m for m in heavy if m in sys.modules), file=sys.stderr))\n"
        "import aigov_gate; aigov_gate.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(EXAMPLES / "2-moderate-production.aigov.yaml")],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "\n")


def test_another_package_called_aigov_is_told_apart(tmp_path):
    write(tmp_path / "aigov" / "__init__.py", "")
    first = [str(tmp_path), str(ROOT / "src")]
    code = f"import sys; sys.path[:0] = {first!r}; import aigov_gate; aigov_gate.main()"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip uninstall aigov" in done.stderr
