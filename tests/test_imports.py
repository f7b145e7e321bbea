"""What no contract of import-linter and no rule of ruff can say: importing reads no file and seeds nothing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

IMPORTING = """
import importlib, pkgutil, random, sys
import numpy, torch
from pathlib import Path

root = sys.argv[1]
sys.path.insert(0, root)
import click, pandas, plotly.graph_objects, plotly.io, pyarrow.csv, pyarrow.parquet, safetensors.torch, tqdm
import scipy.sparse.linalg, sklearn.cluster, sklearn.decomposition, sklearn.metrics
import os
before = torch.get_rng_state(), numpy.random.get_state()[1].tolist(), random.getstate(), dict(os.environ)
opened = []

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        path = Path(arguments[0])
        code = path.suffix in (".py", ".pyc") or {".venv", "__pycache__"} & set(path.parts)
        if path.is_relative_to(root) and not code:
            opened.append(str(path))

sys.addaudithook(watch)
sys.argv = ["x", "--nonsense"]
import macrid

names = [m.name for m in pkgutil.walk_packages(macrid.__path__, "macrid.") if m.name != "macrid.__main__"]
assert len(names) > 60, names
for name in names:
    importlib.import_module(name)
assert not opened, opened
after = torch.get_rng_state(), numpy.random.get_state()[1].tolist(), random.getstate(), dict(os.environ)
assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
assert "streamlit" not in sys.modules and "umap" not in sys.modules and "openTSNE" not in sys.modules
"""


def test_importing_reads_no_file_seeds_nothing_and_sets_no_variable():
    done = subprocess.run([sys.executable, "-c", IMPORTING, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


def test_a_word_of_help_needs_no_torch():
    """The command line answers at once: what takes seconds to load is loaded by the command that needs it."""
    code = "import sys, macrid.cli.main; assert not {'torch', 'pandas', 'sklearn', 'streamlit'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
