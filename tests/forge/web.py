"""A real git server: nginx and git's own http-backend over TLS, with the REST fake behind it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from forge.rest import TOKEN, Forge

TOOLS = ("nginx", "fcgiwrap", "openssl")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"

_CONFIGURATION = """
{user}
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  log_format asked '$request_method $request_uri $status $bytes_sent "$remote_user"';
  access_log {folder}/access.log asked;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    location ^~ /api/ {{ proxy_pass http://127.0.0.1:{rest}; proxy_set_header Host $http_host; }}
    location ~ ^/acme/old(.*)$ {{ return 301 https://$http_host/acme/plain$1$is_args$args; }}
    location ~ ^/acme/away(.*)$ {{
      return 301 https://localhost:{port}/acme/private.git$1$is_args$args;
    }}
    location ^~ /acme/lying {{ default_type text/plain; return 500 "repository not found"; }}
    location ~ ^/acme/plainly(.*)$ {{ return 301 http://127.0.0.1:{rest}/acme/plain$1; }}
    location ~ ^/(acme/private.*)$ {{
      auth_basic git; auth_basic_user_file {folder}/passwords; {backend}
    }}
    location ~ ^/(.*)$ {{ {backend} }}
  }}
}}
"""
_BACKEND = """
      client_max_body_size 0; fastcgi_pass unix:{folder}/git.sock;
      fastcgi_param SCRIPT_FILENAME {program}/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT {folder}/repos; fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param PATH_INFO /$1; fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
"""


def missing() -> str:
    return ", ".join(tool for tool in TOOLS if not shutil.which(tool, path=_PATH))


class Web:
    """The server; `folder / "repos"` is what it serves, `asked()` its log since the last look."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rest, self.port = folder, Forge(), _free_port()
        self.repos = folder / "repos"
        self.certificate = folder / "cert.pem"
        self._seen = 0
        self._processes: list[subprocess.Popen[bytes]] = []
        self.repos.mkdir()
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=forge"]
        names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
        files = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
        subprocess.run([*made, "-addext", names, *files], check=True, capture_output=True)
        self.let_in(TOKEN)
        backend = _BACKEND.format(folder=folder, program=_git("--exec-path"))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            _CONFIGURATION.format(
                user=user, folder=folder, port=self.port, rest=self.rest.port, backend=backend
            )
        )
        self._start("fcgiwrap", "-f", "-c", "2", "-s", f"unix:{folder}/git.sock")
        self._start("nginx", "-c", f"{folder}/nginx.conf", "-p", str(folder))
        self._await()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def clear(self) -> None:
        self.rest.clear()
        self.let_in(TOKEN)
        self.asked()

    def let_in(self, token: str) -> None:
        """Make `token` the one that opens what is private."""
        (self.folder / "passwords").write_text(f"oauth2:{{PLAIN}}{token}\n")

    def asked(self) -> list[str]:
        """Return the git requests since the last call: method, URL, status, bytes, user."""
        time.sleep(0.05)  # nginx writes its log after the answer
        lines = (self.folder / "access.log").read_text().splitlines()
        new, self._seen = lines[self._seen :], len(lines)
        return [line for line in new if "/api/" not in line]

    def stop(self) -> None:
        self.rest.server.shutdown()
        self.rest.server.server_close()
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)

    def _start(self, tool: str, *arguments: str) -> None:
        program = shutil.which(tool, path=_PATH)
        assert program
        log = (self.folder / f"{tool}.log").open("wb")
        with log:
            self._processes.append(
                subprocess.Popen(
                    [program, *arguments], stdout=log, stderr=log, start_new_session=True
                )
            )

    def _await(self) -> None:
        context = ssl.create_default_context(cafile=str(self.certificate))
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as one:
                context.wrap_socket(one, server_hostname="localhost").close()
                if (self.folder / "git.sock").exists():
                    return
            time.sleep(0.1)
        raise AssertionError((self.folder / "nginx.log").read_text())


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return run.stdout.strip()
