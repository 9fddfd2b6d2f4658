"""Declaration and code, reconciled in both directions: findings REC-001 to REC-005 and REP-001.

Which use case covers which file follows from where its manifest lies and from `metadata.scope`.
What is seen there and not declared is a finding at the line of code; what is declared and not
seen, one at the line of the manifest; what no manifest covers, a problem of the repository.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from aigov.codeowners import matches
from aigov.detectors import Detectors
from aigov.findings import Outcome, Place, Result, fingerprint
from aigov.packs import PROVIDERS
from aigov.preparing import Prepared, mapping
from aigov.results import NEEDING, Detection, Problem
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.sightings import Sightings

CODES = ("REC-001", "REC-002", "REC-003", "REC-004", "REC-005")
OTHERS = 2
"""Manifests in folders of their own beside which one for the whole repository is too wide."""
_SHOWN = 4
"""Names that a message lists before it counts the rest."""
_LONGEST = 160
"""Characters of a name in a message."""

Said = Iterator[tuple[str, str, str, str, Detection | None]]
"""Code, pointer into the manifest, what is at fault there, words, and where it was seen."""


class Reconciled(NamedTuple):
    """What declaration and code say of each other."""

    detections: tuple[Detection, ...]
    """As they were seen, each with the use cases that cover it."""
    problems: tuple[Problem, ...]
    """REP-001: one for each component with AI that no manifest covers."""
    results: Mapping[tuple[str, str], tuple[Result, ...]]
    """By path and id of a use case: REC-001 to REC-005."""
    running: Mapping[tuple[str, str], tuple[str, ...]]
    """By path and id of a retired use case: where its code still uses AI."""
    ai_use: str
    """`none registered unregistered declared_not_ai`."""
    notes: tuple[str, ...] = ()
    """What the profile says that this repository is not, in words."""


def reconcile(
    seen: Sightings,
    use_cases: Sequence[Prepared],
    detectors: Detectors,
    rules: Rules,
    settings: Settings,
    repository: str = "",
) -> Reconciled:
    """Compare what was seen in a repository with its use cases, whose paths start at its root.

    `repository` is its name in the profile's `not_ai`, such as `organisation/name`.
    """
    reach = _Reach(use_cases)
    covering = {one.path: reach.covering(one.path) for one in seen.detections}
    excused, notes = _excused(settings, repository)
    open_ones = [one for one in seen.detections if one.kind in NEEDING and not covering[one.path]]
    uncovered = [
        one for one in open_ones if not any(matches(f"/{g}", one.path.split("/")) for g in excused)
    ]
    names: Mapping[str, Any] = rules.packs[0].documents[PROVIDERS].value
    retired = {n for n, one in enumerate(use_cases) if _stage(one) == "retired"}
    results, running = {}, {}
    for number, one in enumerate(use_cases):
        own = [d for d in seen.detections if number in covering[d.path]]
        if number in retired:
            left = [d for d in own if d.kind == "runtime" and retired.issuperset(covering[d.path])]
            running[one.path, one.id] = tuple(_place(d) for d in left)
            if not left:
                continue
        code = any(number in reach.covering(path) for path in seen.code)
        scope = _Scope(one, own, code, _Names(names, detectors))
        said = [*scope.undeclared(), *scope.unused(), *scope.wide(seen.components, reach)]
        results[one.path, one.id] = tuple(_results(said, scope, rules))
    used = any(one.kind in NEEDING for one in seen.detections)
    state = "registered" if use_cases else "declared_not_ai" if used else "none"
    return Reconciled(
        tuple(
            one._replace(use_case=", ".join(use_cases[n].id for n in covering[one.path]) or None)
            for one in seen.detections
        ),
        tuple(_unregistered(uncovered, seen.components)),
        results, running, "unregistered" if uncovered else state, notes,
    )  # fmt: skip


class _Reach:
    """Which use cases cover a file."""

    def __init__(self, use_cases: Sequence[Prepared]) -> None:
        self.folders: dict[str, list[tuple[int, list[str] | None]]] = {}
        for number, one in enumerate(use_cases):
            given = mapping(one.value, "metadata").get("scope")
            globs = [g for g in given if isinstance(g, str)] if isinstance(given, list) else None
            self.folders.setdefault(posixpath.dirname(one.path), []).append((number, globs))

    def covering(self, path: str) -> tuple[int, ...]:
        """Return the positions of the use cases whose manifest lies nearest above a file, as
        far as their scope takes it in."""
        folder = _nearest(path, self.folders)
        below = path.split("/")[folder.count("/") + bool(folder) :] if folder is not None else []
        return tuple(
            number
            for number, globs in self.folders.get(folder or "", ()) if folder is not None
            if globs is None or any(matches(f"/{g.removeprefix('./')}", below) for g in globs)
        )  # fmt: skip


class _Names(NamedTuple):
    """What names of providers, models and tools stand for."""

    given: Mapping[str, Any]
    """`vocabulary/providers.yaml`."""
    detectors: Detectors

    def said(self, text: str) -> set[str]:
        """Return the providers that a text names; of a longer name and one inside it the longer."""
        words, found = _words(text), set()
        known = {word: slug for slug, also in self.given["names"].items() for word in (slug, *also)}
        for word in sorted(known, key=len, reverse=True):
            if f"-{word}-" in words:
                found.add(known[word])
                words = words.replace(f"-{word}-", "--")
        return found

    def seen(self, one: Detection) -> str:
        """Return the provider that a detection shows, "" where it names none."""
        if one.detector == "endpoint":
            hosts = self.detectors.files["endpoints.yaml"]["hosts"].items()
            return next((str(to) for host, to in hosts if fnmatchcase(one.name, host)), "")
        ecosystem = self.detectors.ecosystems.get(one.ecosystem)
        package = ecosystem.package(one.name) if ecosystem else None
        if package and one.detector.startswith(f"{one.ecosystem}-"):
            return package.provider
        for row in self.given["seen"]:
            if re.fullmatch(row["pattern"], f"{one.detector} {one.name}"):
                return str(row["provider"])
        return min(self.said(one.name), default="")


class _Scope:
    """One use case, and what was seen in its scope."""

    def __init__(self, one: Prepared, own: list[Detection], code: bool, names: _Names) -> None:
        self.one, self.names, self.code = one, names, code or bool(own)
        self.stated = mapping(mapping(one.value, "spec"), "architecture")
        self.models = [m for m in _listed(self.stated, "models") if isinstance(m, dict)]
        self.near = [d for d in own if d.detector in ("model-name", "agent-tool", "mcp-server")]
        self.own = [d for d in own if d.kind in NEEDING and d not in self.near]
        self.providers: dict[str, list[Detection]] = {}
        for d in self.own:
            self.providers.setdefault(names.seen(d), []).append(d)

    def _declared(self) -> set[str]:
        spec = mapping(self.one.value, "spec")
        told = [str(m.get("provider", "")) for m in self.models]
        others = [*_listed(self.stated, "components"), *_listed(spec, "third_parties")]
        texts = [str(o.get(key, "")) for o in others if isinstance(o, dict)
                 for key in ("ref", "name", "service")]  # fmt: skip
        found = {slug for text in (*told, *texts) for slug in self.names.said(text)} | {*told}
        own = any(m.get("hosting") not in ("hosted_saas", None) for m in self.models)
        return found | {"internal"} if own else found

    def undeclared(self) -> Said:
        """Yield the providers, models and tools that are seen and not declared."""
        declared, given = self._declared(), self.names.given
        for provider, seen in self.providers.items():
            if not provider or provider in declared:
                continue
            also = {*given["reaches"].get(provider, ())}
            also |= self.providers.keys() & {*given["speaks"].get(provider, ())}
            if declared.isdisjoint(also) or any(d.detector == "endpoint" for d in seen):
                words = f"{provider} is used here ({_names(seen)}), and nothing declares it"
                yield "REC-001", "/spec/architecture/models", provider, words, seen[0]
        agent = self.stated.get("agent") or "agent" in str(self.stated.get("pattern"))
        tools = [str(t.get("name", "")) for t in _listed(mapping(self.stated, "agent"), "tools")
                 if isinstance(t, dict)]  # fmt: skip
        models = [d for d in self.own if d.detector in given["models"]]
        told = set()
        for d in (*models, *self.near):
            if (d.detector, d.name) in told:
                continue
            told.add((d.detector, d.name))
            if d.detector in ("agent-tool", "mcp-server"):
                hidden = re.search(given["editors"], d.path) or (
                    re.search(given["shared"], d.path) and not agent
                )
                if not hidden and not any(_words(d.name) in _words(tool) for tool in tools):
                    words = f"the tool {d.name:.{_LONGEST}} is used here, and no agent declares it"
                    yield "REC-003", "/spec/architecture/agent/tools", d.name, words, d
            elif not any(_is_model(d.name, model) for model in self.models):
                words = f"the model {d.name:.{_LONGEST}} is used here, and no model declares it"
                yield "REC-002", "/spec/architecture/models", d.name, words, d

    def unused(self) -> Said:
        """Yield the models whose provider nothing that was seen could be."""
        given = self.names.given
        reached = {*self.providers} | {
            to for seen in self.providers for key in ("reaches", "speaks")
            for to in given[key].get(seen, ())
        }  # fmt: skip
        for number, model in enumerate(self.models if "" not in self.providers else ()):
            slug = str(model.get("provider", ""))
            meant = self.names.said(slug) & given["names"].keys()
            if "internal" in meant or not reached.isdisjoint(meant) or (self.own and not meant):
                continue  # an address of one's own, or of a provider unknown here, may be any
            words = f"nothing in the code of this use case could be {slug:.{_LONGEST}}"
            yield "REC-004", f"/spec/architecture/models/{number}/provider", slug, words, None

    def wide(self, components: Sequence[str], reach: _Reach) -> Said:
        """Yield the scope that takes in several components, or all that others leave."""
        here = posixpath.dirname(self.one.path)
        known = {*components, here}
        parts = {_nearest(d.path, known) or "" for d in self.own if d.kind == "runtime"}
        others = len(reach.folders) - 1
        words = ""
        if len(parts) > 1:
            words = f"{len(parts)} components with AI in one scope: {_listing(sorted(parts))}"
        elif self.own and not here and others >= OTHERS and not self._narrowed():
            words = f"the whole repository, beside {others} other folders with manifests"
        if words:
            yield "REC-005", "/metadata/scope", "", words, None

    def _narrowed(self) -> bool:
        return "scope" in mapping(self.one.value, "metadata")


def _results(said: Iterable[tuple[str, str, str, str, Detection | None]], scope: _Scope,
             rules: Rules) -> Iterator[Result]:  # fmt: skip
    """Yield the findings; of each code without one that it passes, or why it was not judged."""
    document, found = scope.one.document, set()
    for code, pointer, what, words, at in said if scope.code else ():
        found.add(code)
        mark = document.stable_pointer(pointer) + (f"/{what}" if at else "")
        printable = mark.encode("utf-8", "backslashreplace").decode()
        yield Result(
            code, Outcome.FAIL, rules.codes[code].enforcement, words, pointer,
            Place(at.line, 1, at.line, 2) if at else document.place(pointer),
            fingerprint=fingerprint(code, scope.one.id, printable), path=at.path if at else "",
        )  # fmt: skip
    for code in CODES:
        if not scope.code:
            yield Result(code, Outcome.NOT_APPLICABLE, note="the scope holds no code")
        elif code not in found:
            yield Result(code, Outcome.PASS)


def _unregistered(found: Sequence[Detection], components: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each component, at the first place that uses AI."""
    groups: dict[str, list[Detection]] = {}
    for one in found:
        groups.setdefault(_nearest(one.path, {*components}) or "", []).append(one)
    for group in groups.values():
        first, more = group[0], [d for d in group[1:] if d.name != group[0].name]
        also = f"; {len(group) - 1} more places" if len(group) > 1 else ""
        also += f", with {_listing(sorted({d.name for d in more}))}" if more else ""
        words = f"{first.name:.{_LONGEST}} is used here, and no manifest says what for{also}"
        yield Problem("REP-001", first.path, first.line, 1, words)


