"""What counts as a pipeline that runs the gate, and what only speaks of it."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.packs import PIPELINES
from aigov.pipelines import MAX_BYTES, kind_of, runs_gate
from judging import rules

HOW = rules().packs[0].documents[PIPELINES].value
GITHUB, GITLAB, AZURE, JENKINS = (
    ".github/workflows/a.yml", ".gitlab-ci.yml", "azure-pipelines.yml", "Jenkinsfile",
)  # fmt: skip


def runs(path: str, text: str | bytes) -> bool:
    kind = kind_of(path, HOW)
    assert kind
    return runs_gate(text.encode() if isinstance(text, str) else text, kind, HOW)


def step(command: str) -> str:
    lines = "".join(f"          {line}\n" for line in command.split("\n"))
    return f"on: push\njobs:\n  gate:\n    steps:\n      - run: |\n{lines}"


@pytest.mark.parametrize(
    "command",
    [
        "aigov-gate gate",
        "aigov gate . --stage production",
        "set -e; aigov-gate gate",
        "cd x && uvx aigov-gate gate",
        "aigov-gate --no-color -q gate",
        ".venv/bin/aigov-gate gate",
        "aigov-gate \\\n  gate",
        "bash -c 'aigov-gate gate'",
        "# first\naigov-gate gate # then",
        "echo start; aigov-gate gate",
        "aigov-gate gate || exit 1",
        "make || true\naigov-gate gate",
        "uvx aigov-gate@0.1.0 gate",
        "uvx --from aigov-gate==0.1.0 aigov gate",
        "docker run --rm ghcr.io/nb/aigov-gate:0.1.0 gate",
    ],
)
def test_a_step_runs_the_gate(command):
    assert runs(GITHUB, step(command))


@pytest.mark.parametrize(
    "command",
    [
        "aigov-gate check",
        "# aigov-gate gate",
        "true # aigov-gate gate",
        "echo aigov-gate gate",
        "aigov-gate gateway",
        "aigov-gate check gate",
        "my-aigov gate",
        "pip install aigov-gate",
        "cat aigov gate",
        "aigov-gate\ngate",
        "printf 'aigov gate'",
        "aigov-gate gate || true",
        "aigov-gate gate --base x ||:",
        "aigov-gate gate --fail-on never",
    ],
)
def test_a_step_does_not_run_the_gate(command):
    assert not runs(GITHUB, step(command))


@pytest.mark.parametrize(
    ("path", "text", "answer"),
    [
        (GITHUB, "jobs: {a: {steps: [{uses: northbank/aigov-gate@v1}]}}", True),
        (GITHUB, "jobs: {a: {steps: [{uses: nb/aigov/gate@0a1b}]}}", True),
        (GITHUB, "jobs: {a: {steps: [{uses: northbank/aigov-gate-docs@v1}]}}", False),
        (GITHUB, "jobs: {a: {steps: [{name: aigov-gate gate, run: make aigov}]}}", False),
        (GITHUB, "a: {continue-on-error: true, steps: [{run: aigov-gate gate}]}", False),
        (GITHUB, "a: {continue-on-error: false, steps: [{run: aigov-gate gate}]}", True),
        (GITHUB, "[{run: aigov gate, continue-on-error: true}, {run: aigov gate}]", True),
        (GITLAB, "gate: {script: aigov-gate gate, allow_failure: true}", False),
        (GITHUB, "# - run: aigov-gate gate\non: push\n", False),
        (GITHUB, "env: {RUN: aigov-gate gate}", False),
        (GITHUB, "jobs: [\n  - run: aigov-gate gate", True),  # whatever is wrong with the rest
        (GITHUB, "jobs: [\n  # - run: aigov-gate gate", False),
        (GITLAB, "gate: {script: [pip install x, aigov-gate gate]}", True),
        (GITLAB, "gate:\n  script:\n    - !reference [x]\n    - aigov-gate gate\n", True),
        (GITLAB, "gate:\n  script:\n    - !reference [x]\n  # - aigov-gate gate\n", False),
        (GITLAB, "a: !reference [x]\nb: {name: x}\n- name: aigov gate\n", False),
        (GITLAB, "include: [{component: $CI_SERVER_FQDN/nb/aigov-gate/gate@1.0}]", True),
        (GITLAB, "variables: {X: aigov-gate gate}", False),
        (AZURE, "steps: [{bash: aigov-gate gate}]", True),
        (AZURE, "steps: [{displayName: aigov-gate gate}]", False),
        (JENKINS, "pipeline { steps { sh 'aigov-gate gate' } }", True),
        (JENKINS, "steps {\n  // sh 'aigov-gate gate'\n}", False),
        (JENKINS, "/* sh 'aigov-gate gate'\n*/ steps {}", False),
        (JENKINS, "/* sh 'aigov-gate gate'", False),
        (JENKINS, "/* a */ sh 'aigov-gate gate'", True),
        (JENKINS, "sh 'curl https://x.example'\nsh 'aigov-gate gate'", True),
        (JENKINS, b"\xff sh 'aigov-gate gate'", True),
    ],
)
def test_each_forge_has_its_own_way(path, text, answer):
    assert runs(path, text) is answer


@pytest.mark.parametrize(
    "path",
    ["aigov.yaml", "x/.gitlab-ci.yml", ".github/workflows/b/a.yml", ".github/a.yml", "a/b/c"],
)
def test_other_files_define_no_pipeline(path):
    assert kind_of(path, HOW) is None


def test_hostile_files_cost_little():
    began = process_time()
    for text in (
        "aigov /*" * 60_000,
        "aigov" + " -" * 250_000,
        "aigov\\\n" * 80_000,
        "aigov #" * 70_000,
    ):
        assert not runs(JENKINS, text)
        assert not runs(GITHUB, text)
    long = "#" * MAX_BYTES + "\n- run: aigov-gate gate\n"
    assert runs(GITHUB, long)
    assert process_time() - began < 10


@given(st.binary(), st.sampled_from([GITHUB, GITLAB, AZURE, JENKINS]))
def test_any_bytes_are_survived(data, path):
    assert runs(path, b"aigov" + data) in (True, False)
