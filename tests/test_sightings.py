"""Which models and tools the files of a repository name, and where its components are."""

from __future__ import annotations

from functools import cache
from time import process_time

import pytest

from aigov.bundled import shipped_detectors
from aigov.detectors import Detectors
from aigov.packs import PROVIDERS
from aigov.sightings import MAX_NAMED, NEARER, Sightings, sight
from judging import rules


@cache
def detectors() -> Detectors:
    return shipped_detectors()


def seen(files: dict[str, str | bytes]) -> Sightings:
    held = {path: one if isinstance(one, bytes) else one.encode() for path, one in files.items()}
    names = rules().packs[0].documents[PROVIDERS].value
    assert isinstance(names, dict)
    return sight(held, held.get, detectors(), names)


def named(files: dict[str, str | bytes]) -> list[str]:
    found = [one for one in seen(files).detections if one.detector in NEARER]
    return [f"{one.path}:{one.line} {one.detector} {one.name}" for one in found]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ('ask(model="gpt-4o-2024-08-06")', "gpt-4o-2024-08-06"),
        ("ask(model='claude-sonnet-4-5-20250929')", "claude-sonnet-4-5-20250929"),
        ('ask("mistral-large-latest")', "mistral-large-latest"),
        ('ask("o3-mini")', "o3-mini"),
        ('ask("azure/gpt-4.1")', "azure/gpt-4.1"),
        (
            'ask("eu.anthropic.claude-3-5-sonnet-20240620-v1:0")',
            "eu.anthropic.claude-3-5-sonnet-20240620-v1:0",
        ),
        ('AutoModel.from_pretrained("intfloat/e5-large")', "intfloat/e5-large"),
        ('SentenceTransformer("all-MiniLM-L6-v2")', "all-MiniLM-L6-v2"),
        ('ask("gpt-4o")  # was "gpt-3.5-turbo"', "gpt-4o"),
    ],
)
def test_the_name_of_a_model_stands_at_its_line(code, name):
    assert named({"app.py": f"import openai\n{code}\n"}) == [f"app.py:2 model-name {name}"]


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": 'import json\nask("gpt-4o")\n'},
        {"app.py": 'import openai\n# ask("gpt-4o")\nask("claude-code", "gpt", "openai")\n'},
        {"requirements.txt": 'openai\n"gpt-4o"\n'},
        {"tests/test_app.py": 'import openai\nask("gpt-4o")\n'},
        {
            "app.py": 'import torch\nload.from_pretrained("models/own")\n',
            "models/own/config.json": "{}",
        },
        {"model.gguf": b'GGUF\3\0\0\0 "gpt-4o" '},
    ],
    ids=["no AI", "comments", "dependencies", "tests", "a folder of one's own", "weights"],
)
def test_where_no_model_is_called_none_is_named(files):
    assert named(files) == []


def test_a_model_is_told_once_a_file_and_notebooks_and_settings_count():
    cell = '{"cell_type": "code", "source": ["import openai\\n", "ask(\\"gpt-4o\\")"]}'
    book = f'{{"cells": [{cell}], "metadata": {{}}, "nbformat": 4}}'
    files = {
        "a.py": 'import openai\nask("gpt-4o")\nask("gpt-4o")\n',
        "book.ipynb": book,
        "config.yaml": 'llm:\n  base_url: https://api.openai.com/v1\n  model: "gpt-5-mini"\n',
    }
    assert named(files) == [
        "a.py:2 model-name gpt-4o", "book.ipynb:1 model-name gpt-4o",
        "config.yaml:3 model-name gpt-5-mini",
    ]  # fmt: skip


def test_tools_of_agents_and_servers_are_named():
    code = """import openai

@function_tool
async def look_up(x):
    pass

@tool(strict=True)
def pay(x):
    pass

@mine
def other(x):
    pass
"""
    files = {
        "agent.py": code,
        ".mcp.json": '{"mcpServers": {\n"github": {},\n"jira": {}}}',
        "mcp.json": '{"servers": {"files": {}}, "mcpServers": []}',
    }
    assert named(files) == [
        ".mcp.json:2 mcp-server github", ".mcp.json:3 mcp-server jira",
        "agent.py:4 agent-tool look_up", "agent.py:8 agent-tool pay", "mcp.json:1 mcp-server files",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "7", "[" * 100_000, '{"mcpServers": {"\\ud800": 1}}']
)
def test_a_configuration_that_is_none_is_survived(text):
    for one in seen({".mcp.json": text}).detections:
        one.name.encode()


def test_components_and_code_are_folders():
    found = seen(
        {
            "package.json": '{"dependencies": {}}',
            "api/pyproject.toml": "[project]\nname='a'\ndependencies = ['openai']\n",
            "api/poetry.lock": "",
            "api/src/a.PY": "",
            "api/src/b.py": "",
            "docs/x.md": "",
        }
    )
    assert found.components == ("", "api")
    assert found.code == ("api/poetry.lock", "api/src/a.PY", "package.json")
    assert seen({"docs/x.md": "openai"}).code == ()


def test_hostile_files_take_little_time_and_tell_little():
    many = "import openai\n" + "".join(f'f("gpt-4-{n}")\n' for n in range(40_000))
    files = {
        "many.py": many,
        "deep.py": "import openai\n" + '"a.a.a.a.a.a.a' * 70_000,
        "decorated.py": "import openai\n" + "@tool\n" * 150_000,
        "loading.py": "import torch\n" + "from_pretrained(" * 60_000,
    }
    start = process_time()
    told = named(files)
    assert process_time() - start < 20
    assert len(told) == MAX_NAMED
