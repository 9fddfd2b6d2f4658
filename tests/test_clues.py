"""What files of many ecosystems say, and that hostile ones say nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.bundled import shipped_detectors
from aigov.clues import MODELS, Clue, Guide, one_line, read_clues
from aigov.source import load
from aigov.surveying import survey
from judging import ROOT

GUIDE = Guide(
    load((ROOT / "init" / "files.yaml").read_bytes()).documents[0].value,
    shipped_detectors(),
)
CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: wrong}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: desk-bot, title: Desk bot, description: Finds runbooks for people on call.}
spec: {owner: group:platform-sre}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: second}
"""
OPENSLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: answers}
spec:
  timeWindow: [{duration: 28d, isRolling: true}]
  objectives:
    - {target: 0.99}
    - {targetPercent: 99.5}
"""
SLO = {"name": "answers", "window": "28d", "ref": "slo.yaml#answers"}
UP = "requests-availability"
PYPROJECT = """\
[project]
name = 'bot'
dependencies = ['MistralAI>=1', 'click']
[project.optional-dependencies]
rag = ['langchain_openai[x]~=0.2']
"""
POETRY = "[tool.poetry]\nname = 'bot'\n[tool.poetry.dependencies]\nlangchain = '*'\n"
POM = """\
<dependency>
  <groupId>dev.langchain4j</groupId>
  <artifactId>langchain4j-mistral-ai</artifactId>
</dependency>
"""
README = """\
---
title: x
---
<!-- a

hidden comment of some length. -->
# Bot

```
code that is long enough.
```

[![b](c)](d)

Menu • of • many • words here

