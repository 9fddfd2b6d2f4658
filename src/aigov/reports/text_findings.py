"""One finding for people: what, where, why it does not pass, what to do, what it serves."""

from collections.abc import Sequence

from aigov.findings import Outcome, Place, Result
from aigov.reports import Style
from aigov.reports.entries import Entry, Severity, dotted
from aigov.reports.escape import columns, escape
from aigov.reports.layout import NARROWEST, Span, lay
from aigov.results import CheckResult, DocumentResult, PolicyText, Problem

RELATED = 4
"""Lines for further places of one finding, "and at N more" included, unless verbose."""
MISSING = 6
"""Missing fields of one finding that are named, "and N more" included."""
BRIEF = 3
"""The same where several findings stand in one entry."""
WANTED = 8
"""Groups of unjudged policies that are listed, "and N more" included, unless verbose."""

ID = 60
"""Columns of a code and id up to which they stay on one line."""

_BODY = " " * 9
_WORDS = {
    Severity.ERROR: ("ERROR ", "bad"),
    Severity.BLOCK: ("BLOCK ", "bad"),
    Severity.WARN: ("warn  ", "warn"),
    Severity.INFO: ("info  ", "dim"),
    Severity.WAIVED: ("waived", "dim"),
}


def problem(result: CheckResult, found: Problem, style: Style) -> str:
    """Return a file that could not be read; it always blocks."""
    text = result.policies.get(found.code)
    where = f"{escape(found.path)}:{found.line}:{found.column}"
    return (
        _head(Severity.BLOCK, code(found.code, text), style)
        + lay([Span(where, solid=True)], style, _BODY)
        + lay([Span(escape(found.message))], style, _BODY)
        + _remedy(text.remedy if text else "", style)
    )


def finding(result: CheckResult, document: DocumentResult, entry: Entry, style: Style) -> str:
    """Return one entry of `document` as lines."""
    if len(entry.results) > 1:
        return _unjudged(result, document, entry, style)
    one = entry.results[0]
    text = result.policies.get(one.code)
    lines = [
        _head(entry.severity, code(one.code, text), style),
        lay([Span(at(document, one.place), solid=True)], style, _BODY),
    ]
    if text and (style.verbose or not one.message):
        lines.append(lay([Span(escape(text.title))], style, _BODY))
    lines += (lay([Span(escape(sentence))], style, _BODY) for sentence in _sentences(one))
    lines.append(_related(one, style))
    if one.outcome is Outcome.WAIVED:
        waiver = escape(one.waiver or "(no metadata.id)")
        lines.append(lay([Span(f"waived by: {waiver}", "dim")], style, _BODY))
    elif one.outcome is not Outcome.ERROR:
        lines.append(_remedy(text.remedy if text else "", style))
        lines.append(_controls(text, style))
    return "".join(lines)


def at(document: DocumentResult, place: Place | None) -> str:
    """Return `path:line:column`, the start of the document where nothing is nearer."""
    if place is None:
        return f"{escape(document.path)}:{document.line}:1"
    return f"{escape(document.path)}:{place.line}:{place.column}"


def code(name: str, text: PolicyText | None) -> str:
    """Return a code and its id: `GOV-004 tier-understated`."""
    return escape(f"{name} {text.id}" if text else name)


def absent(pointers: Sequence[str]) -> str:
    """Return a clause that says which fields are missing; there is at least one."""
    return f"{_listed(pointers)} {'is' if len(pointers) == 1 else 'are'} missing"


def _listed(pointers: Sequence[str], most: int = MISSING) -> str:
    """Return the fields in words: `a`, `a and b`, `a, b and 7 more`."""
    names = [dotted(pointer) for pointer in pointers[:most]]
    if len(pointers) > most:
        names[-1] = f"{len(pointers) - most + 1:,} more"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _head(severity: Severity, heading: str, style: Style) -> str:
    """Return the first line of an entry: its severity, padded, and what it is."""
    word, role = _WORDS[severity]
    return lay([Span(word, role, True), Span(heading, "strong")], style, "  ", _BODY)


