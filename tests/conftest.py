"""What several test modules share: a tiny shop, its split, and one bundle with a dot-product twin, trained once."""

import os

# Matrices are tiny here: threads would only wait for each other. UMAP's numba would raise PyTorch's number again.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from browsing import app, chromium, movies, visit  # noqa: F401 -- fixtures, for all the tests in a browser
from scipy.sparse import csr_matrix


def binary(rows, n_items: int) -> csr_matrix:
    """A binary matrix from one list of columns for each person."""
    x = np.zeros((len(rows), n_items), np.float32)
    for u, columns in enumerate(rows):
        x[u, columns] = 1
    return csr_matrix(x)


def random_clicks(people: int, items: int, share: float = 0.3, seed: int = 0) -> csr_matrix:
    return csr_matrix((np.random.default_rng(seed).random((people, items)) < share).astype(np.float32))


@pytest.fixture(autouse=True)
def own_main(monkeypatch):
    """A page that AppTest has run leaves its script as the program, which processes that are started begin with."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def flat(figures: dict) -> dict:
    """Figures with those of steering beside the others, for pytest.approx, which knows no objects within objects."""
    inner = {f"steering.{name}": value for name, value in figures.get("steering", {}).items()}
    return {name: value for name, value in figures.items() if name != "steering"} | inner


def contents(bundle):
    """What `macrid.bundle.save` takes to write an opened bundle again."""
    from macrid.bundle import Contents

    meta = {key: value for key, value in bundle.meta.items() if key not in ("format", "settings")}
    return Contents(meta, bundle.model, bundle.items, bundle.maps, bundle.axes, bundle.influence, bundle.users,
                    bundle.history, course=bundle.course, intentions=bundle.intentions)


def squared_errors(items, c, table):
    """The formula of `supervision` from its words: for each factor and attribute, in a loop, the least squared error of a
    weighted regression line through the standardised labels, found by solving the normal equations."""
    import torch

    errors, weights = [], []
    for k in range(c.shape[1]):
        for a in range(table.shape[1]):
            rows = [i for i in range(len(items)) if not torch.isnan(table[i, a])]
            w, y = torch.stack([c[i, k] for i in rows]), torch.stack([table[i, a] for i in rows])
            x = torch.stack([items[i, a] / items[i].norm() for i in rows])
            mean = (w * y).sum() / w.sum()
            y = (y - mean) / ((w * (y - mean) ** 2).sum() / w.sum()).sqrt()
            line = torch.stack([torch.ones_like(x), x], dim=1)
            solved = torch.linalg.solve(line.T @ (w[:, None] * line), line.T @ (w * y))
            errors.append((w * (y - line @ solved) ** 2).sum() / w.sum())
            weights.append(w.sum())
    return sum(w * e for w, e in zip(weights, errors, strict=True)) / sum(weights)


def tiny_settings(**changes):
    from macrid.model.settings import Settings

    return Settings(**{"embedding_size": 8, "encoder_hidden_size": (16,), "train_batch_size": 64, "epochs": 5,
                       "stopping_step": 5} | changes)


@pytest.fixture
def double():
    """Everything that torch makes is float64: what is exact then differs from the formula only if it is wrong."""
    import torch

    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def tiny_shop():
    from macrid.data import shop

    return shop.simulate(n_items=140, n_people=240, seed=0)


@pytest.fixture(scope="session")
def tiny_clicks(tiny_shop):
    from macrid.data import split

    return split.to_clicks(tiny_shop.data)


@pytest.fixture(scope="session")
def tiny_split(tiny_clicks):
    from macrid.data import split

    return split.strong(tiny_clicks, seed=0)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, tiny_split, tiny_shop) -> Path:
    """The folder of a small bundle whose twin stands beside it. Shared: copy it before harming it."""
    from macrid.pipeline import build

    out = tmp_path_factory.mktemp("bundles") / "tiny"
    build.build(build.Training(tiny_split, tiny_settings(), tiny_shop.data, twin="dot"), out)
    return out


@pytest.fixture(scope="session")
def bundle(trained):
    from macrid.bundle import load

    return load(trained)


@pytest.fixture(scope="session")
def twin(trained):
    from macrid.bundle import load
    from macrid.pipeline import run_folder

    return load(run_folder.twin_of(trained))


@pytest.fixture
def spoiled(trained, tmp_path) -> Path:
    """A copy of the small bundle, to be damaged."""
    return Path(shutil.copytree(trained, tmp_path / "tiny"))


@pytest.fixture
def trained_here(monkeypatch):
    """Tasks run in this process; the list says which."""
    done = []

    def run(work, tasks, side_by_side=1):
        for key, task in tasks.items():
            rows = []
            try:
                event = "done", work(task, rows.append)
            except FloatingPointError as error:
                event = "failed", str(error)
            done.append(task.name)
            yield from ((key, "report", row) for row in rows)
            yield key, *event

    monkeypatch.setattr("macrid.studies.processes.run", run)
    monkeypatch.setattr("macrid.measures.known_truth.TREES", 25)
    return done


# for the pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """The folder of bundles that the app looks into; empty."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("MACRID_MODELS", str(folder))
    monkeypatch.setenv("MACRID_RESULTS", str(tmp_path / "results"))
    return folder


@pytest.fixture
def shops(shelf, trained) -> Path:
    """The bundles that ship, and a small one, each with its twin."""
    for path in (Path(__file__).resolve().parents[1] / "models" / "shop", trained):
        for name in (path.name, f"{path.name}-dot"):
            (shelf / name).symlink_to(path.with_name(name))
    return shelf


@pytest.fixture
def small(shelf, trained) -> Path:
    """A copy of the small bundle, to be altered; its twin stands beside it."""
    shutil.copytree(trained.with_name("tiny-dot"), shelf / "tiny-dot")
    return Path(shutil.copytree(trained, shelf / "tiny"))


@pytest.fixture
def shop_beside(shelf):
    for name in ("shop", "shop-dot"):
        (shelf / name).symlink_to(Path(__file__).resolve().parents[1] / "models" / name)


@pytest.fixture
def framed(monkeypatch):
    """AppTest takes our pages/ for that of an old multipage app and would run a page without its frame after
    switch_page; a browser gets both."""
    from streamlit.runtime.pages_manager import PagesManager

    begin = PagesManager.__init__

    def init(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)


SLEEPS = """
import signal, sys, time
from pathlib import Path
from macrid.jobs import Job
signal.signal(signal.SIGINT, signal.default_int_handler)
job, code = Job(Path(sys.argv[-1])), 0
print("half way", file=sys.stderr, flush=True)
try:
    time.sleep(90)
except KeyboardInterrupt:
    code = 130
job.end(code)
sys.exit(code)
"""


@pytest.fixture
def sleeping(shop_beside, monkeypatch):
    """Jobs are stood in for by processes that sleep until they are asked to stop."""
    from macrid.jobs import queue
    from ui import background

    popen = subprocess.Popen
    monkeypatch.setattr(queue.subprocess, "Popen",
                        lambda command, **how: popen([sys.executable, "-c", SLEEPS, command[-1]], **how))
    monkeypatch.setattr(queue, "LOOKED_EVERY", 0.05)
    yield
    for job in background.queue().jobs():
        background.queue().stop(job)
    background.queue().close(5)
    background._queue.cache_clear()
