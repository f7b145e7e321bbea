"""What wishes give and cost, more of an attribute and less of it, beside dials: personal against segment NDCG@20.

The protocol is that of `steering_curves`; scores are those of the app, with the linear path where a bundle has one. Chosen
on validation people: how much a rare attribute weighs (divided by the square root of its standard deviation, or not, or by
the whole of it) and whether a push of the parts towards the attribute is mixed in. Reported: test people.
"""

import numpy as np
import trade_off
from label_curve import drawn
from record import table
from sklearn.linear_model import Ridge

from macrid.bundle.recommender import Recommender
from macrid.data.attributes import yes_no
from macrid.dials import choose, wishes
from macrid.dials.steered_scores import SteeredScores, top_items
from macrid.measures import steering
from macrid.measures.vectors import unit
from macrid.pipeline import evaluate

STRENGTHS = trade_off.STRENGTHS
LENGTH = trade_off.LENGTH
PEOPLE = 200
WAYS = {"wish": "wish, over the root of the deviation", "plain": "wish, not scaled", "standard": "wish, standardised",
        "mixed": "wish, a tenth of it from the vectors", "half": "wish, half of it from the vectors",
        "pushed": "dials, pushed without shortening"}
CHOOSING = ("wish", "plain", "standard", "mixed", "half")


def measure(of: Recommender, report=lambda: None) -> dict:
    """{validation, test} -> way -> {everybody, askers} -> personal, segment, within (S,), area, gain; and `less`, of test
    people."""
    attributes = of.attributes
    segments = {name: items for name, items in trade_off.segments(attributes).items()
                if name in attributes and yes_no(attributes[name])} or trade_off.segments(attributes)
    found: dict = {}
    for which in ("validation", "test"):
        held = of.held_out(which)
        who = np.sort(np.random.default_rng(0).choice(len(held.user_ids), min(PEOPLE, len(held.user_ids)), replace=False))
        seen, answers = held.seen[who].toarray() > 0, held.answers[who].toarray() > 0
        own = of.model.scores(held.fold_in[who])
        ways = list(CHOOSING) if which == "validation" else ["wish", "pushed"]
        curves: dict = {way: {"everybody": [], "askers": []} for way in ways}
        less: list[dict] = []
        pushes = _dials(of, held.fold_in[who]) if "pushed" in ways else None
        for name, segment in segments.items():
            asking = (answers & segment).any(axis=1)
            for way in ways:
                lists = (_pushed(of, pushes, name, seen) if way == "pushed" else
                         _wished(own, lean_of(of, way, name, segment), seen, STRENGTHS))
                for group, rows in (("everybody", np.ones(len(seen), bool)), ("askers", asking)):
                    if rows.any():
                        curves[way][group].append(_follow(lists[:, rows], seen[rows], answers[rows], segment))
            if which == "test":
                less.append(_less(own, wishes.lean(_values(of, name, segment), of.vectors), seen, answers, segment))
            report()
        found[which] = {"people": len(seen), "ways": {way: {group: _figures(rows) for group, rows in groups.items()}
                                                      for way, groups in curves.items()}}
        if less:
            found["less"] = {key: float(np.nanmean([row[key] for row in less])) for key in less[0]}
    return found | {"attributes": list(segments)}


def _values(of: Recommender, name: str, segment: np.ndarray) -> np.ndarray:
    """What a wish for a segment is made from: the attribute, less of it turned around."""
    attribute, _, end = name.partition(", ")
    values = of.attributes[attribute].to_numpy(np.float64) if end else segment.astype(float)
    return -values if end == "low" else values


def lean_of(of: Recommender, way: str, name: str, segment: np.ndarray) -> np.ndarray:
    """The lean (M,) that a way of wishing adds."""
    lean = wishes.lean(_values(of, name, segment), of.vectors).astype(np.float64)
    spread = lean.std()**2  # of the attribute: the lean is divided by its root
    if way in ("plain", "standard"):
        return lean * spread**0.5 if way == "plain" else lean / max(spread, 1e-9)**0.5
    if way in ("mixed", "half"):
        part = 0.1 if way == "mixed" else 0.5
        h = unit(of.vectors).astype(float)
        told = Ridge(1.0).fit(h, lean).predict(h)
        return (1 - part) * lean + part * told * lean.std() / max(told.std(), 1e-9)
    return lean


