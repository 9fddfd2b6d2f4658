"""Organisations of GitHub and groups of GitLab, through their own clients over TLS."""

from __future__ import annotations

import json
import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from aigov.errors import MissingExtra, UsageError
from aigov.forges import credential, hosted
from aigov.mirrors import Limits, mirror
from aigov.sources import Filters, sources
from conftest import skip_or_fail
from forge.rest import GITLAB_TOKEN, TOKEN
from test_mirrors import git, remote  # noqa: F401  # a fixture

# What a project of a group shows, as we understand GitLab's documentation: a schema of our own.
# GitLab publishes an OpenAPI description (doc/api/openapi/openapi_v3.yaml of gitlab-org/gitlab),
# but no package registry carries it, and its licence (CC BY-SA 4.0) keeps a copy out of here.
GITLAB_PROJECT = {
    "type": "object",
    "required": ["id", "path_with_namespace", "archived"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer"},
        "archived": {"type": "boolean"},
        "empty_repo": {"type": "boolean"},
        "name": {"type": "string"},
        "path": {"type": "string"},
        "path_with_namespace": {"type": "string"},
        "http_url_to_repo": {"type": "string"},
        "shared_with_groups": {"type": "array"},
        "forked_from_project": {"type": "object", "properties": {"id": {"type": "integer"}}},
        "namespace": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "full_path": {"type": "string"},
                "kind": {"type": "string"},
            },
        },
    },
}


@pytest.fixture
def github(web, monkeypatch):
    """Point GitHub's client at the fake, and hold every answer to what GitHub publishes."""
    pytest.importorskip("github")
    monkeypatch.setenv("GITHUB_API_URL", f"{web.url}/api/v3")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    yield web.rest
    if os.environ.get("AIGOV_GITHUB_OPENAPI"):
        for answer in [one for one in web.rest.answers if "groups" not in one.operation]:
            schema(answer.operation, answer.status).validate(answer.body)


@pytest.fixture
def gitlab(web, monkeypatch):
    pytest.importorskip("gitlab")
    monkeypatch.setenv("CI_SERVER_URL", f"https://localhost:{web.port}")
    monkeypatch.setenv("GITLAB_TOKEN", GITLAB_TOKEN)
    yield web.rest
    for answer in web.rest.answers:
        for project in answer.body if answer.status == 200 else ():
            Draft202012Validator(GITLAB_PROJECT).validate(project)


def test_what_the_fake_says_is_what_github_publishes(github, tmp_path, monkeypatch):
    if not os.environ.get("AIGOV_GITHUB_OPENAPI"):
        skip_or_fail("github-openapi", "AIGOV_GITHUB_OPENAPI names no copy of it")
    from subprocess import run

    github.github_repository("acme/one")
    key = tmp_path / "app.pem"
    run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    monkeypatch.setenv("AIGOV_GITHUB_APP_ID", "7")
    monkeypatch.setenv("AIGOV_GITHUB_APP_KEY", str(key))
    assert [one.url.rpartition("/")[2] for one in hosted("github", "acme")] == ["one.git"]
    assert {answer.operation for answer in github.answers} == {
        "GET /orgs/{org}/installation",
        "POST /app/installations/{installation_id}/access_tokens",
        "GET /orgs/{org}/repos",
    }
    broken = {**github.github["acme"][0], "full_name": None}
    with pytest.raises(Exception, match="None is not of type 'string'"):
        schema("GET /orgs/{org}/repos", 200).validate([broken])


def test_every_page_of_an_organisation_is_read_though_it_breaks_and_limits(github):
    for number in range(250):
        github.github_repository(f"acme/r{number:03}")
    github.trouble["1"].extend(["primary"])
    github.trouble["2"].extend(["502"])
    github.trouble["3"].extend(["secondary"])
    found = list(hosted("github", "acme"))
    site = os.environ["GITHUB_API_URL"].removesuffix("/api/v3")
    assert [one.url for one in found] == [f"{site}/acme/r{n:03}.git" for n in range(250)]
    assert [answer.status for answer in github.answers] == [403, 200, 502, 200, 429, 200]
    (_, limited), _, (_, asked_too_often) = github.waits
    assert time.monotonic() - limited > 1
    assert time.monotonic() - asked_too_often >= 2