def _excused(settings: Settings, repository: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the patterns of what the profile says is no AI in this repository, and the words
    that say so; what has expired counts no more."""
    rows = settings.profile.spec.get("not_ai", ()) if settings.profile else ()
    globs: list[str] = []
    notes = []
    name = f"/{repository.casefold()}"
    for row in rows:
        if not repository or not name.endswith(f"/{row['repository'].casefold().strip('/')}"):
            continue
        last = row["expires_on"]
        if last < settings.as_of:
            notes.append(f"what the profile says of {repository} under not_ai ended on {last}")
        else:
            globs += row.get("paths", ["**"])
            notes.append(f"by the profile no AI until {last}: {row['reason']}")
    return globs, tuple(notes)


def _is_model(seen: str, model: Mapping[str, Any]) -> bool:
    """Tell whether a name in code is a declared model: its name, its version, or both in one."""
    words, name, version = (_words(str(t)) for t in (seen, model.get("name", ""),
                                                     model.get("version", "")))  # fmt: skip
    if words in (name, version) or (words.endswith(name) and name.strip("-")):
        return True
    return version.strip("-") != "" and version in words and name in words


def _words(text: str) -> str:
    """Return a text in lower case, one `-` for all between letters and digits, and around it."""
    return f"-{re.sub('[^a-z0-9]+', '-', text.lower()).strip('-')}-"


def _nearest(path: str, folders: Iterable[str]) -> str | None:
    """Return the deepest of some folders (a set or a mapping) above a file, None for none."""
    folder = path
    while folder:
        folder = posixpath.dirname(folder)
        if folder in folders:
            return folder
    return None


def _stage(one: Prepared) -> Any:
    return mapping(mapping(one.value, "spec"), "lifecycle").get("stage")


def _listed(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _place(one: Detection) -> str:
    return f"{one.path}:{one.line} ({one.name})"


def _names(seen: Sequence[Detection]) -> str:
    more = f"; {len(seen) - 1} more places" if len(seen) > 1 else ""
    return f"{seen[0].name:.{_LONGEST}}{more}"


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(f"{name or 'the root'!s:.{_LONGEST}}" for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
