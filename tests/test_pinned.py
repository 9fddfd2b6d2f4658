"""Profiles and packs that are pinned to a commit, and whatever would stand in for them.

Everything here runs on real repositories, and on a real cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from base64 import b64encode
from hashlib import sha1, sha256
from pathlib import Path

import pytest

from aigov.errors import AigovError
from aigov.pinned import digest, fetch_pinned, parse_pin, read_pinned
from judging import AS_OF, EXAMPLES, ROOT
from test_check_command import run  # noqa: F401  # a fixture
from test_gate_command import commit, decision, gate, git, ready

ID = "0123456789abcdef0123456789abcdef01234567"
PROFILE = (EXAMPLES / "organization.yaml").read_bytes()
OWN = ROOT / "policies" / "deploy-operate" / "oversight-understaffed.yaml"


def own_policy() -> str:
    text = OWN.read_text("utf-8").replace("min_oversight", "min_own")
    return text.replace("OPS-008", "OWN-001").replace("oversight-understaffed", "queue-short")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "aigov-gate"


@pytest.fixture
def governance(tmp_path) -> Path:
    """A repository with a profile and a pack."""
    folder = tmp_path / "governance"
    (folder / "packs" / "ours" / "deploy-operate").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "organization.yaml").write_bytes(PROFILE)
    policy = folder / "packs" / "ours" / "deploy-operate" / "queue-short.yaml"
    policy.write_text(own_policy(), "utf-8")
    policy.with_name("queue-short.cases.yaml").write_text("[]\n")
    policy.with_name("README.md").write_text("# Ours\n")
    (folder / "link.yaml").symlink_to("organization.yaml")
    (folder / "linked").mkdir()
    (folder / "linked" / "queue-short.yaml").symlink_to("../organization.yaml")
    commit(folder, "govern")
    return folder


@pytest.fixture
def repository(tmp_path) -> Path:
    """The repository under test."""
    return ready(tmp_path / "repository")


def url(folder: Path, path: str, name: str = "HEAD") -> str:
    return f"git+file://{folder}@{git(folder, 'rev-parse', name)}#{path}"


# --- URLs


@pytest.mark.parametrize(
    "given",
    [
        f"git+https://git.northbank.internal/governance@{ID}#organization.yaml",
        f"git+https://git.northbank.internal:8443/a/b.git@{ID}{ID[:24]}#profiles/a.yaml",
        f"git+ssh://git@git.northbank.internal/a/b.git@{ID}#packs/ours",
        f"git+file:///srv/governance@{ID}",
    ],
)
def test_a_url_names_repository_commit_and_path(given):
    pin = parse_pin(given)
    assert given.startswith(f"git+{pin.remote}@{pin.commit}")
    assert given.removesuffix(f"#{pin.path}").endswith(pin.commit)


@pytest.mark.parametrize(
    "given",
    [
        "https://git.northbank.internal/profile.yaml",
        "git+https://git.northbank.internal/governance#organization.yaml",
        "git+https://git.northbank.internal/governance@main#organization.yaml",
        f"git+https://git.northbank.internal/governance@{ID[:12]}#organization.yaml",
        f"git+https://git.northbank.internal/governance@{ID.upper()}#organization.yaml",
        f"git+http://git.northbank.internal/governance@{ID}#organization.yaml",
        f"git+git://git.northbank.internal/governance@{ID}#organization.yaml",
        f"git+ext::sh -c id@{ID}#organization.yaml",
        f"git+ext://sh -c id@{ID}#organization.yaml",
        f"git+https://-oProxyCommand=id/governance@{ID}#organization.yaml",
        f"git+ssh://-oProxyCommand=id/governance@{ID}#organization.yaml",
        f"git+ssh://-l@host/governance@{ID}#organization.yaml",
        f"git+https://host/--upload-pack=id@{ID}#organization.yaml",
        f"git+https://host/a/../b@{ID}#organization.yaml",
        f"git+https://host/a?b@{ID}#organization.yaml",
        f"git+https://host@{ID}#organization.yaml",
        f"git+file://host/governance@{ID}#organization.yaml",
        f"git+file://governance@{ID}#organization.yaml",
        f"git+https://host/a@{ID}#../organization.yaml",
        f"git+https://host/a@{ID}#/organization.yaml",
        f"git+https://host/a@{ID}#a//b.yaml",
        f"git+https://host/a@{ID}#--output=x",
        f"git+https://host/a@{ID}#a\\b.yaml",
        f"git+https://host/a@{ID}#a'b.yaml",
        f"git+https://host/a@{ID}#a\nb.yaml",
        f"git+https://host/a@{ID}#",
    ],
)
def test_another_url_is_refused_before_anything_is_asked(given, cache):
    with pytest.raises(AigovError):
        fetch_pinned(given)
    assert not cache.exists()


@pytest.mark.parametrize("user", ["token@", "ana:secret@", "x-access-token:ghp_abc@"])
@pytest.mark.parametrize("end", [f"@{ID}#organization.yaml", "@main"])
@pytest.mark.parametrize("scheme", ["https", "ssh"])
def test_a_password_is_refused_and_never_shown(user, end, scheme):
    if (scheme, user) == ("ssh", "token@"):
        user = "a:b@"
    with pytest.raises(AigovError) as raised:
        parse_pin(f"git+{scheme}://{user}host/governance{end}")
    assert user not in str(raised.value)


# --- fetching


def test_what_was_fetched_is_what_the_commit_holds(governance, cache):
    given = url(governance, "organization.yaml")
    assert fetch_pinned(given) == {"": PROFILE} == read_pinned(given)
    pack = url(governance, "packs/ours")
    found = {"deploy-operate/queue-short.yaml": own_policy().encode()}
    assert fetch_pinned(pack) == found == read_pinned(f"{pack}/")
    if os.name == "posix":
        assert cache.stat().st_mode & 0o777 == 0o700
        assert {one.stat().st_mode & 0o777 for one in cache.iterdir()} == {0o600}
    shutil.rmtree(governance)  # no repository, no network: the cache alone
    assert read_pinned(given) == {"": PROFILE}


def test_a_sha_256_repository_is_pinned_by_64_digits(tmp_path):
    folder = tmp_path / "longer"
    folder.mkdir()
    git(folder, "init", "-q", "--object-format=sha256")
    (folder / "organization.yaml").write_bytes(PROFILE)
    commit(folder, "govern")
    given = url(folder, "organization.yaml")
    assert fetch_pinned(given) == {"": PROFILE} == read_pinned(given)


def test_the_command_says_digest_and_option(run, governance):  # noqa: F811
    given = url(governance, "organization.yaml")
    code, out, err = run("check", "--profile", given, EXAMPLES / "4-ready.aigov.yaml")
    assert (code, out) == (2, "")
    assert f"aigov-gate profile fetch '{given}'" in err
    code, out, err = run("profile", "fetch", given)
    assert (code, err) == (0, "")
    assert out.split("\n") == [
        f"profile sha256:{sha256(PROFILE).hexdigest()}",
        f"--profile '{given}'",
        "",
    ]
    pack = url(governance, "packs/ours")
    assert f"--policies '{pack}'" in run("profile", "fetch", pack)[1]
    manifest = EXAMPLES / "4-ready.aigov.yaml"
    for options in (("--profile", given), ("--policies", pack)):
        code, out, _ = run("check", "--as-of", AS_OF, *options, manifest)
        assert code == 0, out
    for options in (("--profile", pack), ("--policies", given)):
        assert run("check", *options, manifest)[0] == 2


def test_a_report_has_the_digest_of_the_content_whichever_way_it_came(governance, repository):
    import json

    given, pack = url(governance, "organization.yaml"), url(governance, "packs/ours")
    fetch_pinned(given)
    fetch_pinned(pack)
    reports = []
    for profile, folder in (
        (given, pack),
        (str(governance / "organization.yaml"), str(governance / "packs/ours")),
    ):
        options = ("--profile", profile, "--policies", folder, "--format", "json")
        reports.append(json.loads(gate(repository, *options)[1]))
    first, second = reports
    assert first["profile_digest"] == second["profile_digest"] == digest({"": PROFILE})
    assert first["policy_digest"] == second["policy_digest"]


@pytest.mark.parametrize("path", ["gone.yaml", "organization.yaml/x", "packs/theirs"])
def test_a_path_that_is_not_there_is_refused(governance, path):
    with pytest.raises(AigovError, match=f"no {path} in a commit"):
        fetch_pinned(url(governance, path))


@pytest.mark.parametrize("path", ["link.yaml", "linked", ""])
def test_a_link_is_no_profile_and_no_part_of_a_pack(governance, path, cache):
    with pytest.raises(AigovError, match="no regular file"):
        fetch_pinned(url(governance, path).rstrip("#"))
    assert not cache.exists()


def test_a_submodule_is_no_part_of_a_pack(governance):
    git(governance, "update-index", "--add", "--cacheinfo", f"160000,{ID},packs/theirs")
    git(governance, "commit", "-q", "-m", "bind another")
    with pytest.raises(AigovError, match="no regular file"):
        fetch_pinned(url(governance, "packs"))


def test_a_commit_counts_only_on_a_branch_or_tag(governance, cache):
    first = git(governance, "rev-parse", "HEAD")
    tree = git(governance, "rev-parse", "HEAD^{tree}")
    stray = git(governance, "commit-tree", tree, "-p", first, "-m", "nobody merged this")
    git(governance, "update-ref", "refs/pull/7/head", stray)
    git(governance, "tag", "-a", "-m", "one", "v1")
    tag = git(governance, "rev-parse", "v1")
    for name in (stray, tree, tag, ID):
        words = "no organization.yaml in a commit" if name == tag else "of no branch or tag"
        with pytest.raises(AigovError, match=words):
            fetch_pinned(f"git+file://{governance}@{name}#organization.yaml")
    assert not cache.exists()
    git(governance, "tag", "merged", stray)
    assert fetch_pinned(url(governance, "organization.yaml", stray)) == {"": PROFILE}
    (governance / "organization.yaml").write_text("a: 1\n")
    commit(governance, "change")
    assert fetch_pinned(url(governance, "organization.yaml", first)) == {"": PROFILE}


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for ssh is a script")
def test_ssh_is_asked_without_a_prompt_and_within_another_git_too(
    governance, repository, tmp_path, monkeypatch
):
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    given = url(governance, "organization.yaml").replace("git+file://", "git+ssh://git@localhost")
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))  # as in a hook
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / ".git" / "index"))
    assert fetch_pinned(given) == {"": PROFILE}
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    with pytest.raises(AigovError, match="git cannot fetch it"):
        fetch_pinned(given)


def test_a_repository_that_cannot_be_fetched_is_said(tmp_path):
    with pytest.raises(AigovError, match="git cannot fetch it"):
        fetch_pinned(f"git+file://{tmp_path}/gone@{ID}#organization.yaml")


def test_nothing_of_the_fetched_repository_and_no_hook_is_run(governance, tmp_path, monkeypatch):
    ran = tmp_path / "ran"
    hooks = tmp_path / "template" / "hooks"
    for folder in (hooks, governance / ".git" / "hooks"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-update"):
            (folder / name).write_text(f"#!/bin/sh\ntouch {ran}\n")
            (folder / name).chmod(0o755)
    (hooks.parent / "config").write_text('[url "file:///nowhere/"]\n\tinsteadOf = file:///\n')
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"[init]\n\ttemplateDir = {hooks.parent}\n[core]\n\thooksPath = {hooks}\n"
        f"[uploadpack]\n\tpackObjectsHook = touch {ran} #\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(hooks.parent))
    assert fetch_pinned(url(governance, "organization.yaml")) == {"": PROFILE}
    assert not ran.exists()


# --- a cache that was written by another


def entry(cache: Path) -> Path:
    (found,) = cache.iterdir()
    return found


def refused(given: str) -> None:
    with pytest.raises(AigovError, match=r"not what was fetched|not in the cache") as raised:
        read_pinned(given)
    assert raised.value.exit_code == 2
    assert raised.value.remedy == f"aigov-gate profile fetch '{given}'"


def test_no_changed_byte_is_read(governance, cache):
    given = url(governance, "organization.yaml")
    fetch_pinned(given)
    kept = entry(cache).read_bytes()
    step = max(1, len(kept) // 97)
    for at in (0, *range(7, len(kept), step), len(kept) - 2):
        other = b"A" if kept[at : at + 1] != b"A" else b"B"
        entry(cache).write_bytes(kept[:at] + other + kept[at + 1 :])
        refused(given)
    for text in (b"", b"\xff", kept[: len(kept) // 2], kept + kept[-80:], kept + b"blob x QQ==\n"):
        entry(cache).write_bytes(text)
        refused(given)
    entry(cache).write_bytes(kept)
    assert read_pinned(given) == {"": PROFILE}


def test_a_poisoned_cache_with_a_lock_of_its_own_is_not_read(governance, cache):
    """Whoever can write the profile could write its sha256 too; the commit's id he cannot."""
    given = url(governance, "organization.yaml")
    fetch_pinned(given)
    lines = entry(cache).read_text().splitlines()
    forged = PROFILE + b"# everyone may approve\n"
    blob = lines.pop().split(" ")
    for name in (blob[1], sha1(b"blob %d\0%s" % (len(forged), forged)).hexdigest()):
        line = f"blob {name} {b64encode(forged).decode()}"
        entry(cache).write_text("\n".join([digest({"": forged}), *lines[1:], line, ""]))
        refused(given)


