"""The command line: `python -m macrid COMMAND`. Figures go to standard output, progress and notices to standard error."""

import faulthandler
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, TextIO

import click

from macrid import reports
from macrid.errors import InputError, InputWarning
from macrid.openmp import WAITING

from . import app, batch, jobs, prepare, serve, shelf, study, train, use


def call(arguments: Sequence[str] | None = None, program: str | None = None) -> None:
    """Do what a command line asks for, that of this process by default; a user's mistake gets one line on standard error and
    exit status 2. program: what it is called in its help."""
    try:
        with warnings.catch_warnings():  # which puts back what is replaced here
            warnings.showwarning = _show_warning
            main.main(arguments, program, standalone_mode=False)
    except InputError as error:
        _fail(str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.UsageError as error:
        _fail(error.format_message() + (f" ({error.ctx.command_path} --help)" if error.ctx else ""))
    except click.ClickException as error:
        _fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except OSError as error:  # a full disk, a folder that may not be written to
        _fail(f"{error.filename or 'the disk'}: {error.strerror or error}; free some space or choose another folder")
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):  # PyTorch has no error of its own for it
            raise
        _fail(f"not enough memory ({str(error)[:200]}); free some, or take less at once")


def _fail(message: str) -> NoReturn:
    click.echo("error: " + " ".join(message.split()), err=True)
    sys.exit(2)


def _show_warning(message: Warning | str, category: type[Warning], filename: str, lineno: int,
                  file: TextIO | None = None, line: str | None = None) -> None:
    if issubclass(category, InputWarning):
        click.echo("note: " + " ".join(str(message).split()), err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """MacridVAE: train a recommender that people can steer, look into it, and steer it."""


for command in (*train.COMMANDS, *prepare.COMMANDS, *use.COMMANDS, *batch.COMMANDS, *study.COMMANDS, *app.COMMANDS,
                *serve.COMMANDS, *jobs.COMMANDS, *shelf.COMMANDS):
    main.add_command(command)


def run() -> None:
    """The program `macrid`, and `python -m macrid`."""
    os.environ.update(WAITING | dict(os.environ))
    _open_streams()
    faulthandler.enable()  # what ends the process itself, a library that crashes, says where
    with reported(sys.argv[1:]):
        call()


@contextmanager
def reported(arguments: Sequence[str]) -> Iterator[None]:
    """A fault of ours within a block ends the process with what it is, the place of a report last, and exit status 1."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        click.echo(f"error: {reports.line(error, arguments)}", err=True)
        sys.exit(1)


def _open_streams() -> None:
    """Where standard input, output or error was closed (`2>&-`), it goes nowhere: else the next file that is opened would
    get what is said."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 -- for as long as the process runs
