"""Many people in the app at once, by the page's own protocol: how soon each gets the list of a turn, and what they cost.

    python benchmarks/load.py                                  # 1 to 100 people, 500 sessions, 20,000 turns; writes
                                                               # results/load.json
    python benchmarks/load.py --people 25 --seconds 60 --sessions 0 --turns 0

The app is started with the shop that ships. Each person opens the Steer page by Streamlit's websocket and turns a wish every
second, by the route that the page uses while a slider is dragged (`ui.stage.LIST_ROUTE`); every tenth time the slider is
let go, and the list's part of the page runs. Whoever has no answer yet waits for it before the next turn, as the page does.
Times of turns count from when one was due. `fewest`: the turns of the person who had fewest, of those that were due. Then
sessions are opened and closed, five at a time, and at last 50 people turn as fast as they can. Memory is what the process
holds, without its libraries' files. Server and load are on this machine.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import click
import numpy as np
from page_session import Visit, visit
from record import RESULTS, save, table, versions
from served import ROOT, served
from service import answered, busy, held

PEOPLE = "1,10,25,50,100"
PORT, TURN, SEED = 8718, 1.0, 0  # seconds between two turns
RELEASE = 10  # turns until a slider is let go
AT_ONCE, HURRIED = 5, 50  # people who come at one time; who turn as fast as they can
POINTS = 10  # at which memory is noted


def asked(where: str, user: str, percent: int) -> bytes:
    """A turn, as the page sends it."""
    return (f"GET /steered/{where}?user={quote(user)}&wishes=size%3A{percent}&n=12 HTTP/1.1\r\n"
            "Host: localhost\r\n\r\n").encode()


@dataclass
class Person:
    """Somebody at the page, with a connection for the lists while a slider is dragged."""

    visit: Visit
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    where: str
    user: str
    rng: np.random.Generator
    before: int  # turns until now, so that not all let go at once
    turns: list[float] = field(default_factory=list)  # ms
    releases: list[float] = field(default_factory=list)
    wrong: int = 0

    async def turn(self, due: float) -> None:
        """Turn a wish, by the route; every tenth time let go of it, by the page."""
        percent = int(self.rng.integers(1, 101))
        if (self.before + len(self.turns) + len(self.releases)) % RELEASE == RELEASE - 1:
            await self.visit.release({"size": percent})
            self.releases.append(1e3 * (time.perf_counter() - due))
            return
        question = asked(self.where, self.user, percent)
        try:
            self.writer.write(question)
            self.wrong += not await answered(self.reader)
        except (asyncio.IncompleteReadError, ConnectionError):  # closed, as nothing was asked for a while
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", PORT)
            self.writer.write(question)
            self.wrong += not await answered(self.reader)
        self.turns.append(1e3 * (time.perf_counter() - due))


class App:
    """The app, its process and the people of the shop that it shows."""

    def __init__(self, pid: int, where: str, users: list[str]) -> None:
        self.pid, self.where, self.users = pid, where, users

    async def arrive(self, people: int, stack: AsyncExitStack) -> list[Person]:
        """So many people open the page, a few at a time, and stay as long as the stack."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(k: int) -> Person:
            user = self.users[k % len(self.users)]
            async with gate:
                here = await stack.enter_async_context(visit(PORT, f"bundle=shop&user={quote(user)}"))
                reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
            person = Person(here, reader, writer, self.where, user, np.random.default_rng([SEED, people, k]), k)
            stack.callback(lambda: person.writer.close())
            return person

        return list(await asyncio.gather(*map(one, range(people))))

    async def turning(self, people: int, seconds: float) -> dict:
        """A row: some people, each turning something every second."""
        empty, load = held(self.pid), os.getloadavg()[0]
        async with AsyncExitStack() as stack:
            here = await self.arrive(people, stack)
            full, had = held(self.pid), busy(self.pid)
            begin = time.perf_counter() + 0.5

            async def one(k: int, person: Person) -> None:
                due = begin + k / people * TURN
                while due < begin + seconds:
                    await asyncio.sleep(max(0, due - time.perf_counter()))
                    await person.turn(due)
                    due += TURN * max(1, np.ceil((time.perf_counter() - due) / TURN))

            await asyncio.gather(*(one(k, person) for k, person in enumerate(here)))
            counts = [len(person.turns) + len(person.releases) for person in here]
            spent = 1e3 * (busy(self.pid) - had) / sum(counts)
        return {"people": people, "turns": sum(counts), **_figures(here), "fewest": min(counts) / int(seconds / TURN),
                "open_p50": 1e3 * float(np.median([person.visit.times[0] for person in here])), "cpu_ms": spent,
                "mb": full, "mb_each": (full - empty) / people, "load": load}

    async def coming(self, sessions: int) -> list[float]:
        """Memory while so many people come, and go once they have seen the page and turned something."""
        async def one(k: int) -> None:
            async with visit(PORT, f"bundle=shop&user={quote(self.users[k % len(self.users)])}") as here:
                await here.release({"size": 1 + k % 100})
                if here.wrong:
                    raise RuntimeError("a run of the page ended with an error")

        return await _watched(sessions, AT_ONCE, one, lambda: held(self.pid))

    async def hurrying(self, turns: int) -> tuple[list[float], dict]:
        """Memory over so many turns of people who each turn again as soon as they have a list, and their times."""
        async with AsyncExitStack() as stack:
            here = await self.arrive(HURRIED, stack)

            async def one(k: int) -> None:
                await here[k % HURRIED].turn(time.perf_counter())

            memory = await _watched(turns, HURRIED, one, lambda: held(self.pid))
        return memory, _figures(here)


