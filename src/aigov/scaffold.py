"""A new policy, begun: two files that load, with what is still to be written marked."""

import re
from collections.abc import Collection, Iterable, Iterator
from string import Template

from aigov.errors import UsageError, meant
from aigov.policies import DOMAINS

TO_DO = "TO DO"
"""Stands in the texts of a policy until they are written."""
OWN = "OWN"
"""Prefix of the codes of an organisation: the shipped policies never take one of it."""
_CODES = ("GOV", "INT", "ARC", "BLD", "OPS", "VAL", "REG", "ORG")
PREFIXES = dict(zip((*DOMAINS, "law", "portfolio"), _CODES, strict=True))
"""First folder of a shipped policy to the prefix of its code."""
_FIELDS = {
    False: {"base": "2-moderate-production", "field": "metadata.name", "place": "/metadata/name"},
    True: {"base": "organization", "field": "profile.apmo.name", "place": "/spec/apmo/name"},
}
"""Of what a policy begins: a field of a use case, or of the organisation."""
_WORDS = "[a-z][a-z0-9-]*"
_NAME = re.compile(f"({'|'.join((*DOMAINS, f'law/{_WORDS}', 'portfolio'))})/({_WORDS})")


def parse_name(given: str) -> tuple[str, str]:
    """Return the folder and the id of `<domain>/<id>`, `law/<pack>/<id>`, `portfolio/<id>`.

    Raises:
        UsageError: it is none of these; says which domain was meant, if one is near.
    """
    found = _NAME.fullmatch(given)
    if found:
        return found[1], found[2]
    top = given.partition("/")[0]
    hint = "" if top in PREFIXES else meant(top, PREFIXES)
    form = "law/<pack>" if top == "law" else top if top in PREFIXES else "<domain>"
    remedy = f"write {form}/<id> in lower-case words with hyphens; domains: {', '.join(PREFIXES)}"
    raise UsageError(f"{given} is no name of a policy{hint}", remedy=remedy)


def choose_code(wanted: str | None, prefix: str, taken: Collection[str]) -> str:
    """Return the code that is wanted, else the one after the highest of `prefix`.

    Raises:
        UsageError: the wanted code is taken or is no code.
    """
    numbers = [int(one[-3:]) for one in taken if re.fullmatch(f"{prefix}-[0-9]{{3}}", one)]
    free = f"{prefix}-{max(numbers, default=0) + 1:03}"
    if wanted is None:
        return free
    if wanted in taken or not re.fullmatch("[A-Z][A-Z0-9]*-[0-9]{3}", wanted):
        fault = "taken" if wanted in taken else "no code"
        raise UsageError(f"{wanted} is {fault}", remedy=f"{free} is the next free one")
    return wanted


def begin(folder: str, name: str, code: str, templates: Iterable[str]) -> Iterator[str]:
    """Yield the templates filled in: the text of the policy and of its cases."""
    portfolio = folder == "portfolio"
    extra = "" if folder in DOMAINS else f"domain: {DOMAINS[0]}\n"
    values = {
        **_FIELDS[portfolio],
        "id": name,
        "code": code,
        "extra": f"{extra}needs: [portfolio]\n" if portfolio else extra,
        "facts": "\n  portfolio: {}" if portfolio else "",
    }
    yield from (Template(template).substitute(values) for template in templates)
