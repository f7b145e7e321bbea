"""Which precision of products is faster on this machine: some processors multiply bfloat16 two to four times as fast as
float32, others many times slower."""

import time
from dataclasses import replace

import torch

from macrid.model.kernels import room
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings

from .workers import ALONE, Workers

AUTO = "auto"  # the setting that asks for it
PEOPLE, ITEMS = 64, 2048  # of the products that are timed
TIMES = 5


def settle(model: MacridVAE, workers: Workers = ALONE) -> None:
    """Replace `precision: auto` of a model's settings by what is faster where the model is: bfloat16 only if it is so for
    every worker."""
    if model.settings.precision == AUTO:
        rounded = workers.agree(faster(model.settings, model.items.device) == "bfloat16")
        model.settings = replace(model.settings, precision="bfloat16" if rounded else "float32")


def faster(settings: Settings, device: torch.device) -> str:
    """float32 or bfloat16, by the products of a training with these settings; float32 where they take the same time."""
    return min(("float32", "bfloat16"), key=lambda name: _seconds(getattr(torch, name), settings, device))


def _seconds(dtype: torch.dtype, settings: Settings, device: torch.device) -> float:
    """The least that a product of some people's parts and some items takes, with the roundings."""
    parts = torch.ones(room(PEOPLE, device) * settings.kfac, settings.embedding_size, device=device)
    items, found = torch.ones(settings.embedding_size, ITEMS, device=device), []
    for _ in range(TIMES):
        began = time.perf_counter()
        float(torch.mm(parts.to(dtype), items.to(dtype)).float()[0, 0])  # asks for it, so that it is done
        found.append(time.perf_counter() - began)
    return min(found)
