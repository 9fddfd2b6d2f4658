"""`aigov waive`: what it writes holds, and what would not hold is not written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aigov.cli import aigov
from aigov.errors import AigovError
from aigov.source import load
from judging import AS_OF, EXAMPLES

TEXTS = [
    "--reason", "The rehearsal needs the new cluster, which arrives in December.",
    "--compensating", "Traffic stays with the old version, switched by a flag.",
    "--approved-by", "karin.holm@northbank.internal",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The moderate example, whose rollback was never rehearsed."""
    text = (EXAMPLES / "2-moderate-production.aigov.yaml").read_text("utf-8")
    lines = [line for line in text.splitlines(keepends=True) if "Rehearsed" not in line]
    stale = "".join(lines).replace("tested_on: 2026-09", "tested_on: 2025-09")
    assert stale != text
    (tmp_path / "aigov.yaml").write_text(stale, "utf-8")
    (tmp_path / "docs").symlink_to(EXAMPLES / "docs")
    return tmp_path


def waive(folder: Path, *arguments: str) -> Any:
    command = ["waive", arguments[0], str(folder / "aigov.yaml"), "--as-of", AS_OF, *arguments[1:]]
    result = CliRunner().invoke(aigov, command, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def refused(folder: Path, *arguments: str) -> str:
    with pytest.raises(AigovError) as raised:
        waive(folder, *arguments)
    assert not list(folder.glob("*.waiver.aigov.yaml"))
    return f"{raised.value.problem}; {raised.value.remedy}"


def check(folder: Path, *arguments: str) -> tuple[int, str]:
    command = ["check", str(folder), "--as-of", AS_OF, "-q", *arguments]
    result = CliRunner().invoke(aigov, command, standalone_mode=False)
    return result.return_value, result.output


def test_what_is_written_waives_for_as_long_as_the_tier_allows(folder):
    result = waive(folder, "rollback-untested", *TEXTS)
    assert "BLD-008 is waived until 2027-02-20" in result.stderr
    (document,) = load((folder / "rollback-untested.waiver.aigov.yaml").read_bytes()).documents
    spec = document.value["spec"]
    assert (spec["granted_on"], spec["expires_on"]) == (AS_OF, "2027-02-20")
    _, output = check(folder)
    assert "WAI-" not in output
    assert "BLD-008" in check(folder, "--no-waivers")[1]
    assert check(folder, "--no-waivers")[1].count("block BLD-008") == 1
    assert "block BLD-008" not in output


def test_the_waiver_goes_to_standard_output_on_request(folder):
    result = waive(folder, "BLD-008", *TEXTS, "--output", "-", "--days", "10")
    assert load(result.stdout.encode()).documents[0].value["spec"]["expires_on"] == "2026-12-02"
    assert not list(folder.glob("*.waiver.aigov.yaml"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["BLD-008", "--days", "91", *TEXTS], "WAI-004: 91 days; at tier moderate at most 90"),
        (["MAN-006", *TEXTS], "MAN-006 stage-understated cannot be waived"),
        (["GOV-001", *TEXTS], "WAI-002: GOV-001 does not fail"),
        (["rollback-untestd", *TEXTS], "did you mean rollback-untested?"),
        (["BLD-999999", *TEXTS], "no policy BLD-999999"),
        (["BLD-008", *TEXTS[:-1], "lukas.meyer@northbank.internal"], "is the accountable owner"),
        (["BLD-008", *TEXTS[:-1], "ops@northbank.internal"], "is no named person"),
        (["BLD-008", *TEXTS[:4]], "--approved-by is missing"),
        (["BLD-008", "--reason", "later", *TEXTS[2:]], "20"),
        (["BLD-008", *TEXTS, "--use-case", "other"], "no use case other"),
        (["BLD-008", *TEXTS, "--at", "/spec/risk"], "WAI-002"),
    ],
)
def test_what_would_not_hold_is_refused(folder, arguments, words):
    assert words in refused(folder, *arguments)


def test_who_may_approve_is_the_profiles_to_say(folder):
    profile = folder / "profile.yml"
    profile.write_text(
        "apiVersion: aigov/v1\nkind: Organization\nmetadata: {id: northbank}\n"
        "spec: {waiver_approvers: {moderate: [someone.else@northbank.internal]}}\n"
    )
    words = refused(folder, "BLD-008", *TEXTS, "--profile", str(profile))
    assert "none of the profile's waiver_approvers at tier moderate" in words


def test_of_several_use_cases_one_is_named(folder):
    path = folder / "aigov.yaml"
    other = (EXAMPLES / "1-low-pilot.aigov.yaml").read_text("utf-8")
    path.write_text(f"{path.read_text('utf-8')}\n---\n{other}", "utf-8")
    assert "several use cases" in refused(folder, "BLD-008", *TEXTS)
    result = waive(folder, "BLD-008", *TEXTS, "--use-case", "retail-support-bot", "--output", "-")
    assert "use_case: retail-support-bot" in result.stdout


def test_a_manifest_that_cannot_be_read_is_an_error(folder):
    (folder / "aigov.yaml").write_text("[")
    assert "not YAML" in refused(folder, "BLD-008", *TEXTS)
    (folder / "aigov.yaml").unlink()
    assert "no such manifest" in refused(folder, "BLD-008", *TEXTS)
    (folder / "aigov.yaml").mkdir()
    assert "not a regular file" in refused(folder, "BLD-008", *TEXTS)


def test_nothing_is_overwritten(folder):
    waive(folder, "BLD-008", *TEXTS)
    with pytest.raises(AigovError, match="there is such a file already"):
        waive(folder, "BLD-008", *TEXTS)
