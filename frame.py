"""The frame around every page: navigation and the choice of a bundle."""

import streamlit as st

from ui import bundles, mode, words

# The icon is a file, and set first: of one named ":material/...", browsers would fetch the picture from an outside address.
st.set_page_config(page_icon=words.ROOT / "assets" / "icon.svg", layout="wide")
st.logo(words.ROOT / "assets" / "logo.svg", size="large")
mode.sign_in()
keeping = [st.Page("pages/train.py", title="Train on your data", icon=":material/model_training:"),
           st.Page("pages/bundles.py", title="Bundles", icon=":material/inventory_2:")]
page = st.navigation([
    st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
    st.Page("pages/macro_map.py", title="Macro map", icon=":material/scatter_plot:"),
    st.Page("pages/steer.py", title="Steer", icon=":material/tune:"),
    st.Page("pages/name.py", title="Name the dimensions", icon=":material/label:"),
    st.Page("pages/intentions.py", title="Name the intentions", icon=":material/shelves:"),
    *(keeping if mode.keeps() else []),
    st.Page("pages/disentanglement.py", title="Disentanglement and accuracy", icon=":material/query_stats:"),
    st.Page("pages/benchmark.py", title="Benchmark", icon=":material/leaderboard:"),
    st.Page("pages/method.py", title="Method", icon=":material/function:"),
])
st.set_page_config(page_title=f"{page.title} · MacridVAE")
with st.sidebar:
    bundles.choose_bundle()
    mode.sign_out()
page.run()
