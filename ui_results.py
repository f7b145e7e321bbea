"""What the pages of results share: where files of results are, and which of them is shown."""

import os
from pathlib import Path

import streamlit as st

import ui
from macrid import results
from macrid.errors import InputError


def shipped() -> Path:
    """The folder of the results that ship, benchmarks/results beside the app."""
    return ui.ROOT / "benchmarks" / "results"


def made() -> Path:
    """The folder of the results that people make, results/ beside the app, or what MACRID_RESULTS names."""
    return Path(os.environ.get("MACRID_RESULTS", ui.ROOT / "results"))


def files(kind: str) -> dict[str, Path]:
    """The files of results of a kind, {label: path}; people's own first, the newest of them on top."""
    own = sorted(made().glob(f"{kind}-*.json"), key=lambda path: -path.stat().st_mtime_ns)
    found = {path.stem.removeprefix(f"{kind}-"): path for path in sorted(shipped().glob(f"{kind}-*.json"))}
    return {f"{path.stem.removeprefix(f'{kind}-')} (yours)": path for path in own} | found


def choose(kind: str, what: str) -> dict | None:
    """The contents of the file of a kind that somebody chooses, the choice in the address; None, with a word why, if there
    is none, or if it is damaged."""
    found = files(kind)
    if not found:
        return None
    ui.from_address(kind, found, next(iter(found)))
    if st.session_state[kind] not in found:  # the file is gone
        st.session_state[kind] = next(iter(found))
    name = st.selectbox(what, found, key=kind, persist_state="session",
                        help=f"Files {kind}-NAME.json in benchmarks/results (these ship) and in results (yours).")
    ui.to_address(**{kind: (name, next(iter(found)))})
    try:
        return results.load(found[name], kind)
    except InputError as error:
        st.error(f"This file cannot be shown: {error}")
        return None


def metric_name(metric: str) -> str:
    """A ranking figure as people write it: NDCG@100, Recall@20."""
    name, _, at = metric.partition("@")
    return f"{name.upper() if name in ('ndcg', 'mrr') else name.capitalize()}@{at}"


def described(value: dict) -> str:
    """The data and the protocol of a file of results, in a line."""
    data = value["data"]
    name = ui.plain(ui.DATA_NAMES.get(data["name"], data["name"]))
    held = (f"{data['held_out']:,} people held out whole" if data["split"] == "strong" else
            f"a tenth of the clicks of {data['held_out']:,} people")
    return (f"{name}: {data['people']:,} people, {data['items']:,} items, {data['clicks']:,} clicks to learn from; tested "
            f"on {held}; seed {value['seed']}.")
