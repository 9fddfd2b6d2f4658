"""What needs more than Python is skipped with a reason, or fails where it is required."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from forge.web import Web, missing

ROOT = Path(__file__).parents[1]
settings.register_profile("aigov", deadline=None)  # a busy machine is no fault
settings.load_profile("aigov")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party data that lies beside a full checkout."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        skip_or_fail("shared", "the third-party data beside the checkout is not here")
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    if absent := missing():
        skip_or_fail("nginx", f"{absent} is not installed")
    server = Web(tmp_path_factory.mktemp("web"))
    yield server
    server.stop()


@pytest.fixture
def web(served, tmp_path, monkeypatch):
    """A git server and a forge's REST interface over TLS, trusted; nothing of the developer's
    own set-up plays a part."""
    from aigov import forges

    for name in [
        name for name in os.environ if name.startswith(("GIT", "AIGOV_GITHUB_APP", "CI_"))
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_SSL_CAINFO", str(served.certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(served.certificate))
    served.clear()
    yield served
    forges._github.cache_clear()


@pytest.fixture
def need():
    """Return `skip_or_fail`, for tests that look for a tool first."""
    return skip_or_fail


def skip_or_fail(what: str, reason: str) -> None:
    """Skip the test, or fail it where `make test REQUIRE=...` names `what`."""
    if what in os.environ.get("AIGOV_TEST_REQUIRE", "").split():
        pytest.fail(f"{what} is required: {reason}")
    pytest.skip(f"{what}: {reason}")
