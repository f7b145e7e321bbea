"""Disentanglement and accuracy: the runs of a sweep, how accurate and how disentangled each is, and its map; a sweep of
one's own."""

import numpy as np
import pandas as pd
import streamlit as st

from macrid.charts import colours, results
from macrid.charts import maps as map_charts
from macrid.errors import InputError
from macrid.jobs import Job, Request
from macrid.results import findings
from macrid.studies import study, sweep_maps
from ui import address, background, bundles, events, html, mode, result_files, words
from ui.state import Disentanglement

BETAS = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0)  # of a sweep from the page
STUDY = "[Dervishaj and others (ECIR 2025)](https://arxiv.org/abs/2501.18805)"
CLAIM = ("The poster's claim: **the more disentangled, the more accurate**, and many factors help the dimensions within "
         f"them to come apart (*macro helps micro*). Later work doubts the first: {STUDY} reproduced five models, MacridVAE "
         "among them, on four data sets and found disentanglement not necessarily linked to accuracy. Here is what these "
         "runs say.")

state = Disentanglement()
bundle = bundles.chosen()
html.begin("Disentanglement and accuracy", CLAIM)
path, sweep = result_files.choose("sweep", "Sweep", bundle.meta["data"]["name"]) or (None, None)


@st.fragment
def runs(maps: pd.DataFrame | None):
    """The points of the sweep, and beside them the one that is chosen: its figures and its map."""
    known = findings.measures(sweep)
    names = [findings.named(point) for point in sweep["points"]]
    best = int(np.argmax([point["figures"][sweep["main"]] for point in sweep["points"]]))
    address.from_address("measure", known, known[0])
    address.from_address("run", range(len(names)), best, int)
    if state.measure not in known:
        state.measure = known[0]
    if state.run not in range(len(names)):
        state.run = best
    left, right = st.columns([5, 3], gap="large")
    with left:
        measure = st.selectbox("Disentangled, as measured by", known, key="measure", persist_state="session",
                               format_func=findings.MEASURES.get,
                               help="Independence needs no truth. DCI and MIG compare with categories and attributes that "
                                    "the model never saw: 1 if each is held by one place alone, 0 if it is spread over all.")
        scatter(measure, names)
    with right:
        chosen = st.selectbox("Run", range(len(names)), key="run", persist_state="session", format_func=names.__getitem__,
                              help="The settings that differ within the sweep: β weighs the second term of the loss, K is "
                                   "the number of factors. The Method page has the formulas.")
        one(chosen, maps)
    address.to_address(measure=(measure, known[0]), run=(chosen, best))


def scatter(measure: str, names: list[str]) -> None:
    """Accuracy against a measure, and what that says. A click on a dot chooses its run."""
    picked = events.selected(st.session_state.get("scatter"), "customdata", events.whole(0, len(sweep["points"]) - 1))
    state.click(picked[0] if picked else None)
    curves, metric = findings.curves(sweep, measure), result_files.metric_name(sweep["main"])
    st.plotly_chart(results.sweep(curves, names, findings.MEASURES[measure], metric), key="scatter",
                    on_select="rerun", selection_mode="points", config={"displayModeBar": False},
                    alt=f"Points: {metric} against {findings.MEASURES[measure]}, a trend for each number of factors")
    html.legend([curve.name for curve in curves], colours.colours_for(len(curves)), [len(curve.at) for curve in curves])
    st.caption("A dot is a training, its whisker the standard error over people; the line a least-squares trend, the band "
               "its 95 % confidence. Click a dot to see its figures and its map.")
    said = [findings.linked(curve, measure, sweep["main"]) for curve in curves]
    helps = findings.macro_helps(sweep)
    st.markdown("\n".join(f"- {line}" for line in [*said, *([helps] if helps else [])]))


def one(chosen: int, maps: pd.DataFrame | None) -> None:
    """The figures of one run, and its map."""
    figures = sweep["points"][chosen]["figures"]
    known = {result_files.metric_name(sweep["main"]): sweep["main"], "Coherence": "coherence", "Certainty": "certainty",
             "Effective factors": "effective_factors", "NMI": "nmi", "Independence": "independence"}
    html.figures([(name, words.figure(figures[key])) for name, key in known.items() if key in figures])
    mine = maps[maps["run"] == chosen].reset_index(drop=True) if maps is not None else ()
    if not len(mine):
        st.caption("No map of this run is kept beside the file. Sweeps keep them now: run it again with `--overwrite` to "
                   "see one.")
        return
    category = map_charts.groups(mine["category"])
    factors, codes = np.unique(mine["factor"], return_inverse=True)
    by = map_charts.Groups(codes, list(mine.groupby("factor")["name"].first()),
                           colours.matched(codes, category.codes, category.colours, len(factors)))
    if (mine["category"] != "").any():
        colouring = st.segmented_control("Coloured by", ["factor", "category"], required=True, default="factor",
                                         format_func=str.capitalize, key="run-colour", persist_state="session")
        by = category if colouring == "category" else by
    points = map_charts.points(mine[["x", "y"]].to_numpy(), mine, mine["name"].to_numpy(object), np.arange(len(mine)))
    st.plotly_chart(map_charts.item_map(points, by),
                    key="run-map", config={"displayModeBar": False, "scrollZoom": True},
                    alt=f"Map of {len(mine):,} items after the run {findings.named(sweep['points'][chosen])}")
    html.legend(by.names, by.colours, list(np.bincount(by.codes, minlength=len(by.names))))
    st.caption("The map (t-SNE) that this run makes of the items; every run is turned onto the first."
               + (f" A random sample of {len(mine):,} of {sweep['data']['items']:,} items, the same for every run."
                  if len(mine) < sweep["data"]["items"] else ""))