def test_the_entry_of_another_pin_is_not_read(governance, cache):
    given = url(governance, "organization.yaml")
    fetch_pinned(given)
    kept = entry(cache)
    (governance / "organization.yaml").write_text("a: 1\n")
    commit(governance, "change")
    other = url(governance, "organization.yaml")
    fetch_pinned(other)
    (changed,) = set(cache.iterdir()) - {kept}
    shutil.copy(changed, kept)
    refused(given)
    kept.unlink()
    refused(given)
    kept.mkdir()
    refused(given)


def test_what_is_planted_beside_it_is_never_read(governance, cache, repository, monkeypatch):
    given = url(governance, "organization.yaml")
    fetch_pinned(given)
    fair = decision(repository, "--profile", given)
    for name in ("parsed.py", "organization.yaml", "policies", "rules.json", "compiled.bin"):
        (cache / name).write_text("RULES = {}\nEXPRESSIONS = {}\nCEL_VERSION = '0'\n")
    monkeypatch.chdir(cache)
    assert decision(repository, "--profile", given) == fair


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_cache_that_others_can_write_is_refused(governance, cache, mode):
    given = url(governance, "organization.yaml")
    fetch_pinned(given)
    cache.chmod(mode)
    for read in (read_pinned, fetch_pinned):
        with pytest.raises(AigovError, match="others can write") as raised:
            read(given)
        assert f"chmod 700 '{cache}'" in raised.value.remedy


