"""`streamlit run app.py`: the pages of `frame.py`, and beside them a route that serves the drawn pictures of the items."""

import gc
import os

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

import ui

os.environ[ui.PICTURES_SERVED] = "1"
# Until st.navigation has run once, Streamlit takes pages/ for pages of its own: a link to one that is followed right after
# the start would open it without its frame.
PagesManager.uses_pages_directory = False


def picture(request: Request) -> Response:
    """The picture of one item as SVG. The address holds the bundle's fingerprint, so browsers may keep it for good."""
    svg = ui.picture_svg(request.path_params["bundle"], request.path_params["version"], request.path_params["position"])
    if svg is None:
        return Response(status_code=404)
    return Response(svg, media_type="image/svg+xml",
                    headers={"Cache-Control": "public, max-age=31536000, immutable",
                             "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


app = st.App("frame.py", routes=[Route(ui.PICTURE_ROUTE, picture)])
gc.freeze()  # what is loaded now stays: no collection needs to walk through torch and numba again
