"""RecBole 1.2.1, the peer that ours is measured against. It needs older libraries, so it lives in an environment of its own.

    python = peer.environment(folder)                     # made once, some minutes and 1.6 GB; then found
    ended = peer.run(python, "recbole_peer.py", "--epochs", 3)       # see alone.Ended: answer, seconds, processor, memory

A script that it runs is a file of this folder (or a path), imports recbole but neither macrid nor numpy 2, and prints its
answer as one line of JSON, the last one, on standard output. `macrid/studies/memory.py` needs no library: such a script may
load it.
pip's own settings say where packages come from; set PIP_EXTRA_INDEX_URL to the index of PyTorch's CPU builds to spare the
gigabytes of the default one.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import alone

FOLDER = Path.home() / ".cache" / "macrid" / "recbole-1.2.1"
PACKAGES = ("recbole==1.2.1", "torch==2.13.0", "numpy<2", "pandas<2.2", "scipy<1.12", "setuptools<80", "scikit-learn<1.5")


def environment(folder: Path = FOLDER) -> Path:
    """The Python of the environment in `folder`, which is made if it is not there whole. RuntimeError if it can't be: it
    takes a Python that these packages have builds for (3.11)."""
    python, whole = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join(PACKAGES)
    if whole.is_file() and whole.read_text(encoding="utf-8") == wanted:
        return python
    for command in ([sys.executable, "-m", "venv", "--clear", folder],
                    [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]):
        if subprocess.run([str(part) for part in command], stdout=sys.stderr, check=False).returncode:
            raise RuntimeError(f"RecBole's environment could not be made in {folder}, see above; without it: --no-peer")
    whole.write_text(wanted, encoding="utf-8")
    return python


def run(python: Path, script: str | Path, *arguments, variables: dict[str, str] | None = None) -> alone.Ended:
    """Run a script under RecBole's Python, in a temporary working folder that takes its logs and is then removed."""
    with tempfile.TemporaryDirectory() as folder:
        return alone.run([python, Path(__file__).parent / script, *arguments], Path(folder), variables)
