"""Which precision of products is faster on this machine: some processors multiply bfloat16 two to four times as fast as
float32, others many times slower."""

import time

import torch

from macrid.model.settings import Settings

AUTO = "auto"  # the setting that asks for it
PEOPLE, ITEMS = 64, 2048  # of the products that are timed
TIMES = 5


def faster(settings: Settings) -> str:
    """float32 or bfloat16, by the products of a training with these settings; float32 where they take the same time."""
    return min(("float32", "bfloat16"), key=lambda name: _seconds(getattr(torch, name), settings))


def _seconds(dtype: torch.dtype, settings: Settings) -> float:
    """The least that a product of some people's parts and some items takes, with the roundings."""
    parts, items = torch.ones(PEOPLE * settings.kfac, settings.embedding_size), torch.ones(settings.embedding_size, ITEMS)
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        torch.mm(parts.to(dtype), items.to(dtype)).float()
        found.append(time.perf_counter() - began)
    return min(found)
