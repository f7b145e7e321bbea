"""Whether dials do what they are called: of the dials shown of each factor, how many have a name, and how many of the names
hold in sign and size for people whom the names were not made from."""

import numpy as np
from record import table

from macrid.bundle.recommender import Recommender

SHOWN = 5


def measure(of: Recommender) -> dict:
    """`shown` and `all`: how many dials, how many named by what they do to lists, of these the share that move the other
    people's lists the same way on average (`signs`), the mean share of these people of whom it holds (`people`), and their
    change as a part of the one that made the name, median (`size`)."""
    kfac, dims = of.influence.shape
    of_five = [(k, j) for k in range(kfac) for j in of.dials.order(k)[:SHOWN]]
    found = {}
    for name, dials in (("shown", of_five), ("all", [(k, j) for k in range(kfac) for j in range(dims)])):
        rows = [moved.iloc[0] for moved in (of.dials.moved(*dial) for dial in dials) if len(moved)]
        size = np.array([row["again"] / row["change"] for row in rows])
        found[name] = {"dials": len(dials), "named": len(rows), "signs": float((size > 0).mean()),
                       "people": float(np.mean([row["holds"] for row in rows])), "size": float(np.median(size))}
    fewest = min(sum(len(of.dials.moved(k, j)) > 0 for j in of.dials.order(k)[:SHOWN]) for k in range(kfac))
    return found | {"fewest_of_a_factor": fewest}


def summary(measured: dict[str, dict]) -> str:
    """Two rows for each bundle."""
    return table(["bundle", "dials", "of them", "named", "signs that hold", "people of whom they hold", "size again"],
                 [[name, which, row["dials"], row["named"], f"{row['signs']:.0%}", f"{row['people']:.0%}",
                   f"{row['size']:.2f}"]
                  for name, of in measured.items() for which in ("shown", "all") for row in [of[which]]])
