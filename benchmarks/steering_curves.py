"""What steering towards an attribute gives and costs: personal against segment NDCG@20 over the strength.

An attribute is asked of the whole catalogue: the dials of all factors that bear it are turned together. Genres where the
items have some, or else the upper and lower third of every numeric attribute. "Everybody" is every held-out person, asked
for every attribute whether they care for it or not; "askers" are those with an item of it among their held-out ones.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import trade_off
from label_curve import drawn
from plotly.subplots import make_subplots
from record import table

from macrid.bundle.recommender import Recommender
from macrid.charts.colours import PALETTE, REST
from macrid.data.attributes import yes_no
from macrid.dials import choose
from macrid.dials.steered_scores import SteeredScores
from macrid.measures import steering
from macrid.pipeline import evaluate

PEOPLE = 200  # of the held-out ones at most: validation and test
WORDS = {"range": "dials, to the end of their range", "blended": "dials at that end, scores blended",
         "whole": "dials, to the end of the sphere", "pushed": "dials, pushed without shortening",
         "few": "dials from {} labels a factor, to the end of the sphere", "raw": "raw dimensions, to the end of the sphere",
         "reranked": "re-ranking by the true attribute, no model"}


def measure(of: Recommender, labels: int | None, few: int, seed: int = 0, report=lambda: None) -> dict:
    """For each method (WORDS) its curves, mean over the attributes, for everybody and for askers: `personal`, `segment`,
    `share` (S,), `area`, `gain` at a tenth of personal NDCG lost, `gains` for each attribute, and the `attributes`.

    labels: how many items of each factor are labelled for the dials, None for all; few: the same for the method `few`.
    report: called after each attribute.
    """
    attributes = of.attributes
    segments = trade_off.segments(attributes)
    genres = {name: items for name, items in segments.items() if name in attributes and yes_no(attributes[name])}
    segments = genres or segments
    parts, seen, answers = _people(of, seed)
    people = {name: [SteeredScores(part, of.vectors, of.log_c, of.model.scale, axes) for part in parts]
              for name, axes in (("raw", choose.choose("none", *_about(of, seed)).axes),)}
    learned = {name: choose.choose("labels", *_about(of, seed), drawn(of.factor, attributes, count, seed))
               for name, count in (("ours", labels), ("few", few))}
    people |= {name: [SteeredScores(part, of.vectors, of.log_c, of.model.scale, found.axes) for part in parts]
               for name, found in learned.items()}
    curves: dict = {method: {"everybody": [], "askers": []} for method in WORDS}
    askers = {}
    for name, segment in segments.items():
        asking = (answers & segment).any(axis=1)
        askers[name] = int(asking.sum())
        for method, lists in _lists(of, name, segment, people, learned, seen):
            for group, who in (("everybody", np.ones(len(seen), bool)), ("askers", asking)):
                if who.any():
                    curves[method][group].append({"of": name} | trade_off.follow(lists[:, who], seen[who], answers[who],
                                                                                 segment))
        report()
    return {"attributes": {name: {"items": int(segment.sum()), "askers": askers[name]}
                           for name, segment in segments.items()},
            "people": len(seen), "labels": labels, "few": few, "strengths": trade_off.STRENGTHS.tolist(),
            "dials": {name: {a: sum(row["attribute"] == a for row in found.aligned_dials.values()) for a in attributes}
                      for name, found in learned.items()},
            "methods": {method: {group: _figures(rows) for group, rows in groups.items()}
                        for method, groups in curves.items()}}


def _about(of: Recommender, seed: int) -> tuple[choose.Scored, int, pd.DataFrame]:
    """What dials are chosen from."""
    return choose.Scored(of.vectors, of.factor, evaluate.shown_parts(of), of.model.scale), seed, of.attributes


def _people(of: Recommender, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The parts (P, K, D), and what is seen and asked for (bool (P, M)), of PEOPLE held-out people or all."""
    parts, seen, answers = [], [], []
    for held in (of.held_out("validation"), of.held_out("test")):
        parts.append(of.model.represent(held.fold_in))
        seen.append(held.seen.toarray() > 0)
        answers.append(held.answers.toarray() > 0)
    parts, seen, answers = np.concatenate(parts), np.concatenate(seen), np.concatenate(answers)
    who = np.sort(np.random.default_rng(seed).choice(len(parts), min(PEOPLE, len(parts)), replace=False))
    return parts[who], seen[who], answers[who]


def _lists(of: Recommender, name: str, segment: np.ndarray, people: dict, learned: dict, seen: np.ndarray):
    """(method, lists (S, P, n)) of every method."""
    attribute, _, end = name.partition(", ")
    signs = {key: {dial: -1 if end == "low" else 1 for dial, row in found.aligned_dials.items()
                   if row["attribute"] == attribute}
             for key, found in learned.items()}
    signs["raw"] = trade_off.following(of.vectors, of.factor, people["raw"][0].axes, segment)
    at_range = trade_off.range_ends(of.vectors, of.factor, learned["ours"].axes, signs["ours"])
    for method, way, who, ends in (("range", trade_off.moved, "ours", at_range),
                                   ("blended", trade_off.blended, "ours", at_range),
                                   ("whole", trade_off.moved, "ours", signs["ours"]),
                                   ("pushed", trade_off.pushed, "ours", signs["ours"]),
                                   ("few", trade_off.moved, "few", signs["few"]),
                                   ("raw", trade_off.moved, "raw", signs["raw"])):
        yield method, trade_off.listed(people[who], seen, lambda of, hidden, way=way, ends=ends: way(of, ends, hidden))
    yield "reranked", trade_off.listed(people["raw"], seen, lambda of, hidden: trade_off.reranked(of.own, segment, hidden))


