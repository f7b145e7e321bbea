"""Bundles: every one at a glance; opened, renamed, deleted, downloaded, uploaded, trained again, compared."""

import time

import streamlit as st

from macrid.bundle import compared, places, shelf
from macrid.bundle.shelf import Entry
from macrid.errors import InputError
from macrid.jobs import Job, Request
from macrid.pipeline import realign
from ui import address, background, bundles, html, mode, owner, preparation, result_files, uploads, widgets, words
from ui.state import Bundles

FIGURES = {"NDCG": ("ndcg@100", "ndcg@10"), "Recall": ("recall@20", "recall@10"), "Coherence": ("coherence",),
           "Factors": ("effective_factors",)}

state, queue = Bundles(), background.queue()


def row(entry: Entry, job: Job | None) -> None:
    """One bundle: what it is, its figures, what can be done with it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"bundle-{entry.name}"):
        st.html(described(entry) + figures(entry))
        if entry.fault:
            st.caption(words.plain(entry.fault))
        elif st.button("Open", key=f"open-{entry.name}", on_click=bundles.switch_bundle, args=(entry.name,)):
            st.switch_page("pages/overview.py")
        with st.popover("More", icon=":material/more_horiz:", key=f"more-{entry.name}"):
            more(entry, job)


def described(entry: Entry) -> str:
    """HTML: the name, and in small letters data, size and date."""
    label = words.escaped(bundles.label(entry.name))
    if entry.fault:
        return f'<div class="mc-file"><b>{label}</b><small>cannot be read</small></div>'
    data = entry.meta["data"]
    size = f"{entry.bytes / 1e6:,.1f} MB"
    when = time.strftime("%-d %b %Y", time.localtime(entry.made))
    parts = [str(data.get("name", "")), f"{data.get('people', 0):,} people", f"{data.get('items', 0):,} items", size, when]
    marks = ['<span class="mc-mark">ships with the app</span>'] if entry.shipped else []
    marks += ['<span class="mc-mark">has a twin</span>'] if entry.twin else []
    return f'<div class="mc-file"><b>{label}</b>{"".join(marks)}<small>{words.escaped(" · ".join(parts))}</small></div>'


def figures(entry: Entry) -> str:
    """HTML: the main figures, side by side."""
    known = entry.meta.get("metrics", {})
    cells = []
    for name, keys in FIGURES.items():
        key = next((key for key in keys if isinstance(known.get(key), int | float)), None)
        value = "–" if key is None else words.figure(known[key])
        hint = words.escaped(f"{key or name}: {words.hint(name)}")
        cells.append(f'<div title="{hint}"><dt>{name}</dt><dd>{value}</dd></div>')
    return f'<dl class="mc-at-a-glance">{"".join(cells)}</dl>'


def more(entry: Entry, job: Job | None) -> None:
    """What can be done with a bundle."""
    st.html(f'<a class="mc-button" href="{zip_address(entry.name)}" download="{words.escaped(entry.name)}.zip">'
            "Download as a zip</a>")
    mine = job is not None and background.mine(job)
    if mine and st.button("Train again with other settings", icon=":material/replay:", key=f"again-{entry.name}"):
        preparation.begin_again(job)
        st.switch_page("pages/train.py")
    if entry.shipped:
        st.caption("It came with the app and stays as it is.")
        return
    if not owner.may_change(shelf.owner_of(entry.name)):
        st.caption("Somebody else has made it; only they can rename or delete it.")
        return
    if mode.name() == "team":
        st.toggle("Share with the team", shelf.is_shared(entry.name), key=f"share-{entry.name}", on_change=share,
                  args=(entry.name,), help="Everybody sees it then; only you can rename or delete it.")
    name = st.text_input("It is called", entry.name, max_chars=60, key=f"called-{entry.name}")
    st.button("Rename", key=f"rename-{entry.name}", disabled=name.strip() == entry.name, on_click=rename,
              args=(entry.name, name.strip()))
    sure = st.checkbox("I will not need it any more", key=f"sure-{entry.name}")
    st.button("Delete", icon=":material/delete:", key=f"delete-{entry.name}", disabled=not sure, on_click=delete,
              args=(entry.name,))


def share(name: str) -> None:
    shelf.share(name, st.session_state[f"share-{name}"])


def zip_address(name: str) -> str:
    return words.escaped(bundles.ZIP_ROUTE.format(bundle=name).lstrip("/"))


def rename(name: str, new: str) -> None:
    try:
        realign.check_name(bundles.models_folder(), new)
        shelf.rename(name, new)
    except (InputError, OSError) as error:
        state.refused = str(error)
        return
    if bundles.shown_name() == name:
        bundles.switch_bundle(new)


def delete(name: str) -> None:
    try:
        shelf.delete(name)
    except (InputError, OSError) as error:
        state.refused = str(error)
        return
    if bundles.shown_name() == name:
        bundles.switch_bundle(next(iter(bundles.bundle_names()), None))


# Taking one in ---------------------------------------------------------------------------------------------------------


def take_in() -> None:
    """A zip that somebody drops becomes a bundle."""
    folder = places.jobs_folder() / "zips" / owner.key()
    state.zip_token = preparation.token(folder, state.zip_token)
    hint = "A zip as it is downloaded here, or as macrid export writes it. It is checked as any bundle."
    widgets.drop("take-in", {"token": state.zip_token, "title": "Drop a bundle here", "accept": ".zip", "multiple": False,
                             "hint": hint, "slim": True}, lambda event: begin(folder, event))
    for job in queue.jobs("import"):
        if background.mine(job):
            imported(job)


def begin(folder, event: dict) -> None:
    """Ask for a job that unpacks what has come: whatever it holds, this process never opens it."""
    for given in event["names"]:
        path = folder / uploads.safe_name(given)
        if not path.is_file():
            continue
        name = realign.free_name(bundles.models_folder(), realign.plain_name(path.stem))
        arguments = ("import", f"{{job}}/{path.name}", f"--name={name}")
        try:
            background.submit(Request("import", f"Take in {given}", arguments, bundles.models_folder() / name, lane="short",
                                      about={"name": name}), {path.name: path})
        except InputError as error:
            state.refused = str(error)
        else:
            shelf.give(name, owner.key())


@st.fragment(run_every=1.0)
def waiting(job: Job) -> None:
    if not job.running:
        st.rerun()
    st.html(f'<p class="mc-busy" role="status"><i></i>{words.escaped(job.request.title)}: it is checked …</p>')


def imported(job: Job) -> None:
    """What came of a zip."""
    if job.running:
        waiting(job)
        return
    name = job.request.about["name"]
    if job.state == "done":
        st.success(f"**{words.plain(name)}** stands in every page.", icon=":material/check:")
    else:
        why = job.last_line().removeprefix("error: ").replace(f"{places.own_folder().absolute()}/", "")
        st.error(f"{words.plain(job.request.title)}: {words.plain(why or 'it was ended')}")
    background.discard(job)  # it is told once


# Comparing -------------------------------------------------------------------------------------------------------------


def comparison(names: list[str]) -> None:
    """Two bundles side by side."""
    st.header("Side by side")
    for key, default in (("left", names[0]), ("right", names[1])):
        address.from_address(key, names, default)
        if st.session_state[key] not in names:
            st.session_state[key] = default
    left, right = st.columns(2, gap="medium")
    one = left.selectbox("One", names, key="left", format_func=bundles.label, persist_state="session")
    other = right.selectbox("The other", names, key="right", format_func=bundles.label, persist_state="session")
    address.to_address(left=(one, names[0]), right=(other, names[1]))
    if one == other:
        st.info("Choose two different ones.")
        return
    try:
        a, b = bundles.load(one), bundles.load(other)
    except InputError as error:
        st.error(f"This bundle cannot be opened: {words.plain(error)}")
        return
    found = compared.compare(a, b)
    st.markdown(verdict(one, other, found))
    st.html(table("Figure", one, other, [(metric(name), *(value if value is None else words.figure(value)
                                                                for value in pair)) for name, *pair in found.figures]))
    if found.settings:
        st.html(table("Setting", one, other, [(name, *map(setting, pair)) for name, *pair in found.settings]))
    for column, bundle in zip(st.columns(2, gap="medium"), (a, b), strict=True):
        with column:
            st.markdown(f"**{words.plain(bundles.label(bundle.path.name))}**, its factors")
            for factor in bundle.factors:
                st.html(f'<p class="mc-note">{words.escaped(factor.name)} · {factor.share:.0%}</p>'
                        + html.thumbs(bundle, factor.typical[:6], label=f"Typical of {factor.name}"))


def verdict(one: str, other: str, found: compared.Compared) -> str:
    """Whether one is better, in a sentence."""
    if found.difference is None:
        return "They were not tested on the same clicks of the same people: their figures cannot be set against each other."
    mean, se, p = (found.difference[key] for key in ("mean", "se", "p"))
    if not mean and not se:
        return "Over the same test people, both rank alike to the last place."
    ahead, behind = (one, other) if mean >= 0 else (other, one)
    chance = "< 0.001" if p < 0.001 else f"= {p:.2g}"
    how = (f"NDCG@100 over the same test people: **{words.plain(bundles.label(ahead))}** is ahead by {abs(mean):.4f} "
           f"± {se:.4f} (paired t-test, p {chance})")
    return how + ("." if found.difference["significant"] else
                  f": that may be chance, and {words.plain(bundles.label(behind))} as good.")


def metric(name: str) -> str:
    return result_files.metric_name(name) if "@" in name else {"nmi": "NMI"}.get(name, name.replace("_", " ").capitalize())


def setting(value: object) -> str:
    if value is None:
        return "chosen from the clicks"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def table(what: str, one: str, other: str, rows: list[tuple[str, str | None, str | None]]) -> str:
    heads = "".join(f"<th>{words.escaped(bundles.label(name))}</th>" for name in (one, other))
    body = "".join(f"<tr><th>{words.escaped(name)}</th>" + "".join(f"<td>{words.escaped(v if v is not None else '–')}</td>"
                                                                  for v in pair) + "</tr>" for name, *pair in rows)
    return (f'<div class="mc-scroll"><table class="mc-table"><thead><tr><th>{what}</th>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


html.begin("Bundles", "Everything that was trained: open it, name it, give it away, take one in, set two side by side.")
if state.refused:
    st.error(words.plain(state.refused))
    state.refused = ""
found = shelf.entries()
may_see = owner.visible(entry.name for entry in found)
entries = [entry for entry in found if entry.name in may_see]
by_name = {job.request.about.get("name"): job for job in reversed(queue.jobs("train")) if job.state == "done"}
for each in entries:
    row(each, by_name.get(each.name))
take_in()
sound = [each.name for each in entries if not each.fault]
if len(sound) > 1:
    comparison(sound)
