"""Overview: a list and one slider that moves it; the two levels of disentangling, shown with this bundle's own items; its
figures; where to go next."""

import streamlit as st

from macrid.charts.colours import colours_for
from macrid.charts.figures import comparison
from ui import address, bundles, html, lead, stage, words
from ui.state import Overview

END = 6  # items of a list at each end of a dial
FANS = 200  # people among whom somebody is looked for who is after an intention

bundle = bundles.chosen()
meta, figures = bundle.meta, bundle.meta["metrics"]
data_name = words.plain(words.DATA_NAMES.get(meta["data"]["name"], meta["data"]["name"]))
state, user = Overview(), bundle.people[0]
html.begin("What clicks alone can tell",
         f"This recommender learned from **{meta['data']['clicks']:,} clicks** of {meta['data']['people']:,} people in "
         f"*{data_name}* alone: no categories, no attributes, no pictures.")


@st.fragment
def leading(wish: str) -> None:
    """One person's list, and the slider that moves it most."""
    loved = ", ".join(map(words.escaped, stage.loved(bundle, bundle.history_of(user))))
    st.html(f'<p class="mc-for">Its list for someone who loves <strong>{loved}</strong>. Drag the slider:</p>')
    lead.show(bundle, user, wish, state)
    html.page_link("pages/steer.py", "Wish for more on the Steer page", ":material/tune:",
                   {"user": user, "wishes": address.wishes_text(state.led)})


if moved_most := lead.wish_of(bundle, user):
    leading(moved_most)

st.header("Macro: what somebody is after")
st.markdown(f"The model sorted what it learned on two levels. First, each item belongs to one of **{bundle.settings.kfac} "
            "factors**, which stand for intentions. A person is described by one part for each factor.")
blocks = []
for factor, colour in zip(bundle.factors, colours_for(len(bundle.factors)), strict=True):
    blocks.append(f'<div class="mc-factor"><div class="mc-quad">{html.row(bundle, factor.typical[:4])}</div>'
                  f'<div class="mc-name"><i style="background:{colour}"></i>{words.escaped(factor.name)}</div>'
                  f'<small>{factor.share:.0%} of the items</small></div>')
st.html(f'<div class="mc-factors">{"".join(blocks)}</div>')

st.header("Micro: how they like it")
factor, dim = bundle.dials.showcase
label, name = bundle.dials.label(factor, dim), words.plain(bundle.factors[factor].name)
line = f"Second, each part has **{bundle.settings.embedding_size} dimensions**, and a person can turn each like a dial. "
if label:
    line += f"Here is one of *{name}*, from **{words.plain(label.low)}** to **{words.plain(label.high)}**. "
    if (factor, dim) not in bundle.aligned_dials:
        line += f"Nobody told the model about {words.plain(label.name)}. "
    line += words.plain(label.source)
else:
    line += f"Here is the one of *{name}* that changes lists most."
st.markdown(line)
fan = max(bundle.people[:FANS], key=lambda who: bundle.interest(bundle.history_of(who))[factor])
strip = bundle.person(bundle.history_of(fan)).film_strip(factor, dim, n=END)
low, high = (label.low, label.high) if label else ("low end", "high end")
rows = "".join(f'<div class="mc-end"><strong>{words.escaped(word)}</strong><div class="mc-row">'
               f"{html.row(bundle, positions)}</div></div>" for word, (_, positions) in ((low, strip[0]), (high, strip[-1])))
st.html(f'<div role="group" aria-label="A list at the two ends of a dial">{rows}</div>')
st.caption("The first of this intention for somebody who is after it, with the dial at its two ends.")

st.header("How good is it?")
ranking = "ndcg@100" if "ndcg@100" in figures else "ndcg@10"
left, right = st.columns([3, 2], gap="large")
with left:
    st.markdown(f"Ranking the hidden clicks of {meta['data']['held_out']:,} people, beside two baselines:")
    names = {"popularity": "Most popular", "ease": "EASE (linear)"}
    st.plotly_chart(comparison({"MacridVAE": figures} | {names[k]: v for k, v in meta["baselines"].items()}, ranking,
                                      "MacridVAE", "#1b7f7b"), config={"displayModeBar": False}, key="comparison",
                    alt="Bars: ranking quality of MacridVAE and the baselines")
    st.caption("Longer is better; the whiskers are standard errors over people. Everybody's most popular items and EASE, a "
               "strong linear model, cannot be steered.")
with right:
    shown = {"Coherence": "coherence", "Certainty": "certainty", "Independence": "independence", "NMI": "nmi",
             "Purity": "purity"}
    st.markdown("What the factors and dimensions are like, each from 0 to its most:")
    used, kfac = figures["effective_factors"], bundle.settings.kfac
    html.meters([("Effective factors", f"{used:.1f} of {kfac}", used / kfac),
                 *((name, words.figure(figures[key]), figures[key]) for name, key in shown.items() if key in figures)])
    said = ["Coherence: do people whom the model never saw keep together what a factor puts together? By chance it is 0.33.",
            "NMI and purity compare the factors with the categories that the model never saw.",
            "Here they are not the categories: these people group the items in other ways."]
    told = ["coherence" in figures, "nmi" in figures, figures.get("nmi", 1) < 0.2]
    st.caption(" ".join(line for line, true in zip(said, told, strict=True) if true))

html.explain("Effective factors", *shown)

st.header("Where to go next")
one, two = st.columns(2)
with one.container(border=True, height="stretch"):
    html.page_link("pages/macro_map.py", "See the macro map", ":material/scatter_plot:")
    st.caption("All items on a plane, coloured by factor and by category, and what becomes of them with a dot product.")
with two.container(border=True, height="stretch"):
    html.page_link("pages/steer.py", "Steer a list", ":material/tune:")
    st.caption("Choose a person or build a profile, turn one dimension, and watch the list change.")
