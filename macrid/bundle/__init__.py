"""One trained model, as a folder and as an object: `from macrid import bundle; bundle.load(...)`."""

from .folder import FILES, FORMAT, Contents, load, replace_maps, save
from .optional_files import LABELS, OPTIONAL

__all__ = ["FILES", "FORMAT", "LABELS", "OPTIONAL", "Contents", "load", "replace_maps", "save"]
