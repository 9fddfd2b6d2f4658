"""CODEOWNERS: who owns a path, by what GitHub and GitLab have in common.

Of the rules that match, the last one counts; in a file with sections (`[name]`, GitLab) the
last one of each. Patterns are those of gitignore without `!`: a path that matches a folder
lies below it, `docs/*` matches what lies directly in `docs`.
Sources: GitHub Docs, "About code owners"; GitLab Docs, "Syntax of CODEOWNERS file".
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where the file may lie; the first counts."""
MAX_LINES = 10_000
"""A longer file is not judged: each line is a pattern to match."""
_HEADING = re.compile(r"\^?\[([^\]]+)\](?:\[[0-9]+\])?(?:\s+(.*))?")


class Rule(NamedTuple):
    """One line: a pattern and its owners."""

    line: int
    section: str
    """Name of its section in lower case; "" before the first."""
    pattern: str
    owners: tuple[str, ...]
    """As written: `@name`, `@organisation/team` or an e-mail address; () for nobody."""


def parse_owners(data: bytes) -> list[Rule]:
    """Return the rules of a file in order; an entry without owners has its section's.

    Raises:
        ValueError: it is not UTF-8, or longer than `MAX_LINES`.
    """
    lines = data.decode("utf-8-sig").split("\n")
    if len(lines) > MAX_LINES:
        raise ValueError(f"it has more than {MAX_LINES} lines")
    section, usual, rules = "", "", []
    for number, line in enumerate(lines, 1):
        bare = re.sub(r"(?:^|\s)#.*", "", line).strip()
        heading = _HEADING.fullmatch(bare)
        if heading:
            section, usual = heading[1].lower(), heading[2] or ""
        elif bare:
            pattern, *owners = re.split(r"(?<!\\)\s+", bare)
            plain = re.sub(r"\\([ #])", r"\1", pattern)
            rules.append(Rule(number, section, plain, tuple(owners or usual.split())))
    return rules


def owning(rules: Iterable[Rule], path: str) -> list[Rule]:
    """Return the rule of each section that says who owns the file at `path` (POSIX)."""
    last: dict[str, Rule] = {}
    for rule in reversed([*rules]):
        if rule.section not in last and matches(rule.pattern, path.split("/")):
            last[rule.section] = rule
    return sorted(last.values())


def matches(pattern: str, names: list[str]) -> bool:
    """Tell whether a path, by its names, is what a pattern says or lies below it.

    The pattern is walked over the names, all positions at once: never exponential.
    """
    parts = pattern.strip("/").split("/")
    if "/" not in pattern.rstrip("/"):
        parts = ["**", *parts]
    reached = {0}
    for part in parts:
        if part == "**":
            reached = set(range(min(reached), len(names) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(names) and fnmatchcase(names[at], part)}
        if not reached:
            return False
    if pattern.endswith("/"):  # a folder: the path lies below it
        return min(reached) < len(names)
    return parts[-1] != "*" or len(names) in reached
