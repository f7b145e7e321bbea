"""One trained model, as a folder and as an object: `from macrid import bundle; bundle.load(...)`."""

from .folder import FILES, FORMAT, Contents, add_index, load, replace_maps, save
from .optional_files import INDEX, LABELS, OPTIONAL

__all__ = ["FILES", "FORMAT", "INDEX", "LABELS", "OPTIONAL", "Contents", "add_index", "load", "replace_maps", "save"]
