"""GitHub and GitLab: the repositories of an organisation, and what git shows to fetch them.

Addresses and secrets come from the environment alone, under the names that the forges' own
pipelines use, so that they are in no argument, file or row and every worker finds them.
"""

import os
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from aigov.errors import AigovError, MissingExtra, UsageError

if TYPE_CHECKING:  # each loads for half a second, and only where its forge is asked
    from github import Github

FORGES = ("github", "gitlab")
_SECONDS = 30
"""How long one answer of a forge may take."""
_PAGE = 100
"""Repositories a page, the most that both forges give."""
_REMEDY = {
    "github": "set GITHUB_TOKEN, or AIGOV_GITHUB_APP_ID and AIGOV_GITHUB_APP_KEY (a file)",
    "gitlab": "set GITLAB_TOKEN to one with the scope read_api",
}
_MEANING = {
    401: "it does not know the token",
    403: "the token may not list it",
    404: "there is none of that name, or none that the token may see",
}


class Hosted(NamedTuple):
    """A repository of a forge."""

    url: str
    """What git fetches from, without credentials."""
    archived: bool
    fork: bool


class Credential(NamedTuple):
    """What git shows to one host and no other."""

    site: str
    """`https://HOST`, with the port if one is named."""
    user: str
    secret: str


def hosted(forge: str, group: str) -> Iterator[Hosted]:
    """Yield the repositories of a GitHub organisation or a GitLab group and its subgroups; wait
    where the forge says that it was asked too often.

    Raises:
        UsageError: it cannot be listed.
        MissingExtra: the client of that forge is not installed.
    """
    site = _github_site() if forge == "github" else _gitlab_site()
    if not site.startswith("https://"):
        problem = "a token would go over a plain connection"
        remedy = "set GITHUB_API_URL or CI_SERVER_URL to one that begins with https://"
        raise UsageError(problem, where=f"{forge}:{group}", remedy=remedy)
    try:
        yield from _of_github(group) if forge == "github" else _of_gitlab(group)
    except AigovError:
        raise
    except ImportError:
        problem = "asking a forge needs what is not installed"
        raise MissingExtra(problem, remedy="pip install 'aigov-gate[forge]'") from None
    except Exception as error:  # noqa: BLE001 two clients, their network library and their JSON
        status = getattr(error, "response_code", None) or getattr(error, "status", None) or 0
        meaning = _MEANING.get(status, f"HTTP {status}" if status else "it gives no answer")
        problem = f"its repositories cannot be listed: {meaning}"
        raise UsageError(problem, where=f"{forge}:{group}", remedy=_REMEDY[forge]) from None


def credential(url: str) -> Credential | None:
    """Return what git shows to fetch `url`, None where it lies on no forge with a token.

    Raises:
        UsageError: the app has no token for it.
    """
    asked, found = urlsplit(url), None
    if asked.scheme != "https":
        return None
    if asked.netloc == urlsplit(_github_site()).netloc:
        found = "x-access-token", _github_secret(asked.path.split("/")[1])
    elif asked.netloc == urlsplit(_gitlab_site()).netloc:
        found = "oauth2", os.environ.get("GITLAB_TOKEN", "")
    return Credential(f"https://{asked.netloc}", *found) if found and found[1] else None


def _of_github(organisation: str) -> Iterator[Hosted]:
    listed = _github(organisation).get_organization(organisation).get_repos()
    for one in listed:
        yield Hosted(f"{_github_site()}/{one.full_name}.git", one.archived, one.fork)


def _of_gitlab(group: str) -> Iterator[Hosted]:
    from gitlab import Gitlab

    client = Gitlab(
        _gitlab_site(),
        private_token=os.environ.get("GITLAB_TOKEN") or None,
        timeout=_SECONDS,
        retry_transient_errors=True,
        per_page=_PAGE,
    )
    wanted = {"include_subgroups": True, "with_shared": False, "order_by": "id", "sort": "asc"}
    listed = client.groups.get(group, lazy=True).projects.list(
        iterator=True, pagination="keyset", **wanted
    )
    for one in listed:
        found = one.attributes
        url = f"{_gitlab_site()}/{found['path_with_namespace']}.git"
        yield Hosted(url, found["archived"], bool(found.get("forked_from_project")))


@cache
def _github(organisation: str) -> "Github":
    """Return the client for one organisation, since an app has a token for each."""
    from github import Auth, Github, GithubIntegration, GithubRetry

    asking: dict[str, Any] = {"base_url": _github_api(), "per_page": _PAGE, "timeout": _SECONDS}
    token, app = (os.environ.get(name) for name in ("GITHUB_TOKEN", "AIGOV_GITHUB_APP_ID"))
    if not app:
        auth = Auth.Token(token) if token else None
        return Github(auth=auth, retry=GithubRetry(), lazy=True, **asking)
    key = os.environ.get("AIGOV_GITHUB_APP_KEY", "")
    try:
        with open(key, encoding="ascii") as file:
            signing = Auth.AppAuth(app, file.read())
    except (OSError, ValueError):
        problem = "the private key of the GitHub App cannot be read"
        raise UsageError(problem, where=key, remedy="name it by AIGOV_GITHUB_APP_KEY") from None
    granted = GithubIntegration(auth=signing, retry=GithubRetry(), lazy=True, **asking)
    return granted.get_github_for_installation(granted.get_org_installation(organisation).id)


def _github_secret(organisation: str) -> str:
    """Return the token, an app's one renewed by its client before it runs out (an hour)."""
    if not os.environ.get("AIGOV_GITHUB_APP_ID"):
        return os.environ.get("GITHUB_TOKEN", "")
    try:
        auth = _github(organisation).requester.auth
    except AigovError:
        raise
    except Exception:  # noqa: BLE001 as above
        raise UsageError("the GitHub App has no token", where=f"github:{organisation}") from None
    return auth.token if auth else ""


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
