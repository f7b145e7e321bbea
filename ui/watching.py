"""A training that runs, as it is shown: how far it is, its curves, and the items that are typical of each factor by now."""

import time
from collections.abc import Sequence
from typing import Any

import streamlit as st

from macrid.charts.colours import colours_for
from macrid.charts.course import Line, curve
from macrid.errors import InputError
from macrid.jobs import Job
from macrid.pictures import item_picture
from macrid.pipeline.estimate import spoken
from macrid.pipeline.watched import Progress

from . import background, html, words

STAGES = {"start": "finds where to start", "train": "trains", "twin": "trains the twin", "linear": "solves the linear path",
          "baselines": "measures baselines to compare with", "maps": "lays out the maps", "save": "saves"}
CURVES = (("loss", "Loss", "#4477AA"), ("kl", "KL", "#AA3377"), ("ndcg@100", "NDCG@100, validation", "#1b7f7b"),
          ("coherence", "Coherence, validation", "#CC7A29"))


def show(job: Job) -> None:
    """How far a training is; read anew whenever it is called."""
    progress, state = Progress(job.progress), job.state
    rows = progress.of("train")
    st.progress(_done(progress, rows) if state != "done" else 1.0, text=words.plain(_sentence(job, state, progress, rows)))
    if state == "failed":
        st.error(f"It has ended: {words.plain(job.last_line().removeprefix('error: '))}")
    elif job.was_killed:
        st.warning("Its process was ended from outside, perhaps for want of memory. What was done is kept: it can go on.")
    if not rows:
        return
    best = rows[rows[-1]["best"] - 1] if len(rows) >= rows[-1]["best"] else rows[-1]
    coherence = [row["coherence"] for row in rows if "coherence" in row]
    html.figures([("NDCG@100", words.figure(best["ndcg@100"])), ("Best epoch", str(best["epoch"])),
                  ("Coherence", words.figure(coherence[-1]) if coherence else "–"),
                  ("An epoch takes", spoken(rows[-1]["seconds"]))], wide=True)
    _curves(job, rows, best["epoch"])
    if progress.factors:
        st.markdown(f"**Typical items of each factor**, after epoch {progress.factors['epoch']}")
        st.html(factors(progress.factors["factors"]))


def _sentence(job: Job, state: str, progress: Progress, rows: Sequence[dict[str, Any]]) -> str:
    """What it does now, and how long it will take, in a line."""
    now = progress.now
    if state in ("waiting", "stopped", "failed", "done"):
        after = f" after epoch {rows[-1]['epoch']}" if rows and state != "done" else ""
        return background.standing(job).capitalize() + after
    if now.get("at", 0.0) < job.status.get("began", 0.0):
        now = {}  # of the run before it was stopped
    doing = STAGES.get(now.get("stage", ""), "reads the data")
    if state == "stopping":
        return f"Stops; it {doing}"
    if now.get("stage") not in ("train", "twin"):
        return f"It {doing}" + (f", {now['done']:.0%}" if "done" in now else "")
    epoch = max(now["epoch"], rows[-1]["epoch"] if rows and now["stage"] == "train" else 0)
    return f"It {doing}: epoch {epoch} of at most {now['epochs']}{_left(progress)}"


def _left(progress: Progress) -> str:
    remaining = progress.remaining
    if remaining is None:
        return ""
    since = max(0.0, time.time() - progress.now["at"])
    least, most = (spoken(max(0.0, seconds - since)) for seconds in remaining)
    return f"; {least} left" if least == most else f"; {least} left if it gets no better, {most} at most"


def _done(progress: Progress, rows: Sequence[dict[str, Any]]) -> float:
    """How much is done, for the bar: of the epochs that there may be."""
    now = progress.now
    if not now or not rows:
        return 0.0
    if now.get("stage") in ("linear", "baselines", "maps", "save"):
        return 0.97
    part = now.get("done", 0.0) if now.get("epoch", 0) > rows[-1]["epoch"] else 0.0
    return min(0.95, (rows[-1]["epoch"] + part) / max(1, now["epochs"]))


def _curves(job: Job, rows: Sequence[dict[str, Any]], best: int) -> None:
    with st.grid(4, min_column_width=150, gap="medium"):
        for key, name, colour in CURVES:
            points = [(row["epoch"], row[key]) for row in rows if key in row]
            with st.container(gap="xsmall"):
                st.markdown(f"**{name}**")
                if points:
                    epochs, values = zip(*points, strict=True)
                    whole = (0.0, 1.05) if key == "coherence" else None
                    st.plotly_chart(curve(Line(name, colour, epochs, values), best, whole), key=f"curve-{job.id}-{key}",
                                    config={"displayModeBar": False}, alt=f"{name} over epochs")
                else:
                    st.caption("not measured yet")


def factors(found: Sequence[dict[str, Any]]) -> str:
    """HTML of a card for each factor with its most typical items."""
    cards = []
    for k, (factor, colour) in enumerate(zip(found, colours_for(len(found)), strict=True)):
        pictures = "".join(_picture(item) for item in factor["items"][:6])
        cards.append(f'<div class="mc-factor"><div class="mc-six">{pictures}</div><div class="mc-name">'
                     f'<i style="background:{colour}"></i>{k + 1}</div><small>{factor["share"]:.0%} of the items</small>'
                     '</div>')
    return f'<div class="mc-factors mc-forming">{"".join(cards)}</div>'


def _picture(item: dict[str, Any]) -> str:
    try:
        source = item_picture.picture(item)
    except InputError:
        source = item_picture.picture({"title": item.get("title")})
    return (f'<img src="{words.escaped(source)}" alt="{words.escaped(item_picture.alt(item))}" '
            f'title="{words.escaped(item.get("title"))}">')
