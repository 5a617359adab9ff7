"""What every command is made of and may use: arguments, help, a progress bar, and warnings muted for a while."""

import argparse
import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from whence.errors import ASKED_WRONGLY


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence that names the help."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit with code 2."""
        sys.stderr.write(f"{self.prog}: {message}; see {self.prog} --help\n")
        raise SystemExit(ASKED_WRONGLY)


@dataclass(frozen=True)
class Command:
    """One command of the command line.

    Args:
        summary: one line for the list of commands.
        examples: whole command lines; the help begins with them.
        add_arguments: adds positionals and at most 8 flags to a parser, beside those of `whence.cli.machine` and
            `whence.cli.recording` and `whence.cli.scale_flags`.
        run: does the work and returns the exit code; raises WhenceError for wrong arguments.
    """

    summary: str
    examples: tuple[str, ...]
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]

    def parser(self, name: str) -> Parser:
        """Return the parser of this command; its help begins with the examples."""
        parser = Parser(
            prog=f"whence {name}",
            description="\n".join([self.summary, "", "examples:", *(f"  {line}" for line in self.examples)]),
            formatter_class=_Help,
            allow_abbrev=False,
        )
        self.add_arguments(parser)
        parser.add_argument("--quiet", action="store_true", help="print only errors")
        # `check` has a --strict of its own, which does more.
        if not any("--strict" in action.option_strings for action in parser._actions):
            parser.add_argument("--strict", action="store_true", help="treat warnings as failures (exit code 1)")
        parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        return parser


class _Help(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keeps the lines of the examples and shows every default but None, False and an empty list."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, []) or action.default is argparse.SUPPRESS:
            return action.help
        return super()._get_help_string(action)


@contextlib.contextmanager
def shown_progress(unit: str, *, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar with the rate and the time left on a terminal, and nothing elsewhere.

    Args:
        unit: of what is counted, "clip" or "B".
        quiet: show nothing on a terminal either.

    Yields:
        a function (what, done, total); total 0 means unknown.
    """
    from tqdm import tqdm

    # With None, tqdm checks whether stderr is a terminal; a bar that is not shown has no attributes.
    with tqdm(unit=unit, unit_scale=unit == "B", leave=False, disable=True if quiet else None) as bar:
        shown: list[tuple[str, int]] = []

        def show(what: str, done: int, total: int) -> None:
            if bar.disable:
                return
            if shown != [(what, total)]:
                shown[:] = [(what, total)]
                bar.reset(total or None)
                bar.set_description(what)
            bar.update(done - bar.n)

        yield show


@contextlib.contextmanager
def muted_warnings(package: str = "whence.audio") -> Iterator[None]:
    """Drop warnings of a package within the block, where they would have no name or repeat; errors are still shown."""
    log = logging.getLogger(package)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
