"""The peers that steering is measured beside, against their formulas, and the protocol on curves with known answers."""

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
import steering_peers
import torch
import trade_off
from peers import ours, protocol, teaser
from peers.elsa import ELSA
from peers.entrants import OURS, TITLES, Grids, train
from peers.protocol import Curves, Tags
from peers.reranking import Reranked
from peers.sparse import Knobs, SparseAutoencoder, neurons_by_correlation, neurons_by_tfidf
from scipy.sparse import csr_matrix

from macrid.data.attributes import attribute_table
from macrid.dials.steered_scores import SteeredScores

GRIDS = Grids(dims=(8,), layers={"encoder_hidden_size": (8,), "latent_size": 6}, widths=(2,), active=(4,),
              steps=6, heads=(30,), near=(None, 10.0), ridges=(0.1,), shares=(0.5,))


@pytest.fixture(scope="module")
def people(bundle):
    return protocol.people_of(bundle.held_out("test"), 12)


@pytest.fixture(scope="module")
def tags(bundle):
    """The groups of the shop, and "large", which cuts across its factors."""
    found = steering_peers._tags(bundle.items, 10)
    assert len(found.names) > 3
    large = trade_off.segments(attribute_table(bundle.items))["size, high"]
    return Tags([*found.names, "large"], np.vstack([found.values, large]))


@pytest.fixture(scope="module")
def asked(people, tags):
    return np.arange(len(people)) % len(tags.names)


def test_who_asks_for_what():
    borne = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 1, 0]], bool)
    shown = np.array([[1, 0, 1, 0, 0], [1, 0, 0, 0, 1], [0, 0, 1, 0, 0]])
    wanted = np.array([[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0]])
    people = protocol.People(csr_matrix(shown), shown > 0, wanted > 0)
    assert protocol.own_tags(people, borne).tolist() == [0, 1, -1]  # 1 / 1 against 1 / 2; 1 against 0; as much as before


def test_figures_of_known_curves():
    personal, segment = np.array([0.4, 0.38, 0.2]), np.array([0.2, 0.6, 1.0])
    assert protocol.at_floor(personal, segment, 0.36) == pytest.approx(0.6 + 0.4 / 9, abs=2e-3)  # a ninth of the last step
    assert protocol.at_floor(personal, segment, 0.5) == 0
    assert protocol.volume(personal, segment) == pytest.approx(0.2 * 0.4 + 0.4 * 0.39 + 0.4 * 0.29)
    low = np.linspace(0.3, 0.5, 30)
    worse = Curves(np.tile(low, (2, 1)), np.array([low * 0 + 0.2, low * 0 + 0.5]), np.ones((2, 30)))
    better = Curves(worse.personal, worse.segment + np.array([[0], [0.2]]), worse.within)
    drawn = [protocol.resampled(of, 0.3, times=200) for of in (worse, better)]
    same, ahead = protocol.paired(drawn[0], drawn[0]), protocol.paired(drawn[1], drawn[0])
    assert same["area"] == {"less": 0, "low": 0, "high": 0, "p": 1}
    assert ahead["gain"]["less"] == pytest.approx(1)
    assert ahead["gain"]["p"] < 0.01
    assert ahead["reached"]["less"] == pytest.approx(0.2)


def test_elsa_scores_by_its_formula_and_learns(tiny_split):
    model = ELSA(tiny_split.train.shape[1], 8)
    a = model.vectors.detach().numpy()
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    x = tiny_split.validation.fold_in
    np.testing.assert_allclose(model.scores(x), x.toarray() @ a @ a.T, rtol=1e-3, atol=1e-4)

    def loss():
        a = torch.nn.functional.normalize(model.vectors.detach(), dim=1).numpy()
        rows = tiny_split.train.toarray()
        predicted = np.maximum(rows @ a @ a.T - rows, 0)
        both = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (predicted, rows)]
        return ((both[0] - both[1])**2).sum(axis=1).mean()

    before = loss()
    for _ in range(5):
        model.epoch(tiny_split.train)
    assert loss() < before


