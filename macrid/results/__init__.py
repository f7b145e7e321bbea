"""Files of results, and the sentences that they support: `from macrid import results; results.load(...)`."""

from .file import FORMAT, load, save

__all__ = ["FORMAT", "load", "save"]
