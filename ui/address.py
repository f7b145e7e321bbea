"""The address holds what a person sees, under the keys of the session, so that a link restores it.

(The widgets' own bind="query-params" would write their labels there, which change with the person.)
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from urllib.parse import quote, unquote

import streamlit as st

from macrid.data import ids

Wanted = dict[str, int]  # attribute -> how much of it is wished for, in percent: from -100, less, to 100, more
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
    for factor, dim, percent in re.findall(r"(?:^|~)(\d{1,5})\.(\d{1,5})-(\d{1,3})(?=~|$)", text):
        if int(factor) in factors and int(dim) in dims and int(percent) <= 100:
            dials[int(factor), int(dim)] = int(percent)
    return dials


def dials_text(dials: Percents) -> str:
    """Turned dials for the address: factor.dim-percent, ~ between them."""
    return "~".join(f"{factor}.{dim}-{percent}" for (factor, dim), percent in sorted(dials.items()))


def wishes_from(text: str, attributes: Container[str]) -> Wanted:
    """The wishes that an address holds, as `wishes_text` writes them; what is none is left out."""
    wishes = {}
    for part in text.split("~"):
        name, _, percent = part.rpartition(":")
        if unquote(name) in attributes and re.fullmatch(r"-?\d{1,3}", percent) and 0 < abs(int(percent)) <= 100:
            wishes[unquote(name)] = int(percent)
    return wishes


def wishes_text(wishes: Mapping[str, int]) -> str:
    """Wishes for the address: attribute:percent, ~ between them, special signs of the names quoted."""
    return "~".join(f"{names_text([name])}:{percent}" for name, percent in sorted(wishes.items()))


def names_text(names: Iterable[str]) -> str:
    """Names of attributes for the address, ~ between them."""
    return "~".join(quote(name, safe=" :").replace("~", "%7E") for name in names)


def names_from(text: str, attributes: Container[str]) -> list[str]:
    """The attributes that an address holds, as `names_text` writes them; what is none is left out."""
    return [name for name in dict.fromkeys(map(unquote, text.split("~"))) if name in attributes]


def ids_from(text: str, known: Container[str]) -> list[str]:
    """The item ids, with commas between them, that are known; each once."""
    return [i for i in dict.fromkeys(ids.ids_from(text, known)) if i in known]