def test_neurons_turn_as_the_formula_says(tiny_split, people, tags, asked):
    base = ELSA(tiny_split.train.shape[1], 8)
    sparse = SparseAutoencoder(base, 8, 16, 4)
    before = sparse.likeness(tiny_split.train)
    for _ in range(10):
        sparse.epoch(tiny_split.train)
    assert sparse.likeness(tiny_split.train) > before
    standing = neurons_by_correlation(sparse.of_items(tags.values.shape[1]), tags.borne)
    z = torch.from_numpy(base.encode(people.clicks))
    with torch.no_grad():
        e = sparse.sparse(z)
        assert ((e > 0).sum(dim=1) <= 4).all()
        knobs, exact = (Knobs(sparse, standing, 3, error) for error in (False, True))
        np.testing.assert_allclose(exact.steer(people.clicks, asked)(0.0), base.scores(people.clicks), rtol=1e-3, atol=1e-4)
        turned = 0.7 * e
        for p, a in enumerate(asked):
            turned[p, knobs.neurons[a].copy()] += 0.3 * e[p].sum() / 3
        expected = base.decode(sparse.dense(turned, z).numpy())
    np.testing.assert_allclose(knobs.steer(people.clicks, asked)(0.3), expected, rtol=1e-4, atol=1e-4)
    none = knobs.steer(people.clicks, asked)(-1.0)
    assert np.isfinite(none).all()


@pytest.mark.parametrize("by", [neurons_by_tfidf, neurons_by_correlation])
def test_a_tag_has_the_neurons_that_its_items_excite(by):
    excited = np.zeros((6, 4))
    excited[:3, 1], excited[3:, 2], excited[:, 0] = 2, 2, 0.1
    standing = by(excited, np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], bool))
    assert standing.argmax(axis=1).tolist() == [1, 2]


def test_tag_autoencoder_solves_its_least_squares(tiny_split, tags, people, asked):
    x = tiny_split.train.toarray().astype(float)
    size, right = spectrum = teaser.spectrum(tiny_split.train)
    np.testing.assert_allclose((right * size**2) @ right.T, x.T @ x, atol=1e-6)
    t = tags.borne.T / np.sqrt(tags.borne.sum(axis=1))
    fixed = teaser.TagAutoencoder(tiny_split.train, spectrum, tags, None, 0.1)
    inner = t.T @ x.T @ x @ t
    ridge = 0.1 * np.trace(inner) / len(inner)
    np.testing.assert_allclose((inner + ridge * np.eye(len(inner))) @ fixed.decoder, t.T @ x.T @ x, atol=1e-6)
    free = teaser.TagAutoencoder(tiny_split.train, spectrum, tags, 10.0, 0.1)
    gradient = x.T @ (x @ free.encoder @ free.decoder - x) @ free.decoder.T + 10.0 * (free.encoder - t)
    assert np.abs(gradient).max() < 1e-6 * np.abs(x.T @ x @ free.decoder.T).max()  # E is the best for that D
    steered = fixed.steer(people.clicks, asked)
    np.testing.assert_allclose(steered(0.0), fixed.scores(people.clicks))
    for row, a in zip(steered(1.0), asked, strict=True):
        np.testing.assert_allclose(row / row.max(), fixed.decoder[a] / fixed.decoder[a].max(), atol=1e-9)


def test_re_ranking_stays_within_the_head(bundle, tags, people, asked):
    reranked = Reranked(bundle.model, tags, 30)
    own, none, full = (protocol.lists(each, people, asked, np.array([s]))[0] for each, s in
                       ((ours.Wished(bundle.model, tags), 0.0), (reranked, 0.0), (reranked, 1.0)))
    assert (own == none).all()
    scores = bundle.model.scores(people.clicks)
    scores[people.seen] = -np.inf
    heads = np.argsort(-scores, axis=1, kind="stable")[:, :30]
    for listed, head, a in zip(full, heads, asked, strict=True):
        assert set(listed) <= set(head)
        has = tags.borne[a, listed].astype(int)
        assert (np.diff(has) <= 0).all()
        assert has.sum() == min(len(listed), tags.borne[a, head].sum())


