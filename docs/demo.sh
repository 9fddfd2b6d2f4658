# What `make demo` shows: four use cases that are sound, and one that is not ready.
# The examples are written for one date; on later dates their reviews and drills expire.
set -u
date=2026-11-22

say() { printf '\n$ %s\n\n' "$*"; "$@"; }

say aigov-gate check --as-of "$date" examples/[1-4]-*.aigov.yaml || exit 1
say aigov-gate check --as-of "$date" examples/faulty
code=$?
if [ "$code" -ne 1 ]; then
  echo "the faulty example ended with $code, not with 1" >&2
  exit 1
fi
printf '\nExit code 1: this pilot is stopped before it goes further. Each line above says where\n'
printf 'and what would pass; --format json gives the same to machines.\n'
