"""Who wrote what, in real repositories: squashed, rebased, merged, signed, hidden and forged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from aigov import authorship, lineage
from aigov.authorship import read_trail
from aigov.errors import ProfileError
from aigov.findings import Outcome, Result
from aigov.gate import judge_commit, read_commit
from aigov.git import Repository as Git
from aigov.identities import Trail, judge_approvers
from aigov.lineage import base_of
from aigov.loading import load_rules
from aigov.preparing import read
from aigov.results import CheckResult
from aigov.rules import Rules
from aigov.settings import Profile, Settings
from aigov.snapshots import snapshot
from judging import AS_OF, EXAMPLES

READY = (EXAMPLES / "4-ready.aigov.yaml").read_text("utf-8")
ANA = "ana.lima@northbank.internal"  # an engineer, who neither owns nor approves
KARIN = "karin.holm@northbank.internal"  # approved as risk at governance
NORA = "nora.fischer@northbank.internal"  # the accountable owner
FORGE = "noreply@github.com"
USE_CASE = "branch-appointment-assistant"
WAIVER = f"""
apiVersion: aigov/v1
kind: Waiver
metadata: {{id: wait-for-cluster}}
spec:
  policy: BLD-008
  use_case: {USE_CASE}
  reason: The cluster comes in December, so.
  compensating: A flag switches traffic back to people.
  approved_by: {KARIN}
  granted_on: 2026-11-20
  expires_on: 2026-12-20
"""


@cache
def governed() -> tuple[Rules, Profile]:
    rules, profile = load_rules((), str(EXAMPLES / "organization.yaml"))
    assert profile
    return rules, profile


class Repo:
    """A repository whose commits name whom they like."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, by: str = ANA, committer: str = "", on: str = "2026-11-20") -> str:
        who = {
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": by, "GIT_AUTHOR_DATE": f"{on}T12:00:00Z",
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": committer or by,
            "GIT_COMMITTER_DATE": f"{on}T12:00:00Z", "GIT_CONFIG_GLOBAL": os.devnull,
        }  # fmt: skip
        run = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words], cwd=self.path, check=True,
            capture_output=True, text=True, env={**os.environ, **who},
        )  # fmt: skip
        return run.stdout.strip()

    def write(self, text: str, path: str = "aigov.yaml") -> None:
        (self.path / path).write_text(text, "utf-8")

    def commit(self, by: str = ANA, message: str = "x", **how: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, by=by, **how)
        return self.git("rev-parse", "HEAD")

    def change(self, old: str, new: str, by: str = ANA, message: str = "x", **how: str) -> str:
        text = (self.path / "aigov.yaml").read_text("utf-8")
        assert old in text
        self.write(text.replace(old, new))
        return self.commit(by, message, **how)

    def raw(self, pattern: bytes, put: bytes) -> str:
        """Move the branch to its last commit with its text rewritten, whatever git thinks."""
        found = subprocess.run(
            ["git", "cat-file", "commit", "HEAD"], cwd=self.path, check=True, capture_output=True
        ).stdout
        changed = re.sub(pattern, lambda _: put, found, count=1)
        assert changed != found
        file = self.path.parent / "raw"
        file.write_bytes(changed)
        made = self.git("hash-object", "-t", "commit", "-w", "--literally", str(file))
        self.git("update-ref", "HEAD", made)
        return made

    def trail(self, trusted: dict[str, str] | None = None) -> Trail:
        return read_trail(str(self.path), self.git("rev-parse", "HEAD"), trusted or {})

    def approvers(self, profile: Profile | None = None, *, alone: bool = False) -> Result:
        """Return CHG-007 of HEAD, with the shipped profile, or without one."""
        rules, shipped = governed()
        profile = None if alone else profile or shipped
        settings = Settings(AS_OF, profile=profile)
        data = self.git("cat-file", "blob", "HEAD:aigov.yaml") + "\n"
        document = read("aigov.yaml", data.encode(), rules, settings).documents[0]
        trusted = profile.spec.get("trusted_signers", {}) if profile else {}
        (found,) = judge_approvers(document, self.trail(trusted), rules, settings)
        return found

    def judged(self, profile: Profile | None = None) -> CheckResult:
        """Return what the gate makes of HEAD."""
        rules, shipped = governed()
        settings = Settings(AS_OF, target_stage="production", profile=profile or shipped)
        git = Git(str(self.path))
        found = snapshot(git, "HEAD")
        base = base_of(git.root, found.commit)
        result = judge_commit(read_commit(git, found, base, rules, settings))
        assert result
        return result

    def waiver(self, profile: Profile | None = None) -> tuple[Outcome, list[str]]:
        """Return what the gate makes of the policy that is waived, and says of the waiver."""
        documents = self.judged(profile).documents
        (waived,) = [r for d in documents for r in d.results if r.code == "BLD-008"]
        said = [r.message for d in documents for r in d.results if r.code == "WAI-006"]
        return waived.outcome, said


