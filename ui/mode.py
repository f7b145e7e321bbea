"""Who the app is for, by MACRID_MODE: what a page may keep on this server, and whether people sign in.

local: everything, as on one's own machine. public: nothing that somebody does is kept here, neither trainings nor uploads
nor names; it lives in their session, their link and their files. team: everything, for people who have signed in.
"""

import os
from collections.abc import Mapping

import streamlit as st
from streamlit.auth_util import get_origin_from_redirect_uri
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks, _parse_decoded_user_cookie

from macrid.errors import InputError

from . import words

MODE = "MACRID_MODE"
MODES = ("local", "public", "team")


def name() -> str:
    """The mode; one that there is not counts as `public`, which lets people do least."""
    given = os.environ.get(MODE) or "local"
    return given if given in MODES else "public"


def keeps() -> bool:
    """Whether trainings, uploads and names are kept on this server."""
    return name() != "public"


def check_keeps() -> None:
    """InputError where nothing is kept: what starts, writes or takes something asks this last, whatever a page shows."""
    if not keeps():
        raise InputError("this app keeps nothing on its server; take the file home, and do it there with macrid")


def told(command: str) -> bool:
    """`keeps`; where nothing is kept, says so, and with which command it is done at home."""
    if keeps():
        return True
    st.caption("This app keeps nothing on its server: what you do lives in this session, in its link and in the files that "
               f"you save. At home, `{command}` does the rest.")
    return False


def sign_in() -> None:
    """In the mode `team`, end the page with a button to sign in until somebody has (Streamlit's OIDC: `[auth]` in
    .streamlit/secrets.toml)."""
    if name() == "team" and not st.user.is_logged_in:
        st.title("Sign in")
        st.markdown("This app is for a team.")
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
        st.stop()


def sign_out() -> None:
    """In the mode `team`, who has signed in, and a button to sign out."""
    if name() == "team":
        st.caption(words.plain(f"Signed in as {st.user.get('name') or st.user.get('email') or st.user.get('sub')}"))
        st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)


def person() -> str | None:
    """Who has signed in, by what their provider calls them for good; None where nobody signs in."""
    return _named(st.user) if name() == "team" and st.user.is_logged_in else None


def person_of(cookies: Mapping[str, str]) -> str | None:
    """`person` for a route: who has signed in, by the cookie that Streamlit has signed."""
    if name() != "team":
        return None
    told = _get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME)
    user = _parse_decoded_user_cookie(told, get_origin_from_redirect_uri() or "") if told else {}
    return _named(user) if user.get("is_logged_in") else None


def _named(user: Mapping[str, object]) -> str:
    return f"{user.get('iss', '')} {user.get('sub') or user.get('email', '')}"