def test_a_cache_that_cannot_be_made_is_said(governance, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(AigovError, match="the cache cannot be written"):
        fetch_pinned(url(governance, "organization.yaml"))


# --- nothing inside the repository under test is configuration

INSIDE = "inside the repository that is judged"


def refuses(repository: Path, option: str, given: str | Path) -> None:
    with pytest.raises(AigovError, match=INSIDE) as raised:
        gate(repository, option, str(given))
    assert "profile fetch" in raised.value.remedy


@pytest.fixture
def inside(repository) -> Path:
    """The repository under test with a profile and a pack of its own."""
    (repository / "rules" / "law").mkdir(parents=True)
    (repository / "rules" / "profile.yaml").write_bytes(PROFILE)
    (repository / "rules" / "law" / "queue-short.yaml").write_text(own_policy(), "utf-8")
    commit(repository, "bring rules")
    return repository


def test_neither_by_path_nor_by_link_nor_by_dots(inside, tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file.yaml").symlink_to(inside / "rules" / "profile.yaml")
    (outside / "folder").symlink_to(inside / "rules")
    (outside / "again.yaml").symlink_to("file.yaml")
    for given in (
        inside / "rules" / "profile.yaml",
        outside / "file.yaml",
        outside / "again.yaml",
        outside / "folder" / "profile.yaml",
        outside / ".." / "repository" / "rules" / "profile.yaml",
        outside / "folder" / ".." / "rules" / "profile.yaml",
        inside / ".git" / "config",
    ):
        refuses(inside, "--profile", given)
    for given in (inside / "rules", f"{inside / 'rules'}/", outside / "folder", inside, tmp_path):
        refuses(inside, "--policies", given)
    monkeypatch.chdir(inside / "rules")
    refuses(inside, "--profile", "profile.yaml")
    refuses(inside, "--policies", ".")
    refuses(inside, "--policies", "../..")
    refuses(inside / "rules", "--profile", "profile.yaml")


def test_not_by_a_link_that_the_repository_holds(inside, tmp_path):
    """Its authors could turn it to any file of the machine."""
    (tmp_path / "real.yaml").write_bytes(PROFILE)
    (inside / "out.yaml").symlink_to(tmp_path / "real.yaml")
    (inside / "away").symlink_to(tmp_path)
    (tmp_path / "to.yaml").symlink_to(inside / "out.yaml")
    for name in ("repository/out.yaml", "repository/away/real.yaml", "to.yaml"):
        refuses(inside, "--profile", tmp_path / name)
    assert gate(inside, "--profile", str(tmp_path / "real.yaml"))[0] in (0, 1)


def test_a_path_may_pass_through_the_repository_to_leave_it(inside, tmp_path, monkeypatch):
    (tmp_path / "real.yaml").write_bytes(PROFILE)
    monkeypatch.chdir(inside / "rules")
    assert gate(inside, "--profile", "../../real.yaml")[0] in (0, 1)
    (inside / "rules" / "up").symlink_to("..")
    refuses(inside, "--profile", "up/../real.yaml")


def test_not_by_a_link_within_a_pack(inside, tmp_path):
    pack = tmp_path / "pack" / "law"
    pack.mkdir(parents=True)
    (pack / "queue-short.yaml").symlink_to(inside / "rules" / "law" / "queue-short.yaml")
    refuses(inside, "--policies", tmp_path / "pack")


def test_not_by_another_working_tree_of_it(inside, tmp_path):
    sibling = tmp_path / "sibling"
    git(inside, "worktree", "add", "-q", "-b", "mine", str(sibling))
    refuses(inside, "--profile", sibling / "rules" / "profile.yaml")
    refuses(inside, "--policies", sibling / "rules")
    refuses(sibling, "--profile", inside / "rules" / "profile.yaml")
    refuses(sibling, "--profile", inside / ".git" / "config")
    nested = sibling / "nested"
    nested.mkdir()
    git(nested, "init", "-q")
    (nested / "profile.yaml").write_bytes(PROFILE)
    refuses(inside, "--profile", nested / "profile.yaml")


def test_not_by_a_submodule_of_it_nor_a_bare_copy_of_its_own(inside, governance, tmp_path):
    allowed = ["-c", "protocol.file.allow=always"]
    git(inside, *allowed, "submodule", "--quiet", "add", str(governance), "governance")
    commit(inside, "bind governance")
    refuses(inside, "--profile", inside / "governance" / "organization.yaml")
    refuses(inside, "--policies", inside / "governance" / "packs" / "ours")
    bare = tmp_path / "bare.git"
    git(inside, "clone", "-q", "--bare", str(inside), str(bare))
    (bare / "profile.yaml").write_bytes(PROFILE)
    refuses(bare, "--profile", bare / "profile.yaml")
    assert gate(inside, "--profile", str(governance / "organization.yaml"))[0] in (0, 1)


def test_not_by_a_cache_within_it_nor_by_a_url_of_itself(inside, governance, monkeypatch):
    itself = url(inside, "rules/profile.yaml")
    fetch_pinned(itself)
    refuses(inside, "--profile", itself)
    monkeypatch.chdir(inside)
    for place in ("./x", str(inside / "x")):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        given = url(governance, "organization.yaml")
        fetch_pinned(given)
        refuses(inside, "--profile", given)


def test_links_in_a_circle_end(repository, tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(AigovError, match="cannot be read"):
        gate(repository, "--profile", str(tmp_path / "a"))


def test_an_installed_command_imports_nothing_of_the_folder_that_it_runs_in(repository, tmp_path):
    ran = tmp_path / "ran"
    planted = f"import pathlib\npathlib.Path({str(ran)!r}).touch()\n"
    for name in ("yaml.py", "click.py", "git.py", "sitecustomize.py", "aigov/__init__.py"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(planted)
    (repository / "aigov" / "parsed.py").write_text(f"{planted}RULES = EXPRESSIONS = {{}}\n")
    (repository / "policies").mkdir()
    (repository / "policies" / "pack.yaml").write_text("[\n")
    commit(repository, "plant")
    script = tmp_path / "bin" / "aigov-gate"  # as pip writes it: its own folder comes first
    script.parent.mkdir()
    script.write_text("from aigov_gate import main\nmain()\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(script), "gate", "--as-of", AS_OF],
        cwd=repository, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "allowed for production" in done.stdout
    assert not ran.exists()
