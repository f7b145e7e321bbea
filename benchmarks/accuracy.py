"""How accurate is MacridVAE beside the linear recommenders, and are its factors crisp and coherent at once?

    python benchmarks/accuracy.py --data ml-1m-pro_sg.zip ml-100k ml-latest-small.zip --seeds 3 --splits 5

Each data set is divided several times: as it comes divided or with seed 0, then by other seeds with as many people held
out; ml-100k also by RecBole's split, of which RecBole's own figures are known. Ours are trained with every seed on the first
split, with one on each of the others. Settings were chosen by validation NDCG@100; the test people decide nothing. Pairs are
of the same people, ours averaged over the seeds; who is tested in several splits counts once, with the mean of the
differences. Every training is kept in --work as it is done, and one that was stopped goes on.
"""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pandas as pd
from record import RESULTS, save, spread, table, versions
from sklearn.cluster import KMeans
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split
from macrid.errors import InputError
from macrid.measures import evaluate
from macrid.measures.coherence import coherence
from macrid.measures.contract import Factored
from macrid.measures.statistics import paired_difference
from macrid.measures.vectors import unit
from macrid.model.settings import PRESETS, make_settings
from macrid.pipeline import provenance
from macrid.studies import contenders, processes
from macrid.studies.contenders import Task
from macrid.training.spectral_start import spectral_vectors

SOLVED = ("popularity", "ease", "edlae")
OURS = "macridvae"
HELD_OUT = {"ml-100k": 150, "ml-latest-small": 50}  # people, for validation and for test; of other data as by `train`
AFTERWARDS = ("linear_weight", "popularity_power")  # settings of what comes beside a finished training
TWICE = "ml-100k"  # divided by RecBole's split, too


def work(task: Task, report) -> dict:
    """Train a contender and rank with it: {training, people, validation, test}, the last two the metrics of every person,
    and for a model with factors {factors}: certainty, coherence, nmi."""
    model, training, _ = contenders.trained(task, report)
    parts = task.split
    record = {"training": training, "people": parts.test.user_ids.tolist()} | {
        part: {name: values.tolist() for name, values in evaluate.ranking(model, getattr(parts, part), parts.kind).items()}
        for part in ("validation", "test")}
    if isinstance(model, Factored):
        figures = evaluate.disentanglement(model, parts.items, model.represent(parts.test.fold_in),
                                           evaluate.unseen(parts.test, parts.kind))
        record["factors"] = {name: figures[name] for name in ("certainty", "coherence", "nmi") if name in figures}
        record["linear"] = [model.settings.context, *((model.linear.weight,) if model.linear else ())]
    return record


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
    """A key and a task; the training itself is kept under a key of what it depends on, which the linear path is not."""
    plain, of = contenders.plain(settings), provenance.fingerprint(parts)
    key, trained = (f"{name}-{hashlib.sha256(json.dumps([name, what, seed, of], sort_keys=True).encode()).hexdigest()[:12]}"
                    for what in (plain, {each: value for each, value in plain.items() if each not in AFTERWARDS}))
    return key, Task(name, settings, parts, seed, "cpu", folder / trained)


def divided(data: str, splits: int) -> dict[str, list[split.Split]]:
    """The splits of a data set, by what they are called."""
    source = read_data(data, seed=0)
    clicks = split.to_clicks(source)
    first = split.strong(clicks, 0, HELD_OUT.get(source.name))
    whole, held_out = replace(clicks, parts=None), HELD_OUT.get(source.name, len(first.test.user_ids))
    found = {source.name: [first, *(split.strong(whole, seed, held_out) for seed in range(1, splits))]}
    if source.name == TWICE:
        rated = split.to_clicks(source, -np.inf, 1)
        found[f"{source.name}, RecBole's split"] = [split.recbole(rated, seed) for seed in range(splits)]
    return found


def of_people(found: list[dict], part: str, metric: str) -> np.ndarray:
    """A metric of every person of a split, averaged over trainings (n,)."""
    return np.mean([record[part][metric] for record in found], axis=0)


def difference(ours: list[list[dict]], other: list[list[dict]], metric: str) -> dict:
    """Ours less the other's, lists of trainings for each split: over people, each once."""
    rows = [pd.DataFrame({"person": mine[0]["people"],
                          "less": of_people(mine, "test", metric) - of_people(its, "test", metric)})
            for mine, its in zip(ours, other, strict=True)]
    less = pd.concat(rows).groupby("person")["less"].mean().to_numpy()
    return paired_difference(less, np.zeros_like(less)) | {"people": len(less)}


