"""What somebody has named of a bundle and not saved yet, kept under the key of their browser (see `owner`), so that a reload
loses nothing and nobody else sees it."""

import hashlib
import json
from pathlib import Path

import numpy as np

from macrid.bundle import places
from macrid.bundle.recommender import Recommender
from macrid.errors import InputError
from macrid.files import write_text
from macrid.labelling.answers import Answers

from . import mode, owner

FOLDER = ".drafts"  # in the folder of bundles


def _path(bundle: Recommender) -> Path:
    return places.own_folder() / FOLDER / owner.key() / f"{bundle.path.name}.json"


def read(bundle: Recommender) -> Answers | None:
    """The draft of whoever looks at the page; None where there is none, or it is of other data or dials."""
    try:
        kept = json.loads(_path(bundle).read_text(encoding="utf-8"))
        if kept["of"] != _identity(bundle):
            return None
        return Answers.of_json(kept["answers"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError):
        return None


def write(bundle: Recommender, answers: Answers) -> bool:
    """Keep a draft; False where nothing is kept, or the folder cannot be written to."""
    if not mode.keeps():
        return False
    try:
        write_text(_path(bundle), json.dumps({"of": _identity(bundle), "answers": answers.as_json()}, ensure_ascii=False))
    except OSError:
        return False
    return True


def _identity(bundle: Recommender) -> list[str]:
    """What answers go with: the data and the dials."""
    return [bundle.meta["data"]["fingerprint"], hashlib.sha256(np.ascontiguousarray(bundle.axes).tobytes()).hexdigest()]
