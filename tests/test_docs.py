"""What the README and docs/ show is what happens: commands, outputs, help, editor settings."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest

import fleet
from aigov.cli import COMMANDS, aigov
from aigov.cli.import_ import load_map
from aigov.repositories import MANIFEST_ENDINGS, MANIFEST_NAMES, find_manifests
from judging import ROOT
from test_attestation import COMMIT, PRIVATE, PUBLIC, signed, written
from test_check_command import run  # noqa: F401  # a fixture

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "pipelines").glob("*.md")),
]
INDENT = "    "


def shown(text: str) -> list[tuple[str, list[str]]]:
    """Return (command, output lines) of each `$ ` line in the indented blocks of a page."""
    found: list[tuple[str, list[str]]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith(f"{INDENT}$ "):
            found.append((line.removeprefix(f"{INDENT}$ "), []))
            inside = True
        elif inside and (line.startswith(INDENT) or not line):
            found[-1][1].append(line.removeprefix(INDENT))
        else:
            inside = False
    return [(command, [one for one in lines if one.strip()]) for command, lines in found]


def missing(expected: list[str], real: str) -> list[str]:
    """Return the shown lines that do not occur in order in the real output.

    A line that ends in `...` matches by what stands before it; `...` alone skips any.
    """
    lines, absent = iter(real.splitlines()), []
    for line in expected:
        start = line.removesuffix("...")
        if start == "":
            continue
        matches = (lambda one, s=start: one.startswith(s)) if start != line else line.__eq__
        if not any(matches(one) for one in lines):
            absent.append(line)
            lines = iter(())
    return absent


def test_shown_output_is_compared_line_by_line_and_in_order():
    assert missing(["a", "b..."], "x\na\nbcd\n") == []
    assert missing(["...", "bcd"], "a\nbcd\n") == []
    assert missing(["b", "a"], "a\nb\n") == ["a"]
    assert missing(["ab"], "abc\n") == ["ab"]
    assert missing(["z..."], "abc\n") == ["z..."]


def test_a_command_and_its_output_are_found_in_an_indented_block_alone():
    page = "text\n\n    $ aigov-gate x\n    out\n\n      more\nend\n\n    not a command\n$ no\n"
    assert shown(page) == [("aigov-gate x", ["out", "  more"])]
    assert shown("    $ a\n    1\n    $ b\n") == [("a", ["1"]), ("b", [])]


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A folder with a copy of the examples, to run in."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


COMMANDS_SHOWN = [
    pytest.param(command, expected, id=f"{page.name}: {command}")
    for page in PAGES
    for command, expected in shown(page.read_text("utf-8"))
]


def test_there_are_commands_to_run():
    assert len(COMMANDS_SHOWN) >= 3


@pytest.mark.parametrize(("command", "expected"), COMMANDS_SHOWN)
def test_a_command_that_is_shown_gives_what_is_shown(command, expected, run, checkout):  # noqa: F811
    words = shlex.split(command)
    target = None
    if ">" in words:
        target = checkout / words[words.index(">") + 1]
        words = words[: words.index(">")]
    assert words[0] in ("aigov-gate", "aigov"), "only commands of this project are shown with $"
    code, out, err = run(*words[1:])
    assert code in (0, 1), err
    if target:
        target.write_text(out, "utf-8")
        assert out
    assert missing(expected, out + err) == []


# --- help


def every_command() -> list[tuple[str, ...]]:
    """Return the words of every command and subcommand."""
    found: list[tuple[str, ...]] = [()]
    context = click.Context(aigov)
    for name in COMMANDS:
        found.append((name,))
        command = aigov.get_command(context, name)
        if isinstance(command, click.Group):
            found += [(name, below) for below in command.list_commands(context)]
    return found


def command_of(words: tuple[str, ...]) -> click.Command:
    command: click.Command = aigov
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    return command


def examples_in(help_text: str) -> list[str]:
    """Return the command lines below `Example:`, `Examples:` or `Start here:`.

    What stands after three spaces says what it does.
    """
    found, inside = [], False
    for line in help_text.splitlines():
        if re.fullmatch(r"\s*(Examples?|Start here):", line):
            inside = True
        elif inside and line.strip().startswith("aigov-gate "):
            found.append(re.split(r"\s{3,}", line.strip())[0])
        elif not line.strip():
            inside = False
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_help_has_examples_and_names_every_option(words, run):  # noqa: F811
    code, out, err = run(*words, "--help")
    assert (code, err) == (0, "")
    assert examples_in(out)
    for parameter in command_of(words).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert all(option in out for option in parameter.opts), parameter.name


def test_the_main_help_names_every_command(run):  # noqa: F811
    out = run("--help")[1]
    for name, words in COMMANDS.items():
        assert re.search(rf"^  {name}\s", out, re.MULTILINE)
        assert words.split()[0] in out


EXAMPLES_SHOWN = [
    pytest.param(line, id=line)
    for words in every_command()
    for line in examples_in(command_of(words).get_help(click.Context(command_of(words))))
]


OWN = "deploy-operate/oversight-understaffed"


def own_policy(checkout: Path) -> None:
    """Make a pack of one policy."""
    for ending in (".yaml", ".cases.yaml"):
        own = (ROOT / "policies" / f"{OWN}{ending}").read_text("utf-8")
        own = own.replace("min_oversight", "min_own").replace("OPS-008", "OWN-001")
        path = checkout / "our-policies" / "deploy-operate" / f"queue-short{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(own.replace("id: oversight-understaffed", "id: queue-short"), "utf-8")


def audited(checkout: Path, words: list[str]) -> list[str]:
    """Make what an audit goes through; for what lies elsewhere there are words that name it."""
    plain = fleet.repository(checkout / "mirrors" / "plain.git", fleet.content("none", 1))
    fleet.repository(checkout / "mirrors" / "bot.git", fleet.content("unregistered", 1))
    (checkout / "urls.txt").write_text(f"{plain.as_uri()}  # a remark\n", "utf-8")
    shutil.copy(ROOT / "examples" / "organization.yaml", checkout)
    there = {"~/mirrors": "mirrors", "github:northbank": "mirrors"}
    there |= {one: "history.db" for one in words if one.startswith("postgresql:")}
    return [there.get(one, one) for one in words]


@pytest.mark.parametrize("line", EXAMPLES_SHOWN)
def test_an_example_of_the_help_runs(line, run, checkout):  # noqa: F811
    """In a folder that holds what the examples name."""
    example = checkout / "examples" / "1-low-pilot.aigov.yaml"
    (checkout / "services" / "chat").mkdir(parents=True)
    for target in ("aigov.yaml", "services/aigov.yaml"):
        shutil.copy(example, checkout / target)
    words = shlex.split(line)
    if words[1] == "import":
        register = load_map(words[words.index("--map") + 1])
        rows = [[column.header for column in register.columns], ["x"] * len(register.columns)]
        with (checkout / words[2]).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    if words[1] == "init":
        (checkout / "aigov.yaml").unlink()
        (checkout / "answers.yaml").write_text("where: EU\n", "utf-8")
    if words[1] == "policies":
        own_policy(checkout)
    if words[1] == "gate":
        landed = "update-ref refs/remotes/origin/main HEAD"
        for step in ("init -q", "add aigov.yaml", "commit -qm start", landed):
            git = ["git", "-c", "user.name=a", "-c", "user.email=a@northbank.internal"]
            subprocess.run([*git, *step.split()], cwd=checkout, check=True)
        (checkout.parent / "governance").mkdir(exist_ok=True)
        shutil.copy(ROOT / "examples" / "organization.yaml", checkout.parent / "governance")
        (checkout / "gate.pem").write_bytes(PRIVATE)
    if words[1:3] == ["profile", "fetch"] and words[3] != "--help":
        (checkout / "packs" / "ours").mkdir(parents=True)
        (checkout / "packs" / "ours" / "pack.yaml").write_text("name: Ours\n", "utf-8")
        for step in ("init -q", "add packs", "commit -qm start"):
            git = ["git", "-c", "user.name=a", "-c", "user.email=a@northbank.internal"]
            subprocess.run([*git, *step.split()], cwd=checkout, check=True)
        commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=checkout, text=True)
        words[3] = f"git+file://{checkout}@{commit.strip()}#packs/ours"
    if words[1] == "audit":
        words = audited(checkout, words)
    if words[1] == "db":
        assert run("db", "upgrade")[0] == run("db", "upgrade", "--db", "history.db")[0] == 0
    if words[1] == "verify":
        (checkout / "gate.pub").write_bytes(PUBLIC)
        (checkout / "gate.intoto.json").write_bytes(signed(written()))
        words = [one.replace("$COMMIT", COMMIT) for one in words]
    words = words[: words.index(">")] if ">" in words else words
    code, out, err = run(*words[1:])
    if words[1] == "waive":  # it asks, and nobody is there
        assert (code, "is missing" in err) == (2, True)
        return
    # 1: it found something, as in this register
    assert code in (0, 1), err
    assert out or (checkout / "use-cases").exists() or (checkout / "aigov.yaml").exists()


# --- editors

EDITORS = (ROOT / "docs" / "editors.md").read_text("utf-8")
NAMES = [
    *MANIFEST_NAMES,
    *(f"{stem}{ending}" for stem in ("bot", "1-low-pilot") for ending in MANIFEST_ENDINGS),
]
OTHERS = ["aigov.json", "my-aigov.yaml", "aigov.yaml.bak", "aigov-report.yaml", "values.yaml"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", EDITORS, re.MULTILINE | re.DOTALL)


def patterns() -> list[list[str]]:
    """Return the file patterns of VS Code, SchemaStore and JetBrains."""
    settings, entry = map(json.loads, blocks("json"))
    (xml,) = map(ET.fromstring, blocks("xml"))
    (vscode,) = settings["yaml.schemas"].values()
    jetbrains = [one.attrib["value"] for one in xml.iterfind(".//Item/option[@name='path']")]
    return [vscode, entry["fileMatch"], jetbrains]


def test_the_patterns_of_every_editor_match_the_manifests_and_nothing_else():
    for given in patterns():
        short = [one.removeprefix("**/") for one in given]
        for name in NAMES:
            assert any(fnmatchcase(name, one) for one in short), (name, given)
        for name in OTHERS:
            assert not any(fnmatchcase(name, one) for one in short), (name, given)


def test_the_names_are_those_that_the_checker_finds(tmp_path):
    for name in (*NAMES, *OTHERS):
        (tmp_path / name).write_text("", "utf-8")
    found = [Path(one).name for one in find_manifests(str(tmp_path))]
    assert sorted(found) == sorted(NAMES)


def test_the_settings_name_the_schema_that_the_page_saves():
    saved = next(command.split("> ")[1] for command, _ in shown(EDITORS) if ">" in command)
    settings, entry = map(json.loads, blocks("json"))
    assert [Path(one).name for one in settings["yaml.schemas"]] == [saved]
    assert f"$schema={saved}" in EDITORS
    assert f'name="relativePathToSchema" value="{saved}"' in blocks("xml")[0]
    assert {"name", "description", "fileMatch", "url"} == entry.keys()
    assert (ROOT / "schemas" / entry["url"].rpartition("/")[2]).is_file()


def test_the_schema_uses_nothing_that_editors_of_draft_7_do_not_know():
    newer = {
        "prefixItems", "dependentSchemas", "dependentRequired", "unevaluatedItems", "minContains",
        "unevaluatedProperties", "maxContains", "$anchor", "$dynamicRef", "$dynamicAnchor",
    }  # fmt: skip
    schema = json.loads((ROOT / "schemas" / "manifest.v1.json").read_text("utf-8"))
    used = set()

    def visit(node: object) -> None:
        if isinstance(node, dict):
            used.update(node)
            for one in node.values():
                visit(one)
        elif isinstance(node, list):
            for one in node:
                visit(one)

    visit(schema)
    assert not used & newer


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target
