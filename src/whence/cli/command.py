"""What every command is made of: its words, its arguments, and the function that does it."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from whence.errors import ASKED_WRONGLY


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one sentence with the way to the help."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end with "asked wrongly"."""
        sys.stderr.write(f"{self.prog}: {message}; see {self.prog} --help\n")
        raise SystemExit(ASKED_WRONGLY)


@dataclass(frozen=True)
class Command:
    """One word of the command line.

    Args:
        summary: one line for the list of commands.
        examples: whole command lines; the help begins with them.
        add_arguments: declares positionals and at most 8 flags on the parser it is given.
        run: does the work and returns the exit code; raises WhenceError when asked wrongly.
    """

    summary: str
    examples: tuple[str, ...]
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]

    def parser(self, name: str) -> Parser:
        """The parser of this command, its help beginning with the examples."""
        parser = Parser(
            prog=f"whence {name}",
            description="\n".join([self.summary, "", "examples:", *(f"  {line}" for line in self.examples)]),
            formatter_class=_Help,
            allow_abbrev=False,
        )
        self.add_arguments(parser)
        parser.add_argument("--quiet", action="store_true", help="say only what went wrong")
        # `check` has one of its own, which says more.
        if not any("--strict" in action.option_strings for action in parser._actions):
            parser.add_argument("--strict", action="store_true", help="take warnings for failures (exit code 1)")
        parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        return parser


class _Help(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keeps the lines of the examples and shows every default that means something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False) or action.default is argparse.SUPPRESS:
            return action.help
        return super()._get_help_string(action)
