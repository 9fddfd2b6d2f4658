"""Measure the detection of AI use on a corpus of public repositories, labelled by people.

    python benchmarks/corpus.py CLONES [LABELS.tsv]

CLONES holds a clone of each, as OWNER/NAME, OWNER+NAME or NAME, bare or not, itself or one
folder below; nothing is fetched.  LABELS.tsv has the columns repo, commit, runtime_ai, class and
ecosystem.  A repository counts as found where it has a detection of a kind that needs a manifest.
Prints every miss and false alarm by name, precision and recall by kind and ecosystem, the time.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time

from aigov.bundled import shipped_detectors
from aigov.detection import Found, detect
from aigov.results import NEEDING

MOST_BYTES = 4 * 1024 * 1024 + 1
ENVIRONMENT = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def git(repository: Path, *words: str) -> bytes:
    done = subprocess.run(
        ["git", "-C", str(repository), *words],
        check=False,
        capture_output=True,
        env=ENVIRONMENT,
    )
    return done.stdout if done.returncode == 0 else b""


def clone_of(clones: Path, repository: str) -> Path | None:
    """Return the clone of OWNER/NAME below `clones`, None if there is none."""
    names = (repository, repository.replace("/", "+"), repository.partition("/")[2])
    for folder in (clones / name for name in names):
        for one in (folder, *sorted(folder.glob("*/"))):
            if (one / ".git").exists() or (one / "objects").is_dir():
                return one
    return None


@contextmanager
def reader(
    repository: Path, commit: str
) -> Iterator[tuple[list[str], Callable[[str], bytes | None]]]:
    """Give the files of a commit and what reads them."""
    entries = (line.partition("\t") for line in
               git(repository, "ls-tree", "-r", "-z", "--full-tree", commit)
               .decode("utf-8", "surrogateescape").split("\0") if line)  # fmt: skip
    blobs = {path: head.split()[2] for head, _, path in entries if head.startswith("100")}
    command = ["git", "-C", str(repository), "cat-file", "--batch"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None

        def read(path: str) -> bytes | None:
            requests.write(f"{blobs[path]}\n".encode())
            requests.flush()
            head = answers.readline().split()
            if head[1] != b"blob":
                return None
            data = answers.read(int(head[2]) + 1)
            return data[:-1][:MOST_BYTES]

        yield list(blobs), read
        requests.close()


def judged(clones: Path, row: dict[str, str], took: Counter[str]) -> Found | None:
    """Return what is detected in one repository of the corpus, None where it is not at hand."""
    clone = clone_of(clones, row["repo"])
    if clone is None or not git(clone, "rev-parse", "--verify", f"{row['commit']}^{{commit}}"):
        return None
    with reader(clone, row["commit"]) as (paths, read):
        began, wall = process_time(), perf_counter()
        found = detect(paths, read, DETECTORS)
        took.update(files=len(paths), cpu_ms=int((process_time() - began) * 1000),
                    ms=int((perf_counter() - wall) * 1000))  # fmt: skip
    return found


def share(part: int, whole: int) -> str:
    return f"{part / whole:.2f} ({part} of {whole})" if whole else "none"


def table(title: str, groups: dict[str, list[tuple[bool, bool]]]) -> None:
    print(f"\n{title:16} {'precision':18} recall")
    for name, pairs in sorted(groups.items()):
        hits = sum(found and wanted for found, wanted in pairs)
        alarms, wanted = sum(f for f, _ in pairs), sum(w for _, w in pairs)
        print(f"{name:16} {share(hits, alarms):18} {share(hits, wanted)}")


def main() -> int:
    clones = Path(sys.argv[1]) if sys.argv[1:] else Path("clones")
    labels = Path(sys.argv[2] if sys.argv[2:] else "../shared/data/ai-usage-corpus.tsv")
    for given in (clones, labels):
        if not given.exists():
            print(f"skipped: {given} is not there (usage: corpus.py CLONES [LABELS.tsv])")
            return 0
    everything: list[tuple[bool, bool]] = []
    by_kind: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    by_ecosystem: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    took: Counter[str] = Counter()
    with labels.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        found = judged(clones, row, took)
        if found is None:
            print(f"left out     {row['repo']}: no clone with {row['commit'][:12]}")
            continue
        telling = [one for one in found.detections if one.kind in NEEDING]
        wanted = row["runtime_ai"] == "true"
        pair = (bool(telling), wanted)
        everything.append(pair)
        for kind in {one.kind for one in telling}:
            by_kind[kind].append((True, wanted))
        for name in row["ecosystem"].split(","):
            by_ecosystem[name].append(pair)
        if pair[0] != wanted:
            print(f"{'false alarm' if telling else 'MISS':12} {row['repo']} ({row['class']})")
            for one in telling[:5]:
                print(f"             {one.path}:{one.line} {one.kind} {one.name} ({one.detector})")
    total = sum(wanted for _, wanted in everything)
    for pairs in by_kind.values():  # recall of a kind: what it alone would have found
        pairs.extend([(False, True)] * (total - sum(wanted for _, wanted in pairs)))
    table("all", {f"{len(everything)} repositories": everything})
    table("kind", by_kind)
    table("ecosystem", by_ecosystem)
    seconds = f"{took['ms'] / 1000:.1f} s (CPU {took['cpu_ms'] / 1000:.1f} s)"
    print(f"\n{took['files']:,} files in {seconds}")
    return 0


if __name__ == "__main__":
    DETECTORS = shipped_detectors()
    sys.exit(main())
