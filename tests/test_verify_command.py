"""`aigov gate --attest`, then `aigov verify`: the way of a decision to the deploy step."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from judging import EXAMPLES, ROOT
from test_check_command import run  # noqa: F401  # a fixture
from test_gate_command import commit, git, repository  # noqa: F401  # a fixture

DIGEST = "sha256:" + "ab" * 32


@pytest.fixture
def keys(tmp_path, need, monkeypatch) -> tuple[Path, Path]:
    """A private and a public key, made as docs/attestation.md says, in the folder to run in."""
    monkeypatch.chdir(tmp_path)
    if shutil.which("openssl") is None:
        need("openssl", "it is not installed")
    private, public = tmp_path / "gate.pem", tmp_path / "gate.pub"
    for words in (
        ["genpkey", "-algorithm", "ed25519", "-out", private],
        ["pkey", "-in", private, "-pubout", "-out", public],
    ):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    return private, public


@pytest.fixture
def attested(repository, run, keys, tmp_path) -> tuple[Path, str]:  # noqa: F811
    """A signed attestation of the commit that is ready, and the commit."""
    file = tmp_path / "gate.intoto.json"
    assert run("gate", repository, "--attest", file, "--key", keys[0])[0] == 0
    return file, git(repository, "rev-parse", "HEAD")


def outcomes(out: str) -> dict[str, str]:
    return {one["name"]: one["outcome"] for one in json.loads(out)["checks"]}


def test_what_the_gate_allowed_is_verified_before_the_deploy(attested, keys, run):  # noqa: F811
    file, head = attested
    demands = ["--key", keys[1], "--subject", head]
    code, out, err = run("verify", file, *demands)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "verified"
    for name in ("stage", "policies", "profile", "age"):
        assert f"not checked  {name}" in out
    code, out, _ = run("verify", file, *demands, "--stage", "pilot", "--format", "json")
    assert code == 1
    assert json.loads(out)["verified"] is False
    assert [name for name, one in outcomes(out).items() if one == "fail"] == ["stage"]


def test_the_digests_to_demand_are_those_of_the_report(repository, keys, run, tmp_path):  # noqa: F811
    profile = EXAMPLES / "organization.yaml"
    file, report = tmp_path / "gate.intoto.json", tmp_path / "gate.json"
    options = ["--attest", file, "--key", keys[0], "--format", f"json={report}"]
    run("gate", repository, "--profile", profile, *options)
    told = json.loads(report.read_text("utf-8"))
    demands = ["--policy-digest", told["policy_digest"], "--profile-digest", told["profile_digest"]]
    command = ["verify", file, "--key", keys[1], "--subject", told["decision"]["given"]["rev"]]
    out = run(*command, *demands, "--max-age", "1h", "--stage", "production", "--format", "json")[1]
    found = outcomes(out)
    assert found.pop("decision") == ("pass" if told["decision"]["allow"] else "fail")
    assert set(found.values()) == {"pass"}


@pytest.mark.parametrize("form", ["", "vsa=", "svr="])
def test_a_denial_is_attested_and_never_verifies(form, repository, keys, run, tmp_path):  # noqa: F811
    (repository / "aigov.yaml").write_text("[", "utf-8")
    head = commit(repository, "break it")
    file = tmp_path / "denied.json"
    attest = ["--attest", f"{form}{file}", "--key", keys[0]]
    assert run("gate", repository, *attest)[0] == 1
    assert run("gate", repository, *attest, "--fail-on", "never")[0] == 0
    code, out, _ = run("verify", file, "--key", keys[1], "--subject", head)
    assert code == 1
    assert "fails        decision   denied" in out
    assert "fails        fail-on    never" in out


def test_where_no_ai_is_used_that_is_attested(tmp_path, keys, run):  # noqa: F811
    folder, file = tmp_path / "plain", tmp_path / "plain.json"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "README.md").write_text("plain\n")
    head = commit(folder, "start")
    code, out, _ = run("gate", folder, "--attest", file, "--key", keys[0])
    assert (code, "nothing to decide" in out) == (0, True)
    code, out, _ = run("verify", file, "--key", keys[1], "--subject", f"git:plain@{head}")
    assert (code, "(use cases: 0)" in out) == (0, True)


def test_an_image_is_attested_by_its_digest(repository, keys, run, tmp_path):  # noqa: F811
    file, image = tmp_path / "image.json", f"registry.example/chat@{DIGEST}"
    run("gate", repository, "--attest", file, "--key", keys[0], "--subject", image)
    command = ["verify", file, "--key", keys[1], "--subject"]
    assert run(*command, image)[0] == 0
    assert run(*command, DIGEST)[0] == 0
    assert run(*command, git(repository, "rev-parse", "HEAD"))[0] == 1


def test_the_subject_names_the_origin_without_its_password(repository, run, tmp_path):  # noqa: F811
    file = tmp_path / "gate.json"
    git(repository, "remote", "add", "origin", "https://ci:s3cret@git.example/acme/r1.git")
    run("gate", repository, "--attest", file)
    assert "s3cret" not in file.read_text("utf-8")
    (subject,) = json.loads(file.read_text("utf-8"))["subject"]
    assert subject["name"] == "git+https://git.example/acme/r1"


def test_the_key_may_come_from_the_environment_and_is_never_told(
    repository,  # noqa: F811
    keys,
    run,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    locked, file = tmp_path / "locked.pem", tmp_path / "gate.json"
    command = ["openssl", "pkey", "-in", keys[0], "-aes256", "-passout", "pass:s3cret", "-out"]
    subprocess.run([*map(str, command), str(locked)], check=True, capture_output=True)
    monkeypatch.setenv("AIGOV_SIGNING_KEY", locked.read_text("utf-8"))
    code, out, err = run("gate", repository, "--attest", file)
    assert code == 2
    assert "AIGOV_KEY_PASSWORD" in err
    assert not file.exists()
    assert "AIGOV_SIGNING_KEY" not in os.environ  # nor in that of git
    monkeypatch.setenv("AIGOV_SIGNING_KEY", locked.read_text("utf-8"))
    monkeypatch.setenv("AIGOV_KEY_PASSWORD", "s3cret")
    told = [*run("gate", repository, "--attest", file), file.read_text("utf-8"), out, err]
    assert told[0] == 0
    for line in ("s3cret", *locked.read_text("utf-8").splitlines()[1:-1]):
        assert line not in "".join(map(str, told[1:]))
    head = git(repository, "rev-parse", "HEAD")
    assert run("verify", file, "--key", keys[1], "--subject", head)[0] == 0


def test_without_a_key_it_is_unsigned_which_is_said_and_fails(
    repository,  # noqa: F811
    keys,
    run,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    monkeypatch.setenv("AIGOV_SIGNING_KEY", "")  # as in a fork, which has no secrets
    file = tmp_path / "gate.json"
    code, _, err = run("gate", repository, "--attest", file)
    assert (code, "is not signed" in err) == (0, True)
    demands = ["--subject", git(repository, "rev-parse", "HEAD")]
    assert run("verify", file, *demands, "--key", keys[1])[0] == 1
    code, _, err = run("verify", file, *demands)
    assert (code, "no key to check the signature by" in err) == (2, True)
    code, out, _ = run("verify", file, *demands, "--unsigned")
    assert code == 0
    assert out.splitlines()[-1].startswith("verified, but for the signature")


def test_judged_as_of_another_day_it_verifies_only_where_that_is_accepted(
    repository,  # noqa: F811
    keys,
    run,  # noqa: F811
    tmp_path,
):
    file, head = tmp_path / "gate.json", git(repository, "rev-parse", "HEAD")
    run("gate", repository, "--attest", file, "--key", keys[0], "--as-of", "2026-11-21")
    command = ["verify", file, "--key", keys[1], "--subject", head]
    code, out, _ = run(*command, "--format", "json")
    assert (code, outcomes(out)["as-of"]) == (1, "fail")
    assert outcomes(run(*command, "--accept", "as-of", "--format", "json")[1])["as-of"] == (
        "not_checked"
    )


def test_what_stands_in_the_file_is_never_obeyed(attested, keys, run):  # noqa: F811
    file, head = attested
    made = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(made) + "\n::error::x\x1b[2J", "utf-8")
    code, out, err = run("verify", file, "--key", keys[1], "--subject", head)
    assert (code, err) == (1, "")
    assert "\x1b" not in out
    assert "::error" not in out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["verify", "gone.json", "--key", "gate.pub", "--subject", DIGEST], "cannot be read"),
        (["verify", ".", "--key", "gate.pub", "--subject", DIGEST], "cannot be read"),
        (["verify", "gate.pub", "--key", "gone.pub", "--subject", DIGEST], "cannot be read"),
        (["verify", "gate.pub", "--key", "gate.pem", "--subject", DIGEST], "no public key"),
        (["verify", "gate.pub", "--key", "gate.pub", "--subject", "HEAD"], "is no subject"),
        (["verify", "gate.pub", "--key", "gate.pub"], "Missing option '--subject'"),
        (["verify", "gate.pub", "--subject", DIGEST], "no key"),
        (
            ["verify", "gate.pub", "--key", "gate.pub", "--subject", DIGEST, "--max-age", "soon"],
            "is no age",
        ),
        (["gate", "repository", "--key", "gate.pem"], "are of an attestation"),
        (["gate", "repository", "--subject", DIGEST], "are of an attestation"),
        (["gate", "repository", "--attest", "x.json", "--subject", "chat:latest"], "is no subject"),
        (["gate", "repository", "--attest", "x.json", "--key", "gate.pub"], "signing key cannot"),
        (["gate", "repository", "--attest", "x.json", "--key", os.devnull], "signing key cannot"),
        (["gate", "repository", "--attest", "x.json", "--key", "gone.pem"], "cannot be read"),
        (["gate", "repository", "--attest", "aigov.yaml"], "would replace a manifest"),
        (["gate", "repository", "--attest", "x", "--attest", "svr=x"], "two formats go to x"),
        (["gate", "repository", "--attest", "x", "--format", "json=x"], "two formats go to x"),
        (["gate", "repository", "--attest", "gone/x.json"], "attestation cannot be written"),
    ],
)
def test_wrong_use_is_told_with_exit_2(words, problem, repository, keys, run):  # noqa: F811
    code, _, err = run(*words)
    assert code == 2
    assert problem in err
    assert not Path("x.json").exists()


@pytest.mark.parametrize("library", ["securesystemslib", "cryptography"])
def test_without_the_extra_the_pip_line_is_told(library, repository, keys, tmp_path):  # noqa: F811
    def start(*words: object) -> subprocess.CompletedProcess[str]:
        code = f"import sys; sys.modules['{library}'] = None; from aigov.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, words)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )

    signed = start("gate", repository, "--attest", "x.json", "--key", keys[0])
    checked = start("verify", keys[1], "--key", keys[1], "--subject", DIGEST)
    for done in (signed, checked):
        assert done.returncode == 2
        assert "pip install 'aigov-gate[attest]'" in done.stderr
    assert not (tmp_path / "x.json").exists()
    assert start("gate", repository, "--attest", "x.json").returncode == 0
    head = git(repository, "rev-parse", "HEAD")
    assert start("verify", "x.json", "--unsigned", "--subject", head).returncode == 0
