"""The scripts of benchmarks/ can be imported here, as they import one another."""

import importlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))


@pytest.fixture(scope="session")
def benchmark():
    """benchmark(name) is a module of benchmarks/."""
    return importlib.import_module
