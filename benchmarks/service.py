"""How many steered lists a second `macrid serve` gives, and how soon, with the load on the same machine.

    python benchmarks/service.py                                    # 2,000 and 100,000 items; writes results/service.json
    python benchmarks/service.py --items 1000000 --seconds 20
    python benchmarks/service.py --items 100000 --workers 2 --rates "" --growth 3600 --out /tmp/growth.json    # an hour

Untrained bundles of K = 7 factors of 32 dimensions (`made_bundle`). Each connection is a person with a history of 20 random
items who turns a dial or a wish, 20 items a list, and becomes another person after 20 turns. `50 a second`: so many
questions come in all, whatever the answers do (the time counts from when one was due); `closed`: each asks again as soon as
it has its answer, which tells the most that there is. `of a processor`: milliseconds of one that a list takes in the
service, which other work on the machine does not stretch as it does the clock.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from made_bundle import make_bundle
from record import RESULTS, save, table, versions
from served import served

CONNECTIONS = (1, 10, 50, 200)
POINTS = 20  # at which memory is noted
TURNS, HISTORY, DIMS, LISTED, SEED = 20, 20, 32, 20, 0
PORT = 8719
PATIENCE = 1500  # seconds until the service answers: a million items take minutes


class Person:
    """Somebody who turns: each `question` is the bytes of a request."""

    def __init__(self, ids: list[str], rng: np.random.Generator, turns: int = TURNS) -> None:
        """turns: of the first one, so that not all become somebody else at once."""
        self.ids, self.rng = ids, rng
        self._become(turns)

    def _become(self, turns: int) -> None:
        self.left = turns
        self.items = [self.ids[at] for at in self.rng.choice(len(self.ids), HISTORY, replace=False)]
        self.factor = int(self.rng.integers(7))

    def question(self) -> bytes:
        if not self.left:
            self._become(TURNS)
        self.left -= 1
        value = float(self.rng.uniform(-0.5, 0.5))
        turned = {"wishes": {"size": value}} if self.left % 2 else {
            "dials": [{"factor": self.factor, "dim": 0, "value": value}]}
        body = json.dumps({"items": self.items, "n": LISTED, **turned}).encode()
        head = "POST /v1/bundles/b/steer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        return f"{head}{len(body)}\r\n\r\n".encode() + body


async def answered(reader: asyncio.StreamReader) -> bool:
    """Whether the next answer is a list."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1]))
    return head.startswith(b"HTTP/1.1 200")


async def load(ids: list[str], connections: int, rate: float, seconds: float, seed: int = SEED) -> dict:
    """The times of the answers to some people, in milliseconds. rate: questions a second of all; 0: closed. seed: other
    people."""
    times: list[float] = []
    wrong = 0
    begin = time.perf_counter() + 0.2

    async def one(k: int) -> None:
        nonlocal wrong
        person = Person(ids, np.random.default_rng([seed, connections, k]), 1 + k % TURNS)
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        due = begin + (k / rate if rate else 0)
        while due < begin + seconds:
            await asyncio.sleep(max(0, due - time.perf_counter()))
            writer.write(person.question())
            wrong += not await answered(reader)
            times.append(1e3 * (time.perf_counter() - due))
            due = due + connections / rate if rate else time.perf_counter()
        writer.close()

    await asyncio.gather(*map(one, range(connections)))
    took = time.perf_counter() - begin
    p50, p95, p99 = (float(np.percentile(times, q)) for q in (50, 95, 99))
    return {"connections": connections, "rate": rate, "answers": len(times), "per_second": len(times) / took, "p50": p50,
            "p95": p95, "p99": p99, "wrong": wrong}


def family(pid: int) -> list[int]:
    """A process and those that it started."""
    started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in started for each in family(int(child)))]


def memory(pid: int) -> dict[str, float]:
    """Megabytes: `pss`, its share of what several processes hold together, and `own`, what nobody else holds. Both without
    the pages of files: what a library's count for depends on who else uses it on this machine."""
    told = dict(re.findall(r"^(\w+): +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE))
    return {"pss": (int(told["Pss_Anon"]) + int(told["Pss_Shmem"])) / 1024, "own": int(told["Private_Dirty"]) / 1024}


def held(pid: int) -> float:
    """Megabytes that a process and those that it started hold."""
    return sum(memory(each)["pss"] for each in family(pid))


def busy(pid: int) -> float:
    """Seconds of a processor that a process and those that it started have had."""
    ticks = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid)]
    return sum(int(each[11]) + int(each[12]) for each in ticks) / os.sysconf("SC_CLK_TCK")