@pytest.fixture
def repo(tmp_path):
    """The example that is ready to go live, in one commit of an engineer."""
    made = Repo(tmp_path / "repository")
    shutil.copytree(EXAMPLES / "docs", made.path / "docs")
    made.write(READY)
    made.commit()
    return made


def signing(profile: Profile, **keys: str) -> Profile:
    trusted = {f"{name.replace('_', '.')}@northbank.internal": key for name, key in keys.items()}
    return profile._replace(spec={**profile.spec, "trusted_signers": trusted})


# --- approvers


def test_an_engineer_may_write_the_manifest_and_record_what_others_approved(repo):
    assert repo.approvers().outcome is Outcome.PASS
    codes = {r.code for d in repo.judged().documents for r in d.results if r.blocks}
    assert codes == set()


@pytest.mark.parametrize(
    "address",
    [KARIN, "Karin.Holm+git@Northbank.Internal", "5550+kholm-nb@users.noreply.github.com",
     "kholm-nb@users.noreply.github.com", "77-Kholm-NB@users.noreply.gitlab.com"],
)  # fmt: skip
def test_an_approver_who_wrote_the_models_is_found_behind_every_address(repo, address):
    commit = repo.change('version: "2508"', 'version: "2509"', by=address)
    found = repo.approvers()
    assert (found.outcome, found.pointer) == (Outcome.FAIL, "/spec/approvals/4/person")
    assert found.message == (
        f"{KARIN} approved it, and wrote spec.architecture.models and spec.delivery.evaluations"
        f" in {commit[:12]}"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mode: on_the_loop", "mode: in_the_loop"),
        ("retention_days: 90", "retention_days: 91"),
        ("result: 0.951", "result: 0.952"),
    ],
)
def test_data_oversight_and_evaluations_are_material_too(repo, old, new):
    repo.change(old, new, by=KARIN)
    assert repo.approvers().outcome is Outcome.FAIL


def test_what_is_not_material_and_the_approval_itself_may_be_written_by_the_approver(repo):
    repo.change("monthly_users: 850", "monthly_users: 900", by=KARIN)
    repo.change("date: 2026-11-17, expires_on: 2027-11-17", "date: 2026-11-18", by=KARIN)
    assert repo.approvers().outcome is Outcome.PASS


def test_a_forged_clock_hides_nobody(repo):
    repo.change('version: "2508"', 'version: "2509"', by=KARIN, on="1999-01-01")
    assert repo.approvers().outcome is Outcome.FAIL
    repo.raw(rb"committer (.*?) \d+ ", b"committer C <c@x> 99999999999999 ")
    assert repo.approvers().outcome is Outcome.FAIL


def test_a_squash_by_the_forge_names_its_author_and_co_authors(repo):
    repo.change('version: "2508"', 'version: "2509"', committer=FORGE)
    assert repo.approvers().outcome is Outcome.PASS  # the forge is nobody
    message = f"Squashed (#12)\n\n* one\n\nco-authored-BY: Karin <{KARIN}>\n"
    repo.change('version: "2509"', 'version: "2510"', message=message, committer=FORGE)
    assert repo.approvers().outcome is Outcome.FAIL


def test_an_honest_rebase_changes_nobody(repo):
    repo.git("checkout", "-qb", "topic")
    repo.change('version: "2508"', 'version: "2509"')
    repo.git("checkout", "-q", "main")
    (repo.path / "more").write_text("x")
    repo.commit("henrik.dahl@northbank.internal")  # an approver, who wrote something else
    repo.git("checkout", "-q", "topic")
    repo.git("rebase", "-q", "main", by="tomas.vrba@northbank.internal")
    assert repo.approvers().outcome is Outcome.PASS
    repo.git("rebase", "-q", "--force-rebase", "HEAD~1", by=KARIN)
    assert repo.approvers().outcome is Outcome.FAIL  # a committer can change what is committed