def test_archived_repositories_and_forks_are_left_out_and_told_unless_wanted(github):
    github.github_repository("acme/used")
    github.github_repository("acme/old", archived=True)
    github.github_repository("acme/copy", fork=True)
    site = os.environ["GITHUB_API_URL"].removesuffix("/api/v3").removeprefix("https://")
    told: list[str] = []
    assert [one.name for one in sources(["github:acme"], Filters(), told.append)] == [
        f"{site}/acme/used"
    ]
    assert told == [
        "github:acme: left out 1 archived (--archived audits them)",
        "github:acme: left out 1 forks (--forks audits them)",
    ]
    every = sources(["github:acme"], Filters(archived=True, forks=True), told.append)
    assert [one.name.rpartition("/")[2] for one in every] == ["copy", "old", "used"]
    assert len(told) == 2


def test_a_group_of_gitlab_is_read_with_its_subgroups_by_keyset(gitlab):
    for number in range(120):
        gitlab.gitlab_project(f"acme/team/r{number}")
    gitlab.gitlab_project("acme/deep/er/x", forked_from_project={"id": 9})
    gitlab.gitlab_project("acme/old", archived=True)
    shared = [{"group_id": 3, "group_full_path": "acme"}]
    gitlab.gitlab_project("other/x", listed_in="acme", shared_with_groups=shared)
    gitlab.trouble["after 0"].append("502")
    gitlab.trouble["after 997"].append("secondary")
    found = list(hosted("gitlab", "acme"))
    site = os.environ["CI_SERVER_URL"]
    assert len(found) == 122
    assert found[0] == (f"{site}/acme/team/r0.git", False, False)
    assert found[-2:] == [
        (f"{site}/acme/deep/er/x.git", False, True),
        (f"{site}/acme/old.git", True, False),
    ]
    assert [answer.status for answer in gitlab.answers] == [502, 200, 429, 200]
    assert len(list(hosted("gitlab", "acme/team"))) == 120


@pytest.mark.parametrize(
    ("forge", "secret"), [("github", "GITHUB_TOKEN"), ("gitlab", "GITLAB_TOKEN")]
)
def test_a_token_that_is_not_known_is_said_without_the_token(
    github, gitlab, monkeypatch, capfd, forge, secret
):
    monkeypatch.setenv(secret, "hunter2-hunter2")
    with pytest.raises(UsageError) as caught:
        list(hosted(forge, "acme"))
    assert "the token is not known" in caught.value.problem
    assert caught.value.where == f"{forge}:acme"
    assert secret in caught.value.remedy
    assert "hunter2" not in repr(caught.value) + str(caught.value) + "".join(capfd.readouterr())
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_an_organisation_that_is_not_there_ends_the_run(github, gitlab, forge):
    with pytest.raises(UsageError, match="none of that name"):
        sources([f"{forge}:nobody"], Filters(), print)


def test_an_organisation_with_nothing_to_audit_is_no_success(github):
    github.github_repository("acme/old", archived=True)
    with pytest.raises(UsageError, match="no repository"):
        sources(["github:acme"], Filters(), lambda line: None)


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_token_never_goes_over_a_plain_connection(github, gitlab, monkeypatch, forge):
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1/api/v3")
    monkeypatch.setenv("CI_SERVER_URL", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="plain connection"):
        list(hosted(forge, "acme"))


