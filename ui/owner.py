"""Whose browser this is: a random key in a cookie, so that whoever has started something can come back to it, and nobody
else can stop it."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping

import streamlit as st

from macrid.bundle import shelf

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


def visible(names: Iterable[str]) -> set[str]:
    """Those of some bundles that who looks at the page may see: in a team, own and shared ones; elsewhere all."""
    return shelf.visible(names, key()) if mode.name() == "team" else set(names)


def may_see(name: str, cookies: Mapping[str, str]) -> bool:
    """Whether who asks a route, with these cookies, may see a bundle; in a team nobody who has not signed in sees any."""
    if mode.name() != "team":
        return True
    who = mode.person_of(cookies)
    return who is not None and name in shelf.visible([name], _digest(who))


def key() -> str:
    """Who looks at the page, as it may be written down: a digest of the key, or of who has signed in."""
    if who := mode.person():
        return _digest(who)
    try:
        given = st.context.cookies.get(COOKIE)
    except (AttributeError, RuntimeError):  # no browser
        given = None
    if not isinstance(given, str) or not given:
        given = st.session_state.setdefault(_KEY, new())
    return _digest(given)


def _digest(who: str) -> str:
    return hashlib.sha256(who.encode()).hexdigest()[:32]
