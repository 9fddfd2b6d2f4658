"""`python -m aigov` is the command `aigov-gate`."""

from aigov.cli import main

main()
