"""Steering beside others: ours (a wish, dials, both), ELSA and Mult-VAE with a sparse autoencoder, TEASER, and re-ranking.

    python benchmarks/steering_peers.py --data ml-100k ml-latest-small.zip ml-1m.zip

One run, the same people, the same items, the same protocol for all (`peers/protocol.py`). Settings are chosen on validation
people, test people are measured. A data set that is finished stands in --json and is not measured again but with --again.
Trainings of a stopped run go on from --work. Tables on standard output, progress on standard error.
"""

import argparse
import json
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # macrid need not be installed

import numpy as np
import pandas as pd
import torch
from peers import protocol
from peers.entrants import NARROW, OURS, TITLES, Grids, Trained, entrants, train
from peers.protocol import Curves, People, Tags
from record import RESULTS, save, table, versions

from macrid import bundle
from macrid.bundle.recommender import Recommender
from macrid.cli.options import read_data
from macrid.data import split as splitting
from macrid.data.interactions import Interactions
from macrid.dials.wishes import Attributes
from macrid.errors import InputError
from macrid.model.settings import make_settings
from macrid.pipeline import provenance

HELD_OUT = {"ml-100k": 200, "ml-latest-small": 100, "ml-1m": None}  # people, for validation and for test; None: a tenth
FEWEST = 20  # items of a tag that is asked for
PEOPLE, ASKED = 100, 10  # people who are asked for each of the most frequent tags, and how many of these
MOST = 300  # people who are asked for their own tag
LARGE = 1_500_000  # people times items: fewer settings are tried
NOT_OF_THE_FILM = {"in netflix queue"}  # tags that say something of the person
PUBLISHED = [["ML-25M, as published", "ELSA + SAE, 10 neurons", 3.2], ["ML-25M, as published", "ELSA + SAE, 1 neuron", 2.2],
             ["ML-25M, as published", "TEASER", 8.5]]


def progress(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def tag_sets(data: str, items: pd.DataFrame) -> dict[str, Tags]:
    """What may be asked of the items (M rows): their genres and groups, and, where an archive has a tags.csv, what people
    have written of them. A tag is of an item if anybody gave it; items without any are unknown."""
    found = {"": _tags(items.drop(columns="tags", errors="ignore"))}
    path = Path(data).expanduser()
    if path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if name.rpartition("/")[2] == "tags.csv"]
            if inside:
                written = pd.read_csv(archive.open(inside[0]), dtype=str).dropna(subset="tag")
                written["tag"] = written["tag"].str.casefold().str.strip()
                written = written[~written["tag"].isin(NOT_OF_THE_FILM)]
                of_item = written.groupby("movieId")["tag"].agg(lambda tags: "|".join(sorted(set(tags))))
                texts = items["item_id"].astype(str).map(of_item).fillna("")
                found[", tags"] = _tags(pd.DataFrame({"item_id": items["item_id"], "tags": texts}))
    return found


def _tags(items: pd.DataFrame, fewest: int = FEWEST) -> Tags:
    attributes = Attributes(items)
    names = [each.name for each in attributes.values() if each.yes_no]
    values = np.array([attributes.of_items(name) for name in names])
    enough = (values == 1).sum(axis=1) >= fewest if names else np.zeros(0, bool)
    if not enough.any():
        raise InputError(f"no yes/no attribute is known of {fewest} items, so there is nothing to ask for; give data with "
                         "genres, tags or groups")
    return Tags([name for name, kept in zip(names, enough, strict=True) if kept], values[enough])


def measure(trained: Trained, tags: Tags, grids: Grids, most: int) -> dict:
    """All contenders on one set of tags, over `most` validation and as many test people: `settings`, those chosen and those
    tried, the figures of a `personal_tag` with differences, and of `every_tag`."""
    both = {which: _asking(protocol.people_of(getattr(trained.split, which), most), tags.borne)
            for which in ("validation", "test")}
    chosen: dict = {}
    curves: dict[str, Curves] = {}
    steered = {}
    for name, tried in entrants(trained, tags, grids).items():
        progress(f"  {TITLES[name]}")
        rows = []
        for settings, make in tried:
            one = make()
            people, tag = both["validation"]
            told = protocol.told(protocol.follow(one, people, tag, tags.borne), 0.0)
            rows.append((settings | {key: told[key] for key in ("area", "gain", "volume")}, one))
        best, steered[name] = max(rows, key=lambda row: row[0]["area"])
        chosen[name] = {"chosen": best, "tried": [row for row, _ in rows]}
        curves[name] = protocol.follow(steered[name], *both["test"], tags.borne)
    people, tag = both["test"]
    return {"tags": _counted(tags, tag), "people": len(people), "validation_people": len(both["validation"][0]),
            "settings": chosen, "personal_tag": _compared(curves),
            "every_tag": _every_tag(steered, people, tags)}


def _asking(people: People, borne: np.ndarray) -> tuple[People, np.ndarray]:
    """Those who ask for something, and for what."""
    tag = protocol.own_tags(people, borne)
    asking = np.flatnonzero(tag >= 0)
    return people.some(asking), tag[asking]


def _counted(tags: Tags, tag: np.ndarray) -> dict[str, dict[str, int]]:
    return {name: {"items": int(row.sum()), "asked": int((tag == a).sum())}
            for a, (name, row) in enumerate(zip(tags.names, tags.borne, strict=True))}


def _compared(curves: dict[str, Curves]) -> dict:
    """Figures of every contender, and each of ours less each other's over the same people."""
    floor = 0.9 * max(float(of.personal[0].mean()) for of in curves.values())
    drawn = {name: protocol.resampled(of, floor) for name, of in curves.items()}
    return {"floor": floor, "contenders": {name: protocol.told(of, floor) for name, of in curves.items()},
            "differences": {name: {other: protocol.paired(drawn[name], of)
                                   for other, of in drawn.items() if other not in OURS} for name in OURS}}


