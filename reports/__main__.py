"""`python -m reports COMMAND`: what can be done with reports that exist already.

A command is a module with `add_arguments(parser)` and `run(arguments)`, which
returns the exit status. To add one, name its module in COMMANDS: it is imported
only when it is asked for.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

import pytest

from models.runs.files import StoreError

__all__ = ["COMMANDS", "main"]

USAGE_ERROR = 2
"""argparse's own status for a wrong command line."""


COMMANDS = {
    "compare": ("reports.comparison.command", "Put reports side by side, claim by backend or by run."),
    "history": ("reports.comparison.over_time", "Show a claim's verdicts over time and commits."),
    "schema": ("reports.records", "Write the JSON Schema of verdicts.json."),
    "screenshot": ("reports.page.screenshot", "Take a picture of a report's page."),
    "store": ("models.runs.upkeep.command", "List, check or clear the store of trained runs."),
}
"""Name -> the module that does it, and one line of help."""


def main(arguments: Sequence[str]) -> int:
    """The command's exit status; 2 where the command line or its files are no good."""
    parser = argparse.ArgumentParser(prog="python -m reports", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = next((word for word in arguments if not word.startswith("-")), None)
    module = None
    for name, (path, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if name == asked:
            module = importlib.import_module(path)
            module.add_arguments(sub)
    parsed = parser.parse_args(arguments)
    assert module is not None, "argparse accepts a known command only"
    try:
        return int(module.run(parsed))
    except (pytest.UsageError, StoreError) as error:
        print(f"python -m reports {asked}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except BrokenPipeError:  # the reader, `head` for instance, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
