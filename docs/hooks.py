"""What mkdocs does besides its plugins: pictures of the repository, formulas as MathML, settings and commands from code."""

import inspect
import os
import re
from pathlib import Path

import click
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from macrid.cli.main import main
from macrid.model import settings
from macrid.openmp import WAITING

ROOT = Path(__file__).parents[1]
SHOWN = ("assets/app.png", "assets/icon.svg", "assets/model.svg")
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$(\S(?:[^$\n]*\S)?)\$", re.DOTALL)


def on_startup(**_: object) -> None:
    """The notebooks' kernels find macrid, and their threads sleep while they wait."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.environ.update(WAITING | dict(os.environ))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pictures of the repository, of which docs/ keeps no copy."""
    for name in SHOWN:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Formulas of the method as MathML, which browsers draw without a script; settings and commands as in the code."""
    if page.file.src_uri == "method.md":
        return FORMULA.sub(_mathml, markdown)
    if page.file.src_uri == "settings.md":
        return markdown.replace("<!-- settings -->", _settings()).replace("<!-- presets -->", _presets())
    if page.file.src_uri == "command-line.md":
        return markdown.replace("<!-- commands -->", _commands())
    return markdown


def _mathml(formula: re.Match) -> str:
    block = formula[1] is not None
    drawn = convert((formula[1] or formula[2]).strip(), display="block" if block else "inline")
    return f'<div class="formula">{drawn}</div>' if block else drawn


def _commands() -> str:
    """Every command by its own help: what it does, its usage, its options."""
    parent = click.Context(main, info_name="macrid")
    return "\n\n".join(_command(click.Context(command, parent, name)) for name, command in main.commands.items())


def _command(context: click.Context) -> str:
    command = context.command
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = [f"## {context.info_name}", inspect.cleandoc(command.help or ""), f"```\n{usage}\n```"]
    options = [each for each in command.params if isinstance(each, click.Option)]
    records = [record for each in options if (record := each.get_help_record(context))]  # None of a hidden one
    if records:
        rows = [f"| <code>{_cell(option)}</code> | {_cell(meaning)} |" for option, meaning in records]
        lines.append("\n".join(["| option | meaning |", "|---|---|", *rows]))
    return "\n\n".join(lines)


def _cell(text: str) -> str:
    """Text as a cell of a table: a bar would end the cell, < begin a tag, and a bracket a link."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("[", "&#91;")


def _settings() -> str:
    """A row for each field of Settings: name, default, and the comment beside it."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for line in inspect.getsource(settings.Settings).splitlines():
        if field := re.match(r"    (\w+): [^=]+ = (.+?)  # (.+)", line):
            name, default, meaning = (part.replace("|", "\\|") for part in field.groups())
            lines.append(f"| `{name}` | `{_plain(default)}` | {meaning.replace('^', '&#94;')} |")
        elif field := re.match(r"    (\w+): [^=]+ = (.+)", line):
            raise ValueError(f"{field[1]} of Settings has no comment, so the documentation cannot say what it means")
    return "\n".join(lines)


def _presets() -> str:
    """What each preset changes in the defaults."""
    lines = ["| preset | changes |", "|---|---|"]
    for name, changes in settings.PRESETS.items():
        said = ", ".join(f"`{key}={_plain(repr(value))}`" for key, value in changes.items())
        lines.append(f"| `{name}` | {said or 'none: these are the defaults'} |")
    return "\n".join(lines)


def _plain(value: str) -> str:
    """A default as it is written for --set: [200] instead of (200,), text without quotes."""
    if value.startswith("("):
        return "[" + value.strip("()").rstrip(",") + "]"
    return value.strip("\"'")
