"""Trainings by RecBole, under RecBole's Python (see peer.py), of the variations that recbole_numbering.py has written.

    python recbole_numbering_peer.py FOLDER

FOLDER/NAME/config.json: RecBole's configuration of the data set `data` beside it. Leaves there `model.pth`, the checkpoint
of its best epoch, and `told.json`: its ids, the parts of the rows, its scores of every item for everybody, and its test
result.
"""

import glob
import json
import os
import shutil
import sys

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.model.general_recommender import MacridVAE
from recbole.trainer import Trainer
from recbole.utils import init_seed


def train(folder):
    with open(os.path.join(folder, "config.json")) as file:
        changes = json.load(file)
    saved = os.path.join(folder, "saved")
    sys.argv = sys.argv[:1]
    config = Config(model="MacridVAE", dataset="data", config_dict={**changes, "data_path": folder, "checkpoint_dir": saved})
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    parts = data_preparation(config, dataset)
    init_seed(config["seed"], config["reproducibility"])
    model = MacridVAE(config, parts[0].dataset)
    trainer = Trainer(config, model)
    trainer.fit(parts[0], parts[1], verbose=False, saved=True, show_progress=False)
    [checkpoint] = glob.glob(os.path.join(saved, "*.pth"))
    model.load_state_dict(torch.load(checkpoint, weights_only=False)["state_dict"])  # the best epoch, not the last one
    result = trainer.evaluate(parts[2], load_best_model=False)
    shutil.move(checkpoint, os.path.join(folder, "model.pth"))
    shutil.rmtree(saved)
    model.eval()
    user, item = config["USER_ID_FIELD"], config["ITEM_ID_FIELD"]
    users, items = (dataset.field2id_token[name][1:].tolist() for name in (user, item))
    with torch.no_grad():
        scores = model.full_sort_predict(Interaction({user: torch.arange(1, len(users) + 1)})).view(len(users), -1)
    rows = {name: [part.dataset.inter_feat[user].tolist(), part.dataset.inter_feat[item].tolist()]
            for name, part in zip(("train", "validation", "test"), parts, strict=True)}
    told = {"users": users, "items": items, "rows": rows, "scores": [row[1:] for row in scores.tolist()],
            "result": {name: float(value) for name, value in result.items()}}
    with open(os.path.join(folder, "told.json"), "w") as file:
        json.dump(told, file)


if __name__ == "__main__":
    root = sys.argv[1]
    names = sorted(name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name)))
    for each in names:
        train(os.path.join(root, each))
        print(each, "trained", file=sys.stderr)
    print(json.dumps(names))
