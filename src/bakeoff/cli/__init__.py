"""The command line: it reads arguments, calls what a Python user would call, and prints.

Everything heavy is imported inside the commands, so that `bakeoff --help` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys

from bakeoff.errors import BakeoffError, printable, visible

MISTAKE = 2
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done, 2 a mistake in the command or in a file (one sentence on stderr says
    which), 130 stopped by Ctrl-C. Anything else, with a traceback, is a defect of bakeoff.

    Args:
        arguments: the arguments after the program's name; those of the process if None.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # An output that cannot show "±" shows "?" there; it is no reason to fail.
            stream.reconfigure(errors="replace")
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    from bakeoff.cli.app import Abort, UsageError, app  # a moment, in which Ctrl-C may come, too

    try:
        code = app(arguments, prog_name="bakeoff", standalone_mode=False)
        sys.stdout.flush()
    except BakeoffError as error:
        return _mistake(_told(error))
    except UsageError as error:
        return _mistake(printable(f"{error.format_message()} (bakeoff --help tells more)"))
    except Abort:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; spare the interpreter a second try.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return _mistake(printable(f"{error.filename}: is too long for the name of a file"))
    return code if isinstance(code, int) else 0


def _told(error: BakeoffError) -> str:
    """Return the error's sentence; a line each where a study has several faults."""
    from bakeoff.study.checks import SpecError

    if not isinstance(error, SpecError) or len(error.faults) < 2:
        return str(error)
    lines = [printable(f"{path}: {what}" if path else what) for path, what in error.faults]
    first = printable(f"{error.where} has {len(lines)} faults:")
    return "\n  ".join([first, *lines])


def _mistake(sentence: str) -> int:
    tell(f"bakeoff: {sentence}", err=True)
    return MISTAKE


def tell(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print text as it is, of any width, with every character `visible`."""
    shown = visible(text, lines=True)
    print(shown, end="\n" if nl else "", file=sys.stderr if err else sys.stdout, flush=True)
