"""RecBole 1.2.1 to be measured beside, in an environment of its own: it needs older libraries than this project."""

import subprocess
import sys
import venv
from pathlib import Path

PINS = ("recbole==1.2.1", "torch==2.13.0", "numpy<2", "pandas<2.2", "scipy<1.12", "setuptools<80", "scikit-learn<1.5")


def environment(folder: Path) -> Path:
    """The Python interpreter of an environment in `folder` that holds RecBole; made there if need be, which takes minutes
    and a gigabyte."""
    python, done = folder / "bin" / "python", folder / "recbole-is-there"
    if not done.exists():
        print(f"installing RecBole in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINS], check=True)
        done.touch()
    return python
