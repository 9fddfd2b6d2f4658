"""Every format read back: what its own reader would take the findings to be.

A reader returns one `Seen` a finding, with paths as `escape` shows them; what a format
does not say is None.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from aigov.reports import Style, render
from aigov.reports.escape import escape
from aigov.results import CheckResult

_PLACE = re.compile(r"(.*):(\d+):(\d+)\Z", re.DOTALL)
_COMMAND = re.compile(r"::(error|warning|notice) ([^\r\n]*?)::([^\r\n]*)\Z")
_QUIET = re.compile(r"(.*?):(\d+):(\d+): (error|block|warn|info|waived) ([A-Z]{3}-\d{3})\b")


class Seen(NamedTuple):
    """A finding as one format tells it."""

    code: str
    path: str
    line: int
    column: int | None
    waived: bool | None


def printed(name: str, result: CheckResult, style: Style | None = None) -> str:
    """Return the whole report in format `name`."""
    return "".join(render(name)(result, style or Style()))


def read(name: str, result: CheckResult) -> list[Seen]:
    """Render `result` in format `name` and read it back."""
    return READERS[name](printed(name, result, Style(quiet=name == "text")))


def _text(report: str) -> list[Seen]:
    found = [match for line in report.splitlines() if (match := _QUIET.match(line))]
    return [
        Seen(code, path, int(line), int(column), word == "waived")
        for path, line, column, word, code in (match.groups() for match in found)
    ]


def _json(report: str) -> list[Seen]:
    read = json.loads(report)
    seen = [
        Seen(one["code"], escape(one["path"], None), one["line"], one["column"], False)
        for one in read["problems"]
    ]
    for document in read["documents"]:
        path = escape(document["path"], None)
        for one in document["results"]:
            if "fingerprint" in one:
                line, column = one["line"] or document["line"], one["column"] or 1
                seen.append(Seen(one["code"], path, line, column, one["outcome"] == "waived"))
    return seen


def _sarif(report: str) -> list[Seen]:
    (run,) = json.loads(report)["runs"]
    seen = []
    for one in run["results"]:
        (location,) = one["locations"]
        region = location["physicalLocation"]["region"]
        path = escape(unquote(location["physicalLocation"]["artifactLocation"]["uri"]), None)
        seen.append(Seen(one["ruleId"], path, region["startLine"], region["startColumn"], False))
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
    return seen


def _junit(report: str) -> list[Seen]:
    seen = []
    for case in ET.fromstring(report.encode()).iter("testcase"):
        for element in case:
            if element.text:
                match = _PLACE.match(element.text.split("\n")[0])
                if match is None and element.tag == "skipped":
                    continue  # no finding: it says why it was not judged
                assert match is not None
                name, line, column = case.attrib["name"], int(match[2]), int(match[3])
                waived = element.tag == "skipped"
                seen.append(
                    Seen(
                        name.split(" ")[0].rstrip(":"),
                        case.attrib["classname"],
                        line,
                        column,
                        waived,
                    )
                )
    return seen


def _github(report: str) -> list[Seen]:
    seen = []
    for line in report.split("\n"):
        if not line.lstrip().startswith("::"):
            continue
        match = _COMMAND.match(line)
        assert match is not None
        pairs = (pair.split("=", 1) for pair in match[2].split(","))
        values = {key: decoded(value) for key, value in pairs}
        assert list(values) == ["file", "line", "col", "endLine", "endColumn", "title"]
        code = values["title"].split(" ")[0]
        seen.append(Seen(code, values["file"], int(values["line"]), int(values["col"]), None))
    return seen


def decoded(text: str) -> str:
    """Undo the encoding of a workflow command as the runner does: the percent sign last."""
    for sign, code in ((":", "%3A"), (",", "%2C"), ("\r", "%0D"), ("\n", "%0A"), ("%", "%25")):
        text = text.replace(code, sign)
    return text


def _gitlab(report: str) -> list[Seen]:
    issues = json.loads(report)
    assert len({one["fingerprint"] for one in issues}) == len(issues)
    return [
        Seen(
            one["check_name"],
            escape(one["location"]["path"], None),
            one["location"]["lines"]["begin"],
            None,
            one["severity"] == "info",
        )
        for one in issues
    ]


def _markdown(report: str) -> list[Seen]:
    seen = []
    for line in report.split("\n"):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) < 4 or cells[0] in ("Severity", "---"):
            continue
        where = html.unescape(cells[2].replace("<!-- -->", ""))
        match = _PLACE.match(where.removeprefix("<code>").removesuffix("</code>"))
        assert match is not None
        code, line_, column = cells[1].split(" ")[0], int(match[2]), int(match[3])
        seen.append(Seen(code, match[1], line_, column, cells[0] == "waived"))
    return seen


READERS: Mapping[str, Callable[[str], list[Seen]]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
    "markdown": _markdown,
}
