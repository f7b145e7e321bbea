"""What a bundle answers, as JSON values: the functions of the bundle, and nothing else."""

from typing import Any

import numpy as np

from macrid.bundle import told
from macrid.bundle.movers import Movers
from macrid.bundle.person import Person, Why
from macrid.bundle.recommender import Recommender

from .asked import Batch, Recommend, Steer, Who, at_most
from .options import Options
from .problems import Problem

MOVING = 8  # wishes of a person
Answer = dict[str, Any]


def about(bundle: Recommender) -> Answer:
    """A bundle in few words."""
    data, settings = bundle.meta["data"], bundle.settings
    return {"bundle": bundle.path.name, "name": bundle.name, "people": data["people"], "items": len(bundle.items),
            "clicks": data["clicks"], "factors": settings.kfac, "dims": settings.embedding_size,
            "similarity": settings.similarity}


def item(bundle: Recommender, position: int) -> Answer:
    """An item: its texts, its factor, and how surely it belongs there."""
    row, factor = bundle.item(position), int(bundle.factor[position])
    return {"item_id": str(row["item_id"]), "title": str(row["title"]), "category": str(row["category"]), "factor": factor,
            "certainty": float(bundle.certainty[position])}


def search(bundle: Recommender, text: str, n: int, offset: int) -> Answer:
    return {"items": [item(bundle, at) for at in bundle.search(text, n + offset)[offset:]]}


def items(bundle: Recommender, ids: list[str]) -> Answer:
    return {"items": [item(bundle, at) for at in bundle.positions(ids).tolist()]}


def similar(bundle: Recommender, item_id: str, n: int) -> Answer:
    (position,) = bundle.positions([item_id]).tolist()
    return {"items": [item(bundle, at) for at in bundle.similar(position, n).tolist()]}


def people(bundle: Recommender, n: int, offset: int) -> Answer:
    return {"people": bundle.people[offset:offset + n], "of": len(bundle.people)}


def factors(bundle: Recommender, person: Person | None) -> Answer:
    """The factors; of a person, too, the share of each in their history."""
    found = told.factors(bundle)
    if person is not None:
        for each, interest in zip(found, bundle.interest(person.seen).tolist(), strict=True):
            each["interest"] = interest
    return {"factors": found}


def dials(bundle: Recommender, factor: int, person: Person | None) -> Answer:
    """The dials of a factor; of a person, too, where they stand on each, as a coordinate and as a share of its range."""
    bundle.dials.check(factor, 0)
    found = told.dials(bundle, factor)
    if person is not None:
        for each in found:
            at = factor, each["dim"]
            each |= {"position": person.position(*at), "stands": person.stands(*at)}
    return {"dials": found}


def wishes(bundle: Recommender, person: Person | None) -> Answer:
    """What may be wished for; of a person, too, the names of those that move their list."""
    found: Answer = {"wishes": told.wishes(bundle)}
    return found if person is None else found | {"moving": [each.of for each in Movers(person).most(MOVING)]}


def recommend(bundle: Recommender, asked: Recommend, options: Options) -> Answer:
    person, listing = asked.person(bundle, options), asked.listing(bundle, options)
    lists = person.steer(**listing)
    found = told.rows(lists.before)[asked.offset:]
    return {"items": _with_why(bundle, person.whys(_positions(bundle, found), **listing), found) if asked.why else found}


def steer(bundle: Recommender, asked: Steer, options: Options) -> Answer:
    """The same as `macrid steer --json` says, from the item after `offset` on."""
    person, listing = asked.person(bundle, options), asked.listing(bundle, options)
    turned = dict(dial.turned(bundle, person) for dial in asked.dials)
    wished, unknown = asked.heard(bundle)
    listing["strength"] = asked.strength
    found = told.steered(bundle, person, person.steer(turned, wished, **listing))
    found["before"], found["items"] = found["before"][asked.offset:], found["items"][asked.offset:]
    if asked.why:
        reasons = person.whys(_positions(bundle, found["items"]), turned, wished, **listing)
        found["items"] = _with_why(bundle, reasons, found["items"])
    return found | {"not_understood": unknown, "strength": asked.strength}


def _positions(bundle: Recommender, rows: list[Answer]) -> list[int]:
    return bundle.positions(row["item_id"] for row in rows).tolist()


def _with_why(bundle: Recommender, reasons: list[Why], rows: list[Answer]) -> list[Answer]:
    return [row | {"why": _told(bundle, why)} for row, why in zip(rows, reasons, strict=True)]


def _told(bundle: Recommender, why: Why) -> Answer:
    """Why an item is in a list: what it is near to, and its ranks without each wish and dial (null: not listed)."""
    return {"near": [item(bundle, int(at)) for at in why.near], "without_wish": why.without_wish,
            "without_dial": [{"factor": k, "dim": j, "rank": rank} for (k, j), rank in why.without_dial.items()]}


def fold_in(bundle: Recommender, who: Who, options: Options) -> Answer:
    """What the model makes of a history: the user vector (K, D), and the share of each factor. Nothing is stored."""
    person = who.person(bundle, options)
    return {"parts": np.asarray(person.parts, float).tolist(), "interest": bundle.interest(person.seen).tolist()}


def batch(bundle: Recommender, asked: Batch, options: Options) -> Answer:
    """An answer, or the problem, for each question."""
    at_most("requests", len(asked.requests), options.most_batch)
    found: list[Answer] = []
    for one in asked.requests:
        try:
            found.append(steer(bundle, one, options))
        except Problem as problem:
            found.append({"problem": problem.body})
        except ValueError as error:  # an InputError: what the questions before and after it ask is answered
            found.append({"problem": Problem(422, str(error)).body})
    return {"answers": found}
