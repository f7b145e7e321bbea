"""Do checkpoints of RecBole 1.2.1 keep their scores as bundles, whatever its configuration does to the numbers of its items?

    python recbole_numbering.py [--environment FOLDER] [--seed N]

RecBole, in an environment of its own (see peer.py), trains each of VARIATIONS on small made-up atomic files: with gaps in
the .user and .item files, ids that are blank, repeated pairs, ratings, times, sequences. Each checkpoint is imported.
Compared are the scores of every item for everybody, the people and items of each part, and the test result. Then each
checkpoint is imported with files of which the rows stand in another order: it must be refused, or the same, where RecBole
sorts the rows by time. RuntimeError if anything differs.
"""

import json
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import peer
import record

from macrid.errors import InputError
from macrid.measures import evaluate as measuring
from macrid.pipeline import recbole_import

PEOPLE, ITEMS = 80, 40
TRAINING = {"embedding_size": 8, "encoder_hidden_size": [16], "kfac": 3, "epochs": 8, "train_batch_size": 32,
            "learning_rate": 0.01, "train_neg_sample_args": None, "use_gpu": False, "show_progress": False, "state": "ERROR"}
ALL = {"load_col": None}  # every column of every file
RATED = {"load_col": {"inter": ["user_id", "item_id", "rating", "timestamp"]}}
VARIATIONS = {
    "defaults": {},
    "a .user file that lacks people": {"load_col": {"inter": ["user_id", "item_id"], "user": ["user_id"]}},
    "an .item file that lacks items and has others": {"load_col": {"inter": ["user_id", "item_id"], "item": "*"}},
    "filter_inter_by_user_or_item: False": ALL | {"filter_inter_by_user_or_item": False},
    "unload_col": ALL | {"unload_col": {"inter": ["timestamp", "label"], "user": ["user_id", "age", "gender"],
                                        "item": ["class", "like"]}},
    "val_interval of a number": RATED | {"val_interval": {"rating": "[2,4);[5,inf)"}},
    "val_interval of words and numbers in three files": ALL | {
        "val_interval": {"gender": ["F"], "price": "(2,90]", "timestamp": "[1000010000,inf)"}},
    "rm_dup_inter: first, with times": RATED | {"rm_dup_inter": "first"},
    "rm_dup_inter: last, with times": RATED | {"rm_dup_inter": "last"},
    "rm_dup_inter without times": {"rm_dup_inter": "last"},
    "user_inter_num_interval, item_inter_num_interval": {
        "user_inter_num_interval": "[6,inf)", "item_inter_num_interval": "[8,inf)"},
    "k-core bounds with .user and .item files": ALL | {
        "user_inter_num_interval": "(4,14]", "item_inter_num_interval": "[7,60);[70,80]"},
    "USER_ID_FIELD, ITEM_ID_FIELD, LABEL_FIELD, TIME_FIELD, separators": ALL | {
        "USER_ID_FIELD": "who", "ITEM_ID_FIELD": "what", "TIME_FIELD": "when", "LABEL_FIELD": "liked",
        "field_separator": ";", "seq_separator": "|", "rm_dup_inter": "first"},
    "threshold": RATED | {"threshold": {"rating": 4}},
    "alias_of_item_id, seq_len": ALL | {"alias_of_item_id": ["like"], "seq_len": {"like": 2}},
    "order: TO, normalize_all": RATED | {"normalize_all": True, "eval_args": {"order": "TO"}},
    "split: LS, order: TO": RATED | {"eval_args": {"order": "TO", "split": {"LS": "valid_and_test"}}},
    "split: TS": RATED | {"eval_args": {"order": "RO", "split": {"TS": [0.7, 0.15, 0.15]}}},
    "split: RS of other ratios, group_by: none": {"eval_args": {"group_by": "none", "split": {"RS": [6, 2, 2]}}},
    "benchmark_filename": {"benchmark_filename": ["one", "two", "three"]},
    "many at once": ALL | {
        "val_interval": {"rating": "[2,inf)"}, "rm_dup_inter": "last", "user_inter_num_interval": "[4,inf)",
        "item_inter_num_interval": "[4,inf)", "alias_of_item_id": ["like"], "normalize_field": ["timestamp"],
        "eval_args": {"order": "TO", "split": {"RS": [0.7, 0.2, 0.1]}}, "seed": 7},
}


