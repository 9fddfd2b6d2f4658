"""One document for people: who it is, as what it was judged, what comes next."""

from collections.abc import Sequence

from aigov.reports import Style
from aigov.reports.entries import policy
from aigov.reports.escape import columns, escape, fit
from aigov.reports.layout import NARROWEST, Span, first, lay
from aigov.results import CheckResult, DocumentResult

PREVIEW = 5
"""Lines of a preview, "and N more" included, unless verbose."""
NAME = 80
"""Characters of an id in a heading."""

_KINDS = {"Waiver": "waiver for ", "Organization": "organisation "}
"""What stands before the id of a document that is no use case."""


def label(document: DocumentResult) -> str:
    """Return what to call `document`: its use case, and the kind where it is another."""
    who = escape(document.use_case, NAME) or "(no metadata.id)"
    return f"{_KINDS.get(document.kind, '')}{who}"


def home(document: DocumentResult) -> str:
    """Return the file of `document`, and its line where it is not the first in it."""
    path = escape(document.path)
    return path if document.line <= 1 else f"{path}:{document.line}"


def header(document: DocumentResult, target: str | None, style: Style) -> str:
    """Return the heading: id and name, file, and the tier and stage it was judged at.

    It starts with a word of ours, so that no id can pass for a line of the report.
    """
    who = label(document) if document.kind in _KINDS else f"use case {label(document)}"
    title = [Span(f"{who[0].upper()}{who[1:]}", "strong")]
    if document.name:
        room = max(style.width, NARROWEST) - columns(who) - len(" \u00b7 ")
        title.append(Span(f"\u00b7 {fit(document.name, max(room, len('...')))}"))
    said = [*_judged(document, target), *(_facts(document) if style.verbose else ())]
    return (
        lay(title, style, "", "  ")
        + lay([Span(home(document), solid=True)], style, "  ")
        + "".join(lay([Span(escape(sentence))], style, "  ", "    ") for sentence in said)
    )


def preview(document: DocumentResult, result: CheckResult, style: Style, brief: bool) -> str:
    """Return what the next stage would find today; `brief` gives the number alone."""
    asked = document.preview
    if not asked or document.next_stage is None:
        return ""
    stage = escape(document.next_stage, NAME)
    opening = f"Next stage, {stage}, would find {len(asked):,} more"
    if brief and not style.verbose:
        return lay([Span(f"{opening}.")], style, "  ")
    lines = [lay([Span(f"{opening}:")], style, "  ")]
    shown = first(asked, PREVIEW, style)
    room = max(style.width, NARROWEST) - 4
    for one in shown:
        wanted = f"{one.code}  {policy(result, one.code).title or one.message}"
        lines.append(lay([Span(fit(wanted, room), solid=True)], style, "    "))
    if len(shown) < len(asked):
        rest = f"and {len(asked) - len(shown):,} more: --verbose"
        lines.append(lay([Span(rest)], style, "    "))
    return "".join(lines)


def _judged(document: DocumentResult, target: str | None) -> list[str]:
    """Return the tier and the stage: one sentence, two where one needs its reasons."""
    said = [one for one in (_tier(document), _stage(document, target)) if one]
    return said if "(" in "".join(said) else [", ".join(said)][: len(said)]


def _tier(document: DocumentResult) -> str:
    """Return the effective tier, and its reasons where it is not simply the declared one."""
    tier, declared, derived = document.tier, document.declared_tier, document.derived
    if tier is None:
        return ""
    if tier == declared == derived.tier == derived.tier_max:
        return f"tier {tier}"
    facts = "no facts to derive it from"
    if derived.tier:
        upper = f" to {derived.tier_max}" if derived.tier_max not in (None, derived.tier) else ""
        facts = f"the facts say {derived.tier}{upper}{_because(derived.tier_reasons)}"
    return f"tier {tier} ({_claim(declared)}; {facts})"


def _stage(document: DocumentResult, target: str | None) -> str:
    """Return the judged stage, and its reasons where it is not the declared one."""
    stage, declared, derived = document.stage, document.declared_stage, document.derived
    if stage is None or stage == declared:
        return f"stage {stage}" if stage else ""
    why = [_claim(declared)]
    if derived.stage == stage:
        why.append(f"the facts say {stage}{_because(derived.stage_reasons)}")
    if target == stage:
        why.append("asked for by this run")
    return f"stage {stage} ({'; '.join(why)})"


def _claim(declared: str | None) -> str:
    return f"declared {declared}" if declared else "none declared"


def _because(reasons: Sequence[str]) -> str:
    return f": {', '.join(reasons)}" if reasons else ""


def _facts(document: DocumentResult) -> list[str]:
    """Return what only a verbose report says: the legal category and the implied facts."""
    derived = document.derived
    said = [f"EU AI Act category {derived.eu_category}"] if derived.eu_category else []
    if derived.implied:
        implied = ", ".join(f"{name} = {value}" for name, value in derived.implied.items())
        said.append(f"implied by other facts: {implied}")
    return said