def _wished(own: np.ndarray, lean: np.ndarray, seen: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Lists (S, P, n) for wishes of rising strength."""
    lists = []
    for scores, hidden in zip(own, seen, strict=True):
        reach = wishes.reach(scores)
        lists.append([top_items(scores + reach * s * abs(s) * lean, LENGTH, ~hidden) for s in strengths])
    return np.swapaxes(np.array(lists), 0, 1)


def _dials(of: Recommender, clicks) -> tuple:
    """People before the dials that are learned from all labels, and which dials bear what."""
    scored = choose.Scored(of.vectors, of.factor, evaluate.shown_parts(of), of.model.scale)
    learned = choose.choose("labels", scored, 0, of.attributes, drawn(of.factor, of.attributes, None, 0))
    linear = of.linear(clicks)
    people = [SteeredScores(part, of.vectors, of.log_c + added[:, None], of.model.scale, learned.axes)
              for part, added in zip(of.model.represent(clicks), linear, strict=True)]
    return people, learned.aligned_dials


def _pushed(of: Recommender, pushes: tuple, name: str, seen: np.ndarray) -> np.ndarray:
    people, bearing = pushes
    attribute, _, end = name.partition(", ")
    ends = {dial: -1.0 if end == "low" else 1.0 for dial, row in bearing.items() if row["attribute"] == attribute}
    return trade_off.listed(people, seen, lambda dials, hidden: trade_off.pushed(dials, ends, hidden))


def _follow(lists: np.ndarray, seen: np.ndarray, answers: np.ndarray, segment: np.ndarray) -> dict:
    """As `trade_off.follow`; and `within`: NDCG towards a person's own answers of the segment."""
    own = answers & segment
    told = own.any(axis=1)
    within = [np.nanmean(steering.list_ndcg(at[told], own[told])) if told.any() else np.nan for at in lists]
    return trade_off.follow(lists, seen, answers, segment) | {"within": np.array(within)}


def _figures(rows: list[dict]) -> dict:
    mean = {key: np.nanmean([row[key] for row in rows], axis=0) for key in ("personal", "segment", "share", "within")}
    kept = np.flatnonzero(np.minimum.accumulate(mean["personal"]) >= 0.9 * mean["personal"][0])[-1]
    return {key: [round(float(x), 4) for x in values] for key, values in mean.items()} | {
        "area": steering.trade_off_area(mean["personal"], mean["segment"]),
        "gain": steering.gain_at_loss(mean["personal"], mean["segment"]), "within_at_loss": float(mean["within"][kept])}


def _less(own: np.ndarray, lean: np.ndarray, seen: np.ndarray, answers: np.ndarray, segment: np.ndarray) -> dict:
    """Less of a segment: its share of lists without a wish, at -0.6 and at -1, and NDCG towards a person's own answers that
    are not of it, before and after."""
    cubes = np.array([0.0, 0.6, 1.0]) ** 1.5  # `weight` of a yes/no attribute is the third power, `_wished` squares
    lists = _wished(own, lean, seen, -cubes)
    others = answers & ~segment
    told = others.any(axis=1)
    share = [float(steering.attribute_share(at, segment.astype(float)).mean()) for at in lists]
    kept = [float(np.nanmean(steering.list_ndcg(at[told], others[told]))) for at in lists]
    return {f"{key}_{at}": value for key, values in (("share", share), ("others", kept))
            for at, value in zip(("before", "less", "none"), values, strict=True)}


def summary(measured: dict[str, dict]) -> str:
    """A row for each bundle, kind of people, group and way; and what less of an attribute does."""
    rows = [[name, which, group, WAYS[way], f"{f['segment'][0]:.3f}", f"{f['personal'][0]:.3f}", f"{f['gain']:.2f} x",
             f"{f['area']:.3f}", f"{f['within'][0]:.3f} → {f['within_at_loss']:.3f}"]
            for name, of in measured.items() for which in ("validation", "test") for group in ("everybody", "askers")
            for way, groups in of[which]["ways"].items() for f in [groups[group]]]
    less = [[name, *(f"{of['less'][f'share_{at}']:.1%}" for at in ("before", "less", "none")),
             *(f"{of['less'][f'others_{at}']:.3f}" for at in ("before", "less", "none"))] for name, of in measured.items()]
    return table(["bundle", "people", "group", "way", "segment before", "personal before", "segment at -10 % personal",
                  "area", "own of the segment"], rows) + "\n\n" + table(
        ["bundle", "share before", "at -0.6", "at -1", "own others before", "at -0.6", "at -1"], less)
