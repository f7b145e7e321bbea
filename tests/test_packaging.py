"""The package: what it asks for is what is tested, and a wheel holds all that the program needs, away from the checkout."""

import json
import os
import re
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread

import pytest
from browsing import free_port, status, waited
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import macrid

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {name: rows for name, rows in PROJECT["optional-dependencies"].items() if name != "all"}


def pinned(name: str) -> dict[str, str]:
    """{package: version} of a requirements file."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    rows = [Requirement(line) for line in lines if line and not line.startswith("-r")]
    assert all(len(row.specifier) == 1 and str(row.specifier).startswith("==") for row in rows)
    return {row.name.lower(): str(row.specifier)[2:] for row in rows}


@pytest.mark.parametrize(("file", "wanted"), [
    ("requirements.txt", [*PROJECT["dependencies"], *EXTRAS["app"], *EXTRAS["maps"]]),
    ("requirements-extra.txt", [*EXTRAS["tune"], *EXTRAS["serve"], *EXTRAS["team"], *EXTRAS["retrieval"]])])
def test_what_make_installs_is_what_the_package_asks_for(file, wanted):
    pins, ranges = pinned(file), {row.name.lower(): row for row in map(Requirement, wanted)}
    assert set(pins) == set(ranges)
    for name, version in pins.items():
        assert ranges[name].specifier.contains(version), ranges[name]
        assert any(part.operator in ("<", "<=") for part in ranges[name].specifier)


def test_all_is_every_extra():
    (row,) = map(Requirement, PROJECT["optional-dependencies"]["all"])
    assert (row.name, row.extras) == ("macrid", set(EXTRAS))


# the wheel -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """run(*command) in an empty folder, with the wheel on the path and no checkout in sight."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    (folder / "stand").mkdir()
    variables = {key: value for key, value in os.environ.items() if not key.startswith("MACRID_")}
    variables["PYTHONPATH"] = str(folder / "site")

    def start(*command, **more):
        return subprocess.Popen([sys.executable, *map(str, command)], cwd=folder / "stand", env=variables, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    return wheel, folder, start


def said(start, *command) -> str:
    done = start(*command)
    out, err = done.communicate(timeout=240)
    assert done.returncode == 0, err
    return out


def test_the_wheel_holds_the_app_and_what_ships_and_no_more(installed):
    wheel, _, _ = installed
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if "dist-info" not in name}
    assert wheel.name.startswith(f"macrid-{macrid.__version__}-")
    library = {str(path.relative_to(ROOT)) for path in (ROOT / "macrid").rglob("*.py")} | {"macrid/py.typed"}
    assert library <= names
    app = ["app.py", "frame.py", "ui", "pages", "assets", ".streamlit", "models/shop", "models/shop-dot",
           "models/skewed-shop", "models/skewed-shop-dot", "benchmarks/results"]
    kept = subprocess.run(["git", "ls-files", *app], cwd=ROOT, capture_output=True, text=True, check=False)
    if kept.returncode == 0:
        assert {f"macrid/_app/{name}" for name in kept.stdout.split()} == names - library


def test_its_program_knows_the_shop(installed):
    _, folder, start = installed
    where = said(start, "-c", "import macrid; print(macrid.__file__)")
    assert Path(where.strip()).is_relative_to(folder / "site")
    assert json.loads(said(start, "-m", "macrid", "info", "shop", "--json"))["name"] == "shop"


@pytest.mark.long
def test_what_it_trains_stays_where_one_stands(installed):
    _, folder, start = installed
    said(start, "-m", "macrid", "train", "--data", "shop:140x150", "--set", "epochs=1", "--set", "embedding_size=4",
         "--out", "b")
    assert (folder / "stand" / "b" / "bundle.json").is_file()
    three_lines = """from macrid import bundle
mine = bundle.load("b")
print(len(mine.recommend(list(mine.items["item_id"][:2]), n=5)))"""
    assert said(start, "-c", three_lines).strip() == "5"
    assert not list((folder / "site" / "macrid" / "_app" / "models").glob("b*"))


def test_it_serves_the_app(installed):
    _, _, start = installed
    port = free_port()
    server = start("-m", "macrid", "app", "--port", port)
    address = f"http://localhost:{port}"
    try:
        waited(lambda: status(f"{address}/_stcore/health"), lambda answer: answer == 200, seconds=90)
        print_seal = "from macrid import bundle; print(bundle.load('shop').seal)"
        version = said(start, "-c", print_seal).strip()
        with urllib.request.urlopen(f"{address}/picture/shop/{version}/0", timeout=30) as answer:
            assert answer.read().startswith(b"<svg")
        other = start("-m", "macrid", "app", "--port", port)
        _, err = other.communicate(timeout=60)
        assert other.returncode == 2
        assert re.fullmatch(rf"error: port {port} is busy .*; take another, such as --port {port + 1}\n", err)
    finally:
        server.terminate()
        server.communicate(timeout=30)


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "٣"])
def test_no_port(port):
    from commands import mistake

    assert "is no port" in mistake("app", "--check", f"--port={port}")


