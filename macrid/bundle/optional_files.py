"""The files of a bundle that only some have: labels, the linear path, the course, intentions, moves of dials, an index."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy.sparse import csr_matrix

from macrid.data import intention_file, label_file
from macrid.data.intention_file import Intentions
from macrid.dials import moves
from macrid.errors import InputError
from macrid.files import write_tensors
from macrid.model.linear_path import LinearPath
from macrid.model.settings import Settings
from macrid.retrieval.index import Clusters

from .reading import TRAIN_AGAIN, own_file, read_table

LABELS = "labels.csv"  # only where axes were learned from labels
LINEAR = "linear.safetensors"  # only where there is a linear path: B in compressed rows, w and b
COURSE = "course.parquet"  # only where the course of the training was noted
INTENTIONS = "intentions.csv"  # only where somebody has told the intentions of some items
MOVES = "moves.parquet"  # what dials do to lists; older bundles lack it
INDEX = "index.safetensors"  # only of many items, where faiss was installed: the clusters that an index finds them by
OPTIONAL = (LABELS, LINEAR, COURSE, INTENTIONS, MOVES, INDEX)


def write_linear(path: Path, linear: LinearPath) -> None:
    b = linear.weights
    write_tensors(path, {
        "indptr": torch.as_tensor(b.indptr.astype(np.int64)), "indices": torch.as_tensor(b.indices.astype(np.int32)),
        "values": torch.as_tensor(b.data), "weight": torch.tensor(linear.weight, dtype=torch.float64),
        "bias": torch.as_tensor(linear.bias)})


def read_linear(path: Path, n_items: int) -> LinearPath | None:
    """The linear path, if the bundle has one."""
    if not path.exists():
        return None
    try:
        # Copies: what is read from the file itself would end the program with the file.
        tensors = {name: tensor.numpy().copy() for name, tensor in load_file(own_file(path)).items()}
        weights = csr_matrix((tensors["values"], tensors["indices"], tensors["indptr"]), (n_items, n_items))
        weights.check_format()
        weight, bias = float(tensors["weight"]), tensors.get("bias", np.zeros(n_items, np.float32))  # older files have none
        if bias.shape != (n_items,):
            raise ValueError(f"bias should be {(n_items,)}, it is {bias.shape}")
    except InputError:
        raise
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path} holds no weights of {n_items} by {n_items} items ({error}); {TRAIN_AGAIN}") from error
    if not (np.isfinite(weights.data).all() and np.isfinite(bias).all() and np.isfinite(weight)):
        raise InputError(f"{path} holds NaN or infinite numbers; {TRAIN_AGAIN}")
    return LinearPath(weights, weight, bias)


def read_course(path: Path, n_items: int, kfac: int) -> pd.DataFrame | None:
    """Each item's factor after some epochs, if that was noted."""
    if not path.exists():
        return None
    course = read_table(path, {})
    epochs = list(course.columns)
    if not epochs or not all(name.isdecimal() for name in epochs) or epochs != sorted(epochs, key=int):
        raise InputError(f"{path} has the columns {', '.join(epochs) or 'none'}, not the numbers of epochs in their order; "
                         f"{TRAIN_AGAIN}")
    if len(course) != n_items or not course.isin(range(kfac)).all(axis=None):
        raise InputError(f"{path} does not have one of {kfac} factors for each of {n_items} items; {TRAIN_AGAIN}")
    return course


def read_labels(path: Path, item_ids: pd.Series) -> pd.DataFrame | None:
    """The labels that axes were learned from, if the bundle has any."""
    if not path.exists():
        return None
    try:
        return label_file.read(own_file(path), item_ids)
    except InputError as error:
        raise InputError(f"{error}; or delete {path.name}: the dials stay as they are") from error


def read_intentions(path: Path, item_ids: pd.Series) -> Intentions | None:
    """What somebody has told of the items' intentions, if the bundle has any of it."""
    if not path.exists():
        return None
    try:
        return intention_file.read(own_file(path), item_ids)
    except InputError as error:
        raise InputError(f"{error}; or delete {path.name}: the factors stay as they are") from error


def read_moves(path: Path, settings: Settings) -> pd.DataFrame | None:
    """What dials do to lists, if the bundle says it."""
    if not path.exists():
        return None
    remedy = f"restore the folder from where you got it, or delete {path.name}: it is measured again when it is needed"
    numbered = dict.fromkeys((name for name in moves.COLUMNS if name != "attribute"), "number")
    table = read_table(path, {**numbered, "attribute": "text"}, remedy=remedy)
    if list(table.columns) != list(moves.COLUMNS):
        raise InputError(f"{path} has the columns {', '.join(map(str, table.columns))}, not {', '.join(moves.COLUMNS)}; "
                         f"{remedy}")
    numbers = table.drop(columns="attribute").to_numpy(np.float64, na_value=np.nan)
    sizes = settings.kfac, settings.embedding_size
    dials = np.isin(numbers[:, 0], np.arange(sizes[0])) & np.isin(numbers[:, 1], np.arange(sizes[1]))
    if not dials.all() or not np.isfinite(numbers[:, [2, 4]]).all() or table["attribute"].isna().any():
        raise InputError(f"{path} names a dial that the model lacks, or holds no number where one should be; {remedy}")
    return table


def write_index(path: Path, clusters: Clusters) -> None:
    write_tensors(path, {"means": torch.as_tensor(clusters.means), "of": torch.as_tensor(clusters.of),
                         "fingerprint": torch.frombuffer(bytearray.fromhex(clusters.fingerprint), dtype=torch.uint8)})


def read_index(path: Path, n_items: int, settings: Settings) -> Clusters | None:
    """The clusters of the items, if the bundle has any. Whether they are of its weights is for the index to say."""
    if not path.exists():
        return None
    remedy = f"delete {path.name}; `macrid index` makes it again"
    try:
        tensors = {name: tensor.numpy().copy() for name, tensor in load_file(own_file(path, remedy)).items()}
        means, of, fingerprint = tensors["means"], tensors["of"], tensors["fingerprint"]
    except (SafetensorError, OSError, KeyError, TypeError) as error:
        raise InputError(f"{path} holds no index ({error}); {remedy}") from error
    size = settings.embedding_size + settings.kfac + 1
    known = means.dtype == np.float32 and means.ndim == 2 and means.shape[1] == size and np.isfinite(means).all()
    if not known or of.dtype != np.int32 or of.shape != (n_items,) or not 0 <= of.min() <= of.max() < len(means):
        raise InputError(f"{path} does not have one of some clusters for each of {n_items} items; {remedy}")
    return Clusters(means, of, fingerprint.tobytes().hex())
