"""What benchmarks/load.py sends is a question that the app's route takes."""

from urllib.parse import parse_qsl

import load

from ui import stage


def test_a_turn_is_a_scene(bundle):
    request = load.asked(f"tiny/{bundle.seal}", bundle.people[0], -30).decode()
    path, query = request.split(" ")[1].split("?")
    assert path == stage.LIST_ROUTE.format(bundle="tiny", version=bundle.seal)
    scene = stage.scene_of(bundle, dict(parse_qsl(query)))
    assert (scene.wishes, scene.n) == ({"size": -30}, 12)
    assert scene.history == tuple(bundle.history_of(bundle.people[0]))
