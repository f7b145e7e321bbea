"""How long reading takes, and how much memory: files of random clicks are written, read as `macrid train --data` reads them,
and removed. Prints one JSON object a reading; `--prepare` writes results/reading.json.

    python benchmarks/reading.py [--rows 38000000] [--folder /tmp] [--gzip]           # a CSV, in memory
    python benchmarks/reading.py --prepare [--rows 10000000,100000000] [--most-in-memory 10000000]
        # a folder of Parquet by 1,000,000 people of 100,000 items: prepared on disk, divided, walked through as a training
        # does, each in a process of its own; up to so many rows also read in memory

Memory at most is that of the process itself, anonymous pages (RssAnon, looked at 50 times a second), and beside it what is
resident with the pages of mapped files and libraries, which the system takes back when it needs them.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import record

PEOPLE, ITEMS, BATCH = 300_000, 50_000, 1_000_000
MANY_PEOPLE, MANY_ITEMS, FILES, AT_ONCE = 1_000_000, 100_000, 40, 512


def write(path: Path, rows: int, packed: bool) -> None:
    """Ratings as MovieLens writes them, sorted by user, items by popularity."""
    rng = np.random.default_rng(0)
    popular = rng.permutation(ITEMS)
    out = pa.CompressedOutputStream(str(path), "gzip") if packed else pa.OSFile(str(path), "wb")
    with out:
        for start in range(0, rows, BATCH):
            n = min(BATCH, rows - start)
            user = np.sort(rng.integers(start * PEOPLE // rows, (start + n) * PEOPLE // rows + 1, n))
            table = pa.table({
                "userId": user + 1, "movieId": popular[(ITEMS * rng.random(n) ** 2.5).astype(np.int64)] + 1,
                "rating": rng.integers(1, 11, n) / 2, "timestamp": rng.integers(1_000_000_000, 1_600_000_000, n),
            })
            pa.csv.write_csv(table, out, pa.csv.WriteOptions(include_header=start == 0))


def write_parts(folder: Path, rows: int) -> None:
    """A folder of Parquet as a log has it: in no order of people; ratings from 1 to 5, times."""
    rng = np.random.default_rng(0)
    popular = rng.permutation(MANY_ITEMS)
    folder.mkdir()
    for k in range(FILES):
        n = (k + 1) * rows // FILES - k * rows // FILES
        pa.parquet.write_table(pa.table({
            "user_id": rng.integers(0, MANY_PEOPLE, n),
            "item_id": popular[(MANY_ITEMS * rng.random(n) ** 2.5).astype(np.int64)],
            "rating": rng.integers(1, 6, n).astype(np.int8), "timestamp": rng.integers(1_000_000_000, 1_600_000_000, n),
        }), folder / f"part-{k:05d}.parquet")


class Memory:
    """The most anonymous memory of this process while it runs, in GB."""

    def __init__(self) -> None:
        self.most, self._over = 0.0, threading.Event()
        self._watch = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(0.02):
            line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
            self.most = max(self.most, int(line.split()[1]) / 2**20)

    def __enter__(self):
        self._watch.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._watch.join()


def read(path: Path) -> dict:
    """What reading took; run in a process of its own."""
    from macrid.data.interactions import read as reading
    from macrid.data.split import strong, to_clicks

    reports: list[int] = []
    start, cpu = time.perf_counter(), time.process_time()
    data = reading(path, progress=lambda done, total: reports.append(done))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    split = strong(to_clicks(data))
    return {"rows": data.found.rows, "people": data.n_users, "items": data.n_items, "pairs": data.n_interactions,
            "seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1),
            "with_split": round(time.perf_counter() - start, 1), "reports": len(reports), "clicks": int(split.train.nnz)}


def prepare(path: Path, out: Path) -> dict:
    """What preparing took."""
    from macrid.data.prepare import prepare as preparing

    start, cpu, since = time.perf_counter(), time.process_time(), {}
    preparing(path, out, progress=lambda what, done, total: since.setdefault(what, time.perf_counter() - start))
    return {"seconds": round(time.perf_counter() - start, 1), "reading": round(since["sorting"], 1),
            "cpu_seconds": round(time.process_time() - cpu, 1)}


def divide(out: Path) -> dict:
    """What opening, dividing, and going once through the training people in their random order took."""
    from macrid.cli.options import Division

    start = time.perf_counter()
    division = Division(*[None] * 6, str(out), 0, "strong", None, None)
    source = division.read()
    opened = time.perf_counter()
    train = division.split(source).train
    divided, clicks = time.perf_counter(), 0
    order = np.random.default_rng(0).permutation(train.shape[0])
    for first in range(0, len(order), AT_ONCE):
        clicks += int(train[order[first : first + AT_ONCE]].sum())
    return {"pairs": source.n_interactions, "people": source.n_users, "items": source.n_items, "clicks": clicks,
            "open_seconds": round(opened - start, 1), "seconds": round(divided - opened, 1),
            "walk_seconds": round(time.perf_counter() - divided, 1)}


TASKS = {"read": read, "prepare": prepare, "divide": divide}


def alone(task: str, *paths: Path) -> dict:
    """What a task tells, in a process of its own, with the memory that it took."""
    answer = subprocess.run([sys.executable, __file__, "--task", task, *map(str, paths)], check=True, stdout=subprocess.PIPE,
                            text=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])})
    return json.loads(answer.stdout)


def here(task: str, paths: list[str]) -> dict:
    import warnings

    warnings.simplefilter("ignore")
    with Memory() as memory:
        told = TASKS[task](*map(Path, paths))
    return told | {"anonymous_gb": round(memory.most, 2),
                   "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)}


def prepared(folder: Path, rows: int, in_memory: bool) -> dict:
    """All that is measured of one folder of Parquet."""
    data, out = folder / "clicks", folder / "prepared"
    write_parts(data, rows)
    size = sum(path.stat().st_size for path in data.iterdir()) / 1e9
    told = {"rows": rows, "files": FILES, "parquet_gb": round(size, 2), "load": round(os.getloadavg()[0], 1),
            "prepare": alone("prepare", data, out), "divide": alone("divide", out)}
    told["prepared_gb"] = round(sum(path.stat().st_size for path in out.glob("*") if path.is_file()) / 1e9, 2)
    return told | ({"in_memory": alone("read", data)} if in_memory else {})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--most-in-memory", type=int, default=10_000_000)
    parser.add_argument("--out", type=Path, default=record.RESULTS / "reading.json")
    parser.add_argument("--task", nargs="+")
    given = parser.parse_args()
    if given.task:
        print(json.dumps(here(given.task[0], given.task[1:])))
        return
    if given.prepare:
        told = []
        for rows in map(int, (given.rows or "10000000,100000000").split(",")):
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                told.append(prepared(Path(folder), rows, rows <= given.most_in_memory))
                print(json.dumps(told[-1]))
        record.save(given.out, {"prepared": told, "versions": record.versions()})
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / ("ratings.csv.gz" if given.gzip else "ratings.csv")
        write(path, int(given.rows or 38_000_000), given.gzip)
        size = round(path.stat().st_size / 1e9, 2)
        print(json.dumps({"gb": size, "load": os.getloadavg()[0]} | alone("read", path)))


if __name__ == "__main__":
    main()
