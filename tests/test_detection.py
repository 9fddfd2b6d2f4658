"""What a repository's files say of its use of AI: the cases of the detectors, and hostile files."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigov.bundled import shipped_detectors
from aigov.detection import MAX_OF_FILE, Found, detect
from aigov.detectors import Detectors
from aigov.packs import read_document
from judging import ROOT

FOLDER = ROOT / "detectors"
CORPUS = ROOT.parent / "shared" / "data" / "ai-usage-corpus.tsv"
CASES = [
    pytest.param(case, id=f"{path.name.removesuffix('.cases.yaml')}: {case['title']}")
    for path in sorted(FOLDER.glob("*.cases.yaml"))
    for case in read_document(path.read_bytes(), path.name).value
]


@cache
def detectors() -> Detectors:
    return shipped_detectors()


def found_in(files: dict[str, str | bytes]) -> Found:
    held = {
        path: one if isinstance(one, bytes) else one.encode("latin-1")
        for path, one in files.items()
    }
    return detect(held, held.get, detectors())


def told(found: Found) -> list[str]:
    return [f"{one.path}:{one.line} {one.kind} {one.name}" for one in found.detections]


@pytest.mark.parametrize("case", CASES)
def test_a_detector_finds_what_its_case_says(case):
    escaped = case.get("bytes", {}).items()
    held = {path: text.encode().decode("unicode_escape") for path, text in escaped}
    assert sorted(told(found_in({**case.get("files", {}), **held}))) == sorted(case["found"])


def test_every_detector_file_has_cases_or_is_used_by_those_of_another():
    names = {path.name for path in FOLDER.glob("*.yaml") if not path.name.endswith(".cases.yaml")}
    with_cases = {path.name.replace(".cases", "") for path in FOLDER.glob("*.cases.yaml")}
    assert with_cases <= names
    ecosystems = {f"{one}.yaml" for one in detectors().ecosystems}
    assert names - with_cases - ecosystems == {"installs.yaml", "mentions.yaml"}


def test_every_ecosystem_finds_every_one_of_its_packages():
    for ecosystem in detectors().ecosystems.values():
        for key in ecosystem.packages:
            name = f"{key}x" if key[-1] in "-_./:\\" else key
            assert ecosystem.package(name), name
            assert not ecosystem.package(f"z{name}z") or "/" in name, name


def test_no_detector_names_a_repository_of_the_corpus(need):
    if not CORPUS.exists():
        need("third-party-data", f"{CORPUS.name} is not beside the checkout")
    everything = {path.name: path.read_text("utf-8").lower() for path in FOLDER.glob("*.yaml")}
    rules = "".join(text for name, text in everything.items() if not name.endswith(".cases.yaml"))
    with CORPUS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            assert row["repo"].lower() not in "".join(everything.values())
            assert "/" not in row["evidence"] or row["evidence"].lower().split(":")[0] not in rules


def test_demoted_hits_are_counted_by_reason():
    found = found_in(
        {
            "test_a.py": "import openai\n",
            "go.mod": "require github.com/ollama/ollama v1 // indirect\n",
        }
    )
    assert found.demoted == {"group": 1, "test": 1}
    assert all(one.confidence == "low" for one in found.detections)


def test_detections_of_one_file_are_bounded_and_the_rest_is_counted():
    packages = "".join(f"langchain-{number}\n" for number in range(MAX_OF_FILE + 5))
    found = found_in({"requirements.txt": packages})
    assert len(found.detections) == MAX_OF_FILE
    assert found.demoted == {"limit": 5}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_a_file_is_read_in_the_encoding_it_says(encoding):
    data = "flask\r\nopenai==1\r\n".encode(encoding)
    assert told(found_in({"requirements.txt": data})) == ["requirements.txt:2 runtime openai"]


@pytest.mark.parametrize(
    ("first", "found"),
    [
        ("#!/usr/bin/env python3", ["bin/serve:2 runtime openai"]),
        ("#!/usr/bin/python3.11 -u", ["bin/serve:2 runtime openai"]),
        ("#!/usr/bin/env -S python -u", ["bin/serve:2 runtime openai"]),
        ("#!/bin/sh", ["bin/serve:2 mention openai"]),
        ("import os", ["bin/serve:2 mention openai"]),
    ],
)
def test_a_script_without_an_ending_is_read_in_the_language_that_its_first_line_names(first, found):
    assert told(found_in({"bin/serve": f"{first}\nimport openai\n"})) == found


def test_a_comment_in_code_may_hold_what_makes_other_files_binary():
    packages = b'{"dependencies": {"groq-sdk": "1"}}'
    files = {"a.js": b'/* \0 */ import Groq from "groq-sdk"\n', "package.json": packages}
    assert "a.js:1 runtime groq-sdk" in told(found_in(files))
    assert told(found_in({"a.bin": b"\0 openai"})) == []


def test_files_that_cannot_be_read_say_nothing():
    assert detect(["app.py", "b.bin"], lambda _: None, detectors()) == Found((), {})


def test_two_thousand_small_files_take_no_time():
    body = "".join(f"def f{n}(a):\n    '''Adds.'''\n    return a + {n}\n" for n in range(12))
    files: dict[str, str | bytes] = {f"p/m{n}.py": f"import openai\n{body}" for n in range(2000)}
    files |= {f"s{n}/requirements.txt": "flask\nopenai==1\n" for n in range(50)}
    began = process_time()
    assert len(found_in(files).detections) == 2050
    assert (
        process_time() - began < 8
    )  # the target is 2 s; coverage and a busy machine cost as much again


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "import openai\n" + "-" * 200_000 + "1\n"),
        ("a.py", "import openai\nx = " + "(" * 100_000 + "\n"),
        ("a.py", "import openai\nx = a" + ".a" * 100_000 + "\n"),
        ("a.py", "import openai\n" + "'''" * 150_001),
        ("a.js", "import 'openai'\n" + "/*" * 250_000),
        ("a.js", "import 'openai'\n" + "`" * 250_001),
        ("a.ts", "import 'bedrock'\n" + "import bedrock " * 30_000),
        ("a.go", '"github.com/ollama/ollama"\n' + '"\\' * 250_000),
        ("package.json", '{"dependencies": {"openai": ' + "[" * 200_000),
        ("poetry.lock", "[[package]]\nname = 'openai'\n" * 20_000),
        ("pom.xml", "<dependency>" * 40_000 + "openai"),
        ("setup.cfg", "[options]\nextras_require = x\n[options.extras_require]\nopenai = openai\n"),
        ("n.ipynb", '{"cells": ' + "[" * 200_000 + '"import openai"'),
        ("n.ipynb", '{"cells": [1, null], "x": "openai"}'),
        ("n.ipynb", '{"cells": [{"cell_type": "code", "source": {"openai": 1}}]}'),
        ("b.yaml", "image: ollama\n" + "- " * 100_000),
        ("b.yaml", "image: " + "ollama/" * 70_000),
        ("c.tf", 'resource "aws_bedrock' + "a" * 500_000),
        ("d.env", "OPENAI_BASE=https://" + "api.openai.com/" * 30_000),
        ("e.sh", "pip install " + "openai " * 60_000),
        ("f.html", "<script openai " * 40_000),
        ("g.xml", "<PMML " * 40_000),
    ],
)
def test_hostile_files_cost_little(path, text):
    began = process_time()
    found_in({path: text, "z.py": "import openai\n"})
    assert process_time() - began < 4


def test_a_huge_notebook_is_read_by_its_lines():
    line = json.dumps("import torch\n")
    data = (
        b'{"cells": [{"cell_type": "code", "source": [\n'
        + line.encode()
        + b"\n]}]}"
        + b" " * 50_000_000
    )
    began = process_time()
    assert told(found_in({"n.ipynb": data})) == ["n.ipynb:2 notebook torch"]
    assert process_time() - began < 10


NAMES = ["a.py", "a.ts", "a.go", "a.rs", "go.mod", "pom.xml", "setup.py", "setup.cfg", "n.ipynb",
         "package.json", "a.yaml", "Dockerfile", "a.tf", "x", "Cargo.toml", "a.csproj", ".env",
         "environment.yml", "mix.exs", "test_a.py", "a.sh", "a.html", "CMakeLists.txt"]  # fmt: skip
PIECES = ["import openai", "openai", "\n", '"', "'", "{", "}", "[", "#", "//", "/*", "\\", "=",
          "https://api.openai.com/v1", "ollama/ollama", "image: ", "pip install ", "\0", "é",
          '{"cells": [{"cell_type": "code", "source": ["import openai\\n", "import torch"]}]}',
          "<a>", "cells"]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.one_of(
            st.binary(), st.lists(st.sampled_from(PIECES)).map(lambda p: "".join(p).encode())
        ),
    )
)
def test_any_files_are_survived_and_every_detection_has_a_place(files):
    found = detect(files, files.get, detectors())
    assert found == detect(reversed(list(files)), files.get, detectors())
    assert list(found.detections) == sorted(found.detections)
    for one in found.detections:
        assert 1 <= one.line <= files[one.path].count(b"\n") + files[one.path].count(b"\r") + 1
        assert one.confidence in ("high", "medium", "low")


def test_the_path_of_the_checkout_is_no_part_of_the_data():
    assert isinstance(FOLDER, Path)
    assert detectors().files.keys() == {
        path.name for path in FOLDER.glob("*.yaml") if not path.name.endswith(".cases.yaml")
    }