A [bot](https://x) for `runbooks`. It
answers.

More text that comes later.
"""
GO = "module x\nrequire (\n\tgithub.com/anthropics/anthropic-sdk-go v1.2\n)\n"
OWNERS = "* @org/Old\n/x @other\n* @org/Platform-SRE @priya # us\n"
CLAUDE = "claude-opus-4-6"
AGENT = "spec_version: '0.1'\nname: helper\nmodel: {preferred: claude-opus-4-6}\n"
PROPS = "Directory.Packages.props"
SLOTH = """\
version: prometheus/v1
service: desk
slos:
  - {name: requests-availability, objective: 99.9}
"""


NAMES = {
    "/metadata/id": "id",
    "/metadata/name": "name",
    "/metadata/description": "description",
    "/metadata/catalog_ref": "ref",
    "/spec/ownership/accountable/team": "team",
    "/spec/operations/slos": "slo",
    "/spec/architecture/models/0/name": "model",
    MODELS: "provider",
    "people": "person",
    "packages": "library",
}


def say(path: str, text: str | bytes) -> list[tuple[str, object]]:
    data = text if isinstance(text, bytes) else text.encode()
    clues = read_clues(path, data, GUIDE)
    named = any(clue.field == MODELS for clue in clues)
    return [
        (
            NAMES.get(clue.field, clue.field),
            clue.value["id"] if clue.field == MODELS else clue.value,
        )
        for clue in clues
        if not (named and clue.field == "packages")
    ]


@pytest.mark.parametrize(
    ("path", "text", "clues"),
    [
        (
            "package.json",
            json.dumps(
                {
                    "name": "@org/bot",
                    "description": "A bot that answers.",
                    "dependencies": {"openai": "4", "left-pad": "1"},
                    "devDependencies": {"@anthropic-ai/sdk": "1"},
                }
            ),
            [("name", "@org/bot"), ("description", "A bot that answers."), ("provider", "openai")],
        ),
        (
            "pyproject.toml",
            PYPROJECT,
            [("name", "bot"), ("provider", "mistral"), ("provider", "openai")],
        ),
        (
            "pyproject.toml",
            POETRY,
            [("name", "bot"), ("library", "langchain")],
        ),
        ("svc/requirements-a.txt", "# openai\nanthropic==1\n-r x\n", [("provider", "anthropic")]),
        (
            "Cargo.toml",
            "[package]\nname = 'bot'\n[dependencies]\nasync-openai = '1'\n",
            [("name", "bot"), ("provider", "openai")],
        ),
        (
            "composer.json",
            '{"name": "org/bot", "require": {"openai-php/client": "^1"}}',
            [("name", "org/bot"), ("provider", "openai")],
        ),
        ("go.mod", GO, [("provider", "anthropic")]),
        (
            "go.mod",
            "require github.com/sashabaranov/go-openai/v2 v2.0.0\n",
            [("provider", "openai")],
        ),
        ("Gemfile", "gem 'ruby-openai', '~> 7'\n# gem 'anthropic'\n", [("provider", "openai")]),
        (
            "bot.gemspec",
            'spec.name = "bot"\n  s.add_dependency "anthropic"\n',
            [("name", "bot"), ("provider", "anthropic")],
        ),
        (
            "build.gradle.kts",
            'implementation("com.openai:openai-java:1.0")',
            [("provider", "openai")],
        ),
        ("a/pom.xml", POM, [("provider", "mistral")]),
        (
            "a/pom.xml",
            "<d><dependency><groupId>org.springframework.ai</groupId>\
<artifactId>x</artifactId></dependency></d>",
            [("library", "org.springframework.ai:x")],
        ),
        (
            "App.csproj",
            '<PackageReference Include="Azure.AI.OpenAI" Version="2" />',
            [("provider", "azure-openai")],
        ),
        (PROPS, '<PackageVersion Include="OpenAI" />', [("provider", "openai")]),
        (
            "catalog-info.yaml",
            CATALOG,
            [
                ("id", "desk-bot"),
                ("name", "Desk bot"),
                ("description", "Finds runbooks for people on call."),
                ("ref", "component:default/desk-bot"),
                ("team", "group:platform-sre"),
            ],
        ),
        ("agent.yaml", AGENT, [("name", "helper"), (f"{MODELS}/0/id", CLAUDE), ("model", CLAUDE)]),
        ("agent.yaml", "name: another format\n", []),
        (
            "CODEOWNERS",
            "* tom@org.internal @org/group/sre @org/b\r\n",
            [("team", "sre"), ("person", "tom@org.internal")],
        ),
        ("CODEOWNERS", OWNERS, [("team", "Platform-SRE"), ("person", "@priya")]),
        ("README.md", README, [("description", "A bot for runbooks. It answers.")]),
        ("README.md", "# Nothing\n", []),
        (
            "slo.yaml",
            OPENSLO,
            [
                ("slo", SLO | {"target": 0.99}),
                ("slo", SLO | {"target": 0.995}),
            ],
        ),
        (
            "ops/s.yml",
            SLOTH,
            [("slo", {"name": UP, "target": 0.999, "window": None, "ref": f"ops/s.yml#{UP}"})],
        ),
        (
            "s.yml",
            "apiVersion: sloth.slok.dev/v1\nspec: {slos: [{name: a b, objective: x}, 3]}\n",
            [
                ("slo", {"name": "a b", "target": "x", "window": None, "ref": "s.yml#a b"}),
                (
                    "slo",
                    {"name": "unnamed", "target": None, "window": None, "ref": "s.yml#unnamed"},
                ),
            ],
        ),
        ("values.yaml", "a: 1\n", []),
    ],
)
def test_a_file_says(path, text, clues):
    assert say(path, text) == clues


@pytest.mark.parametrize("path", ["svc/package.json", "docs/README.md", "x/CODEOWNERS"])
def test_what_the_repository_is_stands_at_its_root(path):
    text = '{"name": "bot", "description": "Words."}' if path.endswith("json") else "* @priya\n"
    assert say(path, text) == []
    assert say("catalog-info.yaml", CATALOG.replace("{name: desk-bot", "{name: '${{ x }}'"))[0] == (
        "name", "Desk bot",
    )  # fmt: skip
    assert say(".github/CODEOWNERS", "* @priya\n") == [("person", "@priya")]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("package.json", b"[" * 100_000),
        ("package.json", b'{"name": [[{"a": 1}]], "dependencies": [{}, 7, null]}'),
        ("package.json", b"\xff\xfe"),
        ("pyproject.toml", b"a = " + b"[" * 50_000),
        ("pyproject.toml", b"project = 3\ntool = []"),
        ("catalog-info.yaml", b"kind: &a [*a]"),
        ("catalog-info.yaml", b"apiVersion: backstage.io/v1\nkind: Component\nmetadata: x\n"),
        ("catalog-info.yaml", CATALOG.replace("desk-bot", "'${{ values.name }}'").encode()[:90]),
        ("slo.yaml", b"version: prometheus/v1\nslos: 3\n"),
        ("slo.yaml", b"version: prometheus/v1\nspec: {timeWindow: 3}\nslos: {a: 7}\n"),
        ("README.md", b"<!--" * 60_000),
        ("README.md", b"[" * 200_000),
        ("pom.xml", b"<groupId>a</groupId>" + b" " * 200_000),
        ("go.mod", b"a." * 120_000),
        ("requirements.txt", b"\xff"),
        ("CODEOWNERS", b"* " + b"@a/b " * 40_000 + b"\n" * 40_000 + b"* \n"),
    ],
)
def test_a_hostile_file_says_nothing_of_note(path, data):
    kinds = {kind for kind, _ in say(path, data)}
    assert kinds <= {"slo", "ref"}  # which the schema refuses


def test_text_is_one_printable_line_of_bounded_length():
    assert one_line("a\n b\x1b[31m\u202e") == "a b[31m"
    assert one_line("${{ values.name }}") == ""
    assert one_line(3) == ""
    assert len(one_line("word " * 200)) <= 400
    assert one_line("word " * 200).endswith("...")


@given(st.binary(max_size=300), st.sampled_from([row["file"] for row in GUIDE.files]))
def test_no_bytes_crash_a_reader(data, pattern):
    for clue in read_clues(pattern.replace("*", "x"), data, GUIDE):
        assert isinstance(clue, Clue)


@given(st.text(max_size=200))
def test_any_description_comes_back_as_its_line(text):
    for path in ("package.json", "composer.json"):
        found = say(path, json.dumps({"description": text}))
        line = one_line(text)
        assert found == ([("description", line)] if line else [])


# --- the repository as a whole


def test_a_survey_goes_by_nearness_and_trust_and_stays_inside(tmp_path):
    root, outside = tmp_path / "repo", tmp_path / "outside"
    for folder in (root / ".git", root / "node_modules" / "x", root / "svc", outside):
        folder.mkdir(parents=True)
    (root / "README.md").write_text("Words about a thing. More.", "utf-8")
    (root / "catalog-info.yaml").write_text(CATALOG, "utf-8")
    (root / "svc" / "requirements.txt").write_text("openai", "utf-8")
    (root / "node_modules" / "x" / "package.json").write_text('{"name": "x"}', "utf-8")
    (root / ".git" / "package.json").write_text('{"name": "x"}', "utf-8")
    (outside / "requirements.txt").write_text("anthropic", "utf-8")
    (root / "linked").symlink_to(outside)
    (root / "requirements.txt").symlink_to(outside / "requirements.txt")
    (root / "package.json").write_bytes(b" " * 300_000 + b'{"name": "large"}')
    found = survey(str(root), GUIDE)
    assert [NAMES[clue.field] for clue in found] == [
        "id", "name", "description", "ref", "team", "description", "library", "provider",
    ]  # fmt: skip
    assert found[-1].source == "svc/requirements.txt"


def test_a_survey_of_third_party_catalogues_and_slos(shared: Path):
    slos = survey(str(shared / "data" / "slo"), GUIDE)
    assert sum(NAMES[clue.field] == "slo" for clue in slos) >= 30
    agents = survey(str(shared / "data" / "catalog" / "gap" / "examples" / "full"), GUIDE)
    assert CLAUDE in [clue.value for clue in agents]
