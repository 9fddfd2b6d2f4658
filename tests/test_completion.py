"""Shell completion: what it offers, in the shells that are here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aigov.cli import COMMANDS
from judging import ROOT, rules

DOCUMENTED = (ROOT / "docs" / "completion.md").read_text("utf-8")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """A folder with `aigov-gate`, whichever Python runs the tests."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "aigov-gate"
    script.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"sys.path.insert(0, {str(ROOT / 'src')!r})\n"
        "from aigov.cli import main\nmain()\n",
        "utf-8",
    )
    script.chmod(0o755)
    return folder


def environment(scripts: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def offered(scripts):
    """Ask as bash asks: the words of the line, the last of which is being typed."""
    if os.name == "nt":
        pytest.skip("bash: no shebang lines here")

    def offered(*words: str) -> list[str]:
        done = subprocess.run(
            [str(scripts / "aigov-gate")],
            env={
                **environment(scripts),
                "_AIGOV_GATE_COMPLETE": "bash_complete",
                "COMP_WORDS": " ".join(("aigov-gate", *words)),
                "COMP_CWORD": str(len(words)),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    return offered


def test_an_empty_line_offers_every_command(offered):
    assert offered("") == list(COMMANDS)


def test_a_beginning_offers_what_starts_so(offered):
    assert offered("ex") == ["explain"]
    assert offered("policies", "") == ["docs", "list", "new", "test"]
    assert offered("policies", "new", "la") == ["law/"]
    assert offered("db", "") == ["check", "export", "prune", "upgrade"]


def test_explain_offers_policies_words_and_fields(offered):
    assert offered("explain", "GOV-") == [code for code in rules().policies if code[0] == "G"]
    assert "tier-understated" in offered("explain", "tier")
    assert "authorization" in offered("explain", "auth")
    assert "spec.oversight" in offered("explain", "spec.over")
    assert "spec.oversight.queue" in offered("explain", "spec.oversight.q")
    assert offered("explain", "zzz") == [""]  # the word as it is typed: nothing is offered


def test_options_and_their_values_are_offered(offered):
    assert "--framework" in offered("policies", "list", "--f")
    assert offered("policies", "list", "--tier", "h") == ["high"]
    assert offered("policies", "list", "--domain", "build") == ["build-delivery"]
    assert "eu-ai-act" in offered("policies", "list", "--framework", "eu")
    assert offered("import", "x.csv", "--map", "us") == ["us-omb-2024"]
    assert offered("init", "--a") == ["--answers", "--as-of"]


def line(shell: str) -> str:
    """Return the one line that the page gives for `shell`."""
    found = re.search(rf"^\| {shell} \| `[^`]+` \| `([^`]+)` \|$", DOCUMENTED, re.MULTILINE)
    assert found, shell
    return found[1].replace(r"\|", "|")  # a table's way to write it


def test_the_documented_line_works_in_bash(scripts, need):
    if shutil.which("bash") is None or os.name == "nt":
        need("bash", "bash is not installed")
    typed = (
        f"{line('bash')}\n"
        "COMP_WORDS=(aigov-gate explain GOV-00); COMP_CWORD=2\n"
        "_aigov_gate_completion aigov-gate\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", typed],
        env=environment(scripts),
        capture_output=True,
        text=True,
        check=False,
    )
    if "Shell completion is not supported for Bash versions older" in done.stderr:
        need("bash", done.stderr.strip())
    assert done.stdout.split() == [code for code in rules().policies if code.startswith("GOV-00")]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_documented_line_is_read_by(shell, scripts, need):
    if shutil.which(shell) is None:
        need(shell, f"{shell} is not installed")
    start = "autoload -U compinit; compinit -u; " if shell == "zsh" else ""
    registered = "print $_comps[aigov-gate]" if shell == "zsh" else "complete -c aigov-gate"
    done = subprocess.run(
        [shell, "-c", f"{start}{line(shell)}\n{registered}"],
        env=environment(scripts),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "aigov_gate_completion" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_names_the_variable_that_the_page_names(shell, scripts):
    if os.name == "nt":
        pytest.skip("no shebang lines here")
    asked = re.search(r"_AIGOV_GATE_COMPLETE=(\w+)", line(shell))
    assert asked
    assert asked[1] == f"{shell}_source"
    done = subprocess.run(
        [str(scripts / "aigov-gate")],
        env={**environment(scripts), "_AIGOV_GATE_COMPLETE": asked[1]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"_AIGOV_GATE_COMPLETE={shell}_complete" in done.stdout
