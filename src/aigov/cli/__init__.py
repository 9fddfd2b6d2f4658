"""The command line: the outermost frame, where every error gets its exit code.

0 nothing at or above `--fail-on` · 1 findings · 2 could not judge · 3 nothing to check ·
70 a bug · 130 interrupted.
"""

import gc
import sys
from importlib import import_module
from typing import NoReturn

import click

from aigov import __version__
from aigov.errors import AigovError, UsageError

COMMANDS = {
    "check": "Judge manifests: is what I am committing sound?",
    "init": "Write a manifest from what the repository shows.",
    "gate": "The deploy decision: may this commit go live?",
    "audit": "Judge every repository of an organisation.",
    "verify": "Check an attestation of the gate before a deploy.",
    "waive": "Write a waiver that holds.",
    "explain": "Explain a policy, a field or a word of a report.",
    "policies": "List the policies, prove them, write your own.",
    "profile": "Fetch a pinned organisation profile or policy pack.",
    "import": "Turn an inventory of AI use cases into manifests.",
    "schema": "Print a JSON Schema, for editors.",
    "db": "Look after the history of audits.",
}
"""Every command and its one-line help; a command is imported when it is used."""


class _Commands(click.Group):
    """Finds commands by name in `aigov.cli.<name>`; listing them imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = "import_" if cmd_name == "import" else cmd_name  # `import` is a keyword
        command = getattr(import_module(f"aigov.cli.{module}"), module)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="aigov-gate")
def aigov() -> None:
    """Govern AI use cases before they deploy.

    Every AI use case keeps a manifest in its repository; aigov judges it against
    policies that grow with the lifecycle stage and the risk tier.

    \b
    Start here:
      aigov-gate init                  write a manifest for this repository
      aigov-gate check                 judge the manifests below this folder
      aigov-gate check aigov.yaml      judge one
    """


def main() -> NoReturn:
    """Run a command and exit with its code; never shows a traceback."""
    try:
        if not sys.stdout:
            raise UsageError(
                "standard output is closed", remedy="redirect it, if only to /dev/null"
            )
        code = aigov.main(standalone_mode=False)
        sys.stdout.flush()
    except AigovError as error:
        where = f"{error.where}: " if error.where else ""
        _say(f"error: {where}{error.problem}")
        if error.remedy:
            _say(f"  next: {error.remedy}")
        code = error.exit_code
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        from io import StringIO

        shown = StringIO()
        error.show(shown)
        for line in shown.getvalue().splitlines():
            _say(line)
        code = 2
    except BrokenPipeError:
        from aigov.cli.options import pacify_stdout

        pacify_stdout()
        code = 1
    except Exception:  # noqa: BLE001  # the outermost frame: a bug becomes exit 70
        code = _report_bug()
    gc.freeze()  # nothing is left to collect: spare the interpreter a last walk over it all
    sys.exit(code or 0)


def _say(line: str) -> None:
    from aigov.reports.escape import defuse, escape  # imported when there is something to say

    click.echo(defuse(escape(line)), err=True)


def _report_bug() -> int:
    """Write the traceback to a file, say where in one line, and return exit code 70."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="aigov-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(f"aigov-gate {__version__}, Python {sys.version}\n\n")
        traceback.print_exc(file=file)
    _say(f"bug: aigov failed; please report it with {file.name}")
    return 70
