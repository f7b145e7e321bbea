"""The frame around every page: navigation and the choice of a bundle."""

import streamlit as st

import ui

st.set_page_config(page_title="MacridVAE", page_icon=":material/tune:", layout="wide")
st.logo(ui.ROOT / "assets" / "logo.svg", size="large")
page = st.navigation([
    st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
    st.Page("pages/macro_map.py", title="Macro map", icon=":material/scatter_plot:"),
    st.Page("pages/steer.py", title="Steer", icon=":material/tune:"),
])
with st.sidebar:
    ui.choose_bundle()
page.run()
