"""A bundle whose factors have been changed, trained on with the clicks that it came from, so that its lists are good."""

import numpy as np

from macrid.bundle.recommender import Recommender
from macrid.data.interactions import Interactions
from macrid.data.split import Split
from macrid.errors import InputError

from . import build, evaluate, renew
from .contents import Training


def refit(source: Recommender, data: Interactions, report: build.Report = lambda stage, row: None) -> Recommender:
    """Train a bundle on from its weights, in its own folder, on everybody whom it does not hold out; factors stay, and the
    epoch that is best for the validation people, as the bundle has them, is kept, if it is better than none. report: as
    `build` has it. Raises InputError for a bundle that holds out clicks instead of people, and for data of other items."""
    split, seed = split_of(source, data), source.meta["seed"]
    settings = renew.settings_of(source, {})
    start = renew.renewed(source, split, settings, seed)
    return build.build(Training(split, settings, data, seed, renewed=start), source.path, report)


def split_of(source: Recommender, data: Interactions) -> Split:
    """The people of data divided as in a bundle, over its items."""
    kind = source.meta["data"]["split"]
    if kind != "strong":
        raise InputError(f"{source.name} holds out clicks of everybody, not whole people; train it on with `macrid train "
                         f"--from {source.path} --split {kind}`")
    matrix, user_ids = evaluate.known_clicks(source, data)
    validation, test = source.held_out("validation"), source.held_out("test")
    held = {str(user) for each in (validation, test) for user in each.user_ids}
    train = matrix[np.array([str(user) not in held for user in user_ids])]
    clicks = evaluate.counted(source, data)
    items = source.items.drop(columns="clicks", errors="ignore")
    return Split(data.name, kind, items, train, validation, test, clicks.least, clicks.statement)
