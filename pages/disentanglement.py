"""Disentanglement and accuracy: the runs of a sweep, how accurate and how disentangled each is; a sweep of one's own."""

import json

import pandas as pd
import streamlit as st

import ui
import ui_results
from macrid import background, charts, findings, result_charts, study
from macrid.errors import InputError
from macrid.model import make_settings, settings_dict

BETAS = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0)  # of a sweep from the page
CLAIM = ("The poster's claim: **the more disentangled, the more accurate**, and many factors help the dimensions within "
         "them to come apart (*macro helps micro*). Later work doubts the first: a reproducibility study of 2025 found "
         "accuracy and disentanglement not necessarily linked. Here is what these runs say.")

DEFAULTS = settings_dict(make_settings())

bundle = ui.chosen()
ui.begin("Disentanglement and accuracy", CLAIM)
sweep = ui_results.choose("sweep", "Sweep")


def named(point: dict) -> str:
    return ", ".join(f"{key} {setting}" for key, setting in point["settings"].items())


def command(point: dict) -> str:
    """What trains a run again, as a bundle with maps."""
    changes = {key: value for key, value in (sweep["settings"] | point["settings"]).items()
               if value is not None and value != DEFAULTS[key]}
    changed = " ".join(f"--set {key}={json.dumps(value, separators=(',', ':'))}" for key, value in changes.items())
    name = "-".join(f"{key}-{value}" for key, value in point["settings"].items())
    return (f"python -m macrid train --data {sweep['data']['name']} --split {sweep['data']['split']} {changed} "
            f"--seed {sweep['seed']} --out models/{name}")


@st.fragment
def scatter():
    """The points of the sweep; choosing one shows its figures below."""
    known = findings.measures(sweep)
    ui.from_address("measure", known, known[0])
    if st.session_state["measure"] not in known:
        st.session_state["measure"] = known[0]
    measure = st.selectbox("Disentangled, as measured by", known, key="measure", persist_state="session",
                           format_func=findings.MEASURES.get,
                           help="Independence needs no truth. DCI and MIG compare with categories and attributes that the "
                                "model never saw: 1 if each is held by one place alone, 0 if it is spread over all.")
    ui.to_address(measure=(measure, known[0]))
    curves = findings.curves(sweep, measure)
    labels = [named(point) for point in sweep["points"]]
    if st.session_state.get("run", 0) not in range(len(labels)):
        st.session_state["run"] = 0
    picked = st.session_state.get("scatter", {}).get("selection", {}).get("points", [])
    place = next((p["customdata"] for p in picked if p.get("customdata") is not None), None)
    place = place[0] if isinstance(place, list) else place
    if place is not None and st.session_state.get("clicked") != place:
        st.session_state["clicked"] = st.session_state["run"] = int(place)
    st.plotly_chart(result_charts.sweep(curves, labels, findings.MEASURES[measure], sweep["main"].upper()),
                    key="scatter", on_select="rerun", selection_mode="points", config={"displayModeBar": False},
                    alt=f"Points: {sweep['main']} against {findings.MEASURES[measure]}, a trend for each number of factors")
    ui.legend([curve.name for curve in curves], charts.colours_for(len(curves)), [len(curve.at) for curve in curves])
    st.caption("A dot is a training, its whisker the standard error over people; the line a least-squares trend, the band "
               "its 95 % confidence. Click a dot for its figures.")
    for curve in curves:
        st.markdown("- " + findings.linked(curve, measure, sweep["main"]))
    helps = findings.macro_helps(sweep)
    if helps:
        st.markdown(f"- {helps}")
    chosen = st.selectbox("Run", range(len(labels)), key="run", format_func=labels.__getitem__)
    run(sweep["points"][chosen])


def run(point: dict) -> None:
    """The figures of one run, and its map where a bundle of it is there."""
    figures = point["figures"]
    shown = {sweep["main"].upper(): figures[sweep["main"]]}
    shown |= {name: figures[key] for name, key in (("Effective factors", "effective_factors"), ("NMI", "nmi"),
                                                   ("Independence", "independence")) if key in figures}
    ui.figures([(name, ui.figure(value)) for name, value in shown.items()])
    name = trained_as(point)
    if name:
        st.button(f"Open its map ({name})", icon=":material/scatter_plot:", on_click=open_map, args=(name,))
    else:
        st.caption("A sweep keeps figures alone. To see the map of this run, train it as a bundle:")
        st.code(command(point), language="bash", wrap_lines=True)


