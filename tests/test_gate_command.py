"""`aigov gate`: the deploy decision on real git repositories."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aigov.cli import aigov
from aigov.errors import AigovError
from judging import AS_OF, EXAMPLES

READY = (EXAMPLES / "4-ready.aigov.yaml").read_text("utf-8")
PROFILE = str(EXAMPLES / "organization.yaml")
WAIVER = """
apiVersion: aigov/v1
kind: Waiver
metadata: {id: wait-for-cluster}
spec:
  policy: BLD-008
  use_case: branch-appointment-assistant
  reason: The cluster comes in December, so.
  compensating: A flag switches traffic back to people.
  approved_by: karin.holm@northbank.internal
  granted_on: 2026-11-20
  expires_on: 2026-12-20
"""


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=Ana", "-c", "user.email=ana.lima@northbank.internal"]
    command = ["git", "-C", str(folder), *names, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The repository under test."""
    return ready(tmp_path / "repository")


def ready(folder: Path) -> Path:
    """Make a repository whose one commit holds the example that is ready to go live."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "aigov.yaml").write_text(READY, "utf-8")
    shutil.copytree(EXAMPLES / "docs", folder / "docs")
    commit(folder, "adopt aigov")
    return folder


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def gate(folder: Path, *arguments: str) -> tuple[int, str]:
    command = ["gate", str(folder), "--as-of", AS_OF, *arguments]
    result = CliRunner().invoke(aigov, command, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, result.output


def decision(folder: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gate(folder, "--format", "json", *arguments)[1])["decision"]
    return found


def test_what_is_ready_goes_live(repository):
    code, output = gate(repository)
    assert code == 0, output
    assert "allowed for production at" in output
    assert decision(repository)["allow"] is True


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("outcome: passed", "outcome: failed", "OPS-013"),
        ("docs/", "gone/", "MAN-004"),
    ],
)
def test_without_one_requirement_it_does_not_and_says_which(repository, old, new, code):
    assert old in READY
    (repository / "aigov.yaml").write_text(READY.replace(old, new), "utf-8")
    commit(repository, "change")
    found = decision(repository)
    assert found["allow"] is False
    assert code in {one["code"] for one in found["reasons"]}
    unblocks = [one["unblocks"] for one in found["reasons"]]
    assert unblocks == sorted(unblocks, reverse=True)
    assert gate(repository)[0] == 1


def test_only_the_commit_counts_and_a_working_tree_that_differs_is_told(repository):
    (repository / "aigov.yaml").write_text("[", "utf-8")
    code, output = gate(repository)
    assert code == 0
    assert "the working tree differs" in output
    commit(repository, "break it")
    assert gate(repository)[0] == 1
    assert gate(repository, "--rev", "HEAD^")[0] == 0


def test_evidence_comes_from_the_commit_and_never_from_outside(repository, tmp_path):
    target = repository / "docs" / "out.md"
    (tmp_path / "secret.md").write_text("a real file, outside\n" * 20)
    target.symlink_to(tmp_path / "secret.md")
    evidence = next(line for line in READY.splitlines() if "runbook: docs/" in line)
    path = evidence.split("runbook: ")[1].split()[0].rstrip(",}")
    (repository / "aigov.yaml").write_text(READY.replace(path, "docs/out.md"), "utf-8")
    commit(repository, "link out")
    assert "MAN-004" in {one["code"] for one in decision(repository)["reasons"]}
    target.unlink()
    target.symlink_to(Path(path).relative_to("docs"))
    commit(repository, "link within")
    assert gate(repository)[0] == 0


def test_a_manifest_is_no_evidence_of_itself_under_another_name(repository):
    path = repository / "docs" / "ready" / "runbook.md"
    assert "docs/ready/runbook.md" in READY
    path.unlink()
    path.symlink_to("../../aigov.yaml")
    commit(repository, "link to the manifest")
    assert "MAN-004" in {one["code"] for one in decision(repository)["reasons"]}


def test_evidence_in_a_linked_folder_counts_and_links_in_circles_end(repository):
    (repository / "docs").rename(repository / "documents")
    (repository / "docs").symlink_to("documents")
    commit(repository, "link the folder")
    assert gate(repository)[0] == 0
    (repository / "docs").unlink()
    (repository / "docs").symlink_to("docs/docs")
    commit(repository, "link it to itself")
    assert "MAN-004" in {one["code"] for one in decision(repository)["reasons"]}


@pytest.mark.parametrize("option", ["--profile", "--policies"])
def test_nothing_inside_the_repository_is_configuration(repository, option):
    (repository / "policies").mkdir()
    shutil.copy(PROFILE, repository / "policies" / "profile.yaml")
    given = "policies/profile.yaml" if option == "--profile" else "policies"
    with pytest.raises(AigovError, match="inside the repository that is judged"):
        gate(repository, option, str(repository / given))
    assert gate(repository, "--profile", PROFILE)[0] in (0, 1)


def test_a_name_of_a_tag_and_of_a_branch_says_neither(repository):
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    (repository / "aigov.yaml").write_text(READY.replace("tier: moderate", "tier: low", 1))
    commit(repository, "lower the tier")
    assert "CHG-001" in {one["code"] for one in decision(repository)["reasons"]}
    git(repository, "tag", "origin/main", "refs/remotes/origin/main")
    assert decision(repository, "--base", "origin/main")["given"]["base"]  # one commit
    git(repository, "tag", "-f", "origin/main", "HEAD")
    (found,) = {one["message"] for one in decision(repository, "--base", "origin/main~0")["reasons"]
                if one["code"] == "CHG-001"}  # fmt: skip
    assert "refs/tags/origin/main, refs/remotes/origin/main" in found
    with pytest.raises(AigovError, match="origin/main is the name of several"):
        gate(repository, "--rev", "origin/main")
    git(repository, "tag", "HEAD", "HEAD^")  # git itself looks at its own HEAD first
    assert gate(repository, "--base", "refs/remotes/origin/main")[0] == 1


def test_what_cannot_be_judged_is_an_error(tmp_path, repository):
    with pytest.raises(AigovError, match="no git repository"):
        gate(tmp_path)
    with pytest.raises(AigovError, match="no commit nowhere"):
        gate(repository, "--rev", "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    with pytest.raises(AigovError, match="no commit HEAD"):
        gate(empty)


def test_a_lower_stage_does_not_excuse_what_is_declared(repository):
    broken = READY.replace("stage: operational_ownership\n", "stage: production\n", 1)
    (repository / "aigov.yaml").write_text(broken.replace("docs/", "gone/"), "utf-8")
    commit(repository, "break")
    assert gate(repository, "--stage", "intake")[0] == 1


def test_without_manifest_and_without_ai_there_is_nothing_to_decide(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "readme.txt").write_text("nothing here\n")
    commit(tmp_path, "start")
    code, output = gate(tmp_path)
    assert code == 0
    assert "no manifest" in output


def test_ai_without_a_manifest_is_denied_at_its_first_sign(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "requirements.txt").write_text("flask==3.0\nopenai>=1.0\n")
    commit(tmp_path, "start")
    code, output = gate(tmp_path, "--quiet")
    assert code == 1
    assert "service/requirements.txt:2:1: block REP-001" in output
    assert "openai is used here, and no manifest says what for" in output


def test_the_last_manifest_may_not_vanish_before_it_is_retired(repository):
    (repository / "aigov.yaml").unlink()
    commit(repository, "remove it")
    assert {one["code"] for one in decision(repository)["reasons"]} == {"CHG-006"}


def test_a_material_change_needs_a_review_and_a_lowered_tier_is_told(repository):
    text = READY.replace("  tier: moderate", "  tier: low", 1)
    assert text != READY
    (repository / "aigov.yaml").write_text(text, "utf-8")
    commit(repository, "lower it")
    assert "CHG-001" in {one["code"] for one in decision(repository)["reasons"]}


def test_a_clone_without_its_history_cannot_tell_and_says_how_it_could(repository, tmp_path):
    (repository / "more.txt").write_text("more\n")
    commit(repository, "more")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", str(shallow))
    code, output = gate(shallow)
    assert code == 1
    assert "MAN-012" in output
    assert "--unshallow" in output
    git(shallow, "rm", "-q", "-r", ".")
    (shallow / "more.txt").write_text("more\n")
    commit(shallow, "only text is left")
    assert gate(shallow)[0] == 1


def test_where_nothing_is_to_decide_a_clone_without_history_says_what_it_cannot_know(tmp_path):
    folder = tmp_path / "text"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.txt").write_text("a\n")
    commit(folder, "text")
    (folder / "a.txt").write_text("b\n")
    commit(folder, "more")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{folder}", str(shallow))
    code, output = gate(shallow)
    assert (code, "nothing to decide" in output, "--unshallow" in output) == (0, True, True)


def test_a_waiver_counts_from_the_change_after_the_one_that_brings_it(repository):
    broken = READY.replace("tested_on: 2026-1", "tested_on: 2025-1")
    assert broken != READY
    (repository / "aigov.yaml").write_text(broken, "utf-8")
    (repository / "waiver.aigov.yaml").write_text(WAIVER, "utf-8")
    commit(repository, "waive")
    codes = {one["code"] for one in decision(repository, "--profile", PROFILE)["reasons"]}
    assert "BLD-008" in codes
    (repository / "more.txt").write_text("more\n")
    commit(repository, "the change after")
    codes = {one["code"] for one in decision(repository, "--profile", PROFILE)["reasons"]}
    assert "BLD-008" not in codes
    assert "BLD-008" in {one["code"] for one in decision(repository)["reasons"]}
    (repository / "waiver.aigov.yaml").write_text(WAIVER.replace("2026-12-20", "2026-12-29"))
    commit(repository, "have it last longer")
    codes = {one["code"] for one in decision(repository, "--profile", PROFILE)["reasons"]}
    assert "BLD-008" in codes


def test_a_waiver_that_was_taken_back_on_the_base_counts_on_no_branch(repository):
    broken = READY.replace("tested_on: 2026-1", "tested_on: 2025-1")
    (repository / "waiver.aigov.yaml").write_text(WAIVER, "utf-8")
    commit(repository, "waive")
    git(repository, "switch", "-q", "-c", "change")
    (repository / "aigov.yaml").write_text(broken, "utf-8")
    commit(repository, "rely on it")
    given = ("--base", "main", "--profile", PROFILE)
    assert "BLD-008" not in {one["code"] for one in decision(repository, *given)["reasons"]}
    git(repository, "switch", "-q", "main")
    (repository / "waiver.aigov.yaml").unlink()
    commit(repository, "take it back")
    git(repository, "switch", "-q", "change")
    assert "BLD-008" in {one["code"] for one in decision(repository, *given)["reasons"]}


def test_what_changed_cannot_be_told_where_the_base_is_not_there_whatever_the_tier(repository):
    reasons = {one["code"]: one for one in decision(repository, "--base", "gone")["reasons"]}
    assert {"MAN-010", "MAN-012", *(f"CHG-00{number}" for number in (1, 2, 3, 4, 5, 8))} == {
        *reasons
    }
    assert "the base gone is not in this clone" in reasons["CHG-001"]["message"]


def test_the_working_tree_need_not_be_there(repository, tmp_path):
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(bare))
    assert gate(bare)[0] == 0


def test_reviewers_read_the_decision_first(repository):
    assert gate(repository, "--format", "markdown")[1].startswith(
        "## aigov-gate: allowed for production\n"
    )
    (repository / "aigov.yaml").write_text(READY.replace("docs/", "gone/"), "utf-8")
    commit(repository, "lose the evidence")
    assert gate(repository, "--format", "markdown")[1].startswith(
        "## aigov-gate: denied for production\n"
    )


def test_what_is_retired_is_asked_only_whether_it_is_off(repository):
    off = "endpoints_off: true, access_revoked: true, data_disposed: true, date: 2026-11-20"
    text = READY.replace("stage: operational_ownership\n", "stage: retired\n", 1)
    text = text.replace(
        "decommission: {", f"decommission: {{completed: {{{off}, evidence: docs/off.md}}, ", 1
    )
    (repository / "aigov.yaml").write_text(text.replace("staff: 6", "staff: 1"), "utf-8")
    commit(repository, "retire it")
    assert {one["code"] for one in decision(repository)["reasons"]} == {"VAL-007"}
    (repository / "docs" / "off.md").write_text("All of it is off, says the platform team.\n" * 9)
    commit(repository, "prove it")
    assert gate(repository)[0] == 0
    git(repository, "rm", "-q", "aigov.yaml")
    commit(repository, "what was retired may go")
    assert gate(repository)[0] == 0


def test_the_decision_joins_the_step_summary_and_never_changes_by_it(
    repository, tmp_path, monkeypatch
):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert gate(repository)[0] == 0
    assert summary.read_text("utf-8").startswith("before\n## aigov-gate: allowed for production\n")
    # asked for by name, it stands there once
    gate(repository, "--format", f"markdown={summary}")
    assert summary.read_text("utf-8").count("## aigov-gate") == 1
    # above 1 MiB GitHub shows nothing at all
    summary.write_bytes(b"x" * (1024 * 1024 - 10))
    code, output = gate(repository)
    assert code == 0
    assert "the step summary is not written (it would grow above 1 MiB" in output
    assert summary.stat().st_size == 1024 * 1024 - 10
    # what cannot be written is told, and nothing more
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    code, output = gate(repository)
    assert code == 0
    assert "the step summary is not written (No such file or directory)" in output
    assert "allowed for production at" in output
    (repository / "aigov.yaml").write_text(READY.replace("docs/", "gone/"), "utf-8")
    commit(repository, "lose the evidence")
    assert gate(repository)[0] == 1


def test_hostile_text_stays_inside_the_step_summary(repository, tmp_path, monkeypatch):
    evil = "x</details><script>|# big `y` ![i](https://evil.example) @northbank"
    text = READY.replace("outcome: passed", f'outcome: "{evil}"', 1)
    assert text != READY
    (repository / "aigov.yaml").write_text(text, "utf-8")
    (repository / "a`|<b>.aigov.yaml").write_text("[", "utf-8")
    commit(repository, "hostile")
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert gate(repository)[0] == 1
    written = summary.read_text("utf-8")
    assert "evil" in written
    for one in ("<script", "<b>.", "![i]", "](https://evil", " @northbank"):
        assert one not in written


def test_a_pre_push_hook_decides_on_what_is_pushed(repository, monkeypatch):
    good = git(repository, "rev-parse", "HEAD")
    (repository / "aigov.yaml").write_text(READY.replace("docs/", "gone/"), "utf-8")
    commit(repository, "lose the evidence")
    git(repository, "branch", "sound", good)
    assert gate(repository)[0] == 1
    monkeypatch.setenv("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/sound")
    assert gate(repository)[0] == 0
    assert gate(repository, "--rev", "HEAD")[0] == 1
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert gate(repository)[0] == 1


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    commit(folder, "code")


def report(folder: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gate(folder, "--format", "json", *arguments)[1])
    return found


def test_code_that_uses_what_is_declared_goes_live(repository):
    put(repository, {"app.py": "import mistralai\n", "requirements.txt": "mistralai\n"})
    found = report(repository)
    assert found["decision"]["allow"] is True
    outcomes = {one["code"]: one["outcome"] for one in found["documents"][0]["results"]}
    assert {outcomes[f"REC-00{n}"] for n in range(1, 6)} == {"pass"}
    shown = {(one["path"], one["name"], one["use_case"]) for one in found["detections"]}
    assert ("app.py", "mistralai", "branch-appointment-assistant") in shown


def test_code_that_uses_another_provider_does_not_and_every_format_shows_its_line(repository):
    evil = "a%0A::error::`|<b>,b.py"
    put(repository, {evil: "# one\n# two\nimport openai\n", "requirements.txt": "mistralai\n"
                     "openai\n"})  # fmt: skip
    (reason,) = decision(repository)["reasons"]
    assert (reason["code"], reason["path"], reason["line"]) == ("REC-001", evil, 3)
    (one,) = (one for one in report(repository)["documents"][0]["results"]
              if one["code"] == "REC-001")  # fmt: skip
    assert (one["path"], one["line"], one["pointer"]) == (evil, 3, "/spec/architecture/models")
    shown = {
        "text": "b.py:3:1",
        "github": "::error file=a%250A%3A%3Aerror%3A%3A`|<b>%2Cb.py,line=3,col=1,",
        "gitlab": f'"path": "{evil}", "lines": {{"begin": 3, "end": 3}}',
        "junit": "&lt;b&gt;,b.py:3:1",
        "markdown": "b.py:3:1",
        "sarif": '"uri": "a%250A%3A%3Aerror%3A%3A%60%7C%3Cb%3E%2Cb.py", "uriBaseId": "%SRCROOT%"},'
        ' "region": {"startLine": 3',
    }
    for name, place in shown.items():
        output = gate(repository, "--format", name)[1]
        assert place in output, (name, output)
        assert "\n::error::" not in output


def test_code_that_no_manifest_covers_denies_beside_one_that_is_sound(repository):
    git(repository, "mv", "docs", "bea")
    (repository / "bea" / "docs").mkdir()
    git(repository, "mv", "bea/ready", "bea/docs/ready")
    git(repository, "mv", "aigov.yaml", "bea/aigov.yaml")
    put(repository, {"other/requirements.txt": "torch\n", "other/a.py": "import torch\n"})
    found = [one for one in decision(repository)["reasons"] if one["code"].startswith("RE")]
    assert [(one["code"], one["path"], one["line"]) for one in found] == [
        ("REP-001", "other/a.py", 1)
    ]


def test_what_is_called_retired_and_still_runs_is_judged_as_live(repository):
    off = "endpoints_off: true, access_revoked: true, data_disposed: true, date: 2026-11-20"
    text = READY.replace("stage: operational_ownership\n", "stage: retired\n", 1)
    text = text.replace(
        "decommission: {", f"decommission: {{completed: {{{off}, evidence: docs/off.md}}, ", 1
    )
    proof = "All of it is off, says the platform team.\n" * 9
    put(repository, {"aigov.yaml": text, "docs/off.md": proof, "a.py": "import mistralai\n"})
    (document,) = report(repository)["documents"]
    assert (document["stage"], document["derived"]["stage"]) == ("production", "production")
    (one,) = (one for one in document["results"] if one["code"] == "MAN-006")
    assert one["outcome"] == "fail"
    assert one["message"] == "declared retired, but the facts say production: a.py:1 (mistralai)"
    (repository / "a.py").unlink()
    commit(repository, "take it out")
    assert gate(repository)[0] == 0


def test_a_profile_may_say_that_a_repository_is_no_ai_for_a_time(tmp_path, monkeypatch):
    folder = tmp_path / "vault-torch"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    put(folder, {"requirements.txt": "torch\n"})
    assert gate(folder, "--profile", PROFILE)[0] == 1
    monkeypatch.setenv("GITHUB_REPOSITORY", "northbank/vault-torch")
    assert gate(folder)[0] == 1
    code, output = gate(folder, "--profile", PROFILE)
    assert code == 0
    assert "no use of AI, says the profile until 2027-05-31" in output
    code, output = gate(folder, "--profile", PROFILE, "--as-of", "2027-06-01")
    assert code == 1
    assert "ended on 2027-05-31" in " ".join(output.split())
