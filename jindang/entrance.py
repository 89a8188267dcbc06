"""How a command ends: with its exit code, without a trace of Python."""

import atexit
import errno
import os
import sys
import threading

import click

from jindang.cli import main

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Where the output goes has no room."""


def enter() -> None:
    """Do what the command line says and leave with its exit code.

    By then everything is closed and committed, and no thread is left: taking the interpreter apart piece by piece would take
    some 40 ms, a tenth of a small command. Where anything still runs, or its last words cannot be written, Python ends as ever.
    """
    try:
        main()
    except SystemExit as ended:
        if threading.active_count() > 1 or not isinstance(ended.code, int):
            raise
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            # AttributeError: it was closed before the start, and is None.
            raise ended from None
        os._exit(ended.code)
    except OSError as fault:
        if fault.errno not in FULL:
            raise
        click.echo(f"错误：结果写不出去（{fault.strerror}）。请腾出空间，或换一处保存；已办成的不受影响。", err=True)
        atexit._run_exitfuncs()
        # Not by Python's own end: it would try once more to write what still waits, and fail in its own words.
        os._exit(3)
