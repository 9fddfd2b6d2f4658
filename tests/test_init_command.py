"""`aigov init` from outside: real repositories, a real terminal, and nothing run or overwritten."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from judging import ROOT, rules
from test_check_command import AS_OF, folder, git, run  # noqa: F401  # fixtures
from test_drafting import LOW
from test_questions import QUESTIONS

ECOSYSTEMS = {
    "python": {"pyproject.toml": "[project]\nname = 'bot'\ndependencies = ['openai']\n"},
    "javascript": {"package.json": '{"name": "bot", "dependencies": {"@anthropic-ai/sdk": "1"}}'},
    "go": {"go.mod": "module x\n\nrequire github.com/openai/openai-go v1.0.0\n"},
    "java": {
        "pom.xml": "<dependency><groupId>com.openai</groupId>\n"
        "<artifactId>j</artifactId></dependency>"
    },
    "rust": {"Cargo.toml": "[package]\nname = 'bot'\n[dependencies]\nasync-openai = '1'\n"},
    "ruby": {"Gemfile": "gem 'ruby-openai'\n"},
    "dotnet": {"src/App.csproj": '<PackageReference Include="OpenAI" />'},
    "php": {"composer.json": '{"name": "org/bot", "require": {"openai-php/client": "1"}}'},
    "backstage": {
        "catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        "metadata: {name: bot}\nspec: {owner: sre}\n"
    },
    "slo": {"slo.yaml": "version: prometheus/v1\nslos: [{name: up, objective: 99.9}]\n"},
    "nothing": {},
}


def repository(path: Path, files: dict[str, str]) -> Path:
    """Make a git repository of one commit."""
    files = {"CODEOWNERS": "* @org/sre @priya\n", **files}
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, "utf-8")
    git(path, "init", "-q")
    git(path, "add", ".")
    git(path, "commit", "-qm", "x")
    return path


@pytest.mark.parametrize("kind", ECOSYSTEMS)
def test_a_repository_gives_a_valid_manifest_that_fails_where_a_person_must_answer(
    kind, run, tmp_path  # noqa: F811
):  # fmt: skip
    root = repository(tmp_path / "desk-bot", ECOSYSTEMS[kind])
    code, out, err = run("init", root, *AS_OF)
    assert (code, out) == (0, "")
    assert "open questions: 20" in err
    text = (root / "aigov.yaml").read_text("utf-8")
    manifest = yaml.safe_load(text)
    assert rules().schemas["UseCase"].issues(manifest) == []
    assert manifest["spec"]["ownership"]["accountable"] == {"team": "group:sre"}
    spec = manifest["spec"]
    assert ("architecture" in spec) == (kind not in ("backstage", "slo", "nothing"))
    assert ("operations" in spec) == (kind == "slo")
    code, out, _ = run("check", root, "--format", "json", *AS_OF)
    (document,) = json.loads(out)["documents"]
    blocking = [one for one in document["results"] if one.get("enforcement") == "block"]
    assert code == 1
    assert {one["code"] for one in blocking} == {
        "GOV-001", "MAN-001", "MAN-006", "MAN-007", "MAN-013",
    }  # fmt: skip


def test_twenty_answers_from_a_file_give_a_pilot_that_passes(run, tmp_path):  # noqa: F811
    root = repository(tmp_path / "desk-bot", ECOSYSTEMS["python"])
    answers = tmp_path / "answers.yaml"
    given = LOW | {"where": ["EU"], "model": "openai gpt-4o 2024-08-06"}
    answers.write_text(yaml.safe_dump(given), "utf-8")
    code, _, err = run("init", root, "--answers", answers, *AS_OF)
    assert code == 0
    assert "tier low: no fact raises it" in err
    assert "open questions: 0" in err
    lines = (root / "aigov.yaml").read_text("utf-8").splitlines()
    assert len(lines) <= 60
    assert run("check", root, "--quiet", *AS_OF)[0] == 0


@pytest.mark.parametrize("name", ["aigov.yaml", "aigov.yml"])
def test_nothing_is_overwritten(name, run, folder):  # noqa: F811
    (folder / name).write_text("mine", "utf-8")
    code, _, err = run("init")
    assert code == 2
    assert f"{name}: it is there already; nothing is overwritten" in err
    assert [(path.name, path.read_text("utf-8")) for path in folder.iterdir()] == [(name, "mine")]


def test_a_link_to_nothing_is_not_written_through(run, folder):  # noqa: F811
    (folder / "other.yaml").symlink_to(folder / "absent")
    assert run("init", "--output", "other.yaml")[0] == 2
    assert not (folder / "absent").exists()


def test_standard_output_is_the_manifest_alone(run, folder):  # noqa: F811
    code, out, _ = run("init", "--output", "-")
    assert code == 0
    assert yaml.safe_load(out)["kind"] == "UseCase"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("absent",), "Directory 'absent' does not exist"),
        ((".", "--output", "list.yaml/x/aigov.yaml"), "cannot be written"),
        ((".", "--answers", "absent.yaml"), "No such file"),
        ((".", "--answers", "broken.yaml"), "broken.yaml:1"),
        ((".", "--answers", "list.yaml"), "no question is called"),
        ((".", "--answers", "unknown.yaml"), "no question is called colour"),
        ((".", "--answers", "wrong.yaml"), "who: some is none of the choices"),
        ((".", "--as-of", "tomorrow"), "no date"),
    ],
)
def test_wrong_use_is_2_and_writes_nothing(arguments, says, run, folder):  # noqa: F811
    for name, text in {
        "broken": "a: [", "list": "[1]", "unknown": "colour: blue", "wrong": "who: some",
    }.items():  # fmt: skip
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    code, out, err = run("init", *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert not (folder / "aigov.yaml").exists()


def test_a_hostile_repository_runs_nothing_and_forges_nothing(run, tmp_path):  # noqa: F811
    touched = tmp_path / "touched"
    root = repository(
        tmp_path / "repo",
        {
            "package.json": json.dumps(
                {"name": "a: b # c\n- {x", "description": "::error::\x1b[31m !!python/x {{}} long"}
            ),
            "README.md": "]]> ::set-output name=x:: and \u202e more words. Yes.\n",
            "CODEOWNERS": "* @org/a:{} \x1b]0;x @-\n",
        },
    )
    for key in ("log.showSignature", "core.fsmonitor", "gpg.program", "core.pager"):
        git(root, "config", key, "true" if key.startswith("log") else f"touch {touched}")
    code, _, err = run("init", root)
    assert code == 0
    assert not touched.exists()
    assert "\x1b" not in err
    text = (root / "aigov.yaml").read_text("utf-8")
    assert text.replace("\n", "").isprintable()
    value = yaml.safe_load(text)
    assert value["metadata"]["name"] == "a: b # c - {x"
    assert rules().schemas["UseCase"].issues(value) == []


def test_the_help_names_every_question(run):  # noqa: F811
    code, out, _ = run("init", "--help")
    assert code == 0
    assert all(re.search(rf"\b{question.id}\b", out) for question in QUESTIONS)


# --- on a terminal


@pytest.fixture
def terminal(tmp_path):
    """Start `aigov init` on a terminal of 80 columns; return how to type and what is seen."""
    pty = pytest.importorskip("pty")
    root = repository(tmp_path / "desk-bot", ECOSYSTEMS["backstage"])
    mine, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "aigov", "init", str(root), *AS_OF],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "xterm", "COLUMNS": "80"},
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(its),  # noqa: PLW1509  # this test has one thread
    )
    os.close(its)
    seen = bytearray()

    def until(text: str) -> str:
        deadline = time.monotonic() + 30
        while text.encode() not in seen and time.monotonic() < deadline:
            try:
                seen.extend(os.read(mine, 4096))
            except OSError:  # the terminal is closed: the program has ended
                break
        assert text.encode() in seen, bytes(seen)
        shown = bytes(seen).decode()
        seen.clear()
        return shown

    def enter(text: str) -> None:
        os.write(mine, text.encode())

    yield root, process, until, enter
    process.kill()
    process.wait()
    os.close(mine)


def _take_terminal(its: int) -> None:
    import fcntl
    import termios

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job ignores it
    fcntl.ioctl(its, termios.TIOCSCTTY, 0)


def test_a_person_answers_and_the_pilot_passes(terminal, run):  # noqa: F811
    root, process, until, enter = terminal
    for number, (name, answer) in enumerate(LOW.items(), 1):
        shown = until("answer: ")
        assert f"{number:>2}/20" in shown
        assert all(len(line) <= 80 for line in re.sub("\x1b\\[[0-9;]*m", "", shown).splitlines())
        if name == "who":
            enter("colleagues\n")
            assert "a whole number is missing" in until("answer: ")
        if name == "owner":
            assert "found: group:sre (catalog-info.yaml), if you give none" in shown
        if name == "technology":
            enter("tomas@northbank.internal sre!\n")
            assert "team" in until("answer: ")
        enter(f"{answer}\n")
    shown = until("next: aigov-gate")
    assert "stage pilot: the pilot has begun" in shown
    assert "tier low: no fact raises it" in shown
    assert process.wait(30) == 0
    assert run("check", root, "--quiet", *AS_OF)[0] == 0


def test_enter_leaves_a_question_open(terminal):
    root, process, until, enter = terminal
    for _ in range(20):
        until("answer: ")
        enter("\n")
    assert "open questions: 20" in " ".join(until("next: answer").split())
    assert process.wait(30) == 0
    assert "TODO" in (root / "aigov.yaml").read_text("utf-8")


def test_ctrl_c_is_130_and_writes_nothing(terminal):
    root, process, until, enter = terminal
    until("answer: ")
    enter("On-call engineers lose about 11 minutes a page.\n")
    until("answer: ")
    for _ in range(20):  # readline may miss one that comes the moment it starts
        enter("\x03")
        try:
            process.wait(2)
            break
        except subprocess.TimeoutExpired:
            continue
    assert process.returncode == 130
    assert not (root / "aigov.yaml").exists()
