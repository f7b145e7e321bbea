"""The address holds what a person sees, under the keys of the session, so that a link restores it.

(The widgets' own bind="query-params" would write their labels there, which change with the person.)
"""

import re
from collections.abc import Callable, Container

import streamlit as st

Percents = dict[tuple[int, int], int]  # (factor, dim) of each turned dial -> where it stands, in percent of its range


def from_address(key: str, allowed: Container[object], default: object, kind: Callable[[str], object] = str,
                 called: str | None = None) -> None:
    """Give the widget `key`, if it has no value yet, the one in the address if that is among `allowed`, else `default`.
    called: under which name it stands in the address, if not `key`."""
    if key in st.session_state:
        return
    try:
        value = kind(st.query_params[called or key])
    except (KeyError, ValueError):
        value = default
    st.session_state[key] = value if value in allowed else default


def to_address(**values: tuple[object, object]) -> None:
    """Write key=(value, default) to the address; a value that is the default, or None, is left out."""
    for key, (value, default) in values.items():
        if value is None or value == default:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != str(value):
            st.query_params[key] = str(value)


def dials_from(text: str, factors: Container[int], dims: Container[int]) -> Percents:
    """The dials that an address holds, as `dials_text` writes them; what is none is left out."""
    dials = {}
    for factor, dim, percent in re.findall(r"(?:^|~)(\d+)\.(\d+)-(\d+)(?=~|$)", text):
        if int(factor) in factors and int(dim) in dims and int(percent) <= 100:
            dials[int(factor), int(dim)] = int(percent)
    return dials


def dials_text(dials: Percents) -> str:
    """Turned dials for the address: factor.dim-percent, ~ between them."""
    return "~".join(f"{factor}.{dim}-{percent}" for (factor, dim), percent in sorted(dials.items()))
