"""One finding for people: what, where, why it does not pass, what to do, what it serves."""

from collections.abc import Sequence

from aigov.expressions import CONTEXTS
from aigov.findings import Outcome, Place, Result
from aigov.reports import Style
from aigov.reports.entries import Entry, Severity, dotted, policy, severity, where
from aigov.reports.escape import columns, escape
from aigov.reports.layout import NARROWEST, Span, first, lay
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


def problem(result: CheckResult, found: Problem, style: Style) -> str:
    """Return a file that could not be read; it always blocks."""
    place = f"{escape(found.path)}:{found.line}:{found.column}"
    heading, remedy = code(result, found.code), policy(result, found.code).remedy
    body = _head(Severity.BLOCK, heading, place, style) + _said(found.message, style)
    return body + _remedy(remedy, style)


def finding(result: CheckResult, document: DocumentResult, entry: Entry, style: Style) -> str:
    """Return one entry of `document` as lines."""
    if len(entry.results) > 1:
        return _unjudged(result, document, entry, style)
    one = entry.results[0]
    text = policy(result, one.code)
    lines = [
        _head(entry.severity, code(result, one.code), at(document, one.place, one.path), style)
    ]
    if text.title and (style.verbose or not one.message):
        lines.append(_said(text.title, style))
    lines += (_said(sentence, style) for sentence in _sentences(one))
    lines.append(_related(one, style))
    if one.outcome is Outcome.WAIVED:
        waiver = escape(one.waiver or "(no metadata.id)")
        lines.append(lay([Span(f"waived by: {waiver}", "dim")], style, _BODY))
    elif one.outcome is not Outcome.ERROR:
        lines += _remedy(text.remedy, style), _controls(text, style)
    return "".join(lines)


def brief(result: CheckResult, document: DocumentResult, one: Result) -> str:
    """Return one finding on one line: `path:line:column: block GOV-004 id: message`."""
    said = escape(one.message or policy(result, one.code).title)
    if one.outcome is Outcome.UNKNOWN and one.missing:
        said = f"{said} ({absent(one.missing)})" if said else absent(one.missing)
    if one.waiver:
        said += f" (waived by {escape(one.waiver)})"
    return f"{at(document, one.place, one.path)}: {severity(one)} {code(result, one.code)}: {said}"


def at(document: DocumentResult, place: Place | None, path: str = "") -> str:
    """Return `path:line:column`, the start of the document where nothing is nearer; `path` is
    another file than the document's, in which the place is."""
    return where(path or document.path, place or Place(document.line, 1, document.line, 2))


def code(result: CheckResult, name: str) -> str:
    """Return a code and its id: `GOV-004 tier-understated`."""
    return escape(f"{name} {policy(result, name).id}".rstrip())


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


def _head(worth: Severity, heading: str, place: str, style: Style) -> str:
    """Return how an entry begins: its severity, padded, what it is, and where."""
    role = "bad" if worth.denies else "warn" if worth is Severity.WARN else "dim"
    spans = [Span(f"{worth.word:<6}", role, solid=True), Span(heading, "strong")]
    return lay(spans, style, "  ", _BODY) + lay([Span(place, solid=True)], style, _BODY)


def _said(sentence: str, style: Style) -> str:
    return lay([Span(escape(sentence))], style, _BODY)


def unjudged(one: Result) -> str:
    """Return why an unknown cannot be judged; "" where its message says it already."""
    if one.missing and dotted(one.missing[0]) not in one.message:
        return absent(one.missing)
    return "" if one.message else "a value that it reads is missing"


def _sentences(one: Result) -> list[str]:
    """Return what was found, and for an unknown or an error what that means."""
    why = ""
    if one.outcome is Outcome.UNKNOWN and unjudged(one):
        why = f"Cannot be judged: {unjudged(one)}."
    elif one.outcome is Outcome.ERROR:
        why = "The policy is at fault, not the manifest: it judged nothing."
    return [sentence for sentence in (one.message, why, one.note) if sentence]


def _unjudged(result: CheckResult, document: DocumentResult, entry: Entry, style: Style) -> str:
    """Return the policies that absent fields leave unjudged, by the fields they want."""
    wanted: dict[tuple[str, ...], list[str]] = {}
    for one in entry.results:
        wanted.setdefault(one.missing, []).append(code(result, one.code))
    ranked = sorted(wanted.items(), key=lambda one: -len(one[1]))
    fields, names = ranked[0]
    if len(ranked) == 1:
        why, listed = absent(fields), _names(names, "", style)
    else:
        why, listed = "they read values that are not there", _wanting(ranked, style)
    remedy = f"Fill in what is missing; `aigov-gate explain {dotted(fields[0])}` says how."
    if fields[0][1:] in CONTEXTS:  # the history, say: what is missing is no field of the manifest
        remedy = next(one.message for one in entry.results if one.missing == fields)
    elif "[" in remedy:  # a position in a list, which is no field
        remedy = "Fill in what is missing."
    heading = f"{len(entry.results):,} policies cannot be judged: {why}"
    head = _head(entry.severity, heading, at(document, entry.place), style)
    return head + listed + _remedy(remedy, style)


def _wanting(ranked: Sequence[tuple[tuple[str, ...], list[str]]], style: Style) -> str:
    """Return a line for each group of policies that wants the same fields."""
    shown = first(ranked, WANTED, style)
    lines = [
        _names(names, _listed(fields, len(fields) if style.verbose else BRIEF), style)
        for fields, names in shown
    ]
    rest = sum(len(names) for _, names in ranked[len(shown) :])
    if rest:
        lines.append(_said(f"and {rest:,} more policies: --verbose", style))
    return "".join(lines)


def _names(names: Sequence[str], fields: str, style: Style) -> str:
    """Return names, none of them broken unless it is very long, and the fields they want."""
    last = f"{names[-1]}:" if fields else names[-1]
    listed = [*(f"{name}," for name in names[:-1]), last]
    spans = [Span(name, solid=columns(name) < ID) for name in listed]
    return lay([*spans, Span(fields, "dim")], style, _BODY, _BODY + "  ")


def _related(one: Result, style: Style) -> str:
    """Return the further places of a finding, a line each; missing fields are named already."""
    related = [spot for spot in one.related if spot.pointer not in one.missing]
    spots = first(related, RELATED, style)
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


def served(text: PolicyText) -> list[str]:
    """Return each framework of law or controls that a policy serves, with its references."""
    return [escape(f"{name} {', '.join(refs)}") for name, refs in text.controls.items()]


def _controls(text: PolicyText, style: Style) -> str:
    """Return the law and controls a policy serves: one line, or all of them when verbose."""
    names = served(text)
    room = max(style.width, NARROWEST) - len(_BODY)
    line = f"serves: {'; '.join(names)}"
    kept = len(names)
    while columns(line) > room and kept > 1 and not style.verbose:
        kept -= 1
        line = f"serves: {'; '.join(names[:kept])}; {len(names) - kept} more"
    return lay([Span(line, "dim")], style, _BODY, _BODY + " " * 8) if names else ""
