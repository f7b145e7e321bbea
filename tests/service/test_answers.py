"""What the service answers is what the bundle, and the command line, answer."""

import numpy as np
import pytest
from commands import answer

from macrid.bundle.movers import Movers
from macrid.errors import InputError
from macrid.service import answered


@pytest.fixture
def user(bundle):
    return bundle.people[0]


def test_a_steered_list_is_that_of_the_command_line_and_of_python(client, bundle, trained, user):
    found = client.steer(user=user, dials=[{"factor": 1, "dim": 0, "value": 0.3}, {"factor": 1, "dim": 2, "by": "less"}],
                         words="bigger, with sequins", wishes={"price": -0.5}, strength=0.6, scope=1, n=6)
    told = answer("steer", trained, "--user", user, "--factor", 1, "--turn", "0=0.3", "--turn", "2=less", "--words",
                  "bigger, with sequins", "--wish", "price=-0.5", "--strength", 0.6, "--n", 6)
    assert found == {name: told[name] for name in found}
    person = bundle.person(bundle.history_of(user))
    lists = bundle.steer({(1, 0): 0.3, (1, 2): person.turned_by(1, 2, -0.25)}, wishes={"size": 0.6, "price": -0.5},
                         user=user, strength=0.6, factor=1, n=6)
    assert [row["item_id"] for row in found["items"]] == lists.after["item_id"].tolist()
    assert [row["score"] for row in found["items"]] == lists.after["score"].tolist()
    assert found["not_understood"] == ["sequins"]


def test_a_list_is_that_of_python(client, bundle):
    ids = bundle.items["item_id"].tolist()[:5]
    wanted = bundle.recommend(ids, 9)
    found = client.recommend(items=ids, n=9)
    assert [row["item_id"] for row in found] == wanted["item_id"].tolist()
    assert client.recommend(items=ids, n=4, offset=5) == found[5:]
    assert client.recommend(items=[*ids, *ids], n=9) == found  # a click that is told twice counts once
    hidden = client.recommend(items=ids, n=9, hide=[found[0]["item_id"]])
    assert [row["item_id"] for row in hidden][:8] == wanted["item_id"].tolist()[1:]


def test_why(client, bundle, user):
    wishes, dials = {"size": 0.8}, [{"factor": 0, "dim": 0, "value": 0.4}]
    found = client.steer(user=user, wishes=wishes, dials=dials, n=4, why=True)
    person = bundle.person(bundle.history_of(user))
    for row in found["items"]:
        why = person.why(bundle.positions([row["item_id"]])[0], {(0, 0): 0.4}, wishes, n=4)
        assert [near["item_id"] for near in row["why"]["near"]] == bundle.items["item_id"].iloc[why.near].tolist()
        assert row["why"]["without_wish"] == why.without_wish
        assert row["why"]["without_dial"] == [{"factor": 0, "dim": 0, "rank": why.without_dial[0, 0]}]
        assert why.rank == row["rank"]


def test_dials_by_share_and_by_name(client, bundle, user):
    person = bundle.person(bundle.history_of(user))
    at = {tuple(dial[key] for key in ("factor", "dim")): dial["value"] for dial in client.steer(
        user=user, dials=[{"factor": 0, "dim": 1, "share": 0.25}, {"factor": 2, "dim": "3", "by": -0.1}])["dials"]}
    assert at == {(0, 1): bundle.dials.coordinate(0, 1, 0.25), (2, 3): person.turned_by(2, 3, -0.1)}
    k, j, label = next((k, j, label) for k in range(7) for j in bundle.dials.order(k)
                       if (label := bundle.dials.label(k, j)))
    (dial,) = client.steer(user=user, dials=[{"factor": k, "dim": label.name, "by": "more"}])["dials"]
    assert (dial["dim"], dial["value"]) == (j, person.turned_by(k, j, label.sign * 0.25))


