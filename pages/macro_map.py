"""Macro map: the items on a plane by macro factor, by category, and as the dot-product twin sees them."""

import numpy as np
import pandas as pd
import streamlit as st

import ui
from macrid import charts

bundle = ui.chosen()
twin = ui.twin(bundle)
ui.begin("Macro map", "Every dot is an item; dots are close when the model finds the items alike. If the **factors** on the "
         "left paint the same regions as the **categories** beside them, the model has found the categories by itself.")
ui.from_address("layout", ["tsne", "umap"], "tsne")
method = st.segmented_control("Layout", ["tsne", "umap"], format_func={"tsne": "t-SNE", "umap": "UMAP"}.get,
                              required=True, key="layout", persist_state="session",
                              help="Two ways to lay out vectors of many dimensions on a plane. Both keep neighbours "
                                   "together; distances between far groups mean little.")

categories, category_names = charts.group(bundle.items["category"])
rest = category_names[-1] in ("other", "unknown")
category_colours = charts.colours_for(len(category_names), rest)


def panel(shown, title, what, codes, names, colours, key):
    """One map with its legend and figures."""
    st.markdown(f"**{title}**")
    st.caption(what)
    factor_names = np.array([factor.name for factor in shown.factors], object)[shown.factor]
    figure = charts.item_map(shown.map_of(method), codes, names, colours, shown.items, factor_names,
                             ui.pictures_address(shown))
    st.plotly_chart(figure, key=key, config={"displayModeBar": False, "scrollZoom": True},
                    alt=f"Map of {len(codes):,} items, coloured by {title}")
    ui.legend(names, colours, list(np.bincount(codes, minlength=len(names))))


def agreement(shown):
    """The figures under a map by factor."""
    figures = shown.meta["metrics"]
    found = [("Effective factors", f"{figures['effective_factors']:.1f} of {shown.settings.kfac}")]
    if "nmi" in figures:
        found += [("NMI", ui.figure(figures["nmi"])), ("Purity", ui.figure(figures["purity"]))]
    ui.figures(found)


def by_factor(shown, title, what, key):
    colours = charts.matched(shown.factor, categories, category_colours, shown.settings.kfac)
    panel(shown, title, what, shown.factor, [factor.name for factor in shown.factors], colours, key)
    agreement(shown)


columns = st.columns(3 if twin else 2, gap="medium")
with columns[0]:
    by_factor(bundle, "(a) By macro factor", "What the model found from clicks alone.", "by-factor")
with columns[1]:
    panel(bundle, "(b) By category", "The same map; the model never saw these.", categories, category_names,
          category_colours, "by-category")
    known = pd.Series(category_names)[categories]
    share = known.value_counts(normalize=True)
    ui.figures([("Effective categories", f"{np.exp(-(share * np.log(share)).sum()):.1f} of {len(share)}")])
if twin:
    with columns[2]:
        by_factor(twin, "(c) By factor, dot product", "The same training without cosine.", "twin")
    st.markdown(ui.twin_sentence(bundle, twin))
else:
    st.info("This bundle has no dot-product twin to compare with. `python -m macrid train ... --twin dot` trains one.")
ui.explain("Effective factors", "NMI", "Purity")
ui.to_address(layout=(method, "tsne"))
ui.hover_pictures()