def write(folder: Path, changes: dict, seed: int) -> None:
    """The atomic files of one variation."""
    rng = np.random.default_rng(seed)
    separator, sequence = changes.get("field_separator", "\t"), changes.get("seq_separator", " ")
    user, item, time, label = (changes.get(f"{name}_FIELD", usual) for name, usual in (
        ("USER_ID", "user_id"), ("ITEM_ID", "item_id"), ("TIME", "timestamp"), ("LABEL", "label")))
    group, popular = np.arange(ITEMS) % 3, rng.lognormal(0, 1, ITEMS)
    rows = []
    for person in rng.permutation(PEOPLE):
        likes = np.where(group == person % 3, 8.0, 1.0) * popular
        chosen = rng.choice(ITEMS, min(int(rng.geometric(0.12)) + 2, 25), replace=False, p=likes / likes.sum())
        rows += [(f"u{person}", f"i{k}") for k in chosen]
    rows += [rows[k] for k in rng.choice(len(rows), 60, replace=False)]  # pairs that stand twice
    rows = [rows[k] for k in rng.permutation(len(rows))]
    inter = pd.DataFrame(rows, columns=[user, item])
    inter["rating"] = rng.integers(1, 6, len(inter))
    inter[time] = rng.permutation(np.arange(10**9, 10**9 + 50 * len(inter), 50))  # no two alike
    inter[label] = rng.integers(0, 2, len(inter))
    if "benchmark_filename" not in changes:
        inter.loc[rng.choice(len(inter), 3, replace=False), user] = ""
    kinds = {user: "token", item: "token", "rating": "float", time: "float", label: "float"}
    data = folder / "data"
    data.mkdir(parents=True)
    numbers = np.array_split(np.arange(len(inter)), [int(0.7 * len(inter)), int(0.85 * len(inter))])
    files = {f"{name}.inter": inter.iloc[rows] for name, rows in zip(("one", "two", "three"), numbers, strict=True)}
    for name, table in {"inter": inter, **files}.items():
        table.rename(columns=lambda c: f"{c}:{kinds[c]}").to_csv(data / f"data.{name}", sep=separator, index=False)
    people = rng.permutation(PEOPLE + 5)[8:]  # some lack, some never touched anything
    gender, age = rng.choice(["F", "M"], len(people), p=[0.7, 0.3]), rng.integers(15, 80, len(people))
    pd.DataFrame({f"{user}:token": [f"u{k}" for k in people], "gender:token": gender, "age:float": age},
                 ).to_csv(data / "data.user", sep=separator, index=False)
    known = rng.permutation(ITEMS + 4)[3:]
    pd.DataFrame({f"{item}:token": [f"i{k}" for k in known], "movie_title:token_seq": [f"Item {k}" for k in known],
                  "class:token_seq": [f"c{k % 3}" for k in known], "price:float": rng.integers(1, 100, len(known)),
                  "like:token_seq": [sequence.join(f"i{k}" for k in rng.integers(0, ITEMS + 9, 3)) for _ in known]},
                 ).to_csv(data / "data.item", sep=separator, index=False)
    (folder / "config.json").write_text(json.dumps({"seed": 2020, **TRAINING, **changes}), encoding="utf-8")


def compared(folder: Path) -> dict:
    """The largest differences between RecBole and what its checkpoint becomes here."""
    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    model, split, *_ = recbole_import.read(folder / "model.pth", folder / "data")
    ids = split.items["item_id"].tolist()
    theirs = [told["items"].index(i) for i in ids]
    parts = {name: {(told["users"][u - 1], told["items"][i - 1]) for u, i in zip(users, items, strict=True)}
             for name, (users, items) in told["rows"].items()}
    history: dict[str, set] = {}
    for user, item in parts["train"]:
        history.setdefault(user, set()).add(item)
    clicks = csr_matrix(np.array([[item in items for item in ids] for items in history.values()], np.float32))
    wanted = np.array([told["scores"][told["users"].index(user)] for user in history])[:, theirs]
    for name, held in (("validation", split.validation), ("test", split.test)):
        rows, columns = held.answers.nonzero()
        if {(held.user_ids[r], ids[c]) for r, c in zip(rows, columns, strict=True)} != parts[name]:
            raise RuntimeError(f"{folder.name}: other people or items {name}")
    figures = measuring.summary(measuring.ranking(model, split.test, split.kind))
    return {"people": len(history), "items": len(ids), "rows": sum(len(users) for users, _ in told["rows"].values()),
            "scores": float(np.abs(model.scores(clicks) - wanted).max()),
            "test_result": max(abs(figures[name] - value) for name, value in told["result"].items())}


def in_another_order(folder: Path, seed: int) -> str:
    """What comes of the checkpoint with files whose rows stand in another order: refused, the same scores, or others."""
    rng = np.random.default_rng(seed)
    for path in (folder / "data").glob("*.inter"):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([head, *(lines[k] for k in rng.permutation(len(lines)))]) + "\n", encoding="utf-8")
    try:
        return "the same" if compared(folder)["scores"] < 1e-5 else "other scores"
    except InputError as error:
        click.echo(f"refused: {error}", err=True)
        return "refused"


@click.command()
@click.option("--environment", type=click.Path(path_type=Path), help="RecBole's; made in a temporary folder by default.")
@click.option("--seed", default=0)
@click.option("--out", default=record.RESULTS / "recbole-numbering.json", type=click.Path(path_type=Path))
def main(environment, seed, out):
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        python = peer.environment((environment or place / "recbole").absolute())
        folders = {name: place / "trained" / f"{k:02d}" for k, name in enumerate(VARIATIONS)}
        for name, folder in folders.items():
            write(folder, VARIATIONS[name], seed)
        peer.run(python, "recbole_numbering_peer.py", place / "trained", variables={"OMP_NUM_THREADS": "1"})
        found = {}
        for name, folder in folders.items():
            found[name] = compared(folder)
            found[name]["in_another_order"] = in_another_order(folder, seed)
            click.echo(f"{name}: {found[name]}", err=True)
    record.save(out, {"recbole": "1.2.1", "seed": seed, "people": PEOPLE, "items": ITEMS, "training": TRAINING,
                      "variations": [{"name": name, "config": VARIATIONS[name], **row} for name, row in found.items()],
                      "versions": record.versions()})
    click.echo(record.table(["variation", "people", "items", "rows", "scores differ by", "test result differs by",
                             "rows in another order"],
                            [[name, row["people"], row["items"], row["rows"], f"{row['scores']:.1e}",
                              f"{row['test_result']:.1e}", row["in_another_order"]]
                             for name, row in found.items()]))
    wrong = [name for name, row in found.items() if row["scores"] > 1e-5 or row["test_result"] > 5.1e-5
             or row["in_another_order"] == "other scores"]
    if wrong:
        raise RuntimeError(f"differ: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