def _sentences(one: Result) -> list[str]:
    """Return what was found, and for an unknown or an error what that means."""
    said = [one.message] if one.message else []
    if one.outcome is Outcome.UNKNOWN:
        if one.missing and dotted(one.missing[0]) not in one.message:
            said.append(f"Cannot be judged: {absent(one.missing)}.")
        elif not one.message:
            said.append("Cannot be judged: a value that it reads is missing.")
    elif one.outcome is Outcome.ERROR:
        said.append("The policy is at fault, not the manifest: it judged nothing.")
    if one.note:
        said.append(one.note)
    return said


def _unjudged(result: CheckResult, document: DocumentResult, entry: Entry, style: Style) -> str:
    """Return the policies that absent fields leave unjudged, by the fields they want."""
    wanted: dict[tuple[str, ...], list[str]] = {}
    for one in entry.results:
        name = code(one.code, result.policies.get(one.code))
        wanted.setdefault(one.missing, []).append(name)
    ranked = sorted(wanted.items(), key=lambda one: -len(one[1]))
    heading = f"{len(entry.results):,} policies cannot be judged: "
    if len(ranked) == 1:
        fields, names = ranked[0]
        heading += absent(fields)
        lines = [_names(names, "", style)]
    else:
        heading += "they read values that are not there"
        lines = _wanting(ranked, style)
    field = dotted(ranked[0][0][0])
    remedy = f"Fill in what is missing; `aigov-gate explain {field}` says how."
    if "[" in field:
        remedy = "Fill in what is missing."
    return "".join(
        (
            _head(entry.severity, heading, style),
            lay([Span(at(document, entry.place), solid=True)], style, _BODY),
            *lines,
            _remedy(remedy, style),
        )
    )


def _wanting(ranked: Sequence[tuple[tuple[str, ...], list[str]]], style: Style) -> list[str]:
    """Return a line for each group of policies that wants the same fields."""
    everything = style.verbose or len(ranked) <= WANTED
    shown = ranked if everything else ranked[: WANTED - 1]
    lines = []
    for fields, names in shown:
        most = len(fields) if style.verbose else BRIEF
        lines.append(_names(names, _listed(fields, most), style))
    rest = sum(len(names) for _, names in ranked[len(shown) :])
    if rest:
        lines.append(lay([Span(f"and {rest:,} more policies: --verbose")], style, _BODY))
    return lines


def _names(names: Sequence[str], fields: str, style: Style) -> str:
    """Return names, none of them broken unless it is very long, and the fields they want."""
    last = f"{names[-1]}:" if fields else names[-1]
    listed = [*(f"{name}," for name in names[:-1]), last]
    spans = [Span(name, solid=columns(name) < ID) for name in listed]
    return lay([*spans, Span(fields, "dim")], style, _BODY, _BODY + "  ")


def _related(one: Result, style: Style) -> str:
    """Return the further places of a finding, a line each; missing fields are named already."""
    related = [spot for spot in one.related if spot.pointer not in one.missing]
    everything = style.verbose or len(related) <= RELATED
    spots = related if everything else related[: RELATED - 1]
    lines = [
        f"also at {spot.place.line}:{spot.place.column} {dotted(spot.pointer)}" for spot in spots
    ]
    if len(spots) < len(related):
        lines.append(f"and at {len(related) - len(spots):,} more places: --verbose")
    return "".join(lay([Span(line)], style, _BODY, _BODY + "  ") for line in lines)


def _remedy(remedy: str, style: Style) -> str:
    """Return what to do next, "" where nobody wrote it down."""
    if not remedy:
        return ""
    return lay([Span("fix:", "strong"), Span(escape(remedy))], style, _BODY, _BODY + "     ")


def _controls(text: PolicyText | None, style: Style) -> str:
    """Return the law and controls a policy serves: one line, or all of them when verbose."""
    if text is None or not text.controls:
        return ""
    served = [escape(f"{name} {', '.join(refs)}") for name, refs in text.controls.items()]
    room = max(style.width, NARROWEST) - len(_BODY)
    line = f"serves: {'; '.join(served)}"
    kept = len(served)
    while columns(line) > room and kept > 1 and not style.verbose:
        kept -= 1
        line = f"serves: {'; '.join(served[:kept])}; {len(served) - kept} more"
    return lay([Span(line, "dim")], style, _BODY, _BODY + " " * 8)
