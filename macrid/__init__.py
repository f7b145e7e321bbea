"""MacridVAE: a recommender that separates intentions, shows what it learned and lets a person steer it."""

from importlib import import_module
from typing import TYPE_CHECKING

from .files import version

if TYPE_CHECKING:
    from .pipeline.estimator import MacridRecommender

    __version__: str

__all__ = ["MacridRecommender", "__version__"]


def __getattr__(name: str) -> object:
    """What takes a while, when somebody asks for it: `macrid.MacridRecommender`, which loads PyTorch, and the version."""
    if name == "MacridRecommender":
        return import_module("macrid.pipeline.estimator").MacridRecommender
    if name == "__version__":
        return version()
    raise AttributeError(f"module 'macrid' has no attribute {name!r}")
