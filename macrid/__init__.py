"""MacridVAE: a recommender that separates intentions, shows what it learned and lets a person steer it."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from macrid.pipeline.estimator import MacridRecommender

__version__ = "0.1.0"
__all__ = ["MacridRecommender", "__version__"]


def __getattr__(name: str) -> object:
    """`macrid.MacridRecommender`, loaded with PyTorch when somebody asks for it."""
    if name == "MacridRecommender":
        return import_module("macrid.pipeline.estimator").MacridRecommender
    raise AttributeError(f"module 'macrid' has no attribute {name!r}")
