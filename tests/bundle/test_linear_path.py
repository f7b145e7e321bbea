"""A bundle whose model has a linear path: kept as it is, in the lists and under the dials, and its damage told."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import contents
from safetensors.torch import load_file, save_file
from scipy.sparse import csr_matrix

from macrid import bundle as bundles
from macrid.bundle import load
from macrid.bundle.optional_files import LINEAR
from macrid.bundle.walkthrough import walk
from macrid.errors import InputError
from macrid.model.linear_path import LinearPath
from macrid.model.macridvae import MacridVAE


@pytest.fixture
def with_path(spoiled):
    """The small bundle with a linear path, saved and opened again."""
    of = load(spoiled)
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(len(of.items), len(of.items))) * (rng.random((len(of.items), len(of.items))) < 0.1)
    np.fill_diagonal(weights, 0)
    bias = rng.normal(size=len(weights)).astype(np.float32)
    of.model.linear = LinearPath(csr_matrix(weights, dtype=np.float32), 1.5, bias)
    bundles.save(spoiled, contents(of))
    return of


def test_a_linear_path_is_kept(with_path, bundle):
    again = load(with_path.path)
    clicks = again.held_out("test").fold_in
    np.testing.assert_array_equal(again.model.scores(clicks), with_path.model.scores(clicks))
    assert again.model.linear.weight == 1.5
    assert bundle.model.linear is None
    bundles.save(with_path.path, contents(bundle))
    assert load(with_path.path).model.linear is None  # replaced as a whole


def test_lists_with_a_linear_path_are_those_of_the_scores(with_path):
    of = load(with_path.path)
    seen = of.history_of(of.people[0])
    scores = of.model.scores(of.clicks(seen))[0]
    scores[seen] = -np.inf
    wanted = np.argsort(-scores, kind="stable")[:12]
    found = of.person(seen).steer({}, n=12).before
    assert found["index"].tolist() == wanted.tolist()
    np.testing.assert_allclose(found["score"], scores[wanted], atol=1e-4)
    walked = walk(of, seen, 12)
    assert walked.listed.tolist() == wanted.tolist()


def test_a_dial_with_a_linear_path_moves_its_part_alone(with_path):
    """Scores of a factor's items with a dial turned are scale z' . h_i and what the path adds, by hand."""
    of = load(with_path.path)
    seen = of.history_of(of.people[1])
    k, person = int(of.interest(seen).argmax()), of.person(seen)
    value = of.dials.range(k, 0)[1]
    part, axis = person.parts[k].astype(float), of.axes[k][:, 0].astype(float)
    rest = part - (part @ axis) * axis
    turned = np.sqrt(1 - value**2) * rest / np.linalg.norm(rest) + value * axis
    mine = of.factor_items(k).positions
    scores = of.model.scale * of.vectors[mine] @ turned + of.model.linear.scores(of.clicks(seen))[0, mine]
    scores[np.isin(mine, seen)] = -np.inf
    wanted = mine[np.argsort(-scores, kind="stable")[:6]]
    assert person.steer({(k, 0): value}, factor=k, n=6).after["index"].tolist() == wanted.tolist()


def test_a_file_of_before_has_no_bias(with_path):
    file = with_path.path / LINEAR
    save_file({name: tensor for name, tensor in load_file(file).items() if name != "bias"}, file)
    again, clicks = load(with_path.path).model.linear, with_path.held_out("test").fold_in
    wanted = with_path.model.linear.scores(clicks) - with_path.model.linear.bias
    np.testing.assert_allclose(again.scores(clicks), wanted, atol=1e-5)


@pytest.mark.parametrize("fault", ["cut", "size", "nan", "missing", "bias"])
def test_a_damaged_linear_path_is_told(with_path, fault):
    file = with_path.path / LINEAR
    tensors = load_file(file)
    if fault == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    elif fault == "size":
        save_file(tensors | {"indptr": tensors["indptr"][:-1]}, file)
    elif fault == "bias":
        save_file(tensors | {"bias": tensors["bias"][1:]}, file)
    elif fault == "nan":
        save_file(tensors | {"values": tensors["values"] * float("nan")}, file)
    else:
        save_file({name: tensor for name, tensor in tensors.items() if name != "weight"}, file)
    with pytest.raises(InputError, match=r"linear\.safetensors (holds|cannot).*; train it again"):
        load(with_path.path)


def test_a_skip_under_its_older_name_is_read(spoiled):
    """Bundles of before have the setting `linear_path`, and the weight `linear_gain` still."""
    of = load(spoiled)
    model = MacridVAE(len(of.items), replace(of.settings, skip=True), seed=1)
    model.skip_gain.data.fill_(0.7)
    bundles.save(spoiled, replace(contents(of), model=model.eval()))
    assert float(load_file(spoiled / "weights.safetensors")["linear_gain"]) == pytest.approx(0.7)
    meta = json.loads((spoiled / "bundle.json").read_text(encoding="utf-8"))
    meta["settings"]["linear_path"] = meta["settings"].pop("skip")
    (spoiled / "bundle.json").write_text(json.dumps(meta), encoding="utf-8")
    again, clicks = load(spoiled), of.held_out("test").fold_in
    assert again.settings.skip
    np.testing.assert_array_equal(again.model.scores(clicks), model.scores(clicks))
