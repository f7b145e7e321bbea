"""The import table of the design, read from the source; and a few promises that hold for every file."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = {path.stem: path for path in sorted((ROOT / "macrid").glob("*.py"))}
APP = {path.name: path for path in sorted(ROOT.glob("*.py"))}
PAGES = {path.name: path for path in sorted((ROOT / "pages").rglob("*.py"))}

# Which modules of ours each may import; every one may import errors. What isn't named may import anything but `ABOVE`.
MAY = {
    "errors": set(), "metrics": set(), "directions": set(), "axes": {"directions"}, "steer": set(), "labels": {"attributes"},
    "asking": {"axes", "directions"}, "answers": {"attributes", "labels"},
    "interview": {"answers", "asking", "attributes", "axes", "recommender"},
    "projections": set(), "maps": {"projections"}, "naming": set(), "steering": {"steer", "metrics"},
    "trade_off": {"attributes", "steer", "metrics"}, "spectral": set(), "checkpoint": set(), "supervision": set(),
    "kernels": set(), "model": {"kernels", "supervision"}, "readers": set(), "results": set(),
    "baselines": set(), "autoencoders": {"kernels", "model"}, "disentangle": set(), "data": {"readers", "items"},
    "fetch": {"data"}, "shop": {"data"}, "split": {"data"}, "train": {"split", "metrics", "checkpoint"},
    "attributes": set(), "person": {"steer"},
    "recommender": {"attributes", "model", "naming", "person", "split", "steer"},
    "bundle": {"data", "labels", "model", "recommender"},
    "dials": {"attributes", "axes", "naming", "steer"}, "align": {"dials", "build", "bundle", "recommender"},
    "build": {"attributes", "data", "model", "baselines", "dials", "labels", "steering", "split", "recommender", "bundle",
              "train", "maps", "spectral"},
    "atlas": {"attributes", "maps", "metrics", "recommender"}, "walk": {"recommender", "steer"},
    "collapse": {"model", "spectral", "split", "train"},
    "charts": set(), "map_charts": {"charts"}, "analysis_charts": {"charts", "map_charts"}, "walk_charts": {"charts"},
    "findings": set(), "result_charts": {"charts", "findings"}, "background": set(),
    "memory": set(), "jobs": set(),
    "contenders": {"attributes", "autoencoders", "baselines", "build", "dials", "disentangle", "memory", "model", "spectral",
                   "split", "sweep_maps", "train"},
    "study": {"build", "contenders", "jobs", "results", "split", "train"},
    "unpickle": set(), "recbole": {"build", "bundle", "data", "model", "readers", "recommender", "split", "unpickle"},
    "ranges": {"model"}, "tune": {"build", "contenders", "model", "ranges", "results", "split"},
    "sweep_maps": {"naming", "projections", "split"},
    "compare": {"contenders", "metrics", "split", "study"}, "sweep": {"model", "split", "study", "sweep_maps"},
    "cli": {"cli_study", "cli_train", "cli_use"}, "__main__": {"cli"},
}
COMMANDS = {name for name in LIBRARY if name.startswith("cli_")}
CHARTS = {"charts", "map_charts", "analysis_charts", "walk_charts", "result_charts"}
ABOVE = {"cli", "__main__", *COMMANDS, *CHARTS, "build", "align", "contenders", "study", "compare", "sweep", "tune",
         "recbole", "app", "ui"}  # nothing below may reach up to these
PICTURES = {"pictures", "covers", "drawings", "silhouettes", "colour", "svg", "titles"}
ARRAYS_ONLY = ("metrics", "directions", "axes", "asking", "dials", "steer", "steering", "projections", "maps", "naming",
               "spectral", "trade_off", "attributes", "person", "disentangle", "baselines")


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it, by its full name; `from macrid import x` counts as macrid.x."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = "macrid" if node.level and path.parent.name == "macrid" else ""
            module = ".".join(part for part in (package, node.module) if part)
            found |= {f"{module}.{alias.name}" if module in ("macrid", "") else module for alias in node.names}
    return found


def ours(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("macrid.")} & set(LIBRARY)


def others(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)} - {"macrid"} - set(sys.stdlib_module_names)


def test_imports_are_read_right(tmp_path):
    folder = tmp_path / "macrid"
    folder.mkdir()
    file = folder / "x.py"
    file.write_text("import numpy as np\nfrom . import data, cli\nfrom .model import A\nfrom macrid import ui\n"
                    "from macrid.steer import b\ndef f():\n    import torch.nn\n")
    assert imports(file) == {"numpy", "macrid.data", "macrid.cli", "macrid.model", "macrid.ui", "macrid.steer", "torch.nn"}
    assert others(file) == {"numpy", "torch"}


@pytest.mark.parametrize("name", LIBRARY)
def test_the_table(name):
    """`<-` of the design: which module may import which."""
    found = ours(LIBRARY[name]) - {"errors"}
    if name in MAY:
        assert found <= MAY[name]
    elif name in PICTURES:
        assert found <= PICTURES
    elif name in COMMANDS:
        assert not found & {"cli", "__main__", *CHARTS}
        assert found & COMMANDS <= {"cli_shared"}
    elif name not in ABOVE:
        assert not found & ABOVE
    if name != "__main__":
        assert "cli" not in found


@pytest.mark.parametrize("name", LIBRARY)
def test_the_library_knows_no_app(name):
    assert not others(LIBRARY[name]) & {"streamlit", "app", "ui", "frame", "pages"}
    assert name in CHARTS or "plotly" not in others(LIBRARY[name])


def test_the_model_is_torch_alone():
    assert ours(LIBRARY["model"]) <= {"errors", "kernels", "supervision"}
    assert others(LIBRARY["supervision"]) == {"torch"}
    assert others(LIBRARY["model"]) <= {"torch", "numpy", "scipy"}


@pytest.mark.parametrize("name", [*ARRAYS_ONLY, "results", "shop", "split", "data", "readers", "fetch",
                                  *sorted(PICTURES & set(LIBRARY))])
def test_no_torch_where_arrays_do(name):
    assert "torch" not in others(LIBRARY[name])


@pytest.mark.parametrize("name", ARRAYS_ONLY)
def test_pure_functions_read_and_write_nothing(name):
    allowed = {"numpy", "scipy", "sklearn", "pandas", "umap", "openTSNE"}
    assert others(LIBRARY[name]) <= allowed
    used = {call.split(".")[-1] for call in calls(LIBRARY[name])}
    assert not used & {"open", "read_csv", "read_parquet", "to_parquet", "to_csv", "read_text", "write_text"}


@pytest.mark.parametrize("name", PAGES)
def test_pages_know_ui_and_the_library(name):
    assert not others(PAGES[name]) & {"torch", "sklearn", "scipy", "umap"}
    mine = {n.split(".")[0] for n in imports(PAGES[name])}
    assert "pages" not in mine
    assert not mine & {Path(p).stem for p in PAGES}


@pytest.mark.parametrize("name", APP)
def test_the_app_stands_above_its_pages_and_computes_nothing(name):
    found = {n.split(".")[0] for n in imports(APP[name])}
    assert "pages" not in found
    assert not found & {Path(p).stem for p in PAGES}
    assert "torch" not in found or name == "ui.py"
    if name == "ui.py":
        assert "app" not in found


# what holds everywhere ------------------------------------------------------------------------------------------------

EVERY = {str(path.relative_to(ROOT)): path for path in [*LIBRARY.values(), *APP.values(), *PAGES.values(),
                                                         *sorted((ROOT / "benchmarks").rglob("*.py"))]}


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)} - {""}


@pytest.mark.parametrize("name", EVERY)
def test_no_pickle_and_no_eval(name):
    """But for unpickle.py, which reads what others pickled and lets it name nothing of its own choice."""
    pickles = {n.split(".")[0] for n in imports(EVERY[name])} & {"pickle", "dill", "joblib", "cloudpickle", "shelve"}
    assert pickles == ({"pickle"} if name == "macrid/unpickle.py" else set())
    assert not calls(EVERY[name]) & {"pickle.load", "pickle.loads", "pickle.dump", "pickle.dumps"}
    assert not calls(EVERY[name]) & {"torch.save", "torch.load", "pd.read_pickle", "eval", "exec", "yaml.load"}
    assert not any(call.endswith(".to_pickle") for call in calls(EVERY[name]))


@pytest.mark.parametrize("name", EVERY)
def test_no_bare_except(name):
    for node in ast.walk(ast.parse(EVERY[name].read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{name}:{node.lineno}"


@pytest.mark.parametrize("name", LIBRARY)
def test_the_global_random_state_is_nobodys(name):
    """Randomness arrives as a seed or a generator: nothing of numpy.random, torch or random that works on shared state."""
    found = calls(LIBRARY[name])
    allowed = {"np.random.default_rng", "np.random.Generator", "np.random.SeedSequence"}
    assert not {call for call in found if call.startswith(("np.random.", "numpy.random.", "random."))} - allowed
    assert not found & {"torch.manual_seed", "torch.seed", "torch.set_default_dtype", "torch.set_num_threads"}
    assert "random" not in imports(LIBRARY[name])


@pytest.mark.parametrize("name", [name for name in LIBRARY if not name.startswith(("cli", "__main__"))])
def test_the_library_does_not_print(name):
    assert not calls(LIBRARY[name]) & {"print", "sys.exit", "exit", "click.echo", "sys.stdout.write", "sys.stderr.write"}


IMPORTING = """
import random, sys
import numpy, torch
from pathlib import Path

