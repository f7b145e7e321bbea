"""The first rows of somebody's file, with what each column is taken for."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import words

ROLES = {"user": "who", "item": "what", "rating": "how much", "time": "when", "event": "event"}


def table(seen: Mapping[str, Any]) -> str:
    """HTML of a preview (see `macrid.data.reading.preview`)."""
    role_of = {k: role for role, k in seen["roles"].items()}
    heads = "".join(
        f'<th{" class=mc-told" if k in role_of else ""}><span class="mc-role mc-role-{role_of.get(k, "none")}">'
        f'{ROLES.get(role_of.get(k, ""), "not used")}</span>'
        f'<b>{words.escaped(name) if seen["header"] else f"column {k + 1}"}</b>'
        f"<small>{seen['types'][k]}</small></th>" for k, name in enumerate(seen["columns"]))
    rows = "".join("<tr>" + "".join(f'<td{" class=mc-told" if k in role_of else ""}>{words.escaped(value)}</td>'
                                    for k, value in enumerate(row)) + "</tr>" for row in seen["rows"])
    return (f'<div class="mc-scroll"><table class="mc-preview" aria-label="First rows of {words.escaped(seen["name"])}">'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>")


def with_told(seen: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """A preview with the roles that somebody has said since."""
    place = {called(seen["columns"], seen["header"], k): k for k in range(len(seen["columns"]))}
    said = {role: place[told[role]] for role in ROLES if told.get(role) in place}
    kept = {role: k for role, k in seen["roles"].items() if k not in said.values()}
    return seen | {"roles": kept | said}


def called(names: Sequence[str], header: bool, place: int) -> str:
    """What to call a column for `macrid --user ...`: its name, or its number where that does not tell it apart."""
    name = names[place]
    return name if header and name and list(names).count(name) == 1 else str(place + 1)
