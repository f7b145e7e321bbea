"""How time and memory grow with the number of items, people and factors; and a shop of a million people from a Parquet file.

    python benchmarks/growth.py                     # growth.json and growth.svg in results/; ten minutes on a free core
    python benchmarks/growth.py --million           # growth-million.json: 1,000,000 people x 100,000 items; half an hour
    python benchmarks/growth.py --million --epochs 1                 # growth-epochs.json: `macrid train`, the bundle opened
    python benchmarks/growth.py --items 2000,6000 --people 10000 --factors 7 --steps 4 --out /tmp/try.json

Simulated shops, preset `best`, one thread, a process for each point (growth_point.py). Times are of the processor, so other
work on the machine does not stretch them; memory is the highest of a stage above the bare process, the clicks included.
"""

import json
import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import alone
import click
import numpy as np
import plotly.graph_objects as go
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import record
from picture import write_svg
from plotly.subplots import make_subplots

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.studies import processes

POINT, ROOT = Path(__file__).resolve().parent / "growth_point.py", Path(__file__).resolve().parents[1]
FIXED = {"items": 2_000, "people": 10_000, "factors": 7}  # what the other two are while one grows
TIMES = {"training": "a training step", "evaluating": "lists for 500 people", "spectral start": "spectral start"}
MEMORIES = {"training": "training", "spectral start": "spectral start", "splitting": "splitting"}
OPEN = """  # a bundle opened as a person would who steers it
import json, sys, time
from macrid import bundle
began = time.perf_counter()
opened = bundle.load(sys.argv[1])
loaded = time.perf_counter()
person = opened.person(opened.history_of(opened.people[0]))
listed = len(person.steer(n=20).after)
print(json.dumps({"load_s": loaded - began, "first_list_s": time.perf_counter() - loaded, "listed": listed}))
"""
LISTED, LONG = 20_000, 100  # people that lists are made for, items of a list
COLOURS = {"training": "#1A73E8", "evaluating": "#E8710A", "spectral start": "#188038", "splitting": "#9334E6"}


