"""Name the dimensions: give a dial a name and words for its ends, place a few items between these, see what is learned from
them, and save dials that bear names."""

import numpy as np
import streamlit as st

from macrid.bundle import shelf
from macrid.data import label_file
from macrid.errors import InputError
from macrid.labelling.answers import Answers, Attribute
from macrid.labelling.interview import Interview
from macrid.pipeline import realign
from ui import address, bundles, drafts, html, mode, owner, words
from ui.naming import Naming, Saved, described
from ui.state import Name

DIALS = 4  # shown to begin with; the strongest
IN_A_BIN = 6  # pictures under each step; the latest
NEW = ""  # the choice of no attribute

bundle = bundles.chosen()
html.begin("Name the dimensions",
         "Give a dimension a name and words for its two ends: it is kept at once. Then, if you like, place a few items "
         "between the ends: after each answer an axis is learned anew, which fits the name better.")

state = Name()


def answers_of_bundle() -> Answers:
    """What was said of this bundle: in a draft, or else by the labels and the names of dials that it was saved with."""
    draft = drafts.read(bundle)
    if draft is not None:
        return draft
    answers = Answers()
    try:
        if bundle.labels is not None:
            answers = Answers.of(bundle.labels)
        return answers.with_dials(bundle.given_dials.values())
    except InputError as error:
        st.warning(f"The labels of this bundle cannot be taken up again: {error}")
        return answers


def naming_of_bundle() -> Naming:
    """What has been named of this bundle."""
    key = bundle.path.name
    if key not in state.naming:
        state.naming = state.naming | {key: Naming(answers_of_bundle())}
    return state.naming[key]


naming = naming_of_bundle()


def change(make, select: str | None = None) -> None:
    """Replace the answers by `make()`, keep them as a draft, and go on with the attribute `select`; what is wrong with that
    is said in place."""
    if naming.change(make):
        naming.kept = drafts.write(bundle, naming.answers)
        if select is not None:
            state.attribute = select


def say_fault() -> None:
    if fault := naming.take_fault():
        st.error(words.plain(fault))


def attribute_of(key: str, yes_no: bool, default: str) -> Attribute:
    """The attribute that the fields of the form `key` describe."""
    name, low, high = (st.session_state.get(f"{key}-{part}", "") for part in ("name", "low", "high"))
    return described(name, (low, high), yes_no, default)


def start() -> None:
    """Begin with the attribute that the form describes."""
    def begun() -> Answers:
        attribute = attribute_of("new", st.session_state["new-kind"] == "yes or no", naming.unnamed())
        state.attribute = attribute.name
        return naming.answers.with_attribute(attribute)

    change(begun)


def start_with(factor: int, dim: int) -> None:
    """Name a dial as the form beside it says, and go on with it."""
    def begun() -> Answers:
        attribute = attribute_of(f"dial-{factor}-{dim}", False, naming.unnamed())
        state.attribute = attribute.name
        return naming.answers.with_dial((factor, dim), attribute)

    change(begun)


def choose(name: str) -> None:
    state.attribute = name


def rename(name: str) -> None:
    def renamed() -> Answers:
        attribute = attribute_of(f"rename-{name}", naming.answers.attributes[name].yes_no, name)
        answers = naming.answers.renamed(name, attribute)
        state.attribute = attribute.name
        return answers

    change(renamed)


def title_of(position: int) -> str:
    return str(bundle.items["title"].iloc[position])


def answer(name: str, position: int, value: float, word: str) -> None:
    item = str(bundle.items["item_id"].iloc[position])
    change(lambda: naming.answers.answered(name, item, value, f"{title_of(position)}: {word}"))


def undo() -> None:
    change(naming.answers.undone)


def take_in() -> None:
    """Import the file that was chosen: names as `drafts.text` writes them, or a CSV of labels."""
    file = st.session_state["import"]
    if file is not None:
        def imported() -> Answers:
            if file.name.lower().endswith(".json"):
                return drafts.parse(bundle, file.getvalue(), file.name)
            table = label_file.parse(file.getvalue(), file.name, bundle.items["item_id"])
            return naming.answers.with_table(table, f"import of {file.name}")

        change(imported)


