"""RecBole's MacridVAE for training.py: run by the interpreter of RecBole's environment, knows nothing of this project.

    python training_peer.py '{"settings": {...}, "data": "folder of atomic files", "epochs": 3}'

Prints one line of JSON: seconds of every epoch after the first and of the evaluation, by the clock and of the processor;
bytes in use once the data are loaded, before there is a model, and the most from there to the end of the training. With
"until": true instead of "epochs" it trains as long as RecBole does and prints of each epoch when it was ranked, in seconds
from before the model was made, and its NDCG@100.
"""

import importlib.util
import json
import logging
import sys
import time
from pathlib import Path

asked = json.loads(sys.argv[1])

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed

found = importlib.util.spec_from_file_location("memory", Path(__file__).parents[1] / "macrid" / "studies" / "memory.py")
memory = importlib.util.module_from_spec(found)
found.loader.exec_module(memory)  # alone: the package imports what is not here
logging.disable(logging.CRITICAL)
sys.argv = sys.argv[:1]  # RecBole reads it
config = Config(model="MacridVAE", dataset="clicks", config_dict={
    "data_path": asked["data"], "benchmark_filename": ["train", "valid", "valid"], "train_neg_sample_args": None,
    "load_col": {"inter": ["user_id", "item_id"]}, "metrics": ["NDCG", "Recall"], "topk": [20, 50, 100],
    "valid_metric": "NDCG@100", "show_progress": False, "use_gpu": False, "state": "ERROR", **asked["settings"]})
init_seed(0, True)
torch.set_num_threads(asked["threads"])
dataset = create_dataset(config)
train_data, valid_data, _ = data_preparation(config, dataset)
memory.reset_peak()
bare = memory.now()
began = time.perf_counter()
model = get_model("MacridVAE")(config, train_data.dataset)
trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
if asked.get("until"):
    course = []
    for epoch in range(config["epochs"]):
        trainer._train_epoch(train_data, epoch)
        ndcg = trainer.evaluate(valid_data, load_best_model=False)["ndcg@100"]
        course.append((time.perf_counter() - began, float(ndcg)))
        print(f"RecBole, epoch {epoch + 1}: NDCG@100 {ndcg:.4f}", file=sys.stderr)
        best = max(range(len(course)), key=lambda at: course[at][1])
        if epoch - best > config["stopping_step"]:
            break
    print(json.dumps({"course": course}))
    sys.exit()
found = {"clock": [], "processor": []}
for epoch in range(asked["epochs"] + 1):
    started, worked = time.perf_counter(), time.process_time()
    trainer._train_epoch(train_data, epoch)
    if epoch:
        found["clock"].append(time.perf_counter() - started)
        found["processor"].append(time.process_time() - worked)
peak = memory.peak()
started, worked = time.perf_counter(), time.process_time()
trainer.evaluate(valid_data, load_best_model=False)
evaluation = {"clock": time.perf_counter() - started, "processor": time.process_time() - worked}
print(json.dumps(found | {"evaluation": evaluation, "bare": bare, "peak": peak}))
