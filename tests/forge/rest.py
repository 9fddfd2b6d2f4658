"""A forge's REST interface with a memory: GitHub's list of an organisation and App tokens,
GitLab's list of a group; it is asked too often, breaks down once and remembers its answers."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

TOKEN = "ghx-token-of-the-test"
GITLAB_TOKEN = "glx-token-of-the-test"
INSTALLED = "ghs-installation-token-of-the-test"

_REPOSITORY_URLS = re.findall(
    r"\w+",
    """archive assignees blobs branches collaborators comments commits compare contents
contributors deployments downloads events forks git_commits git_refs git_tags hooks
issue_comment issue_events issues keys labels languages merges milestones notifications
pulls releases stargazers statuses subscribers subscription tags teams trees""",
)
_USER_URLS = re.findall(
    r"\w+",
    """followers following gists starred subscriptions organizations repos events received_events
html avatar""",
)


class Answer(NamedTuple):
    """What was asked and what was said."""

    operation: str
    """Method and path as the OpenAPI writes them."""
    status: int
    body: Any
    token: str


class Forge:
    """The state; `trouble["2"]` is what goes wrong, once each, when page 2 is asked for."""

    def __init__(self) -> None:
        self.github: dict[str, list[dict[str, Any]]] = {}
        self.gitlab: dict[str, list[dict[str, Any]]] = {}
        self.trouble: dict[str, deque[str]] = defaultdict(deque)
        self.answers: list[Answer] = []
        self.waits: list[tuple[str, float]] = []
        """Trouble and when; the wait is until the next answer."""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def clear(self) -> None:
        self.github, self.gitlab = {}, {}
        self.trouble.clear()
        self.answers.clear()
        self.waits.clear()

    def github_repository(self, name: str, **given: Any) -> None:
        owner = name.split("/", maxsplit=1)[0]
        api = f"https://api.example.com/repos/{name}"
        user = {
            "login": owner, "id": 1, "node_id": "O_1", "gravatar_id": "", "type": "Organization",
            "site_admin": False, "url": f"https://api.example.com/users/{owner}",
            **{f"{one}_url": f"https://api.example.com/{owner}/{one}" for one in _USER_URLS},
        }  # fmt: skip
        listed = self.github.setdefault(owner, [])
        listed.append({
            "id": len(listed) + 1, "node_id": f"R_{len(listed)}", "name": name.split("/")[1],
            "full_name": name, "private": False, "owner": user, "description": None,
            "fork": False, "archived": False, "url": api, "html_url": f"https://example.com/{name}",
            "clone_url": "https://elsewhere.example.net/stolen.git", "size": 1,
            **{f"{one}_url": f"{api}/{one}" for one in _REPOSITORY_URLS}, **given,
        })  # fmt: skip

    def gitlab_project(self, name: str, **given: Any) -> None:
        group, _, path = name.rpartition("/")
        owner = given.pop("listed_in", name.split("/", maxsplit=1)[0])
        listed = self.gitlab.setdefault(owner, [])
        listed.append({
            "id": 10 * len(listed) + 7, "name": path, "path": path, "path_with_namespace": name,
            "http_url_to_repo": "https://elsewhere.example.net/stolen.git", "archived": False,
            "empty_repo": False, "namespace": {"id": 3, "full_path": group, "kind": "group"},
            **given,
        })  # fmt: skip


def _handler(forge: Forge) -> type[BaseHTTPRequestHandler]:  # noqa: C901 one class of methods
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            for pattern, operation, answer in routes:
                if found := re.fullmatch(pattern, asked.path):
                    self.operation = f"{self.command} {operation}"
                    return answer(self, unquote(found[1]), query)
            self.operation = ""
            return self.say(404, {"message": "Not Found"})

        def say(self, status: int, body: Any, **headers: str) -> None:
            shown = self.headers.get("Authorization", "") or self.headers.get("PRIVATE-TOKEN", "")
            token = shown.rpartition(" ")[2]
            forge.answers.append(Answer(self.operation, status, body, token))
            sent = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            kind = "text/html" if isinstance(body, str) else "application/json; charset=utf-8"
            self.send_response(status)
            for name, value in {"Content-Type": kind, **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def stumbles(self, page: str) -> bool:
            """Give an answer that is none, where the state says so."""
            if not forge.trouble[page]:
                return False
            trouble = forge.trouble[page].popleft()
            forge.waits.append((trouble, time.monotonic()))
            if trouble == "502":
                self.say(502, "<html>Bad gateway</html>")
            elif trouble == "primary":
                reset = str(int(time.time()) + 1)
                message = {"message": "API rate limit exceeded for user ID 1."}
                self.say(403, message, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)
            else:
                message = {"message": "You have exceeded a secondary rate limit."}
                self.say(429, message, Retry_After="2")
            return True

        def next_page(self, **changed: str) -> dict[str, str]:
            asked = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            host = self.headers["Host"]
            url = f"https://{host}{asked.path}?{urlencode({**query, **changed})}"
            return {"Link": f'<{url}>; rel="next"'}

        def repositories(self, organisation: str, query: dict[str, str]) -> None:
            page, size = int(query.get("page", 1)), int(query.get("per_page", 30))
            if self.stumbles(str(page)):
                return
            if self.headers.get("Authorization", "").rpartition(" ")[2] not in (TOKEN, INSTALLED):
                self.say(401, {"message": "Bad credentials", "status": "401"})
            elif organisation not in forge.github:
                self.say(404, {"message": "Not Found", "status": "404"})
            else:
                listed = forge.github[organisation]
                more = self.next_page(page=str(page + 1)) if page * size < len(listed) else {}
                self.say(200, listed[(page - 1) * size : page * size], **more)

        def installation(self, organisation: str, _: dict[str, str]) -> None:
            account = {"login": organisation, **forge.github[organisation][0]["owner"]}
            self.say(200, {
                "id": 42, "app_id": 7, "app_slug": "audit", "target_id": 1, "account": account,
                "target_type": "Organization", "single_file_name": None, "events": [],
                "repository_selection": "all", "permissions": {"contents": "read"},
                "access_tokens_url": "https://api.example.com/app/installations/42/access_tokens",
                "html_url": "https://example.com/i/42", "suspended_by": None, "suspended_at": None,
                "repositories_url": "https://api.example.com/installation/repositories",
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            })  # fmt: skip

        def installation_token(self, _: str, __: dict[str, str]) -> None:
            self.say(201, {"token": INSTALLED, "expires_at": "2099-01-01T00:00:00Z"})

        def projects(self, group: str, query: dict[str, str]) -> None:
            after, size = int(query.get("id_after", 0)), int(query.get("per_page", 20))
            if self.stumbles(f"after {after}"):
                return
            if self.headers.get("PRIVATE-TOKEN") != GITLAB_TOKEN:
                self.say(401, {"message": "401 Unauthorized"})
            elif group.split("/", maxsplit=1)[0] not in forge.gitlab:
                self.say(404, {"message": "404 Group Not Found"})
            else:
                below = group if query.get("include_subgroups") == "True" else "no subgroups"
                listed = [
                    one for one in forge.gitlab[group.split("/", maxsplit=1)[0]]
                    if one["id"] > after
                    and (one["path_with_namespace"].startswith(f"{below}/")
                         or (one.get("shared_with_groups") and query.get("with_shared") != "False"))
                ]  # fmt: skip
                last = str(listed[:size][-1]["id"]) if listed else ""
                more = self.next_page(id_after=last) if len(listed) > size else {}
                self.say(200, listed[:size], **more)

    routes = (
        (r"/api/v3/orgs/([^/]+)/repos", "/orgs/{org}/repos", Handler.repositories),
        (r"/api/v3/orgs/([^/]+)/installation", "/orgs/{org}/installation", Handler.installation),
        (
            r"/api/v3/app/installations/([^/]+)/access_tokens",
            "/app/installations/{installation_id}/access_tokens",
            Handler.installation_token,
        ),
        (r"/api/v4/groups/([^/]+)/projects", "/groups/{id}/projects", Handler.projects),
    )
    return Handler