@st.fragment
def studio() -> None:
    """All that an answer changes; nothing else is drawn again."""
    used = [factor.index for factor in bundle.factors if factor.share > 0]
    steered = st.session_state.get("factor")  # of the Steer page
    address.from_address("intention", used, steered if steered in used else used[0], int, called="factor")
    factor = st.pills("Intention", used, required=True, key="intention", persist_state="session",
                      format_func=lambda k: words.plain(bundle.factors[k].name),
                      help="The macro factors, named from their items. Each has dimensions of its own.")
    address.to_address(factor=(factor, used[0]))
    interview, attributes = naming.interview(bundle, factor), naming.answers.attributes
    address.from_address("attribute", attributes, NEW)
    if state.attribute not in attributes:
        state.attribute = NEW
    if attributes:
        st.pills("Attribute", [*attributes, NEW], required=True, key="attribute", persist_state="session",
                 format_func=lambda name: words.plain(name) if name else ":material/add: another",
                 help="What you have begun to name. An attribute may mean something in several intentions.")
    name = state.attribute
    address.to_address(attribute=(name, NEW))
    say_fault()
    if name:
        working(interview, name)
        with st.expander("What varies most among these items"):
            strongest(interview)
    else:
        beginning(interview)
    keeping(interview)


def beginning(interview: Interview) -> None:
    """Nothing is being named: what there is to name, and how to begin."""
    st.header("What varies most among these items")
    strongest(interview)
    st.header("Name something yourself")
    with st.form("new", border=True):
        fields = st.columns([3, 2, 2, 3])
        fields[0].text_input("It is called", key="new-name", placeholder="size", max_chars=40)
        fields[1].text_input("Little of it", key="new-low", placeholder="small", max_chars=30)
        fields[2].text_input("Much of it", key="new-high", placeholder="large", max_chars=30)
        fields[3].segmented_control("Items are placed", ["on a scale", "yes or no"], default="on a scale", required=True,
                                    key="new-kind", help="A scale of five steps, or only whether it is so or not.")
        st.form_submit_button("Begin", type="primary", icon=":material/play_arrow:", on_click=start)
    ready = {name: attribute for name, attribute in interview.ready.items() if name not in naming.answers.attributes}
    if ready:
        st.markdown("**Or take what is known already**: one click makes labels of a column of the items table.")
        everywhere = st.toggle("for the items of all intentions", key="everywhere", value=True)
        with st.container(horizontal=True, gap="small"):
            for name, attribute in ready.items():
                st.button(words.plain(name), key=f"ready-{name}", icon=":material/table_chart:", on_click=change,
                          args=(lambda a=attribute: interview.fill(naming.answers, a, everywhere), name))


def strongest(interview: Interview) -> None:
    """The strongest dials as they are now, each as a row of items with a form that names it."""
    answers, factor = naming.answers, interview.factor
    for dim in interview.dials(DIALS):
        label, named = bundle.dials.label(factor, dim), answers.dials.get((factor, dim))
        called, low, high = (label.name, label.low, label.high) if label else (f"dial {dim + 1}", "", "")
        if named:
            called, low, high = named, answers.attributes[named].low, answers.attributes[named].high
        elif (factor, dim) in bundle.aligned_dials and called in answers.attributes:
            named = called
        strip = interview.strip(bundle.axes[factor][:, dim].astype(np.float64), 1)
        row, act = st.columns([6, 1], vertical_alignment="center")
        pictured = html.row(bundle, [i for _, positions in strip for i in positions])
        row.html(f'<div class="mc-row" role="group" aria-label="{words.escaped(f"Items along {called}")}">{pictured}</div>'
                 f'{ends(low, high, called)}')
        if named:
            act.button("Go on", key=f"name-{dim}", icon=":material/edit:", width="stretch", on_click=choose, args=(named,))
        else:
            with act.popover("Name it", icon=":material/label:", width="stretch"):
                name_form(factor, dim)


def name_form(factor: int, dim: int) -> None:
    """The name and the two ends of a dial."""
    with st.form(f"dial-{factor}-{dim}", border=False):
        for part, asked, example in (("name", "It is called", "mood"), ("low", "At its left end", "dark"),
                                     ("high", "At its right end", "cheerful")):
            st.text_input(asked, key=f"dial-{factor}-{dim}-{part}", placeholder=example, max_chars=40)
        st.form_submit_button("Keep this name", type="primary", icon=":material/check:", key=f"name-{dim}",
                              on_click=start_with, args=(factor, dim))


def ends(low: str, high: str, between: str = "") -> str:
    """HTML of what stands under a row of items: the names of its two ends."""
    return (f'<div class="mc-scale"><span>← {words.escaped(low)}</span><span>{words.escaped(between)}</span>'
            f'<span>{words.escaped(high)} →</span></div>')


