"""Which factor bears which of the names that somebody has given."""

import numpy as np
import pandas as pd

from .claims import TWICE, tags


def names_of_factors(with_items: tuple[str, ...], to_be_found: tuple[str, ...], factor: np.ndarray, kfac: int,
                     items: pd.DataFrame) -> list[str | None]:
    """The given name of each of the K = kfac factors, None where nothing tells one.

    with_items: the names of the factors 0, 1, 2 ..., whose items were told. to_be_found: names without items, of the factors
    behind them: such a name is that of the factor that holds most of the items (factor (M,), items: M rows) which bear it as
    a tag, if they are twice as frequent there as in the catalogue; the last name is that of the last factor.
    """
    given: list[str | None] = [*with_items, *[None] * (kfac - len(with_items))]
    words, bears = tags(items)
    at = {word.casefold(): t for t, word in enumerate(words)}
    left = list(to_be_found)
    for name in to_be_found:
        if name.casefold() in at:
            borne = bears[:, at[name.casefold()]].toarray().ravel()  # (M,)
            share = np.array([borne[factor == k].mean() if (factor == k).any() and given[k] is None else -1.0
                              for k in range(kfac)])
            if share.max() > 0 and share.max() >= TWICE * borne.mean():
                given[int(share.argmax())] = name
                left.remove(name)
    if len(left) == 1 and given.count(None) == 1:
        given[given.index(None)] = left[0]
    return given
