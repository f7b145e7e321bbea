"""What the pages of results share: where files of results are, and which of them is shown."""

import os
from pathlib import Path

import streamlit as st

from macrid import results
from macrid.errors import InputError
from macrid.studies import study

from . import address, background, words


def shipped() -> Path:
    """The folder of the results that ship, benchmarks/results beside the app."""
    return words.ROOT / "benchmarks" / "results"


def made() -> Path:
    """The folder of the results that people make: ./results, where the app was started, or what MACRID_RESULTS names."""
    return Path(os.environ.get("MACRID_RESULTS") or "results").absolute()


def files(kind: str) -> dict[str, Path]:
    """The files of results of a kind, {label: path}; people's own first, the newest of them on top."""
    own = sorted(made().glob(f"{kind}-*.json"), key=lambda path: -path.stat().st_mtime_ns)
    return {label_of(path): path for path in [*own, *sorted(shipped().glob(f"{kind}-*.json"))]}


def free(kind: str, data: str) -> Path:
    """A file for results of `data` that nobody has made, or is about to make."""
    taken = {job.request.out for job in background.queue().jobs() if job.state != "done"}
    numbered = (made() / f"{kind}-{data}{f'-{n}' if n > 1 else ''}.json" for n in range(1, 10**6))
    return next(path for path in numbered if path not in taken and not path.exists() and not study.partial_of(path).exists())


def label_of(path: Path) -> str:
    """What a file of results is called: the part of its name behind its kind, and whose it is."""
    return path.stem.partition("-")[2] + (" (yours)" if path.parent == made() else "")


def choose(kind: str, what: str, data: str) -> tuple[Path, dict] | None:
    """The file of a kind that somebody chooses, and its contents; the choice stands in the address. Until somebody does, it
    is the first one of `data`, the name of a data set. None, with a word why, if there is none, or if it is damaged."""
    paths = files(kind)
    if not paths:
        return None
    first = next((label for label in paths if label.removesuffix(" (yours)") == data), next(iter(paths)))
    address.from_address(kind, paths, first)
    if st.session_state[kind] not in paths:  # the file is gone
        st.session_state[kind] = first
    name = st.selectbox(what, paths, key=kind, persist_state="session",
                        help=f"Files {kind}-NAME.json in benchmarks/results (these ship) and in results (yours).")
    address.to_address(**{kind: (name, first)})
    try:
        return paths[name], results.load(paths[name], kind)
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
    name = words.plain(words.DATA_NAMES.get(data["name"], data["name"]))
    held = (f"{data['held_out']:,} people held out whole" if data["split"] == "strong" else
            f"a tenth of the clicks of {data['held_out']:,} people")
    return (f"{name}: {data['people']:,} people, {data['items']:,} items, {data['clicks']:,} clicks to learn from; tested "
            f"on {held}; seed {value['seed']}.")