def _every_tag(steered: dict, people: People, tags: Tags) -> dict:
    """The most frequent tags asked of everybody and of askers, those who have such an item among their held-out ones; and
    less of each."""
    people = people.some(np.arange(min(PEOPLE, len(people))))
    asked = np.argsort(-tags.borne.sum(axis=1), kind="stable")[:ASKED]
    found = {}
    for name, one in steered.items():
        progress(f"  every tag: {TITLES[name]}")
        groups: dict[str, list[Curves]] = {"everybody": [], "askers": []}
        for a in asked:
            of = protocol.follow(one, people, np.full(len(people), a), tags.borne, protocol.FEWER)
            asking = np.flatnonzero((people.answers & tags.borne[a]).any(axis=1))
            groups["everybody"].append(of)
            if len(asking):
                groups["askers"].append(of.some(asking))
        mean = {group: Curves(*(np.mean([protocol.mean_of(getattr(of, key)) for of in some], axis=0)[:, None]
                                for key in ("personal", "segment", "within"))) for group, some in groups.items()}
        found[name] = {group: protocol.told(of, 0.9 * float(mean[group].personal[0, 0])) for group, of in mean.items()} | {
            "less": protocol.less(one, people, tags.borne, asked)}
    return {"people": len(people), "tags": len(asked), "contenders": found}


SHOWN = {"reached": "segment reached", "gain": "gain", "area": "area", "volume": "volume"}


def summary(measured: dict[str, dict]) -> str:
    """Tables: a person's own tag, what ours is ahead by, every tag, less of one."""
    rows, ahead, every, less = [], [], [], []
    for data, of in measured.items():
        own = of["personal_tag"]
        for name, f in own["contenders"].items():
            rows.append([data, TITLES[name], f["personal"][0], f["segment"][0], f["reached"], f"{f['gain']:.2f} x",
                         f["area"], f["common"], f["volume"]])
        for other, gaps in own["differences"]["wish"].items():
            ahead.append([data, TITLES[other], *(f"{gaps[figure]['less']:+.3f} [{gaps[figure]['low']:+.3f}, "
                                                 f"{gaps[figure]['high']:+.3f}]" for figure in SHOWN)])
        for name, f in of["every_tag"]["contenders"].items():
            for group in ("everybody", "askers"):
                g = f[group]
                every.append([data, group, TITLES[name], g["personal"][0], g["segment"][0], f"{g['gain']:.2f} x", g["area"],
                              f"{g['within'][0]:.3f} → {g['within_at_loss']:.3f}"])
            less.append([data, TITLES[name], *(f"{f['less'][f'share_{at}']:.1%}" for at in ("before", "less", "none")),
                         *(f["less"][f"others_{at}"] for at in ("before", "less", "none"))])
    published = [[data, title, "", "", "", f"{gain:.1f} x", "", "", ""] for data, title, gain in PUBLISHED]
    return "\n\n".join([
        table(["data", "contender", "personal before", "segment before", "segment at -10 % personal", "gain", "area",
               "segment above the common floor", "volume"], rows + published),
        table(["data", "a wish less", *SHOWN.values()], ahead),
        table(["data", "people", "contender", "personal before", "segment before", "gain", "area", "own of the segment"],
              every),
        table(["data", "contender", "share before", "at -0.6", "at -1", "own others before", "at -0.6", "at -1"], less)])


def run(source: Interactions, data: str, work: Path, bundles: list[Recommender]) -> dict[str, dict]:
    """A data set measured, by what it and each of its sets of tags is called. bundles: one that was trained on the same
    clicks with the default settings is not trained again."""
    clicks = replace(splitting.to_clicks(source), parts=None)
    split = splitting.strong(clicks, 0, HELD_OUT.get(source.name))
    grids = Grids() if np.prod(split.train.shape) < LARGE else NARROW
    progress(f"{source.name}: {split.train.shape[0]} people to train on, {split.train.shape[1]} items")
    began, mark, settings = time.process_time(), provenance.fingerprint(split), make_settings("best", {})
    same = [of for of in bundles if of.meta["data"]["fingerprint"] == mark and of.meta["seed"] == 0]
    trained = train(split, settings, grids, work / mark[:12], lambda text: progress(f"  {text}"),
                    same[0].model if same else None)
    found = {}
    for name, tags in tag_sets(data, split.items).items():
        progress(f"{source.name}{name}: {len(tags.names)} tags")
        found[source.name + name] = measure(trained, tags, grids, MOST) | {
            "trained_on": split.train.shape[0], "items": split.train.shape[1], "trainings": trained.figures,
            "processor_seconds": round(time.process_time() - began, 1)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True, help="as for `macrid train`")
    parser.add_argument("--json", type=Path, default=RESULTS / "steering-peers.json")
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "macrid" / "steering-peers",
                        help="for trainings under way (default %(default)s)")
    parser.add_argument("--bundles", type=Path, nargs="*", default=[],
                        help="of ours, by the default settings and seed 0: taken where the clicks are the same")
    parser.add_argument("--again", action="store_true", help="measure data sets that are finished, too")
    given = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(given.json.read_text(encoding="utf-8")) if given.json.is_file() else {}
    measured = kept.get("data", {})
    try:
        for data in given.data:
            source = read_data(data, 0)
            if given.again or source.name not in measured:
                measured |= run(source, data, given.work, [bundle.load(path) for path in given.bundles])
                save(given.json, {"data": measured, "published": PUBLISHED, "versions": versions()})
    except InputError as error:
        sys.exit(f"error: {error}")
    print(summary(measured))


if __name__ == "__main__":
    main()
