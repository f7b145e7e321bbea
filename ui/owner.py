"""Whose browser this is: a random key in a cookie, so that whoever has started something can come back to it, and nobody
else can stop it."""

import hashlib
import secrets

import streamlit as st

from . import mode

COOKIE = "macrid_owner"
_KEY = "owner_key"  # in the session, where there is no cookie


def new() -> str:
    """A key that nobody can guess."""
    return secrets.token_urlsafe(24)


def may_change(made_by: str) -> bool:
    """Whether who looks at the page may change what somebody has made; what nobody knows the maker of ("") only they may who
    sit at this machine."""
    return made_by == key() if made_by else is_here()


def is_here() -> bool:
    """Whether the page is looked at on the machine that serves it, as far as that can be told."""
    try:
        return st.context.ip_address is None and "x-forwarded-for" not in {name.lower() for name in st.context.headers}
    except (AttributeError, RuntimeError, TypeError):  # no browser
        return True


def key() -> str:
    """Who looks at the page, as it may be written down: a digest of the key, or of who has signed in."""
    if who := mode.person():
        return hashlib.sha256(who.encode()).hexdigest()[:32]
    try:
        given = st.context.cookies.get(COOKIE)
    except (AttributeError, RuntimeError):  # no browser
        given = None
    if not isinstance(given, str) or not given:
        given = st.session_state.setdefault(_KEY, new())
    return hashlib.sha256(given.encode()).hexdigest()[:32]