def row_of(found: list[list[dict]]) -> dict:
    """What a model came to, lists of trainings for each split: figures over splits, each the mean over seeds."""
    metrics = found[0][0]["test"]
    row = {part: {metric: spread(of_people(mine, part, metric).mean() for mine in found)
                  | {"first": float(of_people(found[0], part, metric).mean()),
                     "sd over seeds": spread(np.mean(one[part][metric]) for one in found[0])["sd"]} for metric in metrics}
           for part in ("validation", "test")}
    every = [record for mine in found for record in mine]
    row["seconds"] = spread(record["training"]["seconds"] for record in every)
    row["best_epoch"] = [record["training"]["best"] for record in every]
    if "factors" in every[0]:
        row["factors"] = {name: spread(record["factors"][name] for record in every) for name in every[0]["factors"]}
        row["context and w"] = [record["linear"] for record in every]
    return row


def clustered(parts: split.Split, kfac: int) -> float | None:
    """The coherence of what factors could be without any training: k-means of the spectral vectors."""
    clicks = evaluate.unseen(parts.test, parts.kind)
    if clicks is None:
        return None
    vectors = spectral_vectors(parts.train, kfac - 1, np.random.default_rng(0))
    return coherence(KMeans(kfac, n_init=10, random_state=0).fit_predict(unit(vectors)), clicks).mean


def measured(name: str, parts: list[split.Split], settings, options) -> dict:
    """Train all on the splits and return the figures of a data set."""
    models = {each: (contenders.settings_of(each, settings), 1) for each in SOLVED} | {OURS: (settings, options["seeds"])}
    tasks = {each: [[task_of(each, s, part, seed, options["folder"]) for seed in range(n if part is parts[0] else 1)]
                    for part in parts] for each, (s, n) in models.items()}
    done = records(dict(one for of in tasks.values() for part in of for one in part), options["folder"],
                   options["side_by_side"])
    found = {each: [[done[key] for key, _ in part] for part in of] for each, of in tasks.items()}
    main = evaluate.ranking_names(parts[0].kind)[1]
    rows = {each: row_of(of) | {"settings": contenders.plain(models[each][0])} for each, of in found.items()}
    for each in SOLVED:
        rows[each]["ours less it"] = {metric: difference(found[OURS], found[each], metric)
                                      for metric in found[each][0][0]["test"]}
        rows[each]["ours less it, first split"] = difference(found[OURS][:1], found[each][:1], main)
    coherences = [value for part in parts if (value := clustered(part, settings.kfac)) is not None]
    return {"name": name, "people": [len(part.test.user_ids) for part in parts], "items": parts[0].train.shape[1],
            "splits": len(parts), "fingerprints": [provenance.fingerprint(part) for part in parts], "models": rows,
            "coherence of k-means": spread(coherences) if coherences else None}


def shown(value: dict) -> str:
    """The table of a data set."""
    models = value["models"]
    metrics, lines = list(models[OURS]["test"]), []
    for each, row in models.items():
        less = row.get("ours less it", {}).get("ndcg@100" if "ndcg@100" in metrics else "ndcg@10")
        lines.append([each, *[f"{row['test'][metric]['first']:.4f}" for metric in metrics],
                      *[f"{row['test'][metric]['mean']:.4f}" for metric in metrics],
                      f"{less['mean']:+.4f} ± {less['se']:.4f}, p {less['p']:.1g}" if less else "",
                      f"{row['seconds']['mean']:.0f} s"])
    head = [f"{value['name']}, test", *metrics, *[f"{metric}, {value['splits']} splits" for metric in metrics],
            "ours less it, NDCG", "time"]
    said = ", ".join(f"{name} {of['mean']:.3f}" for name, of in models[OURS].get("factors", {}).items())
    beside = value["coherence of k-means"]
    return table(head, lines) + f"\n\nFactors: {said}" + (f"; coherence of k-means {beside['mean']:.3f}" if beside else "")


@click.command()
@click.option("--data", multiple=True, required=True, help="Data sets' names or paths, one or more.")
@click.argument("more", nargs=-1)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--splits", default=1, show_default=True, type=click.IntRange(1), help="How often people are divided.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="best", show_default=True)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting of the preset.")
@click.option("--jobs", "side_by_side", default=1, show_default=True, type=click.IntRange(1), help="Trainings at once.")
@click.option("--work", "folder", type=click.Path(path_type=Path), default=Path("accuracy.partial"), show_default=True,
              help="Where trainings are kept as they are done.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "accuracy.json", help="The file of figures.")
def main(data, more, splits, preset, changes, out, **options):
    """Train, rank, compare and write the figures; data sets of an earlier run stay in the file."""
    try:
        settings = make_settings(preset, parse_changes(changes))
        sets = {name: parts for each in (*data, *more) for name, parts in divided(each, splits).items()}
    except InputError as error:
        raise click.UsageError(str(error)) from error
    options["folder"].mkdir(parents=True, exist_ok=True)
    kept = json.loads(out.read_text(encoding="utf-8"))["data"] if out.exists() else {}
    for name, parts in sets.items():
        kept[name] = measured(name, parts, settings, options) | {"versions": versions(), "seeds": options["seeds"]}
        save(out, {"data": kept})
        click.echo(shown(kept[name]) + "\n")


if __name__ == "__main__":
    main()
