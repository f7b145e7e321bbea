"""RecBole's own running example, under RecBole's Python (see peer.py): its figures and how it divided the data, as JSON.

    python recbole_peer.py [--epochs N] [--parts FILE.csv]
"""

import argparse
import json
import time

from recbole.quick_start import quick_start

METRICS = ("recall@10", "mrr@10", "ndcg@10", "hit@10", "precision@10")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, help="at most; RecBole's own 300")
    parser.add_argument("--parts", help="where to write user_id,item_id,part of every rating")
    options = parser.parse_args()
    seen, stages = {}, {}
    prepare, trainer_of = quick_start.data_preparation, quick_start.get_trainer

    def noted_preparation(config, dataset):
        began = time.perf_counter()
        loaders = prepare(config, dataset)
        if options.parts:
            write_parts(options.parts, loaders)
        stages["split"] = time.perf_counter() - began
        return loaders

    def noted_trainer(*kind):
        def make(config, model):
            seen["trainer"] = trainer_of(*kind)(config, model)
            stages["before_training"] = time.perf_counter() - begun
            return seen["trainer"]

        return make

    quick_start.data_preparation, quick_start.get_trainer = noted_preparation, noted_trainer
    changes = {"show_progress": False} | ({"epochs": options.epochs} if options.epochs else {})
    begun = time.perf_counter()
    found = quick_start.run_recbole(model="MacridVAE", dataset="ml-100k", config_dict=changes, saved=False)
    print(json.dumps({"metrics": {name: float(found["test_result"][name]) for name in METRICS},
                      "epochs": len(seen["trainer"].train_loss_dict),
                      "seconds": {name: round(value, 1) for name, value in stages.items()}}))


def write_parts(path, loaders):
    with open(path, "w", encoding="utf-8") as file:
        file.write("user_id,item_id,part\n")
        for part, loader in zip(("train", "validation", "test"), loaders, strict=True):
            data = loader._dataset
            users, items = (data.id2token(name, data.inter_feat[name].numpy()) for name in (data.uid_field, data.iid_field))
            file.writelines(f"{user},{item},{part}\n" for user, item in zip(users, items, strict=True))


if __name__ == "__main__":
    main()
