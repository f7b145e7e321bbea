"""What somebody has named of a bundle and not saved yet, kept under the key of their browser (see `owner`), so that a reload
loses nothing and nobody else sees it; or, where nothing is kept, in a file that they take home and bring again."""

import hashlib
import json
import math
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from macrid.bundle import places
from macrid.bundle.recommender import Recommender
from macrid.errors import InputError
from macrid.files import write_text
from macrid.labelling.answers import Answers

from . import mode, owner

FOLDER = ".drafts"  # in the folder of bundles
MOST = 8 << 20  # bytes of a file of names
DRAFTS, LONGEST = 1_000, 90 * 86_400  # drafts that are kept, of all browsers; seconds for which one is that nobody changes
MOST_NAMED = 500  # attributes in it


def _path(bundle: Recommender) -> Path:
    return places.own_folder() / FOLDER / owner.key() / f"{bundle.path.name}.json"


def read(bundle: Recommender) -> Answers | None:
    """The draft of whoever looks at the page; None where there is none, or it is of other data or dials."""
    try:
        return parse(bundle, _path(bundle).read_bytes())
    except (OSError, InputError):
        return None


def write(bundle: Recommender, answers: Answers) -> bool:
    """Keep a draft; False where nothing is kept, or the folder cannot be written to."""
    if not mode.keeps():
        return False
    path = _path(bundle)
    fresh = not path.exists()
    try:
        write_text(path, text(bundle, answers))
    except OSError:
        return False
    if fresh:
        with suppress(OSError):  # another session may be at it, too
            prune(path.parents[1])
    return True


def text(bundle: Recommender, answers: Answers) -> str:
    """A file of names."""
    return json.dumps({"of": _identity(bundle), "answers": answers.as_json()}, ensure_ascii=False)


def parse(bundle: Recommender, content: bytes, name: str = "the draft") -> Answers:
    """What `text` wrote, from anybody. InputError names the file if it is anything else, or of another bundle."""
    try:
        kept = json.loads(content) if len(content) <= MOST else {}
        of, told = kept["of"], kept["answers"]
        if len(told["attributes"]) > MOST_NAMED:
            raise InputError(f"{name}: names more than {MOST_NAMED} attributes; bring fewer")
        answers = Answers.of_json(told)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError):
        raise InputError(f"{name}: holds no names; bring a file that this page has given") from None
    if of != _identity(bundle):
        raise InputError(f"{name}: names dials of another bundle; open that one in the sidebar, and bring the file there")
    factors, dims = bundle.influence.shape
    items = set(bundle.items["item_id"].astype(str))
    if not all(0 <= k < factors and 0 <= dim < dims for k, dim in answers.dials) or not all(
            item in items and not math.isinf(value) for given in answers.given.values() for item, value in given.items()):
        raise InputError(f"{name}: names dials or items that this bundle does not have; bring the file as it was given")
    return answers


def prune(folder: Path) -> None:
    """Remove drafts that nobody has changed for LONGEST seconds, and the oldest of more than DRAFTS."""
    now = time.time()
    changed = sorted(((file.stat().st_mtime, file) for file in folder.glob("*/*.json")), reverse=True)
    for place, (at, file) in enumerate(changed):
        if place >= DRAFTS or now - at > LONGEST:
            file.unlink(missing_ok=True)
            if not any(file.parent.iterdir()):
                file.parent.rmdir()


def _identity(bundle: Recommender) -> list[str]:
    """What answers go with: the data and the dials."""
    return [bundle.meta["data"]["fingerprint"], hashlib.sha256(np.ascontiguousarray(bundle.axes).tobytes()).hexdigest()]
