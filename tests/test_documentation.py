"""What the documentation says is there is there: commands with their options, files and folders, pages, names in Python."""

import dataclasses
import inspect
import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from macrid.cli.main import main
from macrid.model.settings import Settings

ROOT = Path(__file__).parents[1]
NAMED = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/RESULTS.md")
PAGES = [ROOT / name for name in NAMED] + sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
MADE = ("models/mine", "models/small", "models/named", "site/", "dist/")  # by what the text tells to do


def commands(text: str) -> list[list[str]]:
    """The lines of code blocks that call macrid, as words."""
    lines = "\n".join(BLOCK.findall(text)).replace("\\\n", " ").splitlines()
    calls = [re.match(r"(?:\S*python -m )?macrid ([a-z].*)", line.strip()) for line in lines]
    return [shlex.split(call[1], comments=True) for call in calls if call]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_are_there(page):
    for name, *words in commands(page.read_text(encoding="utf-8")):
        assert name in main.commands, f"{page.name}: there is no command {name}"
        options = {option for each in main.commands[name].params if isinstance(each, click.Option) for option in each.opts}
        used = {word for word in words if word.startswith("--")}
        assert used <= options, f"{page.name}: macrid {name} has no {used - options}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page):
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "#"))]
    for link in filter(None, links):
        assert (page.parent / link).exists() or (ROOT / link).exists(), f"{page.name} links to {link}"
    for path in re.findall(r"`((?:macrid|ui|pages|tests|benchmarks|docs|models|assets)/[\w./-]*)`", text):
        assert path.startswith(MADE) or (ROOT / path).exists(), f"{page.name} names {path}"


def test_what_the_page_on_steering_shows_is_what_the_shop_says():
    text = (ROOT / "docs" / "steering.md").read_text(encoding="utf-8")
    steer = next(call for call in commands(text) if call[0] == "steer" and "--turn" in call)
    ran = CliRunner().invoke(main, steer)
    shown = next(block for block in BLOCK.findall(text) if "new     " in block).replace("...", "").split("\n")
    assert {line for line in shown if line.strip()} <= set((ran.stdout + ran.stderr).splitlines())
    names = {}
    exec(next(block for block in BLOCK.findall(text) if "bundle.load" in block), names)
    assert names["shop"].dials.label(*names["dial"]).name == "size"


def test_what_the_page_on_python_shows_is_there():
    for path in re.findall(r"^::: ([\w.]+)", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.MULTILINE):
        module, _, name = path.rpartition(".")
        assert hasattr(import_module(module), name), path


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "notebooks").glob("*.ipynb")]:
        assert str(path.relative_to(ROOT / "docs")) in navigation, path


def test_every_setting_has_a_comment_that_the_documentation_shows():
    """docs/hooks.py makes the table of settings from them."""
    fields = re.findall(r"^    (\w+): [^=]+ = .*$", inspect.getsource(Settings), re.MULTILINE)
    told = re.findall(r"^    (\w+): [^=]+ = .+?  # .+$", inspect.getsource(Settings), re.MULTILINE)
    assert fields == told
    assert set(fields) == {field.name for field in dataclasses.fields(Settings)}
