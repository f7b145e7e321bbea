"""The maps of a bundle: laid out as it is built, or anew."""

import pandas as pd

from macrid import bundle
from macrid.bundle.recommender import Recommender
from macrid.maps import layout
from macrid.model.macridvae import MacridVAE

from .evaluate import ShownPeople, shown_people_of


def lay_out(model: MacridVAE, items: pd.DataFrame, people: ShownPeople, seed: int,
            beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """The maps of a model over its M items and some people. beside: the maps of the model that it is compared with."""
    parts = layout.choose_parts(people.ids, people.clicks, model.represent(people.clicks), model.factors(), seed)
    return layout.lay_out(items["item_id"].to_numpy(object), model.item_vectors(), model.settings.similarity, parts, seed,
                          beside)


def remap(trained: Recommender, beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """Lay out the maps of a bundle anew and write them into its folder; nothing else of it changes. The maps are those that
    `build` makes. beside: the maps of the model that it is compared with."""
    laid_out = lay_out(trained.model, trained.items, shown_people_of(trained), trained.meta["seed"], beside)
    bundle.replace_maps(trained.path, laid_out)
    return laid_out
