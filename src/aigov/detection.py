"""Where a repository uses AI, with no manifest's help: its files in, detections out.

Each file is read once, and only what names something of `detectors/` is parsed: the words of a
file are cut out of its bytes and compared with those that matter.  What a file shows is then
weighed by the rest of the repository (`standing.py`).
"""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov.dependencies import SCRIPT, read_dependencies
from aigov.detectors import (
    DIGITS,
    Detectors,
    Ecosystem,
    Package,
    Row,
    compiled,
    passed_over,
    stating,
)
from aigov.languages import Use, lex, read_code, read_notebook, without_magics
from aigov.results import Detection
from aigov.source import load
from aigov.standing import Hit, Standing

MAX_TEXT = 1024 * 1024
"""Bytes of a file of text that are looked at."""
MAX_HEAD = 4096
"""Bytes by which a model file is known."""
MAX_YAML = 128 * 1024
"""Of longer YAML the lines are looked at: the parser keeps the place of every value."""
MAX_OF_FILE, MAX_OF_REPOSITORY = 200, 20_000
"""Detections that are kept; what is beyond them is counted."""
_LONGEST_LINE = 500
_URL = re.compile(r"(https?://[^\s\"'<>]{1,300})[\"']?,?[ \t]*$", re.MULTILINE)
_LETTERS = bytes(
    ord(chr(one).lower()) if chr(one).isascii() and chr(one).isalnum() else ord(" ")
    for one in range(256)
)
_INSTALLING = frozenset({b"install", b"add", b"i", b"npx", b"bunx"})
_INSTALLS = re.compile(r"^[^\n]*\b(?:install|add|i|npx|bunx)[ \t][^\n]*", re.MULTILINE)
_WORD = re.compile(
    r"(?<!\S)[\"']?(?:git\+\S{0,200}/)?((?:@[\w.-]+/)?[A-Za-z][\w-]*(?:\.(?!git\b)[\w-]+)*)"
)
_KERNELS = {"r": ".r", "julia": ".jl", "javascript": ".js", "typescript": ".ts"}
_RUN_BY = {
    b"python": ".py", b"node": ".js", b"bun": ".ts", b"deno": ".ts", b"ruby": ".rb",
    b"php": ".php", b"Rscript": ".r", b"julia": ".jl",
}  # fmt: skip
_SCRIPT_OF = re.compile(rb"#![^\n]{0,200}[/ \t](" + b"|".join(_RUN_BY) + rb")(?![a-z-])")
"""The first line of a script that has no ending by which to tell its language."""
_GROUPS = {"own": "", "runtime": "", "extra": "extra", "bundled": "extra", "other": "group"}


class Found(NamedTuple):
    """What was detected, sorted by path, line and name."""

    detections: tuple[Detection, ...]
    demoted: Mapping[str, int]
    """Why something counts as a mention, to how often: `test group locked comment ...`."""