def test_merging_is_not_writing_unless_the_merge_itself_writes(repo):
    repo.git("checkout", "-qb", "topic")
    repo.change('version: "2508"', 'version: "2509"')
    repo.git("checkout", "-q", "main")
    repo.change("monthly_users: 850", "monthly_users: 900")
    repo.git("merge", "-q", "--no-ff", "topic", "-m", "merge", by=KARIN)
    assert repo.approvers().outcome is Outcome.PASS
    text = (repo.path / "aigov.yaml").read_text("utf-8")
    repo.write(text.replace('version: "2509"', 'version: "2511"'))
    repo.git("commit", "-qa", "--amend", "--no-edit", by=ANA, committer=KARIN)
    assert repo.git("rev-list", "--count", "--merges", "HEAD") == "1"
    assert repo.approvers().outcome is Outcome.FAIL


def test_to_move_a_manifest_or_lay_it_out_anew_is_not_to_write_it(repo):
    repo.git("mv", "aigov.yaml", "bea.aigov.yaml")
    repo.commit(KARIN)
    repo.git("mv", "bea.aigov.yaml", "aigov.yaml")
    repo.change('"2508", kind: gpai, hosting: hosted_saas,', "'2508', hosting: hosted_saas,\n       kind: gpai,", KARIN)  # fmt: skip  # noqa: E501
    assert repo.approvers().outcome is Outcome.PASS


def test_whoever_breaks_a_manifest_may_have_written_what_its_repair_brings(repo):
    good = READY.replace('version: "2508"', 'version: "2509"')
    repo.write(good + "  - [")
    repo.commit(KARIN)
    repo.write(good)
    repo.commit()
    assert repo.approvers().outcome is Outcome.FAIL


def test_what_stands_behind_a_link_has_no_author(repo):
    (repo.path / "aigov.yaml").unlink()
    (repo.path / "aigov.yaml").symlink_to("text")
    repo.write(READY, "text")
    repo.commit()
    repo.write(READY.replace('version: "2508"', 'version: "2509"'), "text")
    repo.commit(KARIN)
    (found,) = [r for d in repo.judged().documents for r in d.results if r.code == "CHG-007"]
    assert found.outcome is Outcome.UNKNOWN
    assert found.message == (
        "cannot tell: no commit is seen to have written spec.architecture.models"
    )


def test_a_person_whom_the_profile_does_not_know_leaves_it_unknown(repo):
    commit = repo.change('version: "2508"', 'version: "2509"', by="kh@home.example")
    found = repo.approvers()
    assert (found.outcome, found.blocks) == (Outcome.UNKNOWN, True)
    assert found.message == (
        f"cannot tell: kh@home.example in {commit[:12]} is none of the profile's people"
    )
    _, profile = governed()
    known = {**profile.people, "kh@home.example": KARIN, "@dependabot[bot]": "bot"}
    assert repo.approvers(profile._replace(people=known)).outcome is Outcome.FAIL
    known["kh@home.example"] = ANA
    repo.change('version: "2509"', 'version: "2510"', "4+dependabot[bot]@users.noreply.github.com")
    assert repo.approvers(profile._replace(people=known)).outcome is Outcome.PASS


def test_without_a_profile_only_equal_names_are_told(repo):
    found = repo.approvers(alone=True)
    assert (found.outcome, found.missing) == (Outcome.NOT_APPLICABLE, ("profile",))
    assert "without a profile" in found.note
    repo.change('version: "2508"', 'version: "2509"', by="7+kholm-nb@users.noreply.github.com")
    assert repo.approvers(alone=True).outcome is Outcome.NOT_APPLICABLE
    repo.change('version: "2509"', 'version: "2510"', by="Karin.Holm@northbank.internal")
    assert repo.approvers(alone=True).outcome is Outcome.FAIL


def approval(person: str, day: str) -> str:
    return (
        f"    - {{gate: governance, function: risk, person: {person}, decision: approved,"
        f" date: {day}, expires_on: 2027-11-01, evidence: docs/ready/approvals.md}}\n"
    )


