"""A training that was stopped, on disk: everything that it needs to go on as if nothing had happened."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from macrid import files
from macrid.errors import InputError

FILE = "checkpoint.safetensors"


def save(folder: Path, tensors: dict[str, torch.Tensor], state: dict) -> None:
    """Write tensors and a JSON state to `folder`, replacing an earlier checkpoint only when the new one is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    files.write_tensors(folder / FILE, contiguous, {"state": json.dumps(state)})


def load(folder: Path) -> tuple[dict[str, torch.Tensor], dict] | None:
    """The checkpoint in `folder`, or None if there is none. Raises InputError for a damaged one."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["state"])  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise InputError(f"{path} is damaged ({error}); delete {folder} and train again without --resume") from error
