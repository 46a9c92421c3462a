"""The command line. Exit codes: 0 done, 1 a fault of ours, 2 usage or bad input.

Long steps show progress on the standard error stream; results go to the standard output, with ``--json`` as JSON.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from kgreason.errors import KGReasonError

__all__ = ["main"]

#: Set to anything to see where a fault arose.
TRACEBACK = "KGREASON_TRACEBACK"


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and leave the process with its exit code.

    Args:
        argv: the arguments after the program's name; those of the process by default.
    """
    from kgreason.cli.app import app
    from kgreason.cli.arguments import spread

    arguments = spread(sys.argv[1:] if argv is None else argv)
    try:
        app(args=arguments, prog_name="kgreason")
    except KGReasonError as error:
        _fail(f"{error.message}.", error.fix, 2, error)
    except BrokenPipeError:
        # The reader of our output left (`| head`): not even the last flush of the interpreter can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a fault is told in one line, not in fifty
        hint = f"This is a fault of kgreason, not of your input; set {TRACEBACK}=1 to see where it arose."
        _fail(f"{type(error).__name__}: {error}", hint, 1, error)


def _fail(message: str, fix: str, code: int, error: Exception) -> None:
    from kgreason.cli.console import complain

    if os.environ.get(TRACEBACK):
        raise error
    complain(message, fix)
    sys.exit(code)