def test_another_approver_cures_it_and_the_author_again_does_not(repo):
    repo.change('version: "2508"', 'version: "2509"', by=KARIN)
    repo.change("  architecture:\n", approval(KARIN, "2026-11-19") + "  architecture:\n")
    assert repo.approvers().outcome is Outcome.FAIL
    repo.change("  architecture:\n", approval("owen.clarke@northbank.internal", "2026-11-20") + "  architecture:\n")  # fmt: skip  # noqa: E501
    assert repo.approvers().outcome is Outcome.PASS
    repo.change("  architecture:\n", approval(KARIN, "2026-11-21") + "  architecture:\n")
    assert repo.approvers().outcome is Outcome.PASS  # owen vouched for what she wrote before
    repo.change('version: "2509"', 'version: "2511"', by=KARIN)
    assert repo.approvers().outcome is Outcome.FAIL


def test_what_was_written_beside_an_approval_is_not_covered_by_it(repo):
    repo.git("checkout", "-qb", "topic")
    repo.change("retention_days: 90", "retention_days: 80", by=KARIN)
    repo.git("checkout", "-q", "main")
    repo.change("  architecture:\n", approval("owen.clarke@northbank.internal", "2026-11-19") + "  architecture:\n")  # fmt: skip  # noqa: E501
    repo.git("merge", "-q", "--no-ff", "topic", "-m", "merge")
    repo.change("  architecture:\n", approval(KARIN, "2026-11-20") + "  architecture:\n")
    assert repo.approvers().outcome is Outcome.FAIL


# --- waivers


@pytest.fixture
def waived(repo):
    """A policy that fails, and a waiver of it that an engineer wrote a change before."""
    repo.write(READY.replace("tested_on: 2026-1", "tested_on: 2025-1"))
    repo.write(WAIVER, "waiver.aigov.yaml")
    repo.commit()
    return repo


def test_a_waiver_counts_from_the_change_after_the_one_that_brings_it(waived):
    assert waived.waiver() == (Outcome.FAIL, [])
    waived.commit()
    assert waived.waiver() == (Outcome.WAIVED, [])


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (NORA, "x"),
        ("1+mzielinski@users.noreply.github.com", "x"),
        (ANA, f"x\n\nCo-authored-by: N <{NORA}>"),
        (ANA, f"x\n\nCo-Authored-By : {NORA}"),
    ],
)
def test_a_waiver_that_an_owner_wrote_does_not_count_and_says_why(waived, by, message):
    waived.write(WAIVER.replace("2026-12-20", "2026-12-15"), "waiver.aigov.yaml")
    commit = waived.commit(by, message)
    waived.commit()
    outcome, (said,) = waived.waiver()
    assert outcome is Outcome.FAIL
    assert said.endswith(f"wrote it in {commit[:12]}")
    assert said.startswith("the accountable owner" if "mz" not in by else "the technology owner")


def test_whoever_approved_a_waiver_may_write_it_and_a_stranger_may_not(waived):
    waived.write(WAIVER.replace("2026-12-20", "2026-12-15"), "waiver.aigov.yaml")
    waived.commit(KARIN)
    waived.commit()
    assert waived.waiver() == (Outcome.WAIVED, [])
    waived.write(WAIVER.replace("2026-12-20", "2026-12-16"), "waiver.aigov.yaml")
    waived.commit("who@home.example")
    waived.commit()
    outcome, (said,) = waived.waiver()
    assert outcome is Outcome.FAIL
    assert said.startswith("cannot tell who wrote it: who@home.example in ")


def test_an_owner_whom_the_profile_does_not_know_may_be_anybody(waived):
    waived.commit()
    _, profile = governed()
    people = {one: whose for one, whose in profile.people.items() if whose != NORA}
    outcome, (said,) = waived.waiver(profile._replace(people=people))
    assert outcome is Outcome.FAIL
    assert said == f"cannot tell who wrote it: {NORA}, an owner, is none of the profile's people"


# --- signatures


