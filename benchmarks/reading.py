"""How long the reading of a large CSV takes, and how much memory: a file of random ratings is written, read as `macrid train
--data` reads it, and removed. Prints one JSON object.

    python benchmarks/reading.py [--rows 38000000] [--folder /tmp] [--gzip]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

PEOPLE, ITEMS, BATCH = 300_000, 50_000, 1_000_000


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


def read(path: Path) -> dict:
    """What reading took; run in a process of its own."""
    import warnings

    from macrid.data.interactions import read as reading
    from macrid.data.split import strong, to_clicks

    warnings.simplefilter("ignore")
    reports: list[int] = []
    start, cpu = time.perf_counter(), time.process_time()
    data = reading(path, progress=lambda done, total: reports.append(done))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    split = strong(to_clicks(data))
    return {"rows": data.found.rows, "people": data.n_users, "items": data.n_items, "pairs": data.n_interactions,
            "seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1),
            "with_split": round(time.perf_counter() - start, 1), "reports": len(reports),
            "clicks": int(split.train.nnz), "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=38_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--read", type=Path)
    given = parser.parse_args()
    if given.read:
        print(json.dumps(read(given.read)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / ("ratings.csv.gz" if given.gzip else "ratings.csv")
        write(path, given.rows, given.gzip)
        command = [sys.executable, __file__, "--read", str(path)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                                env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])})
        size = round(path.stat().st_size / 1e9, 2)
        print(json.dumps({"gb": size, "load": os.getloadavg()[0]} | json.loads(answer.stdout)))


if __name__ == "__main__":
    main()
