"""A bundle whose factors somebody has told anew: other shares of the items, and all that follows from them.

Nothing is trained here (`refit` does): the encoder is the same for all factors and knows no share, so that it takes other
parts of a history as it took those before. Item vectors, and with them the map of the items, stay what they were.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from macrid import bundle
from macrid.bundle.recommender import Recommender
from macrid.data.intention_file import Intentions
from macrid.dials import choose, moves
from macrid.dials.wishes import Attributes
from macrid.errors import InputError
from macrid.measures import evaluate as measuring
from macrid.measures.vectors import unit
from macrid.model.linear_path import LinearPath
from macrid.model.macridvae import MacridVAE
from macrid.training import linear_path
from macrid.training.grouping import Grouping, affinity
from macrid.training.seeded import regrouped_anew

from . import evaluate, maps, run_folder
from .contents import given_names

STAGES = ("hold the factors", "learn the dials", "measure", "lay out the maps", "save")


def regroup(source: Recommender, intentions: Intentions, kfac: int | None = None) -> Grouping:
    """The groups of the items of a bundle by intentions: what is told stays, the others follow from the model and from what
    its held-out people were shown. kfac: how many factors; by default as many as before, or as intentions, if more. Raises
    InputError for fewer factors than intentions, and for items that the bundle lacks."""
    source.positions(intentions.items)  # all of them are items of the bundle
    wanted = max(source.settings.kfac, len(intentions.names)) if kfac is None else kfac
    if wanted < len(intentions.names):
        raise InputError(f"kfac is {wanted}, and {len(intentions.names)} intentions are named; name fewer, or set kfac "
                         "higher")
    known = intentions.known(source.items["item_id"])
    people = evaluate.shown_people_of(source).clicks
    return regrouped_anew(people, unit(source.vectors.astype(np.float64)), source.log_c.astype(np.float64), wanted, known)


def rehold(source: Recommender, out: Path, intentions: Intentions, kfac: int | None = None, *, overwrite: bool = False,
           report: Callable[[str], None] = lambda stage: None) -> Recommender:
    """Save a copy of `source` to `out` whose factors are held at intentions (see `regroup`), and load it. report: called
    with each of STAGES as it begins.

    Dials are those of `ica`, or learned again from the bundle's labels; figures, maps and names are made anew. A twin is not
    kept, as its factors are others. Raises InputError as `regroup` does, or when `out` is the source or exists (without
    `overwrite`).
    """
    if out.resolve() == source.path.resolve():
        raise InputError(f"--out is the bundle itself, {out}, which is never changed; choose another folder")
    run_folder.check_free(out, overwrite)
    report(STAGES[0])
    known = intentions.known(source.items["item_id"])
    grouping = regroup(source, intentions, kfac)
    model = held(source.model, affinity(grouping, known))
    model.linear = weighed(model, source)
    names = given_names(intentions, grouping.group, model.settings.kfac, source.items)
    report(STAGES[1])
    people = evaluate.shown_people_of(source)
    parts = model.represent(people.clicks)  # (n, K, D)
    labels = None if source.labels is None else source.labels.reindex(source.items["item_id"])
    scored = choose.Scored(model.item_vectors(), model.factors(), parts, model.scale, model.linear)
    seed = source.meta["seed"]
    dials = choose.choose("ica" if labels is None else "labels", scored, seed, source.attributes, labels)
    learned = bool(dials.aligned and dials.aligned["dials"])
    report(STAGES[2])
    left_out = ("format", "settings", "aligned", "named", "kfac_auto")
    meta = {key: value for key, value in source.meta.items() if key not in left_out}
    test, kind = source.held_out("test"), meta["data"]["split"]
    metrics: dict[str, Any] = measuring.evaluate(model, test, source.items, kind, parts)
    metrics |= evaluate.steering_figures(model, test, source.items, dials.axes, dials.aligned_dials, seed)
    meta |= {"name": out.name, "intentions": names, "axes": dials.method if learned else "ica", "twin": None,
             "metrics": metrics}
    if learned:
        meta["aligned"] = dials.aligned
    moved = moves.measure(scored, dials.axes, people.clicks, Attributes(source.items))
    report(STAGES[3])
    laid_out = maps.lay_out(model, source.items, people, seed, source.maps)
    report(STAGES[4])
    bundle.save(out, bundle.Contents(meta, model, source.items, laid_out, dials.axes, dials.influence, source.users,
                                     source.history, source.labels if learned else None,
                                     intentions=intentions, moves=moved), overwrite)
    return bundle.load(out)


def weighed(model: MacridVAE, source: Recommender) -> LinearPath | None:
    """The linear path beside a model, its weight and what it takes from popular items chosen again on the validation people,
    where the settings leave them open: another mixture asks for other ones."""
    path, pairs = model.linear, linear_path.tried(model.settings)
    if path is None or len(pairs) == 1 or "clicks" not in source.items:
        return path
    popularity = np.log1p(source.items["clicks"].to_numpy(np.float32))
    weight, power = linear_path.best_of(model, path.weights, popularity, source.held_out("validation"), pairs)
    return LinearPath(path.weights, weight, -np.float32(power) * popularity)


def held(model: MacridVAE, near: np.ndarray) -> MacridVAE:
    """A copy of a model whose items keep the shares that follow from how near they are to K factors, (M, K)."""
    settings = replace(model.settings, routing="held", init="spectral", kfac=near.shape[1])
    vectors = model.item_vectors()
    group = near.argmax(axis=1)
    prototypes = np.stack([vectors[group == k].sum(axis=0) for k in range(near.shape[1])]) + 1e-9
    copy = MacridVAE(model.n_items, settings, 0, (model.items.detach().cpu().numpy(), unit(prototypes), near))
    kept = {name: tensor for name, tensor in model.state_dict().items() if name not in ("prototypes", "held_log_c")}
    with torch.no_grad():
        copy.load_state_dict({**copy.state_dict(), **kept})
    copy.linear = model.linear
    return copy.eval()