@pytest.fixture
def keys(tmp_path):
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not installed")
    for name in ("ana", "karin", "mallory"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return tmp_path


def public(keys: Path, name: str) -> str:
    return (keys / f"{name}.pub").read_text("ascii").strip()


def sign(repo: Repo, keys: Path, name: str, by: str = ANA) -> str:
    """Sign the last commit anew."""
    repo.git("-c", "gpg.format=ssh", "-c", f"user.signingkey={keys / name}.pub", "commit", "-q",
             "--amend", "--no-edit", "--allow-empty", "-S", "--reset-author", by=by)  # fmt: skip
    return repo.git("rev-parse", "HEAD")


def test_with_trusted_signers_only_what_they_signed_says_who_wrote_it(repo, keys):
    _, shipped = governed()
    profile = signing(shipped, ana_lima=public(keys, "ana"), karin_holm=public(keys, "karin"))
    found = repo.approvers(profile)
    assert found.outcome is Outcome.UNKNOWN
    assert "cannot tell: no trusted signer signed " in found.message
    first = sign(repo, keys, "ana")
    assert "has not signed the commit that brought it" in repo.approvers(profile).message
    trail = repo.trail(profile.spec["trusted_signers"])
    assert [one.writer.signer for one in trail.touches["UseCase", USE_CASE]] == [ANA]
    repo.change('version: "2508"', 'version: "2509"', by=ANA)
    sign(repo, keys, "mallory")
    assert "no trusted signer" in repo.approvers(profile).message
    sign(repo, keys, "karin")  # who signs with her key, whatever name stands there
    found = repo.approvers(profile)
    assert (found.outcome, found.pointer) == (Outcome.FAIL, "/spec/approvals/4/person")
    assert repo.git("rev-parse", "HEAD~1") == first


def test_an_approval_counts_that_its_approver_signed(repo, keys):
    _, shipped = governed()
    profile = signing(shipped, ana_lima=public(keys, "ana"), karin_holm=public(keys, "karin"))
    cut = READY.index("  approvals:\n")
    rest = READY.index("  architecture:\n")
    repo.write(READY[:cut] + READY[rest:])
    repo.git("add", "-A")
    sign(repo, keys, "ana")
    repo.write(READY[:cut] + "  approvals:\n" + approval(KARIN, "2026-11-20") + READY[rest:])
    repo.commit(KARIN)
    assert repo.approvers(profile).outcome is Outcome.UNKNOWN
    sign(repo, keys, "karin", by=KARIN)
    assert repo.approvers(profile).outcome is Outcome.PASS


def test_a_waiver_counts_that_its_approver_signed(waived, keys):
    _, shipped = governed()
    profile = signing(shipped, ana_lima=public(keys, "ana"), karin_holm=public(keys, "karin"))
    sign(waived, keys, "ana")
    waived.commit()
    outcome, (said,) = waived.waiver(profile)
    assert outcome is Outcome.FAIL
    assert f"{KARIN} has not signed the commit that brought it" in said
    waived.write(WAIVER.replace("2026-12-20", "2026-12-15"), "waiver.aigov.yaml")
    waived.commit(KARIN)
    sign(waived, keys, "karin", by=KARIN)
    waived.commit()
    assert waived.waiver(profile) == (Outcome.WAIVED, [])


def test_no_configuration_of_the_repository_has_a_say_in_signatures(repo, keys):
    proof = keys / "proof"
    script = keys / "yes"
    script.write_text(f"#!/bin/sh\ntouch {proof}\necho 'Good \"git\" signature for 0 with'\n")
    script.chmod(0o755)
    allowed = keys / "allowed"
    allowed.write_text(f"0 {public(keys, 'mallory')}\n")
    sign(repo, keys, "mallory")
    for name in ("gpg.program", "gpg.openpgp.program", "gpg.x509.program", "gpg.ssh.program"):
        repo.git("config", name, str(script))
    repo.git("config", "gpg.ssh.allowedSignersFile", str(allowed))
    trusted = {ANA: public(keys, "ana")}
    assert {one.writer.signer for one in repo.trail(trusted).touches["UseCase", USE_CASE]} == {""}
    pgp = b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n\n"
    repo.raw(rb"\ngpgsig (.|\n)*?\n\n", pgp)
    assert {one.writer.signer for one in repo.trail(trusted).touches["UseCase", USE_CASE]} == {""}
    assert not proof.exists()


def test_without_ssh_keygen_signatures_are_unknown_and_say_what_to_install(
    repo, tmp_path, monkeypatch
):
    trusted = {ANA: "ssh-ed25519 AAAA"}
    found = shutil.which("git")
    assert found
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "install ssh-keygen" in repo.trail(trusted).unknown


# --- what cannot be read, and what is hostile


def test_a_clone_without_its_history_cannot_tell_and_says_how_it_could(repo, tmp_path):
    repo.commit()
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    trail = read_trail(str(tmp_path / "shallow"), repo.git("rev-parse", "HEAD"), {})
    assert "git fetch --unshallow" in trail.unknown
    assert trail.touches == {}


def test_what_a_partial_clone_lacks_is_unknown_and_not_fetched(repo, tmp_path):
    repo.change('version: "2508"', 'version: "2509"')
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{repo.path}", str(tmp_path / "p"))  # fmt: skip  # noqa: E501
    trail = read_trail(str(tmp_path / "p"), repo.git("rev-parse", "HEAD"), {})
    assert "parts of the history are not in this clone" in trail.unknown


@pytest.mark.parametrize(("bound", "most"), [("MAX_COMMITS", 1), ("MAX_BYTES", 10)])
def test_a_history_that_is_too_long_to_read_is_unknown(repo, monkeypatch, bound, most):
    repo.change('version: "2508"', 'version: "2509"')
    monkeypatch.setattr(authorship, bound, most)
    assert repo.trail().unknown == "the manifests have too long a history to read"


def test_manifests_that_unfold_without_end_are_unknown(repo, monkeypatch):
    touches = repo.trail().touches["UseCase", USE_CASE]
    size = len(touches[0].leaves or ())
    for _ in range(3):
        repo.write("kind: UseCase\n")
        repo.commit()
        repo.write(READY)
        repo.commit()
    assert repo.trail().unknown == ""
    monkeypatch.setattr(authorship, "MAX_LEAVES", size * 5)
    assert repo.trail().unknown == "the manifests have too long a history to read"
    monkeypatch.undo()
    monkeypatch.setattr(lineage, "MAX_LEAVES", size)
    assert "no commit is seen to have written" in repo.approvers().message


@pytest.mark.parametrize(
    ("pattern", "put"),
    [
        (rb"author .*\n", b"author \xff\xfe\n <\xe9\x00> 0 +0000\n"),
        (rb"author .*\n", b""),
        (rb"author A <[^>]*>", b"author <>"),
        (rb"\nx\n", b"\n" + b"Co-authored-by: X <x%d@x.example>\n" * 40_000),
        (rb"\nx\n", b"\nCo-authored-by: " + b"<" * 500_000),
        (rb"\nx\n", b"\n" + b"m" * 2_000_000),
        (rb"\n\nx\n", b"\nencoding utf-16\n\n\xff\xfeC\x00o\x00"),
    ],
)
def test_a_hostile_commit_is_somebody_unknown_and_no_crash(repo, pattern, put):
    repo.change('version: "2508"', 'version: "2509"', by="tomas.vrba@northbank.internal")
    repo.raw(pattern, put)
    found = repo.approvers()
    assert found.outcome is (Outcome.PASS if b"utf-16" in put else Outcome.UNKNOWN)
    assert len(found.message) < 400


def test_names_in_a_signature_or_a_merged_tag_are_not_the_commits(repo):
    repo.change('version: "2508"', 'version: "2509"')
    repo.raw(rb"\n\nx", b"\nmergetag object 0\n author K <%s> 0 +0000\n\nx" % KARIN.encode())
    assert repo.approvers().outcome is Outcome.PASS


def test_a_mailmap_of_the_repository_is_ignored(repo):
    repo.change('version: "2508"', 'version: "2509"', by=KARIN)
    repo.write(f"Ana <{ANA}> <{KARIN}>\n", ".mailmap")
    repo.commit()
    assert repo.approvers().outcome is Outcome.FAIL


def test_a_profile_may_list_bots_and_keys_and_nothing_that_is_no_key(tmp_path):
    text = (EXAMPLES / "organization.yaml").read_text("utf-8")
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
    file = tmp_path / "profile.yaml"
    people = text.replace("  people:\n", '  people:\n    "@dependabot[bot]": []\n')
    file.write_text(f"{people}  trusted_signers:\n    {ANA}: {key} her laptop\n", "utf-8")
    _, profile = load_rules((), str(file))
    assert profile
    assert profile.people["@dependabot[bot]"] == "@dependabot[bot]"
    for wrong in ("-----BEGIN PGP PUBLIC KEY BLOCK-----", f"{key}\\n* {key}", f"* {key}"):
        file.write_text(f'{text}  trusted_signers:\n    {ANA}: "{wrong}"\n', "utf-8")
        with pytest.raises(ProfileError, match=r"\.pub file"):
            load_rules((), str(file))
