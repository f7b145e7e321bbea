"""RecBole's own running example beside ours: five figures and the time, each in a process of its own.

    python benchmarks/recbole_example.py              # half an hour on two free cores, nearly all of it RecBole's
    python benchmarks/recbole_example.py --no-peer    # ours anew, beside what RecBole gave in the last whole run
    python benchmarks/recbole_example.py --epochs 3 --out /tmp/try.json

RecBole: `run_recbole(model='MacridVAE', dataset='ml-100k')`. Ours: `train --data ml-100k --split recbole --preset best` and
`evaluate`, with everything that goes into a bundle (maps, dials, baselines); and, through Python, on the very split that
RecBole makes. Both protocols: a random 8 : 1 : 1 of each person's ratings, all ratings count, full ranking.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import alone
import click
import peer
import record

ROOT, HERE = Path(__file__).resolve().parents[1], Path(__file__).resolve().parent
OUT = record.RESULTS / "recbole-example.json"
METRICS = ("recall@10", "mrr@10", "ndcg@10", "hit@10", "precision@10")


@click.command()
@click.option("--peer/--no-peer", "with_peer", default=True, show_default=True, help="Run RecBole, too.")
@click.option("--preset", default="best", show_default=True, help="Of ours.")
@click.option("--epochs", type=int, help="At most so many, of either: for a try. Give --out, too.")
@click.option("--threads", default=os.cpu_count(), show_default=True, help="Of either.")
@click.option("--seed", default=0, show_default=True, help="Of ours.")
@click.option("--environment", type=click.Path(path_type=Path), default=peer.FOLDER, show_default=True,
              help="Where RecBole's environment is, or is made.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True)
def main(with_peer, preset, epochs, threads, seed, environment, out):
    """Measure, write a file of results and print it as a table."""
    if epochs and out == OUT:
        raise click.UsageError("with --epochs nothing is measured that should be kept; give --out, such as /tmp/try.json")
    variables = alone.threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        parts = Path(folder) / "parts.csv"
        ours = run_ours(Path(folder) / "bundle", preset, seed, epochs, variables)
        theirs = run_peer(environment, parts, epochs, variables) if with_peer else kept(out)
        same = run_ours_on_their_split(preset, seed, epochs, parts if with_peer else None, variables)
    found = {"data": "ml-100k", "preset": preset, "seed": seed, "threads": threads, "epochs_at_most": epochs,
             "processors": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "versions": record.versions(),
             "peer": theirs, "ours": ours, "ours_on_their_split": same, "one_run": with_peer}
    if "seconds" in theirs:
        found["times_faster"] = {key: round(theirs[key] / ours[key], 1) for key in ("seconds", "processor_seconds")}
    record.save(out, found)
    click.echo(summary(found))


def run_ours(bundle: Path, preset: str, seed: int, epochs: int | None, variables: dict[str, str]) -> dict:
    """The two commands that a person types: figures, and the time of both together."""
    macrid, variables = [sys.executable, "-m", "macrid"], variables | {"PYTHONPATH": str(ROOT)}
    trained = alone.run([*macrid, "train", "--data", "ml-100k", "--split", "recbole", "--preset", preset, "--seed", seed,
                         "--out", bundle, *(["--set", f"epochs={epochs}"] if epochs else [])], variables=variables)
    measured = alone.run([*macrid, "evaluate", bundle, "--json"], variables=variables)
    meta = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    metrics = {key: measured.answer[key] for name in METRICS for key in (name, f"{name}_se")}
    return {"metrics": metrics, "epochs": meta["training"]["epochs"], "settings": meta["settings"],
            "training_seconds": meta["training"]["seconds"], "seconds": round(trained.seconds + measured.seconds, 1),
            "processor_seconds": round(trained.processor + measured.processor, 1),
            "memory_mb": round(max(trained.memory, measured.memory) / 1e6)}


def run_ours_on_their_split(preset: str, seed: int, epochs: int | None, parts: Path | None,
                            variables: dict[str, str]) -> dict:
    ended = alone.run([sys.executable, HERE / "recbole_split.py", "--preset", preset, "--seed", seed,
                       *(["--epochs", epochs] if epochs else []), *(["--parts", parts] if parts else [])],
                      variables=variables)
    return ended.answer | ended.figures()


def run_peer(environment: Path, parts: Path, epochs: int | None, variables: dict[str, str]) -> dict:
    ended = peer.run(peer.environment(environment), "recbole_peer.py", "--parts", parts,
                     *(["--epochs", epochs] if epochs else []), variables=variables)
    return {"source": "measured"} | ended.answer | {"stages": ended.answer["seconds"]} | ended.figures()


def kept(out: Path) -> dict:
    """What RecBole gave in the last whole run that was written to `out`; else what is reported of it, without a time."""
    try:
        before = json.loads(out.read_text(encoding="utf-8"))["peer"]
        if before["source"] != "reported":
            return before | {"source": "kept from an earlier run"}
    except FileNotFoundError:
        pass
    reported = json.loads((record.RESULTS / "reported.json").read_text(encoding="utf-8"))
    return {"source": "reported", "metrics": next(row["figures"] for row in reported if "ml-100k" in row["data"])}


def summary(found: dict) -> str:
    """A table of the figures, time and memory of the three runs."""
    def row(title: str, run: dict) -> list:
        metrics = run["metrics"]
        return [title, *(f"{metrics[name]:.4f}" + (f" ± {metrics[name + '_se']:.4f}" if name + "_se" in metrics else "")
                         for name in METRICS), run.get("epochs", ""),
                *(f"{run[key]:,.0f} {unit}" if key in run else "" for key, unit in
                  (("seconds", "s"), ("processor_seconds", "s"), ("memory_mb", "MB")))]

    lines = record.table(["", *METRICS, "epochs", "time", "of the processor", "memory"], [
        row(f"RecBole 1.2.1 ({found['peer']['source']})", found["peer"]), row("macrid, its own split", found["ours"]),
        row("macrid, RecBole's split", found["ours_on_their_split"])])
    better = sum(found["ours_on_their_split"]["metrics"][name] > found["peer"]["metrics"][name] for name in METRICS)
    times = found.get("times_faster")
    return (f"{lines}\n\nOn RecBole's split ours is better on {better} of {len(METRICS)}"
            + (f"; the two commands take 1/{times['seconds']:g} of its time, 1/{times['processor_seconds']:g} of its "
               "processor's" if times else "") + ".")


if __name__ == "__main__":
    main()