root = sys.argv[1]
sys.path.insert(0, root)
import click, pandas, plotly.graph_objects, plotly.io, pyarrow.csv, pyarrow.parquet, safetensors.torch, tqdm
import scipy.sparse.linalg, sklearn.cluster, sklearn.decomposition, sklearn.metrics
before = torch.get_rng_state(), numpy.random.get_state()[1].tolist(), random.getstate()
opened = []

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        path = Path(arguments[0])
        code = path.suffix in (".py", ".pyc") or {".venv", "__pycache__"} & set(path.parts)
        if path.is_relative_to(root) and not code:
            opened.append(str(path))

sys.addaudithook(watch)
sys.argv = ["x", "--nonsense"]
names = [p.stem for p in (Path(root) / "macrid").glob("*.py") if p.stem != "__main__"]
for name in sorted(names):
    __import__("macrid." + name)
assert not opened, opened
after = torch.get_rng_state(), numpy.random.get_state()[1].tolist(), random.getstate()
assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
assert "streamlit" not in sys.modules and "umap" not in sys.modules and "openTSNE" not in sys.modules
"""


def test_importing_reads_no_file_and_seeds_nothing():
    done = subprocess.run([sys.executable, "-c", IMPORTING, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


def test_no_module_needs_itself():
    below = {name: ours(path) for name, path in LIBRARY.items()}
    while below:
        free = {name for name, needed in below.items() if not needed & set(below)}
        assert free, f"these import one another: {sorted(below)}"
        below = {name: needed for name, needed in below.items() if name not in free}


def test_main_is_the_command_line():
    assert ours(LIBRARY["__main__"]) == {"cli"}