async def _watched(number: int, at_once: int, one: Callable, measure: Callable[[], float]) -> list[float]:
    """What `measure` gives at some points while `one` is done so many times, some beside each other."""
    found = []
    for share in np.array_split(np.arange(number), min(POINTS, number)):
        rows = [share[share % at_once == lane] for lane in range(at_once)]  # each person's own, one after the other

        async def lane(row: np.ndarray) -> None:
            for k in row:
                await one(int(k))

        await asyncio.gather(*map(lane, rows))
        found.append(round(measure(), 1))
        click.echo(f"{share[-1] + 1} of {number}: {found[-1]} MB", err=True)
    return found


def _figures(people: list[Person]) -> dict:
    """Milliseconds of turns and of releases, and how much went wrong."""
    turns, releases = (np.concatenate([getattr(person, name) for person in people]) for name in ("turns", "releases"))
    told = {f"p{q}": float(np.percentile(turns, q)) for q in (50, 95, 99)}
    if len(releases):
        told |= {f"release_p{q}": float(np.percentile(releases, q)) for q in (50, 95)}
    return told | {"wrong": sum(person.wrong + person.visit.wrong for person in people)}


def measured(app: App, people: list[int], seconds: float, sessions: int, turns: int) -> dict:
    asyncio.run(app.turning(2, 3))  # warms up
    found: dict = {"measured": []}
    for many in people:
        found["measured"].append(asyncio.run(app.turning(many, seconds)))
        click.echo(str(found["measured"][-1]), err=True)
    if sessions:
        found["sessions"] = {"number": sessions, "mb": asyncio.run(app.coming(sessions))}
        click.echo(str(found["sessions"]), err=True)
    if turns:
        memory, figures = asyncio.run(app.hurrying(turns))
        found["hurried"] = {"people": HURRIED, "turns": turns, "mb": memory, **figures}
        click.echo(str(found["hurried"]), err=True)
    return found


@click.command()
@click.option("--people", default=PEOPLE, show_default=True, help="How many, with commas.")
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--sessions", default=500, show_default=True, help="That are opened and closed.")
@click.option("--turns", default=20_000, show_default=True, help="Over which memory is watched.")
@click.option("--out", default=RESULTS / "load.json", type=click.Path(path_type=Path))
def main(people, seconds, sessions, turns, out):
    sys.path.insert(0, str(ROOT))
    from macrid import bundle

    shop = bundle.load(ROOT / "models" / "shop")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "shop").symlink_to(shop.path)
        command = [sys.executable, "-m", "macrid", "app", "--port", str(PORT)]
        with served(command, f"http://localhost:{PORT}/_stcore/health", {"MACRID_MODELS": folder, "CI": "1"},
                    stderr=subprocess.DEVNULL) as server:
            app = App(server.pid, f"shop/{shop.seal}", shop.people)
            found = measured(app, list(map(int, people.split(","))), seconds, sessions, turns)
    keys = ("p50", "p95", "p99", "release_p50", "release_p95", "open_p50")
    rows = [[row["people"], row["turns"], *(f"{row.get(key, float('nan')):.0f}" for key in keys), f"{row['cpu_ms']:.1f}",
             f"{100 * row['fewest']:.0f} %", row["wrong"], f"{row['mb']:.0f}", f"{row['mb_each']:.2f}", f"{row['load']:.1f}"]
            for row in found["measured"]]
    click.echo(table(["people", "turns", "p50, ms", "p95", "p99", "let go, p50", "p95", "opened, p50", "of a processor",
                      "fewest", "wrong", "MB", "MB each", "load before"], rows))
    for name in ("sessions", "hurried"):
        if name in found:
            click.echo(f"{name}: {found[name]}")
    save(out, {"versions": versions(), "seconds": seconds, "processors": os.cpu_count(), **found})


if __name__ == "__main__":
    main()
