"""The jobs beside the app: one queue for all pages and sessions of this process, and who may do what with a job."""

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import streamlit as st

from macrid.bundle import places
from macrid.errors import InputError
from macrid.jobs import Job, Queue, Request

from . import mode, owner, words


@functools.cache
def _queue(folder: Path) -> Queue:
    return Queue(folder)


def queue() -> Queue:
    """The queue; what waits in it, perhaps since the app was ended, goes on."""
    found = _queue(places.jobs_folder())
    found.wake()
    return found


def close() -> None:
    """Ask what runs to stop, and wait for it; it goes on when the app is started again."""
    _queue(places.jobs_folder()).close()


def submit(request: Request, brings: Mapping[str, Path] | None = None) -> Job:
    """Ask for a job; it belongs to whoever looks at the page. See `Queue.submit`, which raises InputError."""
    mode.check_keeps()
    return queue().submit(replace(request, owner=owner.key()), brings)


def mine(job: Job) -> bool:
    """Whether whoever looks at the page may stop, resume and discard a job."""
    return job.request.owner in ("", owner.key())


def seen(kind: str) -> list[Job]:
    """The jobs of a kind that whoever looks at the page may watch: all, but in a team those of others only where the bundle
    that they make is shared."""
    jobs = queue().jobs(kind)
    made = owner.visible(job.request.out.name for job in jobs)
    return [job for job in jobs if mine(job) or job.request.out.name in made]


def standing(job: Job) -> str:
    """How a job stands, in a word or two."""
    state = job.state
    if state == "waiting":
        ahead = queue().ahead(job)
        return "starts now" if not ahead else f"waits, {ahead} before it" if ahead > 1 else "waits, one before it"
    return {"running": "runs", "stopping": "stops", "stopped": "stopped", "done": "done", "failed": "failed"}[state]


def controls(job: Job) -> None:
    """Stop, resume, discard: what its owner can do with a job as it stands; others hear that they cannot."""
    state = job.state
    if not mine(job):
        if state != "done":
            st.caption("Somebody else has started this; only they can stop it.")
        return
    with st.container(horizontal=True, gap="small"):
        if state in ("waiting", "running", "stopping"):
            st.button("Stop", icon=":material/stop_circle:", key=f"stop-{job.id}", disabled=state == "stopping",
                      on_click=queue().stop, args=(job,))
        if state in ("stopped", "failed"):
            st.button("Go on" if state == "stopped" else "Try again", icon=":material/play_arrow:", key=f"resume-{job.id}",
                      type="primary", on_click=queue().resume, args=(job,))
        if state in ("stopped", "failed", "done"):
            st.button("Discard" if state != "done" else "Remove from this list", icon=":material/delete:",
                      key=f"discard-{job.id}", on_click=discard, args=(job,))


def discard(job: Job) -> None:
    try:
        queue().discard(job)
    except InputError as error:
        st.toast(words.plain(error))