# A sweep from the page -------------------------------------------------------------------------------------------------


def begin_sweep(data: str, betas: list[float], epochs: int) -> None:
    """Ask for a sweep, with a file of its own."""
    out = result_files.free("sweep", data)
    arguments = ("sweep", "--data", data, "--grid", f"anneal_cap={','.join(map(str, betas))}", "--grid", "kfac=7,1",
                 "--set", f"epochs={epochs}", "--out", str(out), "--resume")
    background.submit(Request("sweep", f"A sweep of {data}", arguments, out, keeps=(study.partial_of(out),),
                              about={"trainings": 2 * len(betas)}))


@st.fragment(run_every=2)
def progress(jobs: list[Job]) -> None:
    """The sweeps that run or wait: how far they are, and a way to stop them."""
    if not all(job.running for job in jobs):
        done = [job for job in jobs if job.state == "done" and background.mine(job)]
        if done:
            state.sweep = result_files.label_of(done[0].request.out)  # what is done is shown
        st.rerun()
    for job in jobs:
        trainings = job.request.about.get("trainings", 1)
        done = study.done_in(job.request.out)
        title = f"{words.plain(job.request.title)} {background.standing(job)}"
        st.progress(min(1.0, done / trainings), text=f"{title}: {done} of {trainings} trainings are done")
        st.caption(words.plain(job.now()))
        background.controls(job)


def own_sweep() -> None:
    """A small sweep, started here."""
    st.header("A sweep of your own")
    if not mode.told("macrid sweep --data shop --grid anneal_cap=0.2,1 kfac=1,7"):
        return
    jobs = background.queue().jobs("sweep")
    if under_way := [job for job in jobs if job.running]:
        progress(under_way)
    for job in jobs:
        if background.mine(job) and not job.running:
            ended(job)
    with st.form("own"):
        st.markdown("Every strength of the second term of the loss (β), with seven factors and with one. A small one takes "
                    "minutes; the processor is busy meanwhile. One runs at a time.")
        one, two, three = st.columns([2, 3, 2], vertical_alignment="bottom")
        names = ["shop:300x1200", "ml-100k", "shop"]
        data = one.selectbox("Data", names, key="own-data", format_func={
            "shop:300x1200": "A small simulated shop", "ml-100k": "MovieLens 100K", "shop": "The simulated shop"}.get)
        betas = two.multiselect("β", BETAS, default=BETAS[:5], key="own-betas",
                                help="The larger, the more the dimensions of a part are pressed to be independent.")
        epochs = three.number_input("Epochs, at most", 1, 200, 15, key="own-epochs",
                                    help="How often each training sees all people; it ends earlier when it gets no better.")
        if st.form_submit_button("Start the sweep", icon=":material/play_arrow:", disabled=not betas):
            try:
                begin_sweep(data, sorted(betas), epochs)
            except InputError as error:
                st.error(words.plain(error))
            else:
                st.rerun()


def ended(job: Job) -> None:
    """What came of a sweep that has ended, and what can be done with it."""
    title = words.plain(job.request.title)
    if job.failed:
        st.error(f"{title} has ended: {words.plain(job.last_line())}")
    elif job.stopped:
        st.info(f"{title} was stopped; what is done is kept.")
    else:
        st.success(f"{title} is done. It can be chosen above as *{words.plain(result_files.label_of(job.request.out))}*.")
    background.controls(job)


def kept_maps() -> pd.DataFrame | None:
    """The maps beside the file; what is wrong with them is said in place."""
    try:
        return sweep_maps.load(path, sweep)
    except InputError as error:
        st.warning(str(error))
        return None


if sweep is None and not result_files.files("sweep"):
    st.info("There are no results of a sweep yet. Start one below, or run "
            "`python -m macrid sweep --data ml-100k --grid anneal_cap=0.05,0.2,0.5,1,2 --grid kfac=7,1 "
            "--out results/sweep-ml-100k.json` and reload this page.")
elif sweep is not None:
    st.caption(result_files.described(sweep))
    if sweep["points"]:
        runs(kept_maps())
    if sweep["failed"]:
        with st.expander(f"{len(sweep['failed'])} runs failed"):
            st.dataframe(pd.DataFrame([point["settings"] | {"reason": point["reason"]} for point in sweep["failed"]]),
                         hide_index=True, alt="Table of the runs that failed")
own_sweep()
if sweep is not None:
    html.explain("Independence", "Effective factors", "NMI")
