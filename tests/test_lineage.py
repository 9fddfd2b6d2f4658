"""Where a commit comes from, in real repositories with real clones, merges and forged clocks."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from aigov.changes import Version, record_facts
from aigov.errors import UsageError
from aigov.lineage import Base, Histories, base_of, histories

TODAY = "2026-11-22"
NOBODY = "0" * 40


class Clone:
    """A git repository, whose commits are dated by the day."""

    def __init__(self, path: Path, *, bare: bool = False) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *(["--bare"] if bare else []))

    def git(self, *arguments: str, on: str = "2026-01-01") -> str:
        who = ["-c", "user.name=T", "-c", "user.email=t@northbank.internal"]
        # the author's clock says nothing: only the committer's is read
        stamp = on if " " in on else f"{on}T12:00:00Z"
        dates = {"GIT_AUTHOR_DATE": "2001-01-01T12:00:00Z", "GIT_COMMITTER_DATE": stamp}
        run = subprocess.run(
            ["git", *who, "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path, check=True, capture_output=True, text=True,
            env={**os.environ, **dates, "GIT_CONFIG_GLOBAL": os.devnull},
        )  # fmt: skip
        return run.stdout.strip()

    def commit(self, on: str, files: dict[str, str | None] | None = None) -> str:
        """Write files (None: take away), commit them, and return the id."""
        for name, text in (files or {}).items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink() if text is None else target.write_text(text, "utf-8")
        self.git("add", "-A")
        self.git("commit", "-qm", "x", "--allow-empty", on=on)
        return self.id()

    def id(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", name)

    def base(self, named: str | None = None) -> Base:
        return base_of(str(self.path), self.id(), named)

    def days(self, use_case: str = "bot", tip: str = "HEAD") -> list[str | None]:
        """Return the days of the versions up to `tip`."""
        found = histories(str(self.path), self.id(tip), TODAY)
        assert found.unknown == ""
        return [version.on for version in found.versions.get(use_case, ())]


def bot(*dates: str, name: str = "bot") -> str:
    steps = "".join(f"    - {{stage: pilot, date: {one}}}\n" for one in dates)
    return f"kind: UseCase\nmetadata: {{id: {name}}}\nspec:\n  lifecycle:\n   history:\n{steps}"


def git_facts(clone: Clone, now: str | None = None) -> tuple[int, int]:
    """Return how many records were rewritten at HEAD, and the days dated back."""
    base = clone.base(now)
    found = histories(str(clone.path), base.landed, TODAY).versions["bot"]
    if base.landed != clone.id():
        head = histories(str(clone.path), clone.id(), TODAY).versions["bot"][-1]
        found = (*found, Version(None, head.records))
    facts = record_facts(found, TODAY)
    return len(facts["rewritten"]), facts["backdated_days"]


@pytest.fixture
def clone(tmp_path):
    """A repository with a remote whose default branch has two commits."""
    upstream = Clone(tmp_path / "upstream", bare=True)
    made = Clone(tmp_path / "clone")
    made.commit("2026-01-01", {"aigov.yaml": bot("2025-06-01")})
    made.commit("2026-02-01", {"README": "x"})
    made.git("remote", "add", "origin", str(upstream.path))
    made.git("push", "-q", "origin", "main")
    made.git("remote", "set-head", "origin", "main")
    return made


# --- the base


def test_on_the_default_branch_the_base_is_the_commit_before(clone):
    assert clone.base() == Base(clone.id("HEAD^1"), clone.id())
    clone.git("checkout", "-q", "--detach")
    assert clone.base() == Base(clone.id("HEAD^1"), clone.id())


def test_on_another_branch_the_base_is_where_it_parted(clone):
    parted = clone.id()
    clone.git("checkout", "-qb", "topic")
    clone.commit("2026-03-01")
    clone.commit("2026-03-02")
    assert clone.base() == Base(parted, parted)
    clone.git("checkout", "-q", "main")
    clone.commit("2026-03-03", {"README": "y"})
    clone.git("push", "-q", "origin", "main")
    clone.git("checkout", "-q", "topic")
    since = Base(parted, parted, tip=clone.id("main"))  # what others merged is no change of ours
    assert clone.base() == clone.base("main") == since
    assert clone.base("topic~1").commit == clone.id("topic~1")


@pytest.mark.parametrize("head", ["main", "master"])
def test_a_clone_without_the_head_of_its_remote_knows_its_usual_names(clone, head):
    clone.git("remote", "set-head", "origin", "--delete")
    clone.git("branch", "-m", "main", head)
    clone.git("update-ref", "-d", "refs/remotes/origin/main")
    clone.git("push", "-q", "origin", head)
    parted = clone.id()
    clone.git("checkout", "-qb", "topic")
    clone.commit("2026-03-01")
    clone.commit("2026-03-02")
    assert clone.base().commit == parted


def test_a_named_base_that_contains_the_commit_does_not_hide_its_change(clone):
    assert clone.base("main") == Base(clone.id("HEAD^1"), clone.id())
    assert clone.base("origin/main") == Base(clone.id("HEAD^1"), clone.id())


def test_before_a_root_commit_there_is_nothing(tmp_path):
    clone = Clone(tmp_path)
    clone.commit("2026-01-01", {"aigov.yaml": bot()})
    assert clone.base() == Base("", clone.id())


def test_without_a_remote_the_base_is_the_commit_before(tmp_path):
    clone = Clone(tmp_path)
    first = clone.commit("2026-01-01")
    clone.commit("2026-01-02")
    assert clone.base() == Base(first, clone.id())


def test_a_history_of_its_own_is_compared_with_the_branch_itself(clone):
    main = clone.id()
    clone.git("checkout", "-q", "--orphan", "other")
    clone.commit("2026-03-01", {"aigov.yaml": bot("2025-06-02")})
    assert clone.base() == Base(main, main)


@pytest.mark.parametrize("name", ["nowhere", NOBODY, "--all", "-h", "HEAD:aigov.yaml", ""])
def test_a_named_base_that_cannot_be_read_is_unknown(clone, name):
    found = clone.base(name or "\t")
    assert (found.commit, found.landed) == ("", "")
    assert "fetch or correct it" in found.unknown


def test_a_shallow_clone_does_not_know_its_base(clone, tmp_path):
    clone.git("clone", "-q", "--depth=1", f"file://{tmp_path}/upstream", str(tmp_path / "shallow"))
    shallow = Clone(tmp_path / "shallow")
    assert "git fetch --unshallow" in shallow.base().unknown
    assert "the commit before" in shallow.base().unknown
    shallow.git("checkout", "-q", "--orphan", "other")
    shallow.commit("2026-03-01")
    assert "where the base parted" in shallow.base().unknown
    assert "where origin/main parted" in shallow.base("origin/main").unknown


def test_a_shallow_clone_that_reaches_the_base_knows_it_but_not_its_history(clone, tmp_path):
    clone.commit("2026-03-01")
    clone.git("push", "-q", "origin", "main")
    clone.git("clone", "-q", "--depth=2", f"file://{tmp_path}/upstream", str(tmp_path / "shallow"))
    shallow = Clone(tmp_path / "shallow")
    assert shallow.base() == Base(clone.id("HEAD^1"), clone.id())
    found = histories(str(shallow.path), shallow.id(), TODAY)
    assert found.versions == {}
    assert "fetch-depth: 0" in found.unknown
    shallow.git("fetch", "-q", "--unshallow")
    assert shallow.days() == ["2026-01-01"]


# --- the history


def test_each_commit_that_touches_a_manifest_is_a_version_of_its_day(clone):
    clone.commit("2026-03-01", {"aigov.yaml": bot("2025-06-01", "2026-02-20")})
    assert clone.days() == ["2026-01-01", "2026-03-01"]
    assert clone.days(tip="HEAD~1") == ["2026-01-01"]
    assert histories(str(clone.path), "", TODAY) == Histories()


def test_a_merge_dates_what_it_brings_by_the_merge(clone):
    clone.git("checkout", "-qb", "topic")
    clone.commit("2026-03-01", {"aigov.yaml": bot("2025-06-01", "2026-03-01")})
    clone.git("checkout", "-q", "main")
    clone.git("merge", "-q", "--no-ff", "topic", "-m", "x", on="2026-05-01")
    clone.git("push", "-q", "origin", "main")
    assert clone.days() == ["2026-01-01", "2026-05-01"]
    assert git_facts(clone) == (0, 61)


def test_a_squash_dates_what_it_brings_by_its_own_commit(clone):
    clone.git("checkout", "-qb", "topic")
    clone.commit("2026-03-01", {"aigov.yaml": bot("2025-06-01", "2026-03-01")})
    clone.git("checkout", "-q", "main")
    clone.git("merge", "-q", "--squash", "topic")
    clone.commit("2026-03-11")
    clone.git("push", "-q", "origin", "main")
    assert git_facts(clone) == (0, 10)


def test_an_honest_rebase_rewrites_nothing(clone):
    clone.git("checkout", "-qb", "topic")
    clone.commit("2026-11-20", {"aigov.yaml": bot("2025-06-01", "2026-11-20")})
    clone.git("checkout", "-q", "main")
    clone.commit("2026-11-21", {"README": "y"})
    clone.git("push", "-q", "origin", "main")
    clone.git("checkout", "-q", "topic")
    clone.git("rebase", "-q", "main", on="2026-11-22")
    assert clone.base().commit == clone.id("main")
    assert git_facts(clone) == (0, 2)


def test_a_record_that_is_not_on_the_base_yet_is_dated_today_whatever_its_commit_says(clone):
    clone.git("checkout", "-qb", "topic")
    clone.commit("2026-03-01", {"aigov.yaml": bot("2025-06-01", "2026-03-01")})
    assert git_facts(clone) == (0, 266)


def test_what_was_rewritten_on_a_branch_is_seen_before_it_is_merged(clone):
    clone.git("checkout", "-qb", "topic")
    clone.commit("2026-11-22", {"aigov.yaml": bot("2025-07-01")})
    assert git_facts(clone) == (1, 0)


def test_adopting_imports_the_past_and_only_later_records_can_be_dated_back(clone):
    assert git_facts(clone) == (0, 0)  # the step of 2025-06-01 came on 2026-01-01
    clone.commit("2026-02-10", {"aigov.yaml": bot("2025-06-01", "2026-01-01")})
    clone.git("push", "-q", "origin", "main")
    assert git_facts(clone) == (0, 40)


def test_a_manifest_is_followed_to_another_file_and_among_others(clone):
    moved = bot("2025-06-01") + "---\n" + bot("2024-01-01", name="other")
    clone.commit("2026-03-01", {"aigov.yaml": None, "svc/bots.aigov.yml": moved})
    assert clone.days() == ["2026-01-01", "2026-03-01"]
    assert clone.days("other") == ["2026-03-01"]
    clone.commit("2026-04-01", {"svc/bots.aigov.yml": None})
    assert clone.days() == ["2026-01-01", "2026-03-01"]
    clone.commit("2026-05-01", {"aigov.yaml": bot("2025-06-02")})
    clone.git("push", "-q", "origin", "main")
    assert git_facts(clone)[0] == 1  # to delete a record and write it anew is to rewrite it


def test_what_is_no_use_case_or_cannot_be_read_has_no_versions(clone):
    texts = {
        "a/aigov.yaml": "kind: Waiver\nmetadata: {id: w}\n",
        "b/aigov.yaml": "- 1\n",
        "c/aigov.yaml": "metadata: 1\n",
        "d/aigov.yaml": "metadata: {id: [1]}\n",
        "e/aigov.yaml": "{",
        "f/aigov.yaml": bot() + "#" * 4_200_000,
        "g/notes.yaml": bot(name="notes"),
        "h/aigov.yaml": "metadata: {id: kindless}\n",
    }
    clone.commit("2026-03-01", texts)
    (clone.path / "link.aigov.yaml").symlink_to("g/notes.yaml")
    clone.commit("2026-03-02")
    found = histories(str(clone.path), clone.id(), TODAY).versions
    assert set(found) == {"bot", "kindless"}
    assert len(found["bot"]) == 1


def test_a_commit_is_no_older_than_what_was_there_before_it(clone):
    clone.commit("2025-01-01", {"aigov.yaml": bot("2025-06-01", "2025-01-01")})
    assert clone.days() == ["2026-01-01", "2026-02-01"]  # the commit of the other file counts too


def test_a_clock_that_runs_ahead_moves_no_other_commit(clone):
    clone.commit("2031-01-01", {"aigov.yaml": bot("2025-06-01", "2026-02-02")})
    clone.commit("2026-03-01", {"aigov.yaml": bot("2025-06-01", "2026-02-02", "2026-03-01")})
    assert clone.days() == ["2026-01-01", TODAY, "2026-03-01"]


def test_a_date_beyond_the_calendar_is_no_crash(clone):
    clone.commit("2026-03-01", {"aigov.yaml": bot("2025-06-01", "2026-02-02")})
    written = clone.git("cat-file", "commit", "HEAD")
    raw = clone.path.parent / "raw"
    raw.write_text(re.sub(r"(committer .*) \d+ ", r"\1 99999999999999 ", written) + "\n", "utf-8")
    forged = clone.git("hash-object", "-t", "commit", "-w", "--literally", str(raw))
    assert clone.days(tip=forged) == ["2026-01-01", TODAY]


def test_a_history_that_is_too_long_to_read_is_unknown(clone, monkeypatch):
    from aigov import lineage

    monkeypatch.setattr(lineage, "MAX_BYTES", 10)
    found = histories(str(clone.path), clone.id(), TODAY)
    assert found == Histories(unknown="the manifests have too long a history to read")


# --- other places, and hostile ones


def test_bare_repositories_worktrees_and_submodules_answer_alike(clone, tmp_path):
    bare = tmp_path / "upstream"
    assert base_of(str(bare), clone.id()) == Base(clone.id("HEAD^1"), clone.id())
    assert "bot" in histories(str(bare), clone.id(), TODAY).versions
    clone.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    assert base_of(str(tmp_path / "tree"), clone.id()) == clone.base()
    outer = Clone(tmp_path / "outer")
    outer.git("submodule", "add", "-q", str(bare), "sub.aigov.yaml")
    outer.commit("2026-03-01")
    inner = outer.path / "sub.aigov.yaml"
    assert base_of(str(inner), clone.id()) == clone.base()
    assert histories(str(outer.path), outer.id(), TODAY).versions == {}


def test_a_hook_in_the_environment_does_not_lead_to_another_repository(
    clone, tmp_path, monkeypatch
):
    other = Clone(tmp_path / "other")
    other.commit("2026-01-01")
    expected = clone.base()
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    assert base_of(str(clone.path), expected.landed) == expected


@pytest.mark.parametrize("how", ["LITERAL", "GLOB", "NOGLOB"])
def test_how_the_environment_reads_patterns_hides_no_version(clone, monkeypatch, how):
    clone.commit("2026-03-01", {"below/more/x.aigov.yml": bot(name="deep")})
    monkeypatch.setenv(f"GIT_{how}_PATHSPECS", "1")
    assert clone.days("deep") == ["2026-03-01"]


def test_replaced_commits_and_grafts_change_nothing(clone):
    clone.commit("2026-03-01", {"aigov.yaml": bot("2025-06-01", "2025-06-02")})
    before = clone.base(), clone.days()
    forged = clone.git("commit-tree", "HEAD^{tree}", "-m", "x", on="2025-06-02")
    head = clone.id()
    clone.git("replace", head, forged)
    (clone.path / ".git/info/grafts").write_text(f"{head}\n", "utf-8")
    assert (base_of(str(clone.path), head), clone.days()) == before


def test_nothing_of_the_repository_is_run(clone, tmp_path):
    proof = tmp_path / "proof"
    for key in ("core.fsmonitor", "core.pager", "diff.external", "gpg.program", "diff.x.textconv"):
        clone.git("config", key, f"touch {proof};")
    clone.git("config", "log.showSignature", "true")
    (clone.path / ".gitattributes").write_text("*.yaml diff=x\n", "utf-8")
    assert clone.base().commit
    assert clone.days() == ["2026-01-01"]
    assert not proof.exists()


def test_what_a_partial_clone_lacks_is_unknown_and_not_fetched(clone, tmp_path):
    upstream = Clone(tmp_path / "upstream", bare=True)
    upstream.git("config", "uploadpack.allowFilter", "true")
    target = tmp_path / "partial"
    clone.git(
        "clone",
        "-q",
        "--no-checkout",
        "--filter=blob:none",
        f"file://{tmp_path}/upstream",
        str(target),
    )
    assert "parts of the history" in histories(str(target), clone.id(), TODAY).unknown
    assert base_of(str(target), clone.id()) == clone.base()  # commits are there


def test_a_commit_that_is_not_there_cannot_be_judged(clone, tmp_path):
    assert "parts of the history" in histories(str(clone.path), NOBODY, TODAY).unknown
    with pytest.raises(UsageError, match="git cannot read the history"):
        base_of(str(clone.path), NOBODY)
    with pytest.raises(UsageError, match="git cannot read the history"):
        base_of(str(tmp_path / "nowhere"), NOBODY)