def working(interview: Interview, name: str) -> None:
    """One attribute of one factor: the question, what was learned so far, and the items along it."""
    attribute, progress = naming.answers.attributes[name], interview.progress(naming.answers, name)
    dial = naming.meant(interview.factor, name)
    if dial is not None:
        st.markdown(f":material/check: Dial {dial + 1} of *{words.plain(bundle.factors[interview.factor].name)}* is called "
                    f"**{words.plain(name)}** now, from **{words.plain(attribute.low)}** to "
                    f"**{words.plain(attribute.high)}**. Save it as it is, or answer some questions: from these a dial is "
                    "learned that fits the name better.")
    asking, learned = st.columns([3, 2], gap="large")
    with asking:
        question(interview, attribute)
    with learned:
        confidence(attribute, progress, interview.missing(naming.answers, name, progress))
    axis = progress.learned.axis
    if axis is not None:
        st.markdown("**The items along what was learned**" + (", a guess so far" if progress.learned.reason else ""))
        html.film_strip(bundle, interview.strip(axis), label=f"Items along {name}")
        st.html(ends(attribute.low, attribute.high))


def question(interview: Interview, attribute: Attribute) -> None:
    answers, name = naming.answers, attribute.name
    position = interview.question(answers, name, naming.meant(interview.factor, name))
    if position is None:
        st.info("Every item of this intention has been answered.")
    else:
        asked = "Does this fit?" if attribute.yes_no else "Where does this belong?"
        st.html(f'<div class="mc-ask">{html.row(bundle, [position])}<div><p>{words.escaped(title_of(position))}</p>'
                f'<span>{words.escaped(name)}: {asked}</span></div></div>')
    scale, placed = answers.scale(name), interview.placed(answers, name)
    steps = [attribute.low, *map(str, range(2, len(scale))), attribute.high]
    if not attribute.yes_no:
        st.html(ends(attribute.low, attribute.high))
    with st.grid(len(scale), min_column_width=44, gap="xsmall"):
        for step, word in enumerate(steps):
            with st.container(gap="xsmall"):
                st.button(words.plain(word) if attribute.yes_no else str(step + 1), key=f"step-{step}", width="stretch",
                          shortcut=str(step + 1), disabled=position is None, on_click=answer,
                          args=(name, position, scale[step], word))
                st.html(f'<div class="mc-bin" role="group" aria-label="{words.escaped(f"Placed at {word}")}">'
                        f'{html.row(bundle, placed[step][:IN_A_BIN])}</div>')
    column = interview.ready.get(name)
    if column and not any(placed):
        st.button("Take the column of that name", icon=":material/table_chart:", on_click=change,
                  args=(lambda: interview.fill(answers, column, False),))
    with st.container(horizontal=True, gap="small"):
        st.button("Does not apply", key="skip", shortcut="0", icon=":material/block:", disabled=position is None,
                  on_click=answer, args=(name, position, float("nan"), "does not apply"))
        st.button("Undo", key="undo", shortcut="U", icon=":material/undo:", on_click=undo, disabled=answers.before is None,
                  help=f"Takes back: {words.plain(answers.did)}" if answers.did else None)
        st.button("Start again", key="again", icon=":material/restart_alt:", on_click=change,
                  disabled=not interview.given(answers, name), help="Forgets the answers in this intention.",
                  args=(lambda: answers.cleared(name, set(interview.ids)),))
        with st.popover("Rename", icon=":material/edit:"):
            low, high = attribute.ends or ("", "")
            for part, label, value in zip(("name", "low", "high"), ("It is called", "Little of it", "Much of it"),
                                          (name, low, high), strict=True):
                st.text_input(label, value, key=f"rename-{name}-{part}", max_chars=40)
            st.button("Use these names", key="rename", on_click=rename, args=(name,))
            st.button("Remove it and all its answers", key="remove", type="tertiary", on_click=change,
                      args=(lambda: answers.without(name), NEW))


def confidence(attribute: Attribute, progress, missing: str) -> None:
    """How sure what was learned is, as a bar for each answer, what is missing, and whether to go on."""
    now, verdict = progress.learned, progress.verdict
    measure = "AUC" if attribute.yes_no else "R²"

    def share(value: float) -> float | None:
        return None if np.isnan(value) else max(0.0, 2 * value - 1 if attribute.yes_no else value)

    steps = [learned for learned in progress.curve if learned.count]
    st.markdown("**How sure it is**", help="How well the answers about some items predict those about others "
                "(cross-validated): R² of 1 is exact, 0 is no better than the mean; of yes and no AUC, where 0.5 is chance.")
    titles = [f"{learned.count} answers: {learned.reason or f'{measure} {learned.confidence:.2f}'}" for learned in steps]
    html.bars([share(learned.confidence) for learned in steps], titles, label="; ".join(titles[-3:]) or "no answers yet")
    count = "1 answer" if now.count == 1 else f"{now.count:,} answers"
    if not now.count:
        st.markdown("Place the first item: by a click, or with the keys **1**, **2** ...")
    elif now.reason:
        st.markdown(f"**Not believed yet.** What is missing: {words.plain(missing)}.")
    else:
        st.markdown(f"**{measure} {now.confidence:.2f}** from {count}")
    if verdict.state == "settled":
        st.success("It has settled: the last answers hardly moved it, more will change little.", icon=":material/check:")
    elif verdict.state == "vain":
        st.warning(f"After {count} it still fits no better than chance. What people click seems to say nothing about it "
                   "here; try something else.")
    else:
        st.caption(f"About {verdict.more} more answers until it settles.")


