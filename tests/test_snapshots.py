"""Files of a commit read one by one and ahead: the same bytes, in whatever order, and no more."""

from __future__ import annotations

import subprocess
from functools import partial

import pytest

from aigov.errors import UsageError
from aigov.git import Repository
from aigov.objects import Bulk
from aigov.snapshots import snapshot
from aigov.source import MAX_FILE_BYTES

HELD = {
    "a.py": b"import openai\n",
    "b": b"",
    "c.gguf": b"GGUF" + b"\0\n" * MAX_FILE_BYTES,
    "d e\n.py": b"no line ends here",
    "e.py": b"deadbeef blob 3\nabc\n" * 9,
    "f": b"x" * MAX_FILE_BYTES,
    "g": b"import openai\n",
}


@pytest.fixture(params=[Repository, Bulk])
def found(request, tmp_path):
    git = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True)
    git(["git", "init", "-q"])
    for name, data in HELD.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "b.link").symlink_to("a.py")
    git(["git", "add", "."])
    who = ["-c", "user.name=ana", "-c", "user.email=ana@northbank.internal"]
    git(["git", *who, "commit", "-qm", "all"])
    objects = request.param(str(tmp_path))
    yield snapshot(objects, "HEAD")
    objects.close()


@pytest.mark.parametrize(
    "asked",
    [sorted(HELD), sorted(HELD, reverse=True), ["b", "a.py", "c.gguf", "c.gguf", "f"]],
)
def test_files_read_ahead_hold_what_they_hold_alone(found, asked):
    read = found.ahead(sorted(found.files))
    expected = [HELD[path][: MAX_FILE_BYTES + 1] for path in asked]
    assert [read(path) for path in asked] == expected == [found.read(path) for path in asked]


def test_a_link_is_followed_and_what_is_not_there_is_nothing_ahead_too(found):
    read = found.ahead(sorted(found.files))
    told = {path: read(path) for path in sorted([*found.files, "none"])}
    assert told["b.link"] == HELD["a.py"]
    assert told["none"] is None
    assert {path: told[path] for path in HELD} == {
        path: data[: MAX_FILE_BYTES + 1] for path, data in HELD.items()
    }


def test_a_blob_that_is_not_in_the_clone_is_an_error(found, tmp_path):
    lost = found.files["e.py"].id
    (tmp_path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    read = found.ahead(sorted(HELD))
    with pytest.raises(UsageError, match=r"not in this clone|damaged or missing"):
        [read(path) for path in sorted(HELD)]


def test_what_a_partial_clone_leaves_out_is_too_large_to_be_read(found, tmp_path):
    lost = found.files["e.py"].id
    (tmp_path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    pack = tmp_path / ".git" / "objects" / "pack" / "pack-0.promisor"
    pack.parent.mkdir(exist_ok=True)
    pack.touch()
    partial = snapshot(Bulk(str(tmp_path)), "HEAD")
    assert [path for path in sorted(HELD) if partial.read(path) is None] == ["e.py"]
    assert partial.unread == {"e.py"}
