"""GitHub and GitLab: the repositories of an organisation, and what git shows to fetch them.

Addresses and secrets come from the environment alone, under the names that the forges' own
pipelines use, so that they are in no argument, file or row and every worker finds them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from aigov.errors import AigovError, MissingExtra, UsageError

if TYPE_CHECKING:  # each loads for half a second, and only where its forge is asked
    from github import Github

_ASKING: dict[str, Any] = {"per_page": 100, "timeout": 30}
"""Repositories a page, the most that both forges give; seconds for one answer."""
FORGES = {
    "github": "set GITHUB_TOKEN, or AIGOV_GITHUB_APP_ID and AIGOV_GITHUB_APP_KEY (a file)",
    "gitlab": "set GITLAB_TOKEN to one with the scopes read_api and read_repository",
}
"""What is asked, and what lets us ask."""
_MEANING = {
    401: "the token is not known",
    403: "the token may not see it",
    404: "there is none of that name, or none that the token may see",
}


class Hosted(NamedTuple):
    """A repository of a forge; `url` is what git fetches from, without credentials."""

    url: str
    archived: bool
    fork: bool


def hosted(forge: str, group: str) -> Iterator[Hosted]:
    """Yield the repositories of a GitHub organisation or a GitLab group and its subgroups; wait
    where the forge says that it was asked too often.

    Raises:
        UsageError: it cannot be listed.
        MissingExtra: the client of that forge is not installed.
    """
    with _asking(forge, group):
        yield from _of_github(group) if forge == "github" else _of_gitlab(group)


def credential(url: str) -> tuple[str, str] | None:
    """Return the user and the secret for `url`, None where its host is no forge with a token.

    Raises:
        UsageError: the app gets no token for it.
    """
    asked, secret = urlsplit(url), ""
    if asked[:2] == urlsplit(_github_site())[:2]:
        organisation = asked.path.split("/")[1]
        secret = os.environ.get("GITHUB_TOKEN", "")
        if os.environ.get("AIGOV_GITHUB_APP_ID"):
            with _asking("github", organisation):
                auth = _github(organisation).requester.auth
                secret = auth.token if auth else ""  # renewed before it runs out (an hour)
    elif asked[:2] == urlsplit(_gitlab_site())[:2]:
        secret = os.environ.get("GITLAB_TOKEN", "")
    return ("oauth2", secret) if secret else None  # both forges look at the secret alone


def _of_github(organisation: str) -> Iterator[Hosted]:
    for one in _github(organisation).get_organization(organisation).get_repos():
        yield Hosted(f"{_github_site()}/{one.full_name}.git", one.archived, one.fork)


def _of_gitlab(group: str) -> Iterator[Hosted]:
    from gitlab import Gitlab

    token = os.environ.get("GITLAB_TOKEN") or None
    client = Gitlab(_gitlab_site(), private_token=token, retry_transient_errors=True, **_ASKING)
    wanted = {"include_subgroups": True, "with_shared": False, "order_by": "id", "sort": "asc"}
    listed = client.groups.get(group, lazy=True).projects
    for one in listed.list(iterator=True, pagination="keyset", **wanted):
        url = f"{_gitlab_site()}/{one.path_with_namespace}.git"
        yield Hosted(url, one.archived, bool(one.attributes.get("forked_from_project")))


@cache
def _github(organisation: str) -> "Github":
    """Return the client for one organisation, since an app has a token for each."""
    from github import Auth, Github, GithubIntegration, GithubRetry

    asking = {"base_url": _github_api(), "retry": GithubRetry(), "lazy": True, **_ASKING}
    if not (app := os.environ.get("AIGOV_GITHUB_APP_ID")):
        token = os.environ.get("GITHUB_TOKEN")
        return Github(auth=Auth.Token(token) if token else None, **asking)
    key = Path(os.environ["AIGOV_GITHUB_APP_KEY"]).read_text(encoding="ascii")
    granted = GithubIntegration(auth=Auth.AppAuth(app, key), **asking)
    return granted.get_github_for_installation(granted.get_org_installation(organisation).id)


@contextmanager
def _asking(forge: str, group: str) -> Iterator[None]:
    """Say what is wrong in our words: a client's may quote what the forge or a file said."""
    where, remedy = f"{forge}:{group}", FORGES[forge]
    if not (_github_site() if forge == "github" else _gitlab_site()).startswith("https://"):
        remedy = "set GITHUB_API_URL or CI_SERVER_URL to one that begins with https://"
        raise UsageError("a token would go over a plain connection", where=where, remedy=remedy)
    try:
        yield
    except AigovError:
        raise
    except ImportError:
        problem = "asking a forge needs what is not installed"
        raise MissingExtra(problem, remedy="pip install 'aigov-gate[forge]'") from None
    except Exception as error:  # noqa: BLE001 two clients, their network library and their JSON
        status = getattr(error, "response_code", None) or getattr(error, "status", None) or 0
        meaning = _MEANING.get(status) or (f"HTTP {status}" if status else type(error).__name__)
        problem = f"the forge does not list it ({meaning})"
        raise UsageError(problem, where=where, remedy=remedy) from None


def _github_api() -> str:
    return (os.environ.get("GITHUB_API_URL") or "https://api.github.com").removesuffix("/")


def _github_site() -> str:
    """Return where git is: api.github.com serves github.com, HOST/api/v3 serves HOST
    (docs.github.com, "Getting started with the REST API", GitHub Enterprise Server)."""
    api = _github_api()
    own = api.removesuffix("/api/v3")
    return own if own != api else api.replace("://api.", "://", 1)


def _gitlab_site() -> str:
    return (os.environ.get("CI_SERVER_URL") or "https://gitlab.com").removesuffix("/")
