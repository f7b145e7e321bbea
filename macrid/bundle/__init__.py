"""One trained model, as a folder and as an object: `from macrid import bundle; bundle.load(...)`."""

from .folder import FILES, FORMAT, LABELS, OPTIONAL, Contents, load, replace_maps, save

__all__ = ["FILES", "FORMAT", "LABELS", "OPTIONAL", "Contents", "load", "replace_maps", "save"]