def _figures(rows: list[dict]) -> dict:
    mean = {key: np.mean([row[key] for row in rows], axis=0) for key in ("personal", "segment", "share")}
    gains = {row["of"]: steering.gain_at_loss(row["personal"], row["segment"]) for row in rows}
    kept = np.flatnonzero(np.minimum.accumulate(mean["personal"]) >= 0.9 * mean["personal"][0])[-1]
    return {key: [round(float(x), 4) for x in values] for key, values in mean.items()} | {
        "area": steering.trade_off_area(mean["personal"], mean["segment"]),
        "gain": steering.gain_at_loss(mean["personal"], mean["segment"]),
        "share_before": float(mean["share"][0]), "share_at_loss": float(mean["share"][kept]),
        "gains": {name: round(gain, 2) if np.isfinite(gain) else None for name, gain in gains.items()}}


def summary(measured: dict[str, dict]) -> str:
    """A row for each bundle, group and method."""
    rows = []
    for bundle, of in measured.items():
        for group in ("everybody", "askers"):
            for method, words in WORDS.items():
                f = of["methods"][method][group]
                gains = [np.inf if gain is None else gain for gain in f["gains"].values()]
                tripled = f"{sum(gain >= 3 for gain in gains)} of {len(gains)}"
                rows.append([bundle, group, words.format(of["few"]), f"{f['segment'][0]:.3f}", f"{f['personal'][0]:.3f}",
                             f"{f['gain']:.2f} x", f"{np.median(gains):.2f} x", tripled,
                             f"{f['share_before']:.0%} → {f['share_at_loss']:.0%}", f["area"]])
    return table(["bundle", "people", "method", "segment before", "personal before", "segment at -10 % personal",
                  "median attribute", "tripled", "share of the list", "area"], rows)


def attribute_summary(of: dict) -> str:
    """A row for each attribute: how many items and askers it has, and the gains of four methods."""
    shown = ("whole", "pushed", "raw", "reranked")
    cell = {True: "from 0", False: "{:.1f} x"}
    gains = {(method, group): of["methods"][method][group]["gains"] for method in shown for group in ("everybody", "askers")}
    return table(["attribute", "items", "askers", *(f"{method}, {group}" for method, group in gains)],
                 [[name, about["items"], about["askers"],
                   *(cell[found.get(name) is None].format(found.get(name)) for found in gains.values())]
                  for name, about in of["attributes"].items()])


def chart(measured: dict[str, dict]) -> go.Figure:
    """A column for each bundle: personal against segment NDCG@20, a line for each method from no strength to full."""
    shown = {"whole": (PALETTE[0], "solid", "our dials"), "few": (PALETTE[0], "dot", "our dials, fewer labels"),
             "pushed": (PALETTE[2], "solid", "our dials, pushed"),
             "raw": (PALETTE[1], "solid", "raw dimensions"), "reranked": (REST, "dash", "re-ranking, knowing the truth")}
    figure = make_subplots(2, len(measured), shared_xaxes=True, vertical_spacing=0.09, horizontal_spacing=0.1,
                           column_titles=[f"<b>{name}</b>" for name in measured])
    for column, of in enumerate(measured.values(), 1):
        for row, group in enumerate(("everybody", "askers"), 1):
            for method, (colour, dash, words) in shown.items():
                f = of["methods"][method][group]
                figure.add_scatter(x=f["segment"], y=f["personal"], row=row, col=column, mode="lines+markers", name=words,
                                   line={"color": colour, "dash": dash}, marker_size=5, legendgroup=method,
                                   showlegend=row == column == 1)
            figure.add_hline(0.9 * of["methods"]["whole"][group]["personal"][0], row=row, col=column, line_width=1,
                             line_color="#9AA0A6", annotation_text="a tenth lost", annotation_position="top right",
                             annotation_font={"size": 11, "color": "#5F6368"})
            figure.update_yaxes(title_text=f"personal NDCG@20, {group}" if column == 1 else None, row=row, col=column,
                                rangemode="tozero", gridcolor="#E8EAED", zeroline=False)
        figure.update_xaxes(title_text="segment NDCG@20", row=2, col=column)
    figure.update_xaxes(range=[0, 1], showgrid=False, linecolor="#9AA0A6", ticks="outside")
    figure.update_layout(template="none", paper_bgcolor="white", plot_bgcolor="white",
                         margin={"l": 75, "r": 20, "t": 70, "b": 55}, legend={"orientation": "h", "y": 1.12, "x": 0},
                         font={"family": "Helvetica, Arial, sans-serif", "size": 13, "color": "#202124"})
    return figure