def test_what_there_is(client, bundle, user):
    assert client.people(3) == bundle.people[:3]
    mugs = bundle.items["item_id"].iloc[bundle.search("mug", 4)].tolist()
    assert [row["item_id"] for row in client.search("mug", 4)] == mugs
    factors = client.factors(user=user)
    assert [row["name"] for row in factors] == [factor.name for factor in bundle.factors]
    assert [row["interest"] for row in factors] == pytest.approx(bundle.interest(bundle.history_of(user)))
    person = bundle.person(bundle.history_of(user))
    dials = client.dials(2, user=user)
    assert [row["dim"] for row in dials] == bundle.dials.order(2)
    assert [row["stands"] for row in dials] == [person.stands(2, row["dim"]) for row in dials]
    assert client.wishes(user=user)["moving"] == [each.of for each in Movers(person).most(8)]
    assert {row["attribute"] for row in client.wishes()["wishes"]} == set(bundle.wishes.attributes)
    assert client.fold_in(bundle.items["item_id"].iloc[person.seen].tolist())["parts"] == person.parts.tolist()


def test_similar_items_are_those_with_the_smallest_angle(client, bundle):
    ids = bundle.items["item_id"]
    unit = bundle.vectors / np.linalg.norm(bundle.vectors, axis=1, keepdims=True)
    wanted = [i for i in np.argsort(-(unit @ unit[7]), kind="stable") if i != 7][:5]
    assert [row["item_id"] for row in client.similar(ids[7], 5)] == ids.iloc[wanted].tolist()


def test_a_batch_answers_each_question(client, user):
    questions = [{"user": user, "n": 3}, {"user": "nobody"}, {"items": []}, {"user": user, "wishes": {"size": 1}, "n": 2}]
    found = client.batch(questions)
    assert (found[0], found[3]) == (client.steer(**questions[0]), client.steer(**questions[3]))
    assert "nobody" in found[1]["problem"]["detail"]
    assert "empty" in found[2]["problem"]["detail"]


def test_nothing_is_stored(client, bundle, trained):
    before = {path.name: path.stat().st_mtime_ns for path in trained.iterdir()}
    client.fold_in(bundle.items["item_id"].tolist()[3:6])
    assert {path.name: path.stat().st_mtime_ns for path in trained.iterdir()} == before
    assert client.people(10_00) == bundle.people[:1000]


def test_mistakes_of_a_client_are_input_errors(client):
    with pytest.raises(InputError, match="no person 'nobody'"):
        client.recommend(user="nobody")


def test_answers_look_as_openapi_says(http, user, bundle):
    """Each route's 200 is validated by the model that the description names."""
    described = http.get("/openapi.json").json()["paths"]
    of_person, steering = {"user": user}, {"user": user, "wishes": {"size": 1.0}, "n": 3, "why": True,
                                           "dials": [{"factor": 0, "dim": 0, "value": 0.1}]}
    asked = {"/v1/bundles": {}, "/v1/bundles/{bundle}": {}, "/v1/bundles/{bundle}/items": {"search": "mug"},
             "/v1/bundles/{bundle}/similar": {"item": bundle.items["item_id"][0]}, "/v1/bundles/{bundle}/people": {},
             "/v1/bundles/{bundle}/factors": of_person, "/v1/bundles/{bundle}/wishes": of_person,
             "/v1/bundles/{bundle}/factors/{factor}/dials": of_person,
             "/v1/bundles/{bundle}/recommend": {"user": user, "why": True}, "/v1/bundles/{bundle}/steer": steering,
             "/v1/bundles/{bundle}/fold-in": of_person,
             "/v1/bundles/{bundle}/batch": {"requests": [steering, {"user": "nobody"}]}}
    assert set(asked) == {path for path in described if path.startswith("/v1")}
    for path, given in asked.items():
        method, = described[path]
        at = path.format(bundle="tiny", factor=0)
        found = http.get(at, params=given) if method == "get" else http.post(at, json=given)
        assert found.status_code == 200, found.text
        schema = described[path][method]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        getattr(answered, schema.rpartition("/")[2]).model_validate(found.json())