def grown(pid: int, ids: list[str], seconds: float, rate: float) -> dict:
    """Memory at POINTS times while questions come, of all processes together and what each holds alone, and how many
    megabytes an hour are gained over the second half: by then everybody who is remembered has come."""
    rows, begin = [], time.perf_counter()
    for point in range(POINTS):
        row = asyncio.run(load(ids, 10, rate, seconds / POINTS, point))
        rows.append({"after": time.perf_counter() - begin, "mb": held(pid),
                     "own": [memory(each)["own"] for each in family(pid)],
                     **{key: row[key] for key in ("p95", "answers", "wrong")}})
        click.echo(json.dumps(rows[-1]), err=True)
    late = rows[POINTS // 2:]
    slope = float(np.polyfit([row["after"] / 3600 for row in late], [row["mb"] for row in late], 1)[0])
    return {"seconds": seconds, "rate": rate, "mb_an_hour": slope, "rows": rows}


def measure(n_items: int, seconds: float, rates: list[float], workers: int, growth: float, growth_rate: float) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        make_bundle(path := Path(folder) / "b", n_items, SEED, DIMS)
        command = [sys.executable, "-m", "macrid", "serve", str(path), "--port", str(PORT), "--rate", "0", "--log", "none",
                   "--workers", str(workers)]
        begin = time.perf_counter()
        with served(command, f"http://127.0.0.1:{PORT}/ready", patience=PATIENCE) as server:
            found = {"items": n_items, "workers": workers, "start_s": time.perf_counter() - begin, "rows": []}
            from macrid import bundle

            ids = bundle.load(path).items["item_id"].tolist()
            asyncio.run(load(ids, 2, 0, 3))  # warms up
            found["mb"] = held(server.pid)
            for rate in rates:
                for connections in CONNECTIONS:
                    before, had = os.getloadavg()[0], busy(server.pid)
                    row = asyncio.run(load(ids, connections, rate, seconds))
                    row["cpu_ms"] = 1e3 * (busy(server.pid) - had) / row["answers"]
                    found["rows"].append(row | {"load": round(before, 1), "mb": held(server.pid)})
                    click.echo(json.dumps(found["rows"][-1]), err=True)
            found["processes"] = {each: memory(each) for each in family(server.pid)}
            if growth:
                found["growth"] = grown(server.pid, ids, growth, growth_rate)
            return found


@click.command()
@click.option("--items", "sizes", default="2000,100000", show_default=True, help="Sizes of the catalogue, with commas.")
@click.option("--seconds", default=15.0, show_default=True, help="Of each row.")
@click.option("--rates", default="50,0", show_default=True, help="Questions a second, with commas; 0: closed.")
@click.option("--workers", default=1, show_default=True)
@click.option("--growth", default=0.0, help="Seconds over which memory is watched at last, with 10 connections.")
@click.option("--growth-rate", default=50.0, show_default=True, help="Questions a second meanwhile.")
@click.option("--out", default=RESULTS / "service.json", type=click.Path(path_type=Path))
def main(sizes, seconds, rates, workers, out, **growth):
    found = [measure(int(size), seconds, [float(rate) for rate in rates.split(",") if rate], workers, **growth)
             for size in sizes.split(",")]
    rows = [[f"{each['items']:,}", "closed" if not row["rate"] else f"{row['rate']:g} a second", row["connections"],
             f"{row['per_second']:.0f}", *(f"{row[key]:.1f}" for key in ("p50", "p95", "p99", "cpu_ms")), row["wrong"],
             f"{row['load']:.1f}"]
            for each in found for row in each["rows"]]
    click.echo(table(["items", "load", "connections", "lists a second", "p50, ms", "p95", "p99", "of a processor",
                      "wrong", "load before"], rows))
    for each in found:
        if "growth" in each:
            told = each["growth"]
            click.echo(f"memory at {each['items']:,} items: {[round(row['mb']) for row in told['rows']]} MB over "
                       f"{told['seconds']:.0f} s, {told['mb_an_hour']:+.1f} MB an hour over the second half")
    save(out, {"versions": versions(), "seconds": seconds, "processors": os.cpu_count(), "measured": found})


if __name__ == "__main__":
    main()