def keeping(interview: Interview) -> None:
    """Export, import, save."""
    st.header("Keep it")
    answers = naming.answers
    counts = "".join(f'<span class="mc-key">{words.escaped(label_file.heading(name, answers.attributes[name].ends))}'
                     f"<small>{count:,}</small></span>" for name, count in answers.counts().items())
    if counts:
        st.html(f'<div class="mc-legend">Labels so far: {counts}</div>')
    empty = not counts and not answers.dials
    if not empty:
        st.caption("Take these names home before you leave: nobody else sees them, and they end with this session."
                   if not mode.keeps() else
                   "This is a draft of this browser: nobody else sees it, and a reload loses nothing." if naming.kept else
                   "The draft cannot be written here: save it, or export it, before you leave.")
    saving, carrying = st.columns(2, gap="large")
    with carrying:
        titles = bundle.items.set_index("item_id")["title"]
        if not mode.keeps():
            st.download_button("Take these names home", lambda: drafts.text(bundle, answers), mime="application/json",
                               file_name=f"{bundle.path.name}-names.json", icon=":material/download:", on_click="ignore",
                               disabled=empty, type="primary", help="A file with all names and labels, to import again.")
        st.download_button("Export the labels as CSV", lambda: label_file.to_csv(answers.table(), titles), mime="text/csv",
                           file_name=f"{bundle.path.name}-labels.csv", icon=":material/download:", on_click="ignore",
                           disabled=not counts)
        st.file_uploader("Import a CSV of `item_id` and attributes, or names that you took home", type=["csv", "json"],
                         key="import", on_change=take_in,
                         help="As `align --labels` reads it: numbers, or yes and no; `size (small to large)` names ends.")
    with saving:
        saving_as(empty)


def saving_as(empty: bool) -> None:
    if not mode.told("macrid align --labels FILE.csv"):
        return
    folder = bundles.models_folder()
    with st.form("save", border=False):
        free = realign.free_name(folder, f"{bundle.path.name}-named")
        name = st.text_input("Save as a new bundle called", free, max_chars=60)
        wanted = st.form_submit_button("Save", type="primary", icon=":material/save:", disabled=empty)
    if wanted:
        bar = st.progress(0.0, "Save")
        stages = realign.STAGES
        try:
            source = realign.named(bundle, naming.answers.named_dials())
            saved = realign.save_as(source, folder, name.strip(), naming.answers.table(), lambda stage: bar.progress(
                (stages.index(stage) + 1) / (len(stages) + 1), stage.capitalize()))
        except (InputError, OSError) as error:
            bar.empty()
            st.error(words.plain(error))
            return
        bar.empty()
        shelf.give(name.strip(), owner.key())
        aligned = saved.meta.get("aligned", {"dials": [], "refused": []})
        naming.saved = Saved(name.strip(), [*aligned["dials"], *saved.given_dials.values()], aligned["refused"])
    if naming.saved is None:
        st.caption("A copy with the named dials; no score and no list changes. The labels stay with it, so that naming can "
                   "be taken up again." if not empty else "Name a dial or place some items first.")
        return
    said = [f"{row['attribute']} ({bundle.factors[row['factor']].name})" for row in naming.saved.dials]
    st.success(f"Saved as **{words.plain(naming.saved.name)}**. Dials with a name: {words.plain(', '.join(said))}",
               icon=":material/check:")
    for row in naming.saved.refused:
        st.caption(words.plain(f"Not learned: {row['attribute']} ({bundle.factors[row['factor']].name}): {row['reason']}."))
    if st.button("Turn them on the Steer page", icon=":material/tune:", on_click=bundles.switch_bundle,
                 args=(naming.saved.name,)):
        st.switch_page("pages/steer.py", query_params={key: naming.saved.dials[0][key] for key in ("factor", "dim")})


studio()
