"""The head of the overview: a person's list and the slider that moves it most, on the stage of the Steer page, whose routes
answer a drag."""

from macrid.bundle.movers import Movers
from macrid.bundle.recommender import Recommender
from macrid.dials.poles import POPULARITY

from . import sliders, stage
from .state import Overview

LISTED = 12


def wish_of(bundle: Recommender, user: str) -> str | None:
    """The attribute whose wish moves this person's list most, rather one that can be seen of an item than its popularity;
    None where nothing is known of the items, or nothing moves the list."""
    moving = [str(each.of) for each in Movers(bundle.person(bundle.history_of(user))).most(stage.FIRST)]
    return next((name for name in moving if name != POPULARITY), moving[0] if moving else None)


def show(bundle: Recommender, user: str, wish: str, state: Overview) -> None:
    """The slider of a wish and the list of a held-out person."""
    scene = stage.Scene(tuple(map(int, bundle.history_of(user))), state.led, {}, 100, None, LISTED, False, (), ())
    before = scene.steered(bundle).before["index"]
    rows = sliders.sliders(bundle, scene.person(bundle), [wish], state.led, {})
    data = {"signature": f"{bundle.name} {user}", "live": stage.live_address(bundle), "query": scene.query({"user": user}),
            "sliders": rows, "list": stage.listed(bundle, scene, [wish]),
            "before": [stage.card(bundle, int(p)) for p in before], "seq": state.leading, "turned": bool(state.led),
            "can_undo": False, "said": "", "who": "", "kept_file": {}}
    data |= {nothing: [] for nothing in ("others", "chips", "presets", "turns", "heard", "unknown")}
    stage.show(bundle, data, state.hear, "lead")