def detect(
    files: Iterable[str], read: Callable[[str], bytes | None], detectors: Detectors
) -> Found:
    """Detect the uses of AI in the files (POSIX paths) of a repository.

    `read` returns what a file holds, at least its first 4 MiB, and None where there is nothing
    to read.  Nothing that a file holds makes it fail.
    """
    paths = sorted(files)
    standing = Standing(paths, read, detectors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python thinks of the code under test
        for path in paths:
            for hit in _hits(path, read, detectors):
                standing.add(path, hit)
        weighed = sorted(standing.weighed())
    kept: dict[tuple[str, ...], Detection] = {}
    demoted: Counter[str] = Counter()
    of_file: Counter[str] = Counter()
    for path, hit in weighed:
        key = (path, hit.kind, hit.detector, hit.name)
        if hit.doubt:
            demoted[hit.doubt] += 1
        if key in kept:
            continue
        if of_file[path] >= MAX_OF_FILE or len(kept) >= MAX_OF_REPOSITORY:
            demoted["limit"] += 1
            continue
        of_file[path] += 1
        kept[key] = Detection(path, *hit[:6])
    return Found(tuple(sorted(kept.values())), dict(sorted(demoted.items())))


def _hits(path: str, read: Callable[[str], bytes | None], detectors: Detectors) -> Iterator[Hit]:
    """Yield what one file shows by itself."""
    if detectors.named("assistant").search(f"/{path}"):
        rows = detectors.files["tooling.yaml"]["paths"]
        row = next(row for row in rows if re.search(f"(?:^|/)(?:{row['path']})$", path))
        yield Hit(1, "tooling", row["name"], "any", row["detector"], "high")
    name = path.rpartition("/")[2].lower()
    language = detectors.languages.get(name[name.rfind(".") :]) if "." in name else None
    if passed_over(path, detectors) or not (data := read(path)):
        return
    if "." not in name and (script := _SCRIPT_OF.match(data)):
        language = detectors.languages[_RUN_BY[script[1]]]
    if language is None:
        yield from _model(path, data, detectors)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # as PowerShell writes what it is told
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    limit = len(data) if name.endswith(("lock", ".json", ".ipynb", ".sum")) else MAX_TEXT
    held = data[:limit]
    rough = held.translate(_LETTERS, DIGITS).split()
    chosen = bool(detectors.named("by_name").search(path))  # its words are in most files
    if not (
        chosen
        or not detectors.without_digits.isdisjoint(rough)
        or any(number in held for number in detectors.numbers)
    ):
        return
    words = frozenset(held.translate(_LETTERS).split())
    binary = language is None and b"\0" in data[:1024]  # a comment of code may hold one
    if binary or (not chosen and detectors.words.isdisjoint(words)):
        return
    found = False
    for hit in _in_text(path, data, words, language, detectors):
        found = True
        only = hit.kind in ("runtime", "infrastructure") and detectors.named("only").search(path)
        yield hit._replace(kind="tooling", doubt="") if only and not hit.doubt else hit
    if not found and not detectors.telling.isdisjoint(words):
        word = min(detectors.telling & words)
        line = data[: _place(data, word)].count(b"\n") + 1
        yield Hit(line, "mention", word.decode(), "any", "word", "low", "comment")


def _place(data: bytes, word: bytes) -> int:
    found = re.search(rb"(?i)(?<![a-z0-9])" + re.escape(word) + rb"(?![a-z0-9])", data)
    return found.start() if found else 0


def _in_text(
    path: str, data: bytes, words: frozenset[bytes], language: Any, detectors: Detectors
) -> Iterator[Hit]:
    script = language.get("script") if language and SCRIPT in data else None
    if row := stating(path, detectors) or script:
        yield from _dependencies(data, row, detectors)
    if path.endswith(".ipynb"):
        yield from _notebook(data, detectors)
        return
    if detectors.named("prose").search(path):
        return
    text = data[:MAX_TEXT].decode("utf-8", "replace").replace("\r\n", "\n")
    called = detectors.endpoints.may_be_in(words)
    if language:
        ecosystem = detectors.ecosystems.get(language["ecosystem"])
        if called or (ecosystem and ecosystem.importable.may_be_in(words)):
            imports, strings = read_code(text, language, strings=called)
            yield from _imports(imports, ecosystem) if ecosystem else ()
            yield from _endpoints(strings, language["ecosystem"], detectors)
    elif called and detectors.named("config").search(path):
        yield from _configured(text, detectors)
    yield from _lines(path, text, words, language, detectors)
    installs = not _INSTALLING.isdisjoint(words) and detectors.installable.may_be_in(words)
    if installs and detectors.named("installs").search(path):
        yield from _installs(path, text, detectors)


def _model(path: str, data: bytes, detectors: Detectors) -> Iterator[Hit]:
    head = data[:MAX_HEAD].decode("latin-1")
    for row in detectors.files["models.yaml"]["rows"]:
        fits = compiled(row.get("files", "")).search(path)
        if fits and compiled(row["begins"], re.DOTALL).match(head):
            rest = data[:MAX_TEXT].decode("latin-1") if "holds" in row else ""
            if not rest or re.search(row["holds"], rest):
                sure = row.get("confidence", "high")
                yield Hit(1, "model", row["name"], "any", "model-file", sure)
                return


def _dependencies(data: bytes, row: Mapping[str, Any], detectors: Detectors) -> Iterator[Hit]:
    ecosystem = detectors.ecosystems[row["ecosystem"]]
    kind = "lock" if row.get("locked") else "dependency"
    for one in read_dependencies(data, row, lambda name: bool(ecosystem.package(name))):
        if package := ecosystem.package(one.name):
            doubt = "locked" if row.get("locked") else _GROUPS[one.group]
            found = (one.line, package, f"{ecosystem.name}-{kind}", doubt, kind)
            yield _packaged(*found)._replace(aid_of=tuple(row.get("aid_of", ())))


def _packaged(line: int, package: Package, detector: str, doubt: str, use: str) -> Hit:
    kind, ecosystem = ("tooling" if package.tooling else "runtime"), detector.rpartition("-")[0]
    doubt = "" if package.tooling else doubt
    return Hit(line, kind, package.name, ecosystem, detector, "high", doubt, use)


def _imports(imports: Iterable[Use], ecosystem: Ecosystem) -> Iterator[Hit]:
    for one in imports:
        package = ecosystem.imported(one.text)
        if package and not package.tooling:
            what = "guarded" if one.guarded else "import"
            detector = f"{ecosystem.name}-import"
            name = package.name or one.text
            yield Hit(one.line, "runtime", name, ecosystem.name, detector, "high", "", what)


def _endpoints(strings: Iterable[Use], ecosystem: str, detectors: Detectors) -> Iterator[Hit]:
    for text, line, _ in strings:
        url = text.strip()
        idle = detectors.named("idle").search(url)
        if found := detectors.named("hosts").fullmatch(url):
            doubt = "idle" if idle else ""
            yield Hit(line, "runtime", found[1].lower(), ecosystem, "endpoint", "high", doubt)
        elif not idle and " " not in url and detectors.named("paths").search(url):
            yield Hit(line, "runtime", url[:100], ecosystem, "endpoint-path", "medium")


def _configured(text: str, detectors: Detectors) -> Iterator[Hit]:
    """Yield the endpoints that a file of settings names as a value of its own."""
    code = lex(text, "spaced", "")
    for found in _URL.finditer(code.text):
        before = code.text[code.text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if detectors.named("setting").fullmatch(before[:_LONGEST_LINE]):
            use = Use(found[1], code.line(found.start()))
            yield from _endpoints([use], "config", detectors)


def _lines(
    path: str, text: str, words: frozenset[bytes], language: Any, detectors: Detectors
) -> Iterator[Hit]:
    rows = [row for row in detectors.rows
            if row.words.may_be_in(words) and compiled(row.files).search(path)]  # fmt: skip
    if not rows:
        return
    if path.endswith((".yaml", ".yml")) and len(text) <= MAX_YAML:
        loaded = load(text.encode())
        if loaded.documents and not loaded.troubles:
            for document in loaded.documents:
                yield from _scalars(document, rows)
            return
    style, quotes = _style(path, language)
    code = lex(text, style, quotes)
    for row in rows:
        for found in compiled(row.pattern).finditer(code.text):
            if not code.quoted(found.start()):
                yield _row_hit(row, found, code.line(found.start(found.lastindex or 0)))


def _style(path: str, language: Any) -> tuple[str, str]:
    if language:
        return language["comments"], language["quotes"]
    if path.endswith(
        (".tf", ".hcl", ".tofu", ".nomad", ".bicep", ".jsonnet", ".jsonc", "Jenkinsfile")
    ):
        return "hcl", ""
    return ("none" if path.endswith((".json", ".md")) else "spaced"), ""


def _scalars(document: Any, rows: list[Row]) -> Iterator[Hit]:
    text = document.text
    for pointer, start, _, value in document.scalars():
        key = next((p for p in reversed(pointer.split("/")) if not p.isdecimal()), "")
        parts = value.split("\n") if isinstance(value, str) else ()
        for number, part in enumerate(parts, text[start : start + 1] in ("|", ">")):
            line = f"{key}: {part}"[:_LONGEST_LINE]
            for row in rows:
                for found in compiled(row.pattern).finditer(line):
                    yield _row_hit(row, found, text.count("\n", 0, start) + 1 + number)


def _row_hit(row: Row, found: re.Match[str], line: int) -> Hit:
    name = found[found.lastindex or 0][:100]
    return Hit(line, row.kind, name, row.ecosystem, row.detector, row.confidence)


def _installs(path: str, text: str, detectors: Detectors) -> Iterator[Hit]:
    joined = lex(text.replace("\\\n", "  "), "spaced", "").text
    doubt = "" if detectors.named("builds").search(path) else "command"
    for line in _INSTALLS.finditer(joined):
        for name, command in detectors.files["installs.yaml"]["commands"].items():
            for found in compiled(command).finditer(joined, *line.span()):
                for word in _WORD.finditer(joined, *found.span(found.lastindex or 0)):
                    if package := detectors.ecosystems[name].package(word[1]):
                        at = text.count("\n", 0, word.start()) + 1
                        yield _packaged(at, package, f"{name}-install", doubt, "dependency")


def _notebook(data: bytes, detectors: Detectors) -> Iterator[Hit]:
    for line, step, name, source in read_notebook(data):
        row = detectors.languages[_KERNELS.get(name, ".py")]
        ecosystem = detectors.ecosystems[row["ecosystem"]]
        imports, strings = read_code(without_magics(source), row)
        commands = re.sub("(?m)^[%!]", "", source)
        for hit in (
            *_imports(imports, ecosystem),
            *_endpoints(strings, ecosystem.name, detectors),
            *_installs("notebook.sh", commands, detectors),
        ):
            kind = "notebook" if hit.kind == "runtime" else hit.kind
            yield hit._replace(line=line + (hit.line - 1) * step, kind=kind, doubt="", use="")
