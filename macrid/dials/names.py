"""Names for macro factors, made from the items that they hold, and for dials, from what they follow."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, count

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid.data.titles import given

from . import claims
from .claims import Claim, Shown
from .poles import poles
from .typical import SHOWN, typical_items

CLOSE, CLOSE_YES_NO = 0.5, 0.7  # a dial that goes this closely with an attribute may bear its name
MOST_CLAIMS = 8  # of a factor are put together in pairs
NEARLY = 0.75  # a claim is a factor's own unless it is true of another, too, by so large a part of its share or more
NOT_SOLE, YEARS = 0.6, 0.8  # what a claim is worth if it is not a factor's own, and if it tells years, not decades
CLEAR = 0.7  # a tag that so large a share of the items shown bears is enough for a name
BEST_KNOWN = 4
LONG_TITLE = 24


@dataclass(frozen=True)
class Factor:
    """A macro factor for people: its index, a name made from its items, the share of the items that it took (0 to 1), and
    the positions of its most typical items, best first."""

    index: int
    name: str
    share: float
    typical: tuple[int, ...]


@dataclass(frozen=True)
class DialLabel:
    """What a dial is called: the attribute, words for its two ends, how sure that is (0 to 1; None where nobody has measured
    it), how it is known, and whether there is more of the attribute at the high end (1) or at the low one (-1)."""

    name: str
    low: str
    high: str
    confidence: float | None
    source: str
    sign: int = 1


def name_dial(attribute: str, follows: float, yes_no: bool, aligned: dict | None) -> DialLabel | None:
    """The label of a dial that goes with `attribute` as closely as `follows` says (-1 to 1); None if that is not close
    enough to be named after it. aligned: what bundle.json says of a dial that was learned from labels."""
    if aligned:
        flag = aligned["measure"] == "AUC"
        low, high = poles(attribute, flag)
        said = (f"Learned from {aligned['labels']} labels; on items left out, {aligned['measure']} is "
                f"{aligned['confidence']:.2f} (1 is perfect{', 0.5 is chance' if flag else ''}).")
        sure = 2 * aligned["confidence"] - 1 if flag else aligned["confidence"]
        return DialLabel(attribute, aligned.get("low", low), aligned.get("high", high), max(0.0, sure), said)
    if abs(follows) < (CLOSE_YES_NO if yes_no else CLOSE):
        return None
    ends = poles(attribute, yes_no)
    low, high = ends if follows > 0 else ends[::-1]
    sign = 1 if follows > 0 else -1
    how = f"AUC {(1 + abs(follows)) / 2:.2f}" if yes_no else f"rank correlation {abs(follows):.2f}"
    return DialLabel(attribute, low, high, abs(follows), f"Found without labels: it follows the items' {attribute} ({how}).",
                     sign)


def name_factors(items: pd.DataFrame, factor: np.ndarray, certainty: np.ndarray, kfac: int,
                 people: csr_matrix | None = None, given_names: Sequence[str | None] = ()) -> list[Factor]:
    """The K factors with names that differ and that their typical items keep.

    items: the table (M rows), with `title`, `category` and, where they are known, `genres` and `tags` ("A|B"), other columns
    of text, `year`, `clicks`. factor (M,): the factor of each item; certainty (M,): its c; people (U, M): the clicks of some
    people, which tell the typical items better; given_names (K,): what somebody has called the factors, None where nobody
    has. Another name is a tag, an era or two such claims at once, true of the factor as
    `claims` has it. Where that is not clear enough or holds of another factor too, or where nothing is true but an era or
    how widely the items are known, the two best known of the items shown that keep it are added ("Comedy, like Big and
    Airplane!"); where nothing is true, they alone are the name.
    """
    clicks = items["clicks"].to_numpy(np.float64) if "clicks" in items else None
    typical = typical_items(factor, certainty, kfac, clicks, people)
    of = claims.shown(typical, SHOWN)
    telling = claims.tag_claims(items, of) + claims.era_claims(items, of)
    known = claims.known_claims(clicks, factor, of)
    factors: list[Factor] = []
    given_names = given_names or [None] * kfac
    used = {name for name in given_names if name}
    for k, positions in enumerate(typical):
        claim = _best(telling, known, of, k)
        keep = of.rows[k][of.rows[k] >= 0 if claim is None else claim.kept[k]]
        names = _candidates(claim, of, k, _like(items, clicks, keep))
        name = given_names[k] or next(name for name in names if name not in used)
        used.add(name)
        factors.append(Factor(k, name, float((factor == k).mean()), tuple(positions.tolist())))
    return factors


def _best(telling: list[Claim], known: list[Claim], of: Shown, k: int) -> Claim | None:
    """What tells factor k best from the others: one of the claims `telling` or two of them at once, else one of `known`."""

    def worth(claim: Claim) -> tuple[float, str]:
        return _worth(claim, of, k), claim.words

    mine = sorted((claim for claim in telling if of.true_of(claim)[k]), key=worth, reverse=True)[:MOST_CLAIMS]
    mine += [pair for pair in (a.also(b) for a, b in combinations(mine, 2)) if pair.apart and of.true_of(pair)[k]]
    return max(mine or [claim for claim in known if of.true_of(claim)[k]], key=worth, default=None)


def _worth(claim: Claim, of: Shown, k: int) -> float:
    """How well a claim tells factor k: share * log(lift), against the catalogue and the items shown of the other factors;
    less for years, which are harder to grasp than decades, and where it holds of another factor, too."""
    shares = of.shares(claim)  # (K,)
    others = np.delete(shares, k)
    usual = max(claim.rate, others.mean() if len(others) else 0.0, 0.5 / SHOWN)
    worth = shares[k] * np.log(max(shares[k], 1e-9) / usual)
    return float(worth) * (1.0 if _sole(claim, of, k) else NOT_SOLE) * (YEARS if "years" in claim.kinds else 1.0)


def _sole(claim: Claim, of: Shown, k: int) -> bool:
    """Whether a claim is true of factor k and of no other nearly as clearly."""
    shares = of.shares(claim)
    return not np.delete(of.true_of(claim) & (shares >= NEARLY * shares[k]), k).any()


def _candidates(claim: Claim | None, of: Shown, k: int, exemplars: str) -> Iterator[str]:
    """Names of factor k from best to worst: what is claimed of it, with exemplars ("like A and B") where that does not tell
    enough; exemplars alone; with a number, if need be."""
    names = []
    if claim is not None:
        clear = len(claim.kinds) > 1 or of.shares(claim)[k] >= CLEAR
        if "tag" in claim.kinds and clear and _sole(claim, of, k):
            names.append(claim.words)
        names.append(", ".join(filter(None, (claim.words, exemplars))))
    names.append(exemplars or f"unused {k + 1}")
    names = [name[:1].upper() + name[1:] for name in names]
    yield from names
    yield from (f"{names[-1]} ({n})" for n in count(k + 1))


def short(name: str) -> str:
    """The name of a factor for where there is little room: without the exemplars, where more than these names it."""
    return name.split(", like ")[0]


def _like(items: pd.DataFrame, clicks: np.ndarray | None, shown: np.ndarray) -> str:
    """"like A and B" with the titles, shortened, of the two most clicked (M,) of the items shown (n,), or the first of them
    if nobody counted clicks, those that need no cut before others of the BEST_KNOWN; "" if there is none."""
    order = shown if clicks is None else shown[np.argsort(-clicks[shown], kind="stable")]
    different = list(dict.fromkeys(short_title(str(title)) for title in items["title"].iloc[order] if given(title)))
    titles = sorted(different[:BEST_KNOWN], key=lambda title: title.endswith("…"))
    return f"like {' and '.join(titles[:2])}" if titles else ""


def short_title(title: str) -> str:
    """A title without what stands in brackets at its end, and without its second half or its last words if it is long."""
    short = re.sub(r"(\s*\([^()]*\))+$", "", title).strip() or title.strip()
    if len(short) > LONG_TITLE:
        short = re.split(r":\s| - ", short)[0].removesuffix(" or")
    if len(short) > LONG_TITLE:
        short = short[:LONG_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:-") + "…"
    return short