# PyTorch's index -------------------------------------------------------------------------------------------------------


@contextmanager
def index(code: int):
    """The address of a package index that answers everything with a status."""
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(code)
            self.end_headers()

        def log_message(self, *_):
            pass

    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()


def torch_index(wished: str, cpu: str, path: str = os.environ["PATH"]) -> str:
    done = subprocess.run(["sh", ROOT / "scripts" / "torch_index.sh", wished, sys.executable, cpu], check=True,
                          capture_output=True, text=True, env=os.environ | {"PATH": path, "no_proxy": "127.0.0.1"})
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.fixture
def command(tmp_path):
    """command(name, status) puts a program of that name before all others; gives the path to search."""
    def make(name: str, code: int, says: str = "") -> str:
        (tmp_path / name).write_text(f"#!/bin/sh\necho {says}\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
        return f"{tmp_path}:{os.environ['PATH']}"

    return make


def test_the_small_pytorch_is_taken_where_no_gpu_is_and_its_index_answers(command):
    path = command("nvidia-smi", 9)
    command("uname", 0, "Linux")
    with index(200) as (address, asked):
        assert torch_index("", address, path) == address
        assert asked == ["/torch/"]
    assert torch_index("", address, path) == ""  # nobody answers there any more
    with index(404) as (address, _):
        assert torch_index("", address, path) == ""


def test_with_a_gpu_or_on_a_mac_the_default_is_right(command):
    with index(200) as (address, asked):
        command("uname", 0, "Linux")
        assert torch_index("", address, command("nvidia-smi", 0)) == ""
        command("nvidia-smi", 9)
        assert torch_index("", address, command("uname", 0, "Darwin")) == ""
        assert asked == []


def test_what_is_asked_for_is_taken():
    with index(200) as (address, asked):
        assert torch_index("none", address) == ""
        assert torch_index("https://example.org/simple", address) == "https://example.org/simple"
        assert asked == []


# the lock --------------------------------------------------------------------------------------------------------------


def locked(text: str) -> dict[str, list[str]]:
    """{package: [version, ...]} of a lock, each of which has hashes."""
    found: dict[str, list[str]] = {}
    for entry in re.findall(r"^(?=[^\s#])(?:.*\\\n)*.*", text, re.MULTILINE):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
        row = Requirement(entry.partition(" \\")[0])
        found.setdefault(row.name.lower(), []).append(str(row.specifier).removeprefix("=="))
    return found


def test_the_lock_covers_what_is_pinned_and_all_that_it_needs():
    """PyTorch has other hashes on each index: it alone is left out, with nothing for GPUs in its place."""
    lock = locked((ROOT / "requirements.lock").read_text())
    pins = pinned("requirements.txt") | pinned("requirements-extra.txt")
    assert {name: lock.get(name) for name in pins} == {name: [pin] for name, pin in pins.items()} | {"torch": None}
    assert not [name for name in lock if name.startswith(("nvidia", "cuda", "triton"))]
    for name in [*lock, "torch"]:
        try:
            needs = map(Requirement, metadata.requires(name) or ())
        except metadata.PackageNotFoundError:  # of another system
            continue
        for row in needs:
            if row.marker is None or row.marker.evaluate({"extra": ""}):
                versions = lock.get(canonicalize_name(row.name))
                assert versions or row.name.startswith(("nvidia", "cuda", "triton")), f"{name} needs {row}"
                assert all(row.specifier.contains(version) for version in versions or ()), f"{name} needs {row}"


@pytest.mark.parametrize(("found", "code", "said"), [
    (None, 0, "No index of advisories answers"), ([{"name": "a", "skip_reason": "x"}], 0, "none of the 1 packages was"),
    ([{"name": "a", "version": "1", "vulns": []}], 0, "1 packages were checked: no known weakness"),
    ([{"name": "a", "version": "1", "vulns": [{"id": "V-1", "fix_versions": ["2"]}]}], 1, "a 1: V-1, mended in 2")])
def test_an_audit_that_nobody_answered_is_no_good_news(tmp_path, found, code, said):
    if found is not None:
        (tmp_path / "found.json").write_text(json.dumps({"dependencies": found}))
    command = [sys.executable, "-I", ROOT / "scripts" / "audit.py", tmp_path / "found.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stdout) == (code, True)
