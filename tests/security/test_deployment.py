"""What puts the programs on a server: without a container engine, the files are read and their commands looked up."""

import configparser
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from macrid.bundle import places
from macrid.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
DOCKER = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
UNITS = [(ROOT / "deploy" / f"macrid-{name}.service").read_text(encoding="utf-8") for name in ("app", "serve")]


def understood(words: list[str]) -> None:
    """There is such a command of macrid, with these options, they take these values, and the bundles are found in a folder
    that holds nothing."""
    command = main.commands[words[0]]
    context = click.Context(command)
    command.parse_args(context, list(words[1:]))
    for bundle in context.params.get("bundles", ()):
        assert (places.resolved(bundle) / "bundle.json").is_file(), bundle


def test_commands_are_those_of_the_program_and_work_in_a_plain_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(places.MODELS, raising=False)
    default = re.search(r"^CMD (\[.*\])$", DOCKER, re.MULTILINE)[1]
    understood(yaml.safe_load(default))
    for service in ("app", "service"):
        understood(COMPOSE["services"][service]["command"])
    for text in UNITS:
        unit = configparser.ConfigParser(strict=False)
        unit.optionxform = str
        unit.read_string(text)
        program, *words = shlex.split(unit["Service"]["ExecStart"])
        assert program.endswith("/macrid")
        understood(words)


def test_the_image_keeps_the_rules():
    """As hadolint has them: named versions, no ADD, no root at last, JSON for what is run, nothing kept of pip."""
    lines = DOCKER.splitlines()
    assert all(re.fullmatch(r"FROM [\w/]+:[\w.-]*\d[\w.-]*( AS \w+)?", line) for line in lines if line.startswith("FROM"))
    assert not any(line.startswith(("ADD", "MAINTAINER")) for line in lines)
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users[-1] not in ("root", "0")
    assert all(line.split(maxsplit=1)[1].startswith("[") for line in lines if line.startswith(("CMD", "ENTRYPOINT")))
    assert "HEALTHCHECK" in DOCKER
    assert DOCKER.count("pip install") == DOCKER.count("pip install --no-cache-dir")
    assert not re.search(r"(KEY|TOKEN|PASSWORD)=", DOCKER)


@pytest.mark.parametrize("name", ["app", "service"])
def test_containers_may_do_little(name):
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "ports" not in service  # only the proxy is reached from outside
    assert "privileged" not in service
    assert service["environment"]["MACRID_HOSTS"]


def test_files_that_are_named_are_there():
    proxy = COMPOSE["services"]["caddy"]["volumes"][0].split(":")[0]
    text = (ROOT / proxy).read_text(encoding="utf-8")
    assert set(re.findall(r"reverse_proxy (\w+):\d+", text)) == {"app", "service"}
    copied = re.search(r"^COPY (requirements.*) \./$", DOCKER, re.MULTILINE)[1].split()
    assert all((ROOT / name).is_file() for name in copied)
    assert "--require-hashes -r requirements.lock" in DOCKER


def test_a_team_has_its_provider_from_a_secret():
    team = yaml.safe_load((ROOT / "deploy" / "team.yaml").read_text(encoding="utf-8"))
    (secret,) = team["services"]["app"]["secrets"]
    assert team["services"]["app"]["environment"]["STREAMLIT_SECRETS_FILES"] == f"/run/secrets/{secret}"
    named = [team["secrets"][secret]["file"], COMPOSE["secrets"]["keys"]["file"]]
    for ignored in (".gitignore", ".dockerignore"):
        lines = [line.removeprefix("**/").strip("/") for line in (ROOT / ignored).read_text(encoding="utf-8").splitlines()]
        assert set(named) <= set(lines), ignored


def test_the_head_of_a_space_says_where_the_app_is():
    page = (ROOT / "docs" / "spaces.md").read_text(encoding="utf-8")
    head = yaml.safe_load(re.search(r"^---$(.*?)^---$", page, re.MULTILINE | re.DOTALL)[1])
    assert (head["sdk"], head["license"]) == ("docker", "mit")
    assert str(head["app_port"]) in re.search(r"^EXPOSE (.*)$", DOCKER, re.MULTILINE)[1].split()
