"""The command line: find the command, run it, and turn an error into one sentence and an exit code."""

import difflib
import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn, TextIO

# Command modules import slow libraries (numpy, torch) only when they run, so these imports take milliseconds.
from whence.cli import (
    check,
    compare,
    convert,
    convert_labels,
    convert_weights,
    data,
    demo,
    detect,
    evaluate,
    export,
    listen,
    merge,
    models,
    package,
    plot,
    predict,
    publish,
    report,
    reproduce,
    rooms,
    scenes,
    serve,
    sounds,
    table,
    train,
    tune,
)
from whence.cli.command import Command
from whence.errors import (
    ASKED_WRONGLY,
    DONE,
    INTERRUPTED,
    MACHINE_GAVE_UP,
    SOME_FAILED,
    TERMINATED,
    WhenceError,
    said_as_flags,
)
from whence.files import is_disk_full

COMMANDS: dict[str, Command] = {
    "demo": demo.COMMAND,
    "detect": detect.COMMAND,
    "merge": merge.COMMAND,
    "listen": listen.COMMAND,
    "serve": serve.COMMAND,
    "evaluate": evaluate.COMMAND,
    "compare": compare.COMMAND,
    "report": report.COMMAND,
    "check": check.COMMAND,
    "plot": plot.COMMAND,
    "scenes": scenes.COMMAND,
    "scenes rooms": rooms.COMMAND,
    "convert": convert.COMMAND,
    "convert-labels": convert_labels.COMMAND,
    "train": train.COMMAND,
    "tune": tune.COMMAND,
    "predict": predict.COMMAND,
    "table": table.COMMAND,
    "reproduce": reproduce.COMMAND,
    "export": export.COMMAND,
    "models": models.COMMAND,
    "convert-weights": convert_weights.COMMAND,
    "publish": publish.COMMAND,
    "package": package.COMMAND,
    "data fetch": data.FETCH,
    "data sounds": sounds.COMMAND,
    "data verify": data.VERIFY,
    "data index": data.INDEX,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: the words after `whence`; those of this process when None.

    Returns:
        the exit code: 0 done, 1 some items failed, 2 wrong arguments, 3 out of resources, 130 or 143 interrupted.
    """
    _escape_what_cannot_be_shown()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(_overview())
        return DONE
    if words[0] in ("-V", "--version"):
        from whence import __version__

        sys.stdout.write(f"whence {__version__}\n")
        return DONE
    for length in (2, 1):  # `scenes rooms` before `scenes`
        name = " ".join(words[:length])
        if name in COMMANDS:
            return _run(name, words[length:])
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    meant = f"; did you mean {near[0]}?" if near else ";"
    sys.stderr.write(f"whence: no command {name!r}{meant} there are: {', '.join(COMMANDS)}\n")
    return ASKED_WRONGLY


def _escape_what_cannot_be_shown() -> None:
    """Let a terminal without Unicode show escapes for foreign names, where Python would raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(name: str, words: Sequence[str]) -> int:
    """Run one command and return its exit code, however it ends."""
    command = COMMANDS[name]
    try:
        args = command.parser(name).parse_args(words)
    except SystemExit as stop:  # --help, or an error that the parser has printed
        return int(stop.code or DONE)
    # The matrices here are small: a second BLAS thread only spins and costs `detect` a third of its speed.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    messages = _messages_on_stderr(quiet=args.quiet)
    previous = signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        with said_as_flags():
            code = command.run(args)
        sys.stdout.flush()
        if code == DONE and args.strict and messages.warnings:
            return _end(f"warnings: {messages.warnings}, which --strict treats as failures", SOME_FAILED, debug=False)
    except BrokenPipeError:
        # The reader (`| head`) has enough. Python would raise again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return _end(f"{name} was interrupted; finished results are kept", INTERRUPTED, args.debug)
    except _TerminatedError:
        return _end(f"{name} was terminated; finished results are kept", TERMINATED, args.debug)
    except WhenceError as error:
        return _end(str(error), error.exit_code, args.debug)
    except MemoryError:
        return _end("out of memory; finished results are kept, the same command continues", MACHINE_GAVE_UP, args.debug)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        full = is_disk_full(error)
        remedy = "; free some space, and the same command continues" if full else ""
        return _end(f"{where}{error.strerror or error}{remedy}", MACHINE_GAVE_UP if full else ASKED_WRONGLY, args.debug)
    finally:
        signal.signal(signal.SIGTERM, previous)
    return code


class _TerminatedError(BaseException):
    """SIGTERM arrived; unwinds like KeyboardInterrupt so that open files are closed or removed."""


def _on_sigterm(*_: object) -> NoReturn:
    raise _TerminatedError


def _end(sentence: str, code: int, debug: bool) -> int:
    """Print why the command ends, after the traceback with --debug, and return the code."""
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"whence: {sentence}\n")
    return code


def _messages_on_stderr(quiet: bool) -> "_Messages":
    """Show messages of the package's loggers as plain lines on standard error."""
    handler = _Messages(quiet)
    handler.setFormatter(_Line())
    logger = logging.getLogger("whence")
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False
    return handler


class _Messages(logging.StreamHandler[TextIO]):
    """Shows messages, only errors where it is quiet, and counts the warnings."""

    def __init__(self, quiet: bool) -> None:
        super().__init__(sys.stderr)
        self.quiet = quiet
        self.warnings = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.warnings += record.levelno == logging.WARNING
        if not self.quiet or record.levelno >= logging.ERROR:
            super().emit(record)


class _Line(logging.Formatter):
    """`warning: ...` for warnings, the bare sentence for the rest."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return f"{record.levelname.lower()}: {text}" if record.levelno >= logging.WARNING else text


def _overview() -> str:
    """Return what `whence --help` prints, without building a parser."""
    lines = [f"  {name:<16} {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "whence: which sounds happen in a stereo recording, when, from which direction and how far away",
            "",
            "start with:",
            "  whence demo",
            "  whence detect street.wav",
            "  whence evaluate references/ predictions/",
            "",
            "commands:",
            *lines,
            "",
            "whence COMMAND --help shows examples and settings; whence --version the version",
            "exit codes: 0 done; 1 some items failed; 2 wrong arguments or input, nothing started; 3 out of disk,",
            "memory or network; 130 or 143 interrupted. Finished results are kept in every case",
            "",
        ]
    )
