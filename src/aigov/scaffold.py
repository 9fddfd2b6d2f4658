"""A new policy, begun: two files that load, with what is still to be written marked."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from string import Template
from typing import NamedTuple

from aigov.errors import UsageError
from aigov.policies import DOMAINS

TO_DO = "TO DO"
"""Stands in the texts of a policy until they are written."""
OWN = "OWN"
"""Prefix of the codes of an organisation: the shipped policies never take one of it."""
_PREFIXES = dict(zip(DOMAINS, ("GOV", "INT", "ARC", "BLD", "OPS", "VAL"), strict=True))
_FOLDERS = {**_PREFIXES, "law": "REG", "portfolio": "ORG"}
_ID = re.compile("[a-z][a-z0-9-]*")
_CODE = re.compile("[A-Z][A-Z0-9]*-[0-9]{3}")


class Name(NamedTuple):
    """What a new policy is called: `law/eu-ai-act/ai-undisclosed` in parts."""

    folder: str
    """One of the domains, `law/<pack>` or `portfolio`."""
    id: str

    @property
    def top(self) -> str:
        """The first part of the folder."""
        return self.folder.partition("/")[0]


def parse_name(given: str) -> Name:
    """Read `<domain>/<id>`, `law/<pack>/<id>` or `portfolio/<id>`.

    Raises:
        UsageError: it is none of these; says which domain was meant, if one is near.
    """
    *folders, last = given.split("/")
    known = [name if name != "law" else "law/<pack>" for name in _FOLDERS]
    depth = 2 if folders[:1] == ["law"] else 1
    if not folders or folders[0] not in _FOLDERS:
        close = get_close_matches(folders[0] if folders else given, known, 1)
        hint = f"did you mean {close[0]}/{last}?" if folders and close else ""
        hint = hint or f"write <domain>/<id>; the domains are {', '.join(known)}"
        raise UsageError(f"{given} is in no domain", remedy=hint)
    if len(folders) != depth or not all(map(_ID.fullmatch, (*folders, last))):
        form = "law/<pack>/<id>" if depth == 2 else f"{folders[0]}/<id>"
        hint = f"write {form}, each of them lower-case words with hyphens that name the defect"
        raise UsageError(f"{given} is no name of a policy", remedy=hint)
    return Name("/".join(folders), last)


def choose_code(wanted: str | None, prefix: str, taken: Collection[str]) -> str:
    """Return the code that is wanted, else the one after the highest of `prefix`.

    Raises:
        UsageError: the wanted code is taken or is no code.
    """
    highest = max((_number(one, prefix) for one in taken), default=0)
    free = f"{prefix}-{highest + 1:03}"
    if wanted is None:
        return free
    if not _CODE.fullmatch(wanted):
        raise UsageError(f"{wanted} is no code", remedy=f"{free} is the next free one")
    if wanted in taken:
        raise UsageError(f"the code {wanted} is taken", remedy=f"{free} is the next free one")
    return wanted


def prefix_of(name: Name, *, shipped: bool) -> str:
    """Return with what the code starts: as its domain's do, in a pack of your own `OWN`."""
    return _FOLDERS[name.top] if shipped else OWN


def begin(name: Name, code: str, templates: Iterable[str]) -> Iterable[str]:
    """Yield the templates filled in: the text of the policy and of its cases."""
    portfolio = name.top == "portfolio"
    extra = "" if name.top in DOMAINS else f"domain: {DOMAINS[0]}\n"
    values = {
        "id": name.id,
        "code": code,
        "extra": f"{extra}needs: [portfolio]\n" if portfolio else extra,
        "base": "organization" if portfolio else "2-moderate-production",
        "facts": "\n  portfolio: {}" if portfolio else "",
    }
    for template in templates:
        yield Template(template).substitute(values)


def _number(code: str, prefix: str) -> int:
    start, _, number = code.rpartition("-")
    return int(number) if start == prefix and number.isdecimal() else 0
