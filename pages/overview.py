"""Overview: the two levels of disentangling, shown with this bundle's own items; its figures; where to go next."""


import streamlit as st

from macrid.charts.colours import colours_for
from macrid.charts.figures import comparison
from ui import bundles, html, words

bundle = bundles.chosen()
meta, figures = bundle.meta, bundle.meta["metrics"]
data_name = words.plain(words.DATA_NAMES.get(meta["data"]["name"], meta["data"]["name"]))
html.begin("What clicks alone can tell",
         f"This recommender saw **{meta['data']['clicks']:,} clicks** of {meta['data']['people']:,} people in *{data_name}* "
         "and nothing else: no categories, no attributes, no pictures. It sorted what it learned on two levels.")

st.header("Macro: what somebody is after")
st.markdown(f"Each item belongs to one of **{bundle.settings.kfac} factors**, which stand for intentions. "
            "A person is described by one part for each factor.")
colours = colours_for(len(bundle.factors))
blocks = []
for factor, colour in zip(bundle.factors, colours, strict=True):
    blocks.append(f'<div class="mc-factor"><div class="mc-quad">{html.row(bundle, factor.typical[:4])}</div>'
                  f'<div class="mc-name"><i style="background:{colour}"></i>{words.escaped(factor.name)}</div>'
                  f'<small>{factor.share:.0%} of the items</small></div>')
st.html(f'<div class="mc-factors">{"".join(blocks)}</div>')

st.header("Micro: how they like it")
factor, dim, attribute = bundle.dials.showcase
name = words.plain(bundle.factors[factor].name)
line = f"Within a factor, each part has **{bundle.settings.embedding_size} dimensions**. Here are seven items of "
line += f"*{name}*, from one end of a single dimension to the other."
if attribute:
    line += (f" Nobody told the model about **{words.plain(attribute[0])}**, yet the order follows it (rank correlation "
             f"{abs(attribute[1]):.2f}).")
st.markdown(line)
along = bundle.dials.along(factor, dim, 7)
if attribute and attribute[1] < 0:
    along = along[::-1]  # so that the attribute grows from left to right
st.html(f'<div class="mc-row" role="group" aria-label="Items along one dimension">{html.row(bundle, along)}</div>')

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
    shown = {"Coherence": "coherence", "Certainty": "certainty", "Effective factors": "effective_factors",
             "Independence": "independence", "NMI": "nmi", "Purity": "purity"}
    with st.grid(2, min_column_width=130):
        for name, key in shown.items():
            if key in figures:
                st.metric(name, words.figure(figures[key]), help=words.HINTS[name], border=True)
    said = ["Coherence: do people whom the model never saw keep together what a factor puts together? By chance it is 0.33.",
            "NMI and purity compare the factors with the categories that the model never saw.",
            "Here they are not the categories: these people group the items in other ways."]
    told = ["coherence" in figures, "nmi" in figures, figures.get("nmi", 1) < 0.2]
    st.caption(" ".join(line for line, true in zip(said, told, strict=True) if true))

st.header("Where to go next")
one, two = st.columns(2)
with one.container(border=True, height="stretch"):
    html.page_link("pages/macro_map.py", "See the macro map", ":material/scatter_plot:")
    st.caption("All items on a plane, coloured by factor and by category, and what becomes of them with a dot product.")
with two.container(border=True, height="stretch"):
    html.page_link("pages/steer.py", "Steer a list", ":material/tune:")
    st.caption("Choose a person or build a profile, turn one dimension, and watch the list change.")
