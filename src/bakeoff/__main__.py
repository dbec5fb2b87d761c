"""The program: the command `bakeoff`, or `python -m bakeoff`.

While it loads, nothing can be left half done, so Ctrl-C ends it on the spot. That is arranged
before anything else is imported; `bakeoff.cli` then takes over.
"""

import _signal  # type: ignore[import-not-found]  # signal itself takes a while to load
import os
import sys


def _stop_at_once(number: int, frame: object) -> None:
    os.write(2, b"bakeoff: stopped by Ctrl-C\n")
    os._exit(130)


if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _stop_at_once)
if __name__ == "__main__" and not sys.flags.safe_path:
    # Python put the current folder first, where a random.py would pass for the library's.
    del sys.path[0]

from bakeoff.cli import main  # noqa: E402

__all__ = ["main"]
if __name__ == "__main__":
    main()
