"""What makes a training what it is: data, settings, labels, versions of what computed it."""

import hashlib
import platform
from importlib.metadata import version

import numpy as np
import pandas as pd

from macrid.data import label_file
from macrid.data.intention_file import Intentions
from macrid.data.prepared.matrices import BLOCK
from macrid.data.split import Split
from macrid.files import version as macrid_version
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings, settings_dict

LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "pandas")


def describe(split: Split, settings: Settings, seed: int, labels: pd.DataFrame | None = None,
             intentions: Intentions | None = None) -> dict:
    """What makes a run what it is, as JSON values: two runs with the same description give the same numbers."""
    return {"data": split.name, "split": split.kind, "fingerprint": fingerprint(split), "seed": seed,
            "settings": settings_dict(settings), "labels": None if labels is None else label_file.fingerprint(labels),
            "intentions": None if intentions is None else intentions.fingerprint()}


def versions() -> dict[str, str]:
    """The versions of what computes."""
    return {"macrid": macrid_version(), "python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def of_weights(model: MacridVAE) -> str:
    """SHA-256 of a model's weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def fingerprint(split: Split) -> str:
    """SHA-256 of the training clicks and the item ids."""
    digest = hashlib.sha256()
    for array in (split.train.indptr, split.train.indices):
        for start in range(0, len(array), BLOCK):
            digest.update(array[start : start + BLOCK].astype(np.int64).data)
    digest.update("\n".join(map(str, split.items["item_id"])).encode())
    return digest.hexdigest()
