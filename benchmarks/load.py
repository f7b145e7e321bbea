"""Many people in the app at once: how soon each gets the list of a turn.

    python benchmarks/load.py                                  # 1, 10, 25, 50 and 100 people; writes results/load.json
    python benchmarks/load.py --people 25 --seconds 60

The app is started with the shop that ships. Each person has a connection of their own and turns a wish every second, by the
route that the Steer page uses while a slider is dragged (`ui.stage.LIST_ROUTE`); whoever has no answer yet waits for it
before the next turn, as the page does. Times count from when a turn was due. Server and load are on this machine. The start
of a session, by Streamlit's websocket, is not part of it.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import click
import numpy as np
from record import RESULTS, save, table, versions
from service import answered, busy, resident

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = "1,10,25,50,100"
PORT, TURN, SEED = 8718, 1.0, 0  # seconds between two turns


def asked(where: str, user: str, percent: int) -> bytes:
    """A turn, as the page sends it."""
    return (f"GET /steered/{where}?user={quote(user)}&wishes=size%3A{percent or 1}&n=12 HTTP/1.1\r\n"
            "Host: localhost\r\n\r\n").encode()


async def turning(where: str, users: list[str], people: int, seconds: float) -> dict:
    """The times of the answers to some people, in milliseconds."""
    times: list[float] = []
    wrong = 0
    begin = time.perf_counter() + 0.5

    async def one(k: int) -> None:
        nonlocal wrong
        rng = np.random.default_rng([SEED, people, k])
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        due = begin + k / people * TURN
        while due < begin + seconds:
            await asyncio.sleep(max(0, due - time.perf_counter()))
            writer.write(asked(where, users[k % len(users)], int(rng.integers(-100, 101))))
            wrong += not await answered(reader)
            times.append(1e3 * (time.perf_counter() - due))
            due += TURN * max(1, np.ceil((time.perf_counter() - due) / TURN))
        writer.close()

    await asyncio.gather(*map(one, range(people)))
    p50, p95, p99 = (float(np.percentile(times, q)) for q in (50, 95, 99))
    return {"people": people, "turns": len(times), "p50": p50, "p95": p95, "p99": p99, "wrong": wrong}


@click.command()
@click.option("--people", default=PEOPLE, show_default=True, help="How many, with commas.")
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--out", default=RESULTS / "load.json", type=click.Path(path_type=Path))
def main(people, seconds, out):
    sys.path.insert(0, str(ROOT))
    from macrid import bundle

    shop = bundle.load(ROOT / "models" / "shop")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "shop").symlink_to(shop.path)
        server = subprocess.Popen([sys.executable, "-m", "macrid", "app", "--port", str(PORT)], cwd=ROOT,
                                  env=os.environ | {"MACRID_MODELS": folder, "CI": "1"}, stderr=subprocess.DEVNULL)
        try:
            while subprocess.run(["curl", "-sf", f"http://localhost:{PORT}/_stcore/health"], capture_output=True,
                                 check=False).returncode:
                time.sleep(0.25)
            where = f"shop/{shop.seal}"
            asyncio.run(turning(where, shop.people, 2, 3))  # warms up
            for many in map(int, people.split(",")):
                load, had = os.getloadavg()[0], busy(server.pid)
                row = asyncio.run(turning(where, shop.people, many, seconds))
                row |= {"cpu_ms": 1e3 * (busy(server.pid) - had) / row["turns"], "mb": resident(server.pid), "load": load}
                found.append(row)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    rows = [[row["people"], row["turns"], *(f"{row[key]:.0f}" for key in ("p50", "p95", "p99")), f"{row['cpu_ms']:.1f}",
             row["wrong"], f"{row['mb']:.0f}", f"{row['load']:.1f}"] for row in found]
    click.echo(table(["people", "turns", "p50, ms", "p95", "p99", "of a processor", "wrong", "MB", "load before"], rows))
    save(out, {"versions": versions(), "seconds": seconds, "processors": os.cpu_count(), "measured": found})


if __name__ == "__main__":
    main()