def test_an_app_without_its_key_is_a_sentence(github, monkeypatch):
    monkeypatch.setenv("AIGOV_GITHUB_APP_ID", "7")
    monkeypatch.setenv("AIGOV_GITHUB_APP_KEY", "/nowhere/key.pem")
    with pytest.raises(UsageError, match="FileNotFoundError") as caught:
        list(hosted("github", "acme"))
    assert "AIGOV_GITHUB_APP_KEY" in caught.value.remedy


def test_a_client_that_is_not_installed_is_named_with_the_line_that_installs_it(
    github, monkeypatch
):
    monkeypatch.setitem(sys.modules, "github", None)
    with pytest.raises(MissingExtra) as caught:
        list(hosted("github", "acme"))
    assert caught.value.remedy == "pip install 'aigov-gate[forge]'"


@pytest.mark.parametrize(
    ("api", "url", "shown"),
    [
        ("", "https://github.com/acme/x", True),
        ("https://api.github.com/", "https://github.com/acme/x", True),
        ("https://api.acme.ghe.com", "https://acme.ghe.com/acme/x", True),
        ("https://git.acme.example/api/v3", "https://git.acme.example/acme/x", True),
        ("https://api.acme.example/api/v3", "https://api.acme.example/acme/x", True),
        ("", "https://github.com.evil.example/acme/x", False),
        ("", "https://github.com:444/acme/x", False),
        ("", "http://github.com/acme/x", False),
        ("", "ssh://git@github.com/acme/x", False),
        ("", "https://gitlab.com/acme/x", False),
        ("https://git.acme.example/api/v3", "https://github.com/acme/x", False),
    ],
)
def test_a_token_is_shown_to_the_host_of_its_forge_alone(monkeypatch, api, url, shown):
    monkeypatch.setenv("GITHUB_API_URL", api)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    for name in ("GITLAB_TOKEN", "CI_SERVER_URL", "AIGOV_GITHUB_APP_ID"):
        monkeypatch.delenv(name, raising=False)
    assert credential(url) == (("oauth2", TOKEN) if shown else None)


def test_a_group_is_listed_and_its_repositories_are_mirrored_with_one_token(
    gitlab, web, remote, tmp_path  # noqa: F811
):  # fmt: skip
    head = git(remote("acme/private.git", one=b"1"), "rev-parse", "main")
    remote("acme/empty.git")
    gitlab.gitlab_project("acme/private")
    gitlab.gitlab_project("acme/empty", empty_repo=True)
    gitlab.gitlab_project("acme/gone")
    web.let_in(GITLAB_TOKEN)
    found = sources(["gitlab:acme"], Filters(), print)
    copies = [mirror(one, str(tmp_path / "m"), Limits(seconds=20)) for one in found]
    assert [one.failure.partition(":")[0] for one in copies] == ["empty", "not found", ""]
    assert copies[2].head == head


@cache
def published() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(Path(os.environ["AIGOV_GITHUB_OPENAPI"]).read_text("utf-8"))
    return _in_2020(read)


def schema(operation: str, status: int) -> Draft202012Validator:
    """Return what GitHub's OpenAPI says of an answer; of limits and failures it says no more
    than what every error is, and of a page of HTML nothing."""
    method, _, path = operation.partition(" ")
    listed = published()["paths"][path][method.lower()]["responses"].get(str(status), {})
    if "$ref" in listed:
        listed = published()["components"]["responses"][listed["$ref"].rpartition("/")[2]]
    error = {"$ref": "#/components/schemas/basic-error"} if status < 500 else {}
    said = listed.get("content", {}).get("application/json", {}).get("schema", error)
    return Draft202012Validator({**said, "components": published()["components"]})


def _in_2020(given: Any) -> Any:
    """Write `nullable` of OpenAPI 3.0 as JSON Schema does."""
    if isinstance(given, list):
        return [_in_2020(one) for one in given]
    if not isinstance(given, dict):
        return given
    found = {key: _in_2020(value) for key, value in given.items() if key != "nullable"}
    if given.get("nullable") is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found