def test_ours_are_the_apps(bundle, tags, people, asked):
    wished = protocol.lists(ours.Wished(bundle.model, tags), people, asked, np.array([0.0, 0.6, -1.0]))
    for p, a in enumerate(asked[:4]):
        person = bundle.person(people.clicks[p].indices)
        for listed, wish in zip(wished[:, p], (0.0, 0.6, -1.0), strict=True):
            assert person.steer(wishes={tags.names[a]: wish}).after["index"].tolist() == listed.tolist()


def test_dials_are_turned_as_the_engine_turns_them(bundle, tags, people):
    """Each factor's dial is made the first of its axes, and SteeredScores turns it."""
    dials = ours.Dials(bundle.model, tags)
    learned = dials.of_tag[-1]
    large = tags.borne[-1]
    assert learned
    axes = np.tile(np.eye(bundle.vectors.shape[1]), (len(bundle.axes), 1, 1))
    for k, axis in learned.items():
        along = bundle.vectors[bundle.factor == k] @ axis
        assert along[large[bundle.factor == k]].mean() > along[~large[bundle.factor == k]].mean()
        q = np.linalg.qr(np.column_stack([axis, axes[k]]))[0]
        axes[k] = q * np.sign(q[:, 0] @ axis)
    asked = np.full(len(people), len(tags.names) - 1)
    for way, engine in (("turned", trade_off.moved), ("pushed", trade_off.pushed)):
        found = protocol.lists(ours.Turned(dials, way), people, asked)
        for p, a in enumerate(asked):
            linear = bundle.linear(people.clicks[p])[0]
            one = SteeredScores(bundle.model.represent(people.clicks[p])[0], bundle.vectors,
                                bundle.log_c + linear[:, None], bundle.model.scale, axes)
            expected = engine(one, {(k, 0): 1.0 for k in dials.of_tag[a]}, np.flatnonzero(people.seen[p]))
            assert (found[:, p] == expected).mean() > 0.99  # the last places may tie


def test_written_tags_are_read_from_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        rows = [f"1,{i},{tag},0" for i in range(60) for tag in (["Noir"] if i < 25 else ["funny", "In Netflix queue"])]
        archive.writestr("films/tags.csv", "\n".join(["userId,movieId,tag,timestamp", *rows]))
    items = pd.DataFrame({"item_id": [str(i) for i in range(80)], "title": "", "category": "",
                          "genres": ["Drama" if i % 2 else "Comedy" for i in range(80)]})
    found = steering_peers.tag_sets(str(tmp_path / "films.zip"), items)
    assert sorted(found[""].names) == ["Comedy", "Drama"]
    written = dict(zip(found[", tags"].names, found[", tags"].values, strict=True))
    assert sorted(written) == ["funny", "noir"]
    assert np.nansum(written["noir"]) == 25
    assert np.isnan(written["noir"][60:]).all()


def test_a_whole_run(tmp_path, tiny_split, tags, bundle, monkeypatch):
    monkeypatch.setattr(protocol.resampled, "__defaults__", (20, 0))
    trained = train(tiny_split, bundle.settings, GRIDS, tmp_path, lambda text: None, bundle.model)
    found = steering_peers.measure(trained, tags, GRIDS, 12)
    json.dumps(found, allow_nan=False)
    own = found["personal_tag"]
    assert list(own["contenders"]) == list(TITLES)
    assert set(own["differences"]) == set(OURS)
    assert sum(of["asked"] for of in found["tags"].values()) == found["people"]
    for name, of in own["contenders"].items():
        assert of["area"] >= 0, name
    assert own["contenders"]["wish"]["segment"][-1] > own["contenders"]["wish"]["segment"][0]
    assert "ours, a wish" in steering_peers.summary({"shop": found})
    again = train(tiny_split, bundle.settings, GRIDS, tmp_path, lambda text: None, bundle.model)
    np.testing.assert_array_equal(again.elsa.scores(tiny_split.test.fold_in), trained.elsa.scores(tiny_split.test.fold_in))
