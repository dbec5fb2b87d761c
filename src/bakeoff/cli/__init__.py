"""The command line: it reads arguments, calls what a Python user would call, and prints.

Everything heavy is imported inside the commands, so that `bakeoff --help` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import sleep
from typing import Any

from bakeoff.errors import NO_TORCH, BakeoffError, printable, visible
from bakeoff.system import ctrl_c
from bakeoff.system.files import is_too_long, open_closed_streams, silence

DEFECT = 1
MISTAKE = 2
INTERRUPTED = 130
SECONDS_TO_STOP = 5.0
SECONDS_TO_END = 3.0
OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


class StoppedError(BakeoffError):
    """Ctrl-C ended a command, and its sentence tells what was done until then."""

    def __init__(self, told: str = "") -> None:
        super().__init__(f"stopped by Ctrl-C{', ' * bool(told)}{told}")


class _CtrlC:
    """Ctrl-C in the program: raised once, whatever then becomes of it.

    A `KeyboardInterrupt` may be swallowed, or come out as another error of a module that it left
    half loaded; so `asked` decides how the command ended, and there is an end to waiting for it.
    """

    asked = False

    def __call__(self, number: int, frame: object) -> None:
        if not self.asked:
            self.asked = True
            _end_within(SECONDS_TO_STOP, INTERRUPTED, f"bakeoff: {StoppedError()}\n")
            raise KeyboardInterrupt


_ctrl_c = _CtrlC()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done, 2 a mistake in the command or in a file, or something that the system
    refused (one sentence on stderr says which), 130 stopped by Ctrl-C. Anything else, with a
    traceback, is a defect of bakeoff.

    Args:
        arguments: the arguments after the program's name; those of the process if None, which then
            ends soon, whatever threads and exit handlers a user's module has left in it.
    """
    program = arguments is None
    whole = _begin() if program else True
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # An output that cannot show "±" shows "?" there; it is no reason to fail.
            stream.reconfigure(errors="replace")
    told = sys.argv[1:] if arguments is None else arguments
    code = DEFECT
    try:
        code = _flushed(_run(told, program=program) if whole else MISTAKE)
    finally:
        if program:
            _end_within(SECONDS_TO_END, code)
    sys.exit(code)


def _begin() -> bool:
    """Prepare the process; tell whether stdout, stderr and the current folder are there."""
    ignored = sys.unraisablehook
    sys.unraisablehook = lambda told: None if _ctrl_c.asked else ignored(told)
    if closed := open_closed_streams():
        _mistake(f"{closed[0]}: is closed, expected a file or a terminal to write to")
        return False
    try:
        os.getcwd()
    except FileNotFoundError:  # the matrix library would end the process in words of its own
        _mistake("the current folder is gone; change to one that is there")
        return False
    return True


def _end_within(seconds: float, code: int, sentence: str = "") -> None:
    """End the process after some seconds, if it still runs then."""

    def end() -> None:
        sleep(seconds)
        with suppress(OSError):
            # A progress bar hides the cursor.
            os.write(2, (("\x1b[?25h" if os.isatty(2) else "") + sentence).encode())
        os._exit(code)

    with suppress(RuntimeError):  # the system may allow no further thread
        threading.Thread(target=end, daemon=True).start()


def _run(arguments: list[str], *, program: bool) -> int:
    """Return the exit code of a command; what went wrong is told."""
    code, stopped = INTERRUPTED, StoppedError()
    try:
        from bakeoff.cli.app import app  # a moment, in which Ctrl-C may come, too

        if program:
            ctrl_c.call_on(_ctrl_c)
        try:
            code = _command(app, arguments)
        finally:
            if program:  # what is to be done is done, and Ctrl-C has nothing to stop any more
                ctrl_c.ignore_for_good()
    except StoppedError as error:
        stopped = error
    except KeyboardInterrupt:
        pass
    except BaseException as error:
        if not _ctrl_c.asked:
            sentence = _sentence(error)
            if sentence is None:
                raise
            return _mistake(sentence)
    if code != INTERRUPTED and not _ctrl_c.asked:
        return code
    _mistake(str(stopped))
    return INTERRUPTED


def _command(app: Callable[..., Any], arguments: list[str]) -> int:
    from bakeoff.cli.app import Abort, UsageError

    try:
        code = app(arguments, prog_name="bakeoff", standalone_mode=False)
        sys.stdout.flush()
    except UsageError as error:
        return _mistake(printable(f"{error.format_message()} (bakeoff --help tells more)"))
    except Abort:
        return _mistake("nothing was done")
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough.
        return 0
    return code if isinstance(code, int) else 0


def _sentence(error: BaseException) -> str | None:
    """Return what to say of an error; None for a defect."""
    match error:
        case BakeoffError():
            return _told(error)
        case RecursionError():
            told = "a file is nested too deeply, expected a study, a table or a store"
        case MemoryError():
            told = "the memory is used up; what was kept stays, so try again with more of it"
        case ModuleNotFoundError(name="torch" | "safetensors"):
            told = NO_TORCH
        case ImportError():
            told = f"{error.name or 'a module'}: cannot be loaded ({error})"
        case UnicodeError():
            told = f"got text that is not UTF-8 ({error}), expected UTF-8"
        case RuntimeError() if "start new thread" in str(error):
            told = "the system allows no further thread; allow more (ulimit -u), or more memory"
        case OSError() if is_too_long(error):
            told = f"{error.filename}: is too long for the name of a file"
        case OSError(filename=None) if error.errno in OUTPUT_ERRORS:
            told = f"the output: cannot be written ({error.strerror}), expected room for it"
        case OSError():
            where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
            told = f"{where}{error.strerror or error}"
        case _:
            return None
    return printable(told)


def _told(error: BakeoffError) -> str:
    """Return the error's sentence; a line each where a study has several faults."""
    from bakeoff.study.checks import SpecError

    if not isinstance(error, SpecError) or len(error.faults) < 2:
        return str(error)
    lines = [printable(f"{path}: {what}" if path else what) for path, what in error.faults]
    first = printable(f"{error.where} has {len(lines)} faults:")
    return "\n  ".join([first, *lines])


def _mistake(sentence: str) -> int:
    with suppress(OSError):  # where nothing can be said, the exit code tells
        tell(f"bakeoff: {sentence}", err=True)
    return MISTAKE


def tell(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print text as it is, of any width, with every character `visible`."""
    shown = visible(text, lines=True)
    print(shown, end="\n" if nl else "", file=sys.stderr if err else sys.stdout, flush=True)


def _flushed(code: int) -> int:
    """Return the exit code after all output is out, or never will be."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                code = code or _mistake(_sentence(error) or "")
            # Spare the interpreter a second try.
            with suppress(OSError, ValueError):
                silence(stream)
    return code
