"""How accurate is MacridVAE beside the linear recommenders, and what does each setting beyond the paper give?

    python benchmarks/accuracy.py --data ml-1m-pro_sg.zip                  # linear models, and ours with three seeds
    python benchmarks/accuracy.py --data ml-1m-pro_sg.zip --part settings  # one setting changed at a time

Settings were chosen by validation NDCG@100; the test people decide nothing. Pairs are of the same people, ours averaged over
the seeds. Every training is kept in --work as it is done, and one that was stopped goes on.
"""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from record import RESULTS, save, spread, table, versions
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split
from macrid.errors import InputError
from macrid.measures import evaluate
from macrid.measures.statistics import paired_difference
from macrid.model.settings import PRESETS, make_settings
from macrid.pipeline import provenance
from macrid.studies import contenders, processes
from macrid.studies.contenders import Task

LINEAR = ("popularity", "ease", "edlae")
VARIATIONS = {  # of the preset accurate, one thing at a time
    "without the skip": {"skip": False}, "without averaged weights": {"weight_averaging": 0.0},
    "a dropout mask for each factor": {"dropout_mask": "factor"}, "100 dimensions": {"embedding_size": 100},
    "7 factors": {"kfac": 7}, "1 factor": {"kfac": 1}, "spectral start": {"init": "spectral"},
    "without Gumbel": {"nogb": True}}


def work(task: Task, report) -> dict:
    """Train a contender and rank with it: {training, validation, test}, the metrics of every person."""
    model, training, _ = contenders.trained(task, report)
    return {"training": training} | {part: {name: values.tolist() for name, values in
                                            evaluate.ranking(model, getattr(task.split, part), task.split.kind).items()}
                                     for part in ("validation", "test")}


def records(tasks: dict[str, Task], folder: Path, side_by_side: int) -> dict[str, dict]:
    """The answer of `work` for every task, from `folder` where it was done before."""
    found = {key: json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
             for key in tasks if (folder / f"{key}.json").exists()}
    with tqdm(total=len(tasks), initial=len(found), unit="model", file=sys.stderr) as bar:
        for key, event, value in processes.run(work, {key: task for key, task in tasks.items() if key not in found},
                                          side_by_side):
            if event == "report":
                bar.set_postfix_str(f"{key.split('-')[0]}, epoch {value['epoch']}: {value['ndcg@100']:.4f}")
            elif event == "done":
                save(folder / f"{key}.json", value)
                found[key] = value
                bar.update()
            else:
                raise click.ClickException(f"{key} {event}: {value}")
    return found


def task_of(name: str, settings, parts: split.Split, seed: int, folder: Path) -> tuple[str, Task]:
    text = json.dumps([name, contenders.plain(settings), seed, provenance.fingerprint(parts)], sort_keys=True)
    key = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return key, Task(name, settings, parts, seed, "cpu", folder / key)


def people(found: list[dict], part: str, metric: str) -> np.ndarray:
    """A metric of every person, averaged over trainings (n,)."""
    return np.mean([record[part][metric] for record in found], axis=0)


def figures(found: list[dict], part: str) -> dict[str, dict]:
    """Each metric over trainings: mean, sd, ..., and se, the standard error over people of the mean."""
    return {metric: spread(np.mean(record[part][metric]) for record in found)
            | {"se": evaluate.summary({metric: people(found, part, metric)})[f"{metric}_se"]} for metric in found[0][part]}


@click.command()
@click.option("--data", required=True, help="A data set's name or the path of one.")
@click.option("--part", type=click.Choice(["target", "settings"]), default="target", show_default=True)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--preset", type=click.Choice(list(PRESETS)), default="accurate", show_default=True)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting of the preset.")
@click.option("--jobs", "side_by_side", default=1, show_default=True, type=click.IntRange(1), help="Trainings at once.")
@click.option("--work", "folder", type=click.Path(path_type=Path), default=Path("accuracy.partial"), show_default=True,
              help="Where trainings are kept as they are done.")
@click.option("--out", type=click.Path(path_type=Path), help="The file of figures, by default one in benchmarks/results.")
def main(data, part, seeds, preset, changes, side_by_side, folder, out):
    """Train, rank, compare and write the figures."""
    try:
        settings = make_settings(preset, parse_changes(changes))
        parts = split.strong(split.to_clicks(read_data(data, seed=0)), seed=0)
    except InputError as error:
        raise click.UsageError(str(error)) from error
    folder.mkdir(parents=True, exist_ok=True)
    rows = {name: (name, contenders.settings_of(name, settings), 1) for name in LINEAR if part == "target"}
    rows["macridvae"] = "macridvae", settings, seeds
    if part == "settings":
        rows |= {title: ("macridvae", replace(settings, **changed), seeds) for title, changed in VARIATIONS.items()}
    tasks = {title: [task_of(name, s, parts, seed, folder) for seed in range(n)] for title, (name, s, n) in rows.items()}
    done = records({key: task for group in tasks.values() for key, task in group}, folder, side_by_side)
    found = {title: [done[key] for key, _ in group] for title, group in tasks.items()}
    shown = "test" if part == "target" else "validation"
    value = {"data": {"name": parts.name, "fingerprint": provenance.fingerprint(parts)}, "versions": versions(),
             "models": {}}
    for title, (_, s, n) in rows.items():
        value["models"][title] = {
            "settings": contenders.plain(s), "seeds": list(range(n)),
            "seconds": spread(record["training"]["seconds"] for record in found[title]),
            "best_epoch": [record["training"]["best"] for record in found[title]],
            **{where: figures(found[title], where) for where in ("validation", "test")},
            "less": {other: paired_difference(people(found["macridvae"], where, "ndcg@100"),
                                              people(found[title], where, "ndcg@100"))
                     for other, where in (("ours, validation", "validation"), ("ours, test", "test"))}
            if title != "macridvae" else {}}
    save(out or RESULTS / ("accuracy.json" if part == "target" else "accuracy-settings.json"), value)
    metrics = list(found["macridvae"][0][shown])
    lines = []
    for title, row in value["models"].items():
        less = row["less"].get(f"ours, {shown}")
        lines.append([title, *[f"{row[shown][m]['mean']:.4f} ± {row[shown][m]['se']:.4f}" for m in metrics],
                      f"{row[shown]['ndcg@100']['sd']:.4f}" if len(row["seeds"]) > 1 else "",
                      f"{less['mean']:+.4f} ± {less['se']:.4f}, p {less['p']:.2g}" if less else "",
                      f"{row['seconds']['mean']:.0f} s"])
    click.echo(table([f"{parts.name}, {shown}", *metrics, "sd over seeds", "ours less it, NDCG@100", "time"], lines))


if __name__ == "__main__":
    main()
