"""Lists for many people: those that each gets alone, with wishes and dials of all and of some; stopped and gone on."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import random_clicks
from scipy.sparse import csr_matrix

from macrid.bundle import turns
from macrid.cli.main import main
from macrid.data.interactions import Interactions
from macrid.errors import InputError
from macrid.pipeline import batch
from macrid.pipeline.batch import Ask, Job, Lister, People
from macrid.pipeline.run_folder import partial_of


@pytest.fixture(scope="module")
def asks(bundle):
    numbers = [name for name, each in bundle.wishes.attributes.items() if not each.yes_no][:2]
    read = [turns.read(bundle.dials, text) for text in ("0.0=0.4", "0.1=-0.2", "2.1=more", "1.0=-30%")]
    wishes = (numbers[0], 0.7), (numbers[1], -0.3)
    return [Ask(), Ask(wishes), Ask((), tuple(read)), Ask(((numbers[0], -1.0),), (read[3],))]


@pytest.fixture(scope="module")
def people(bundle, asks):
    everybody = People.of(bundle, None, asks[0], {})
    return People(everybody.ids, everybody.clicks, asks, np.arange(len(everybody.ids)) % len(asks))


def without(clicks, row, columns):
    """The clicks, but for some of one person."""
    dense = clicks.toarray()
    dense[row, columns] = 0
    return csr_matrix(dense)


def alone(bundle, person_id, ask, n, hide_seen=True):
    person = bundle.person(bundle.history_of(person_id))
    dials = {(t.factor, t.dim): t.to if t.to is not None else person.turned_by(t.factor, t.dim, t.by) for t in ask.turns}
    return person.steer(dials, dict(ask.wishes), n=n, hide_seen=hide_seen).after


@pytest.mark.parametrize("hide_seen", [True, False])
def test_lists_are_those_of_each_person(bundle, people, tmp_path, monkeypatch, hide_seen):
    """In parts and blocks of any size and several threads; scores agree but for rounding, so items may only change places
    where they are equal."""
    monkeypatch.setattr(batch, "PART", 7)
    monkeypatch.setattr(batch, "people_at_once", lambda n_items: 3)
    told = []
    batch.write(Lister(bundle, 15, hide_seen), people, Job(tmp_path / "lists.parquet", threads=3), told.append)
    table = pd.read_parquet(tmp_path / "lists.parquet")
    assert list(table.columns) == ["user_id", "rank", "item_id", "score"]
    assert list(dict.fromkeys(table["user_id"])) == list(people.ids)
    assert told[-1] == len(people.ids)
    assert told == sorted(told)
    for at, (user, mine) in enumerate(table.groupby("user_id", sort=False)):
        wanted = alone(bundle, user, people.asks[people.which[at]], 15, hide_seen)
        assert mine["rank"].tolist() == list(range(1, 16))
        np.testing.assert_allclose(mine["score"], wanted["score"], rtol=1e-4, atol=1e-4)
        assert len(set(mine["item_id"]) & set(wanted["item_id"])) >= 14
    assert not partial_of(tmp_path / "lists.parquet").exists()


def test_what_was_begun_goes_on(bundle, people, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "PART", 10)
    out, lister = tmp_path / "lists.parquet", Lister(bundle, 5)

    def stop(done):
        with pytest.raises(InputError, match="is being written by another process"):
            batch.write(lister, people, Job(out, resume=True))
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.write(lister, people, Job(out), stop)
    assert not out.exists()
    with pytest.raises(InputError, match="holds lists that were begun; add --resume"):
        batch.write(lister, people, Job(out))
    with pytest.raises(InputError, match="was begun with another n"):
        batch.write(Lister(bundle, 6), people, Job(out, resume=True))
    made = []
    monkeypatch.setattr(batch, "_part", lambda *a, part=batch._part: made.append(a[2]) or part(*a))
    batch.write(lister, people, Job(out, resume=True))
    assert min(np.concatenate(made)) == 20
    again = tmp_path / "again.parquet"
    batch.write(lister, people, Job(again))
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(again))


def test_a_short_catalogue_gives_short_lists(bundle, tmp_path):
    clicks = without(random_clicks(2, len(bundle.items), 2.0), 1, slice(3))  # everything, and all but three
    people = People(np.array(["all", "most"], object), clicks, [Ask()], np.zeros(2, int))
    batch.write(Lister(bundle, len(bundle.items)), people, Job(tmp_path / "l.parquet"))
    table = pd.read_parquet(tmp_path / "l.parquet")
    assert set(table["user_id"]) == {"most"}
    assert set(table["item_id"]) == set(bundle.items["item_id"][:3])


def test_new_people(bundle):
    ids = np.array([*bundle.items["item_id"][:30], "strange"], object)
    clicks = without(random_clicks(6, 31, 0.4), 2, slice(30))
    items = pd.DataFrame({"item_id": ids, "title": ids, "category": ""})
    data = Interactions(clicks, np.array(list("abcdef"), object), ids, items, "new", rated=False)
    ask = Ask((("price", 0.5),))
    found = People.of(bundle, data, Ask(), {"b": ask})
    assert list(found.ids) == list("abdef")  # c clicked nothing that is known
    np.testing.assert_array_equal(found.clicks[:, :30].toarray(), clicks[[0, 1, 3, 4, 5], :30].toarray())
    assert [found.asks[at] for at in found.which] == [Ask(), ask, Ask(), Ask(), Ask()]
    with pytest.raises(InputError, match="'c', who is none of the 5 people"):
        People.of(bundle, data, Ask(), {"c": ask})


def test_the_command(bundle, tmp_path):
    names = [name for name, each in bundle.wishes.attributes.items() if not each.yes_no]
    users, out, asked = bundle.people, tmp_path / "lists.parquet", tmp_path / "asks.csv"
    asked.write_text(f"user_id,wish,turn\n{users[1]},{names[0]}=++;{names[1]}=-0.5,\n{users[2]},,0.0=0.5\n")
    rows = [[user, item] for user in users[:9] for item in bundle.items["item_id"].iloc[bundle.history_of(user)]]
    pd.DataFrame(rows, columns=["user_id", "item_id"]).to_parquet(tmp_path / "people.parquet")
    arguments = ["batch", str(bundle.path), "--people", str(tmp_path / "people.parquet"), "--out", str(out), "--n", "8",
                 "--asks", str(asked), "--threads", "2", "--json"]
    ended = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert json.loads(ended.stdout) == {"out": str(out), "people": 9, "n": 8}
    table = pd.read_parquet(out)
    asks = [Ask(), Ask(((names[0], 1.0), (names[1], -0.5))), Ask((), (turns.read(bundle.dials, "0.0=0.5"),))]
    for user, ask in zip(users[:3], asks, strict=True):
        wanted = alone(bundle, user, ask, 8)
        assert len(set(table["item_id"][table["user_id"] == user]) & set(wanted["item_id"])) >= 7


@pytest.mark.parametrize(("content", "said"), [
    ("user_id,what\na,b\n", r"asks.csv has the columns user_id, what; it needs user_id, and wish or turn"),
    ("user_id,wish\na,price=+\na,price=-\n", r"asks.csv: row 3: 'a' stands there twice"),
    ("user_id,wish\na,price=+\nb,nonsense=+\n", r"asks.csv: row 3: .* knows no 'nonsense'"),
    ("user_id,turn\na,0=0.5\n", r"asks.csv: row 2: --turn '0=0.5': say of which factor the dial is, as in --turn 0.0=0.5"),
    ("user_id,turn\na,0.0=2\n", r"asks.csv: row 2: --turn '0.0=2': value is 2.0: it must be a number from -1 to 1"),
    (None, "there is no file .*asks.csv; give a CSV or Parquet file"),
])
def test_what_is_wrong_with_asks_is_said(bundle, tmp_path, content, said):
    if content:
        (tmp_path / "asks.csv").write_text(content)
    with pytest.raises(InputError, match=said):
        CliRunner().invoke(main, ["batch", str(bundle.path), "--asks", str(tmp_path / "asks.csv"), "--out",
                                  str(tmp_path / "l.parquet")], catch_exceptions=False)


def test_where_lists_may_go(tmp_path):
    with pytest.raises(InputError, match=r"lists.txt; give it a name that ends in .parquet"):
        Job(tmp_path / "lists.txt")
    (tmp_path / "lists.parquet").touch()
    with pytest.raises(InputError, match="exists already; choose another --out, or add --overwrite"):
        Job(tmp_path / "lists.parquet")
    Job(tmp_path / "lists.parquet", overwrite=True)
