"""The frame around every page: navigation and the choice of a bundle."""

import streamlit as st

import ui

# The icon is a file: of one named ":material/...", browsers would fetch the picture from an outside address.
st.set_page_config(page_title="MacridVAE", page_icon=ui.ROOT / "assets" / "icon.svg", layout="wide")
st.logo(ui.ROOT / "assets" / "logo.svg", size="large")
page = st.navigation([
    st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
    st.Page("pages/macro_map.py", title="Macro map", icon=":material/scatter_plot:"),
    st.Page("pages/steer.py", title="Steer", icon=":material/tune:"),
    st.Page("pages/name.py", title="Name the dimensions", icon=":material/label:"),
])
with st.sidebar:
    ui.choose_bundle()
page.run()
