"""What several formats write alike: JSON as a stream, and text that is no Markdown."""

import json
import re
from collections.abc import Iterator

from aigov.reports.escape import escape
from aigov.results import PolicyText

_PARTED = "<!-- -->"
"""Shows nothing; parts what GitHub would link though it is no Markdown."""
_LINKED = re.compile("@|:(?=//)|www(?=[.])")
_ENTITIES = str.maketrans(
    {char: f"&#{ord(char)};" for char in "&<>|`*_~[]!$\\"} | {"#": f"#{_PARTED}"}
)
"""Character references work in Markdown, in a table's cell and in HTML alike, and are
never structure (CommonMark 0.31, section 2.5); a backslash is neither."""


def lines_of(opening: str, records: Iterator[str], closing: str) -> Iterator[str]:
    """Yield `opening`, the records, a line each with commas between, and `closing`."""
    yield opening
    comma = ""
    for record in records:
        yield f"{comma}\n{record}"
        comma = ","
    yield closing


def dump(value: object, indent: int | None = None) -> str:
    """Return JSON in ASCII: what a terminal or a build log would obey is escaped.

    Runners of GitHub and Azure obey `##[...]` anywhere in a line; a number sign occurs
    in strings alone, so that its escape changes no value.  A lone surrogate (a file name
    that is no UTF-8) is written as the six characters of its escape: RFC 8259, section
    8.2, leaves it undefined, and readers stop at it.
    """
    text = json.dumps(value, allow_nan=False, indent=indent)
    if "\\ud" in text:  # a character beyond U+FFFF, or half of one
        raw = json.dumps(value, ensure_ascii=False)
        whole = "".join(f"\\\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in raw)
        text = json.dumps(json.loads(whole), indent=indent)
    return text.replace("##", "#\\u0023")


def literal(text: str) -> str:
    """Return text that Markdown and HTML show as it is: no markup, link, image or mention."""
    shown = escape(text, limit=None).translate(_ENTITIES)
    return _LINKED.sub(rf"\g<0>{_PARTED}", shown)


def policy_record(text: PolicyText, today: str) -> dict[str, object]:
    """Return the words of a policy as reports in JSON have them once; `today` is a date."""
    words = {name: getattr(text, name) for name in ("id", "title", "domain", "remedy")}
    refs = [f"{name}:{ref}" for name, refs in text.controls.items() for ref in refs]
    shown: dict[str, object] = {**words, "controls": refs}
    if text.obligations:
        shown["obligations"] = [
            {
                "key": one.key,
                "applies_from": one.applies_from,
                "days_left": max(0, one.days_left(today)),
                "status": "certain" if one.certain else "unresolved",
            }
            for one in text.obligations
        ]
    return shown
