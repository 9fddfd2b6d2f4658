"""Measure `aigov check` on one passing manifest against `python -c pass`.

CPU time (user and system) of the whole process, as the operating system accounts for
it; the two commands run in turn, and the ratio is taken pair by pair.  Run it with
`make bench`; it exits 1 when the median ratio is above the limit.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

LIMIT = 10.0
"""The most that the hook may cost, in starts of the bare interpreter."""
PAIRS = 25
ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "examples" / "2-moderate-production.aigov.yaml"


def cpu_seconds(command: list[str]) -> float:
    """Run `command`, throw its output away, and return its CPU time in seconds."""
    # An installed package has its byte code; a checkout writes it on the first run.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} exited {process.returncode}: nothing was measured")
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    script = Path(sys.executable).with_name("aigov-gate")
    check = [str(script), "check", "--as-of", "2026-11-22", str(MANIFEST)]
    bare = [sys.executable, "-c", "pass"]
    for command in (check, bare, check, bare):  # warm the file cache
        cpu_seconds(command)
    pairs = [(cpu_seconds(check), cpu_seconds(bare)) for _ in range(PAIRS)]
    ratios = [one / other for one, other in pairs]
    median = statistics.median(ratios)
    print(f"aigov-gate check {MANIFEST.relative_to(ROOT)}, against python -c pass, CPU of the")
    print(f"whole process, {PAIRS} pairs on Python {sys.version.split()[0]}:")
    print(f"  check  {statistics.median(a for a, _ in pairs) * 1000:6.1f} ms (median)")
    print(f"  pass   {statistics.median(b for _, b in pairs) * 1000:6.1f} ms (median)")
    print(f"  ratio  {median:6.1f}x (median of pairs), {min(ratios):.1f} to {max(ratios):.1f}")
    print(f"  limit  {LIMIT:6.1f}x: {'held' if median <= LIMIT else 'BROKEN'}")
    return 0 if median <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
