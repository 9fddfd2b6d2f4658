"""Declaration and code, reconciled in both directions: findings REC-001 to REC-005 and REP-001.

What is seen in the scope of a use case and not declared is a finding at the line of code; what
is declared and not seen, one at the line of the manifest; what no manifest covers, a problem of
the repository.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from aigov.detectors import Detectors
from aigov.findings import Outcome, Place, Result, fingerprint
from aigov.packs import PROVIDERS
from aigov.preparing import Prepared, mapping
from aigov.results import NEEDING, Detection, Problem
from aigov.rules import Rules
from aigov.scopes import LONGEST, Scopes, excused, fits, listing, nearest
from aigov.settings import Settings
from aigov.sightings import NEARER, Sightings

CODES = ("REC-001", "REC-002", "REC-003", "REC-004", "REC-005")
OTHERS = 2
"""Other folders with manifests beside which one for the whole repository is too wide."""
_MODELS = "/spec/architecture/models"

Key = tuple[str, str]
"""Path and id of a use case."""


class Reconciled(NamedTuple):
    """What declaration and code say of each other."""

    detections: tuple[Detection, ...]
    """As they were seen, each with the use cases that cover it."""
    problems: tuple[Problem, ...]
    """REP-001: one for each component with AI that no manifest covers."""
    results: Mapping[Key, tuple[Result, ...]]
    """REC-001 to REC-005; a use case that is retired and off has none."""
    running: Mapping[Key, list[dict[str, str]]]
    """Of each use case `repository.running` (`schemas/facts.v1.json`)."""
    ai_use: str
    """`none registered unregistered declared_not_ai`."""
    notes: tuple[str, ...]


class _Said(NamedTuple):
    """A finding before it is placed."""

    code: str
    pointer: str
    words: str
    what: str = ""
    """What tells it from others of its code at that pointer."""
    at: Detection | None = None
    """Where it stands, if not in the manifest."""


def reconcile(
    seen: Sightings,
    use_cases: Sequence[Prepared],
    detectors: Detectors,
    rules: Rules,
    settings: Settings,
    repository: str = "",
) -> Reconciled:
    """Compare what was seen in a repository with its use cases, whose paths start at its root.

    `repository` is its name for the profile's `not_ai`, such as `organisation/name`.
    """
    scopes = Scopes(use_cases)
    shown = [_covered(one, scopes, use_cases) for one in seen.detections]
    own: dict[int, list[Detection]] = defaultdict(list)
    for one in shown:
        for number in scopes.covering(one.path):
            own[number].append(one)
    globs, notes = excused(settings, repository)
    left = [one for one in shown if one.kind in NEEDING and not scopes.covering(one.path)]
    uncovered = [one for one in left if not any(fits(g, one.path.split("/")) for g in globs)]
    coded = {number for path in seen.code for number in scopes.covering(path)}
    retired = {number for number, each in enumerate(use_cases) if _is_retired(each)}
    given: Any = rules.packs[0].documents[PROVIDERS].value
    names = _Names(given, detectors, {})
    results, running = {}, {}
    for number, each in enumerate(use_cases):
        key, off = (each.path, each.id), number in retired
        still = [one for one in own[number] if off and one.kind == "runtime"
                 and retired.issuperset(scopes.covering(one.path))]  # fmt: skip
        places = listing([f"{one.path}:{one.line} ({one.name})" for one in still])
        running[key] = [{"pointer": "/spec/lifecycle/stage", "at": places}] if still else []
        if still or not off:
            scope = _Scope(each, own[number], names)
            said = [*scope.undeclared(), *scope.unused(), *scope.wide(seen.components, scopes)]
            judged = number in coded or scope.own
            results[key] = tuple(_results(said if judged else None, each, rules))
    covered = "registered" if use_cases else "declared_not_ai" if left else "none"
    return Reconciled(
        tuple(shown), tuple(_unregistered(uncovered, seen.components)), results, running,
        "unregistered" if uncovered else covered, notes,
    )  # fmt: skip


def _covered(one: Detection, scopes: Scopes, use_cases: Sequence[Prepared]) -> Detection:
    ids = [use_cases[number].id for number in scopes.covering(one.path)]
    return one._replace(use_case=listing(ids) or None)


class _Names(NamedTuple):
    """What names of providers stand for."""

    given: Mapping[str, Any]
    """`vocabulary/providers.yaml`."""
    detectors: Detectors
    known: dict[tuple[str, ...], str]

    def said(self, text: str) -> set[str]:
        """Return the providers that a text names; of a name within a longer one the longer."""
        words, found = _words(text), set()
        known = {word: slug for slug, also in self.given["names"].items() for word in (slug, *also)}
        for word in sorted(known, key=len, reverse=True):
            if f"-{word}-" in words:
                found.add(known[word])
                words = words.replace(f"-{word}-", "--")
        return found

    def seen(self, one: Detection) -> str:
        """Return the provider that a detection shows, "" where it names none."""
        key = (one.detector, one.ecosystem, one.name)
        if key not in self.known:
            self.known[key] = self._seen(*key)
        return self.known[key]

    def _seen(self, detector: str, ecosystem: str, name: str) -> str:
        if detector == "endpoint":
            hosts = self.detectors.files["endpoints.yaml"]["hosts"].items()
            return next((str(to) for host, to in hosts if fnmatchcase(name, host)), "")
        if detector.startswith(f"{ecosystem}-") and ecosystem in self.detectors.ecosystems:
            package = self.detectors.ecosystems[ecosystem].package(name)
            return package.provider if package else ""
        for row in self.given["seen"]:
            if re.fullmatch(row["pattern"], f"{detector} {name}"):
                return str(row["provider"])
        return min(self.said(name), default="")


class _Scope:
    """One use case, and what was seen in its scope."""

    def __init__(self, one: Prepared, own: Sequence[Detection], names: _Names) -> None:
        self.one, self.names, self.given = one, names, names.given
        spec = mapping(one.value, "spec")
        self.stated = mapping(spec, "architecture")
        self.models = _listed(self.stated, "models")
        self.others = [*_listed(self.stated, "components"), *_listed(spec, "third_parties")]
        self.near = [d for d in own if d.detector in (*NEARER, *self.given["models"])]
        self.own = [d for d in own if d.kind in NEEDING and d.detector not in NEARER]
        self.providers: dict[str, list[Detection]] = defaultdict(list)
        for d in self.own:
            self.providers[names.seen(d)].append(d)

    def undeclared(self) -> Iterator[_Said]:
        """Yield the providers, models and tools that are seen and not declared."""
        declared = self._declared()
        addressed = {name for name, seen in self.providers.items() for d in seen
                     if d.detector == "endpoint" or d.kind == "infrastructure"}  # fmt: skip
        for provider, seen in self.providers.items():
            also = {*self.given["reaches"].get(provider, ())}
            also |= addressed & {*self.given["speaks"].get(provider, ())}
            called = [d for d in seen if d.detector == "endpoint"]
            if provider and provider not in declared and (called or declared.isdisjoint(also)):
                words = f"no provider {provider} is declared, but {_used(called or seen)}"
                yield _Said("REC-001", _MODELS, words, provider, (called or seen)[0])
        tools = [_words(str(one.get("name"))) for one in
                 _listed(mapping(self.stated, "agent"), "tools")]  # fmt: skip
        agent = bool(tools) or "agent" in str(self.stated.get("pattern"))
        first = {(d.detector, d.name): d for d in reversed(self.near)}
        for d in sorted(first.values()):
            name = f"{d.name:.{LONGEST}} is used here, and"
            if d.detector in ("agent-tool", "mcp-server"):
                editor = "editors" if agent else "developers"
                if not re.search(self.given[editor], d.path) and not any(
                    _words(d.name) in tool for tool in tools
                ):
                    words = f"the tool {name} no agent declares it"
                    yield _Said("REC-003", "/spec/architecture/agent/tools", words, d.name, d)
            elif not any(_is_model(d.name, model) for model in self.models):
                yield _Said("REC-002", _MODELS, f"the model {name} is not declared", d.name, d)

    def _declared(self) -> set[str]:
        told = [str(model.get("provider", "")) for model in self.models]
        also = [str(one.get(key, "")) for one in self.others for key in ("ref", "name", "service")]
        found = {*told}.union(*(self.names.said(text) for text in (*told, *also)))
        hosted = all(model.get("hosting") in ("hosted_saas", None) for model in self.models)
        return found if hosted else found | {"internal"}

    def unused(self) -> Iterator[_Said]:
        """Yield the models whose provider nothing that was seen could be."""
        if "" in self.providers or self.stated.get("pattern") == "embedded_saas":
            return  # a library that serves any provider; or what runs elsewhere
        reached = {to for one in self.providers for how in ("reaches", "speaks")
                   for to in (one, *self.given[how].get(one, ()))}  # fmt: skip
        for number, model in enumerate(self.models):
            slug = str(model.get("provider", "internal"))
            meant = self.names.said(slug)
            # one's own may have any address; one that is not known here may be all that is seen
            if "internal" not in meant and reached.isdisjoint(meant) and (meant or not self.own):
                words = f"nothing in the code of this use case could be {slug:.{LONGEST}}"
                yield _Said("REC-004", f"{_MODELS}/{number}/provider", words)

    def wide(self, components: Iterable[str], scopes: Scopes) -> Iterator[_Said]:
        """Yield the scope that takes in several components, or all that others leave."""
        here = posixpath.dirname(self.one.path)
        known = {*components, here}
        parts = {nearest(d.path, known) or "." for d in self.own if d.kind == "runtime"}
        others = len(scopes.folders) - 1
        if len(parts) > 1:
            words = f"{len(parts)} components with AI in one scope: {listing(sorted(parts))}"
            yield _Said("REC-005", "/metadata/scope", words)
        elif self.own and not here and others >= OTHERS and (
            "scope" not in mapping(self.one.value, "metadata")
        ):  # fmt: skip
            words = f"the whole repository, beside {others} other folders with manifests"
            yield _Said("REC-005", "/metadata/scope", words)


def _results(said: list[_Said] | None, one: Prepared, rules: Rules) -> Iterator[Result]:
    """Yield the findings; of each code without one that it passes, or why it was not judged."""
    for code, pointer, words, what, at in said or ():
        mark = f"{one.document.stable_pointer(pointer)}/{what}".rstrip("/")
        yield Result(
            code, Outcome.FAIL, rules.codes[code].enforcement, words, pointer,
            Place(at.line, 1, at.line, 2) if at else one.document.place(pointer),
            fingerprint=fingerprint(code, one.id, mark), path=at.path if at else "",
        )  # fmt: skip
    for code in CODES:
        if said is None:
            yield Result(code, Outcome.NOT_APPLICABLE, note="the scope holds no code")
        elif code not in {found.code for found in said}:
            yield Result(code, Outcome.PASS)


def _unregistered(found: Iterable[Detection], components: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each component, at the first place that uses AI."""
    groups: dict[str | None, list[Detection]] = defaultdict(list)
    known = {*components}
    for one in found:
        if one.detector not in NEARER:
            groups[nearest(one.path, known)].append(one)
    for group in groups.values():
        words = f"{_used(group)}, and no manifest says what for"
        yield Problem("REP-001", group[0].path, group[0].line, 1, words)


def _used(found: Sequence[Detection]) -> str:
    others = sorted({one.name for one in found} - {found[0].name})
    places = f" and in {len(found) - 1} more places" if len(found) > 1 else ""
    also = f", with {listing(others)}" if others else ""
    return f"{found[0].name:.{LONGEST}} is used here{places}{also}"


def _is_model(seen: str, model: Mapping[str, Any]) -> bool:
    """Tell whether a name in code is a declared model: by its name, its version, or both."""
    words, name, version = (
        _words(str(text)) for text in (seen, model.get("name", ""), model.get("version", ""))
    )
    whole = words == version or words.endswith(name)
    return whole or (version in words and name in words)


def _words(text: str) -> str:
    """Return a text in lower case, `-` for all between letters and digits, and around it."""
    return f"-{re.sub('[^a-z0-9]+', '-', text.lower()).strip('-')}-"


def _is_retired(one: Prepared) -> bool:
    return mapping(mapping(one.value, "spec"), "lifecycle").get("stage") == "retired"


def _listed(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
