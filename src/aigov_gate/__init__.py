"""The commands `aigov-gate` and `aigov`: make sure of the package, then start it.

PyPI's `aigov` is another project that installs a package and a command of the same
name.  Whichever was installed last owns `import aigov`, so this looks before it leaps.
"""

import gc
import sys


def main() -> None:
    """Run the command line; exit 2 with the remedy if `aigov` is not this project's."""
    gc.disable()  # start-up makes much that lives to the end; `audit` turns it on again
    try:
        import aigov

        ours = getattr(aigov, "DISTRIBUTION", "") == "aigov-gate"
    except ImportError:
        ours = False
    if not ours:
        sys.stderr.write(
            "aigov-gate: another package called `aigov` is installed over this one\n"
            "  next: pip uninstall aigov && pip install --force-reinstall aigov-gate\n"
        )
        sys.exit(2)
    from aigov.cli import main as start

    start()