@click.command()
@click.option("--items", default="2000,6000,20000,60000,200000", show_default=True)
@click.option("--people", default="10000,100000,1000000", show_default=True)
@click.option("--factors", default="1,4,7,14,28", show_default=True)
@click.option("--steps", default=24, show_default=True, help="Training steps of each point; of the largest, fewer.")
@click.option("--million", is_flag=True, help="Instead: a million people and 100,000 items, written to Parquet and read.")
@click.option("--epochs", type=click.IntRange(1), help="With --million: train so many whole epochs, as `macrid train` does, "
              "and open the bundle.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="With --epochs: change a setting of the preset.")
@click.option("--threads", type=click.IntRange(1), help="[default: 1; with --epochs as many as there are cores]")
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file; the chart goes beside it.")
def main(items, people, factors, million, threads, out, **options):
    """Measure, write a file of results and print it as a table."""
    threads = threads or (processes.threads_for(1) if options["epochs"] else 1)
    variables, steps = alone.threads(threads), options["steps"]
    if million and options["epochs"]:
        changes = (f"epochs={options['epochs']}", *options["changes"])
        found = whole((1_000_000, 100_000), changes, variables)
        record.save(out or record.RESULTS / "growth-epochs.json", about(threads) | {"changes": changes} | found)
        click.echo(whole_summary(found))
        return
    if million:
        out = out or record.RESULTS / "growth-million.json"
        found = from_parquet(1_000_000, 100_000, 100, variables)
        record.save(out, about(threads) | found)
        click.echo(million_summary(found))
        return
    out = out or record.RESULTS / "growth.json"
    grids = {"items": numbers(items), "people": numbers(people), "factors": numbers(factors)}
    curves = {axis: [point(FIXED | {axis: value}, steps, variables) for value in grid] for axis, grid in grids.items()}
    record.save(out, about(threads) | {"fixed": FIXED, "slopes": slopes(curves), "curves": curves})
    write_svg(chart(curves), out.with_suffix(".svg"), 1100, 720)
    click.echo(summary(curves))


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def about(threads: int) -> dict:
    return {"preset": "best", "threads": threads, "processors": os.cpu_count(), "load": round(os.getloadavg()[0], 1),
            "versions": record.versions()}


def point(size: dict, steps: int, variables: dict[str, str]) -> dict:
    """The costs of one shop: those of `growth_point`, with the processor's seconds of a step."""
    fewer = max(6, min(steps, steps * 40_000 // (size["items"] + 1)))  # a step over 200,000 items takes seconds
    ended = alone.run([sys.executable, POINT, "--data", f"shop:{size['items']}x{size['people']}", "--factors",
                       size["factors"], "--steps", fewer], variables=variables)
    return per_step(ended.answer)


def per_step(found: dict) -> dict:
    training = found["stages"]["training"]
    return found | {"step_seconds": round(training["processor_seconds"] / found["steps"], 4),
                    "people_a_second": round(found["trained"] / training["processor_seconds"], 1)}


def from_parquet(people: int, items: int, steps: int, variables: dict[str, str]) -> dict:
    """A simulated shop that one process writes to Parquet and another trains on; an epoch projected from the steps."""
    with tempfile.TemporaryDirectory() as folder:
        files, command = Path(folder) / "shop", [sys.executable, POINT, "--data"]
        written = alone.run([*command, f"shop:{items}x{people}", "--write", files], variables=variables)
        trained = per_step(alone.run([*command, files, "--steps", steps], variables=variables).answer)
    epoch = trained["train_people"] / trained["people_a_second"]
    return {"written": written.answer, "trained": trained, "epoch_hours": round(epoch / 3600, 2)}


def whole(size: tuple[int, int], changes: tuple[str, ...], variables: dict[str, str]) -> dict:
    """A simulated shop of so many people and items that one process writes to Parquet, on which `macrid train` trains; and
    its bundle opened, and asked for the lists of some of them."""
    people, items = size
    with tempfile.TemporaryDirectory() as folder:
        files, out = Path(folder) / "shop", Path(folder) / "bundle"
        alone.run([sys.executable, POINT, "--data", f"shop:{items}x{people}", "--write", files], variables=variables)
        train = [sys.executable, "-m", "macrid", "train", "--data", files, "--out", out, "--seed", 0]
        trained = alone.run([*train, *(word for change in changes for word in ("--set", change))], ROOT, variables)
        opened = alone.run([sys.executable, "-c", OPEN, out], ROOT, variables)
        meta = json.loads((out / "bundle.json").read_text(encoding="utf-8"))
        course = json.loads((out / "history.json").read_text(encoding="utf-8"))
        listed = lists(files, out, variables)
        size_mb = round(sum(file.stat().st_size for file in out.iterdir()) / 1e6)
    return {"trained": trained.figures(), "opened": opened.answer | opened.figures(), "bundle_mb": size_mb,
            "batch": listed,
            "epoch_seconds": [round(row["seconds"], 1) for row in course],
            "data": {key: meta["data"][key] for key in ("people", "items", "clicks")},
            "settings": {key: meta["settings"][key] for key in ("embedding_size", "kfac", "sampled_items", "precision",
                                                                "train_batch_size")}, "metrics": meta["metrics"]}


def lists(files: Path, bundle: Path, variables: dict[str, str]) -> dict:
    """What `macrid batch` takes for LISTED people of a folder that `growth_point --write` wrote."""
    clicks = ds.dataset(files / "clicks.parquet").head(LISTED * 100)  # more than they have
    some = clicks.filter(pc.is_in(clicks["user_id"], clicks["user_id"].unique()[:LISTED]))
    pq.write_table(some, files.parent / "some.parquet")
    threads = next(iter(variables.values()))
    ended = alone.run([sys.executable, "-m", "macrid", "batch", bundle, "--people", files.parent / "some.parquet", "--out",
                       files.parent / "lists.parquet", "--n", LONG, "--threads", threads, "--json"], ROOT, variables)
    return ended.figures() | {"people": LISTED, "n": LONG, "said": ended.answer}


def series(points: list[dict], kind: str, stage: str) -> list[float]:
    """The seconds (`time`; of one step of training) or megabytes (`memory`) of a stage at every point."""
    if kind == "memory":
        return [p["stages"][stage]["peak_mb"] for p in points]
    return [p["step_seconds"] if stage == "training" else p["stages"][stage]["processor_seconds"] for p in points]


def slope(x: list[float], y: list[float]) -> float | None:
    """The exponent a of y = b x^a by least squares in logarithms; None of one point, or where y is not positive."""
    if len(x) < 2 or min(y) <= 0:
        return None
    return round(float(np.polyfit(np.log(x), np.log(y), 1)[0]), 2) + 0.0  # no minus zero


def slopes(curves: dict) -> dict:
    return {axis: {kind: {stage: slope([p[axis] for p in points], series(points, kind, stage)) for stage in names}
                   for kind, names in (("time", TIMES), ("memory", MEMORIES))} for axis, points in curves.items()}


def chart(curves: dict[str, list[dict]]) -> go.Figure:
    """A column for what grows, time above memory, both axes logarithmic; a line's slope stands at its end."""
    rising = slopes(curves)
    figure = make_subplots(2, len(curves), shared_xaxes=True, vertical_spacing=0.14, horizontal_spacing=0.07)
    for column, (axis, points) in enumerate(curves.items(), 1):
        x = [p[axis] for p in points]
        for row, (kind, names) in enumerate((("time", TIMES), ("memory", MEMORIES)), 1):
            shift = apart({stage: series(points, kind, stage)[-1] for stage in names})
            for stage, title in names.items():
                y, a = series(points, kind, stage), rising[axis][kind][stage]
                figure.add_scatter(x=x, y=y, row=row, col=column, mode="lines+markers", line_color=COLOURS[stage],
                                   marker_size=7, name=title, legend="legend" if row == 1 else "legend2",
                                   showlegend=column == 1)
                if a is not None:
                    figure.add_annotation(x=np.log10(x[-1]), y=np.log10(y[-1]), text=f"{a:.2f}", showarrow=False,
                                          xanchor="left", xshift=7, yshift=shift[stage], row=row, col=column,
                                          font={"color": COLOURS[stage], "size": 12})
        figure.update_xaxes(title_text=axis, row=2, col=column)
        figure.update_xaxes(range=[np.log10(x[0]) - 0.08, np.log10(x[-1]) + 0.2 * max(1, np.log10(x[-1] / x[0]))],
                            tickvals=x, ticktext=[f"{v:,}" for v in x], showticklabels=True, col=column)
    figure.update_yaxes(title_text="seconds of the processor", row=1, col=1)
    figure.update_yaxes(title_text="MB above the bare process", row=2, col=1)
    figure.update_xaxes(type="log", showgrid=False, linecolor="#9AA0A6", ticks="outside", title_font_size=13)
    figure.update_yaxes(type="log", dtick=1, tickformat=",~g", gridcolor="#E8EAED", zeroline=False, title_font_size=13)
    place = {"orientation": "h", "x": 0, "yanchor": "bottom"}
    figure.update_layout(template="none", paper_bgcolor="white", plot_bgcolor="white", legend=place | {"y": 1.01},
                         legend2=place | {"y": 0.435}, margin={"l": 80, "r": 20, "t": 40, "b": 55},
                         font={"family": "Helvetica, Arial, sans-serif", "size": 12, "color": "#202124"})
    return figure


def apart(ends: dict[str, float]) -> dict[str, int]:
    """Pixels to move the labels of lines that end at these values, so that no two overlap: the higher of two up."""
    shift, order = dict.fromkeys(ends, 0), sorted(ends, key=ends.get)
    for below, above in pairwise(order):
        if ends[above] < 1.2 * ends[below]:
            shift[above] = shift[below] + 12
    return shift


def summary(curves: dict[str, list[dict]]) -> str:
    """A row for each point."""
    rows = [[f"{p['items']:,}", f"{p['people']:,}", str(p["factors"]), f"{p['clicks']:,}", p["step_seconds"],
             *(p["stages"][stage]["processor_seconds"] for stage in ("evaluating", "spectral start", "splitting")),
             *(f"{p['stages'][stage]['peak_mb']:,}" for stage in MEMORIES)] for points in curves.values() for p in points]
    return record.table(["items", "people", "factors", "clicks", "step, s", "500 lists, s", "spectral start, s",
                         "splitting, s", *(f"{title}, MB" for title in MEMORIES.values())], rows)


def million_summary(found: dict) -> str:
    trained = found["trained"]
    rows = [[name, f"{s['seconds']:,.1f}", f"{s['processor_seconds']:,.1f}", f"{s['peak_mb']:,}", f"{s['left_mb']:,}"]
            for name, s in trained["stages"].items()]
    return (record.table(["stage", "seconds", "of the processor", "highest, MB", "left, MB"], rows)
            + f"\n\n{trained['people']:,} people, {trained['items']:,} items, {trained['clicks']:,} clicks; "
              f"{trained['steps']} steps: {trained['people_a_second']:,.0f} people a second of the processor, "
              f"{found['epoch_hours']:g} hours an epoch")


def whole_summary(found: dict) -> str:
    data, opened = found["data"], found["opened"]
    batch = found["batch"]
    rows = [[name, f"{s['seconds']:,.1f}", f"{s['processor_seconds']:,.1f}", f"{s['memory_mb']:,}"]
            for name, s in (("macrid train, all of it", found["trained"]), ("the bundle opened", opened),
                            (f"macrid batch, {batch['people']:,} people, {batch['n']} items each", batch))]
    epochs = ", ".join(f"{seconds / 60:.1f}" for seconds in found["epoch_seconds"])
    return (record.table(["", "seconds", "of the processor", "highest, MB"], rows)
            + f"\n\n{data['people']:,} people, {data['items']:,} items, {data['clicks']:,} clicks; minutes of an epoch: "
              f"{epochs}; NDCG@100 {found['metrics']['ndcg@100']:.4f}; the bundle has {found['bundle_mb']:,} MB, is loaded "
              f"in {opened['load_s']:.1f} s and gives its first list in {opened['first_list_s']:.2f} s")


if __name__ == "__main__":
    main()
