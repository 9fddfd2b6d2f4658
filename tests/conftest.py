"""What needs more than Python is skipped with a reason, or fails where it is required."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party data that lies beside a full checkout."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        skip_or_fail("shared", "the third-party data beside the checkout is not here")
    return folder


@pytest.fixture
def need():
    """Return `skip_or_fail`, for tests that look for a tool first."""
    return skip_or_fail


def skip_or_fail(what: str, reason: str) -> None:
    """Skip the test, or fail it where `make test REQUIRE=...` names `what`."""
    if what in os.environ.get("AIGOV_TEST_REQUIRE", "").split():
        pytest.fail(f"{what} is required: {reason}")
    pytest.skip(f"{what}: {reason}")