def trained_as(point: dict) -> str | None:
    """The bundle that was trained with the settings of a run on the same data, if there is one."""
    wanted = sweep["settings"] | point["settings"]
    for name in ui.bundle_names():
        try:
            meta = ui.load(name).meta
        except InputError:
            continue
        same = meta["data"].get("fingerprint") == sweep["data"]["fingerprint"] and meta["seed"] == sweep["seed"]
        if same and all(meta["settings"].get(key) == value for key, value in wanted.items()):
            return name
    return None


def open_map(name: str) -> None:
    ui.switch_bundle(name)
    st.session_state["go"] = "pages/macro_map.py"


@st.cache_resource
def jobs() -> dict[str, background.Job]:
    """The sweep that this server runs, under `sweep`; one at a time, for all who look."""
    return {}


def begin_sweep(data: str, betas: list[float], epochs: int) -> None:
    out = ui_results.made() / f"sweep-{data}.json"
    arguments = ["sweep", "--data", data, "--grid", f"anneal_cap={','.join(map(str, betas))}", "--grid", "kfac=7,1",
                 "--set", f"epochs={epochs}", "--out", str(out), "--overwrite", "--resume"]
    jobs()["sweep"] = background.start(arguments, out, trainings=2 * len(betas))


@st.fragment(run_every=2)
def progress():
    """The sweep that runs: how far it is, and a way to stop it."""
    job = jobs()["sweep"]
    if not job.running:
        st.rerun()
    done = background.done_in(study.partial_of(job.out))
    st.progress(min(1.0, done / job.trainings), text=f"{done} of {job.trainings} trainings are done")
    st.caption(ui.plain(job.last_line()[:160]))
    if st.button("Stop", icon=":material/stop_circle:", key="stop"):
        job.stop()
        st.rerun()


def own_sweep() -> None:
    """A small sweep, started here."""
    st.subheader("A sweep of your own")
    job = jobs().get("sweep")
    if job and job.running:
        progress()
        return
    if job and job.failed:
        st.error(f"The sweep ended: {ui.plain(job.last_line())}")
    elif job and job.stopped:
        st.info("The sweep was stopped. Started again with the same data, it goes on from there.")
    with st.form("own"):
        st.markdown("Every strength of the second term of the loss (β), with seven factors and with one. A small one takes "
                    "minutes; the processor is busy meanwhile.")
        one, two, three = st.columns([2, 3, 2], vertical_alignment="bottom")
        names = ["shop:300x1200", "ml-100k", "shop"]
        data = one.selectbox("Data", names, key="own-data", format_func={
            "shop:300x1200": "A small simulated shop", "ml-100k": "MovieLens 100K", "shop": "The simulated shop"}.get)
        betas = two.multiselect("β", BETAS, default=BETAS[:5], key="own-betas")
        epochs = three.number_input("Epochs, at most", 1, 200, 15, key="own-epochs")
        if st.form_submit_button("Start the sweep", icon=":material/play_arrow:", disabled=not betas):
            begin_sweep(data, sorted(betas), epochs)
            st.rerun()


if st.session_state.get("go"):
    st.switch_page(st.session_state.pop("go"))
if sweep is None and not ui_results.files("sweep"):
    st.info("There are no results of a sweep yet. Start one below, or run "
            "`python -m macrid sweep --data ml-100k --grid anneal_cap=0.05,0.2,0.5,1,2 --grid kfac=7,1 "
            "--out results/sweep-ml-100k.json` and reload this page.")
elif sweep is not None:
    st.caption(ui_results.described(sweep))
    if sweep["points"]:
        scatter()
    if sweep["failed"]:
        with st.expander(f"{len(sweep['failed'])} runs failed"):
            st.dataframe(pd.DataFrame([point["settings"] | {"reason": point["reason"]} for point in sweep["failed"]]),
                         hide_index=True, alt="Table of the runs that failed")
own_sweep()
