"""Files of the experiment on collapse: what is said about them, and that they are whole."""

import json

import pytest

from macrid.errors import InputError
from macrid.results import collapse


def row(factors, epoch=9, share=0.5, lengths=(1.0, 2.0, 4.0), nmi=0.5):
    return {"epoch": epoch, "effective_factors": factors, "largest_share": share, "prototype_min": lengths[0],
            "prototype_mean": lengths[1], "prototype_max": lengths[2], "ndcg@100": 0.3, "nmi": nmi}


def experiment(**factors):
    """{"glorot_cosine": [effective factors of each seed]} as an experiment."""
    trainings = [{"variant": name.partition("_")[2].replace("_", "-"), "init": name.partition("_")[0], "seed": seed,
                  "course": [row(7.0, 1), row(value)]}
                 for name, values in factors.items() for seed, value in enumerate(values)]
    return {"data": "shop", "people": 10, "items": 2000, "item_clicks": 1, "kfac": 7, "settings": {"epochs": 9},
            "changes": {}, "trainings": trainings}


def test_mean_and_spread_are_of_the_last_epoch():
    of = collapse.of(experiment(glorot_dot=[2.0, 3.0], glorot_cosine=[7.0]), "glorot")
    assert list(of) == ["cosine", "dot"]
    assert collapse.mean_and_spread(of["dot"], "effective_factors") == pytest.approx((2.5, 0.5**0.5))
    assert collapse.mean_and_spread(of["cosine"], "effective_factors") == (7.0, 0.0)


def test_the_sentence_says_which_collapses():
    found = experiment(glorot_cosine=[6.8, 7.0], glorot_dot=[6.0, 6.4], glorot_dot_free=[2.0, 2.4])
    said = collapse.sentence(found, "glorot")
    assert said.startswith("From the release's start, 9 epochs, 2 seeds, effective factors of 7: cosine 6.9 ± 0.1, a dot "
                           "product 6.2 ± 0.3, a dot product with free lengths 2.2 ± 0.3. A dot product with free lengths "
                           "collapses: its largest factor holds 50% of the items, and its longest prototype is 4.0 times")
    assert said.count("collapses") == 1


def test_the_sentence_says_that_none_does():
    said = collapse.sentence(experiment(spectral_cosine=[7.0], spectral_dot=[3.5]), "spectral")
    assert said == ("From the spectral start, 9 epochs, one seed, effective factors of 7: cosine 7.0, a dot product 3.5. "
                    "None of them collapses.")
    assert collapse.starts(experiment(spectral_dot=[7.0], glorot_dot=[7.0])) == ["glorot", "spectral"]


@pytest.mark.parametrize(("factors", "verdict"), [(3.4, "So it collapses here."), (3.6, "It does not collapse here.")])
def test_the_sentence_on_a_twin(factors, verdict):
    said = collapse.course_sentence([row(7.0, 1), row(6.5)], [row(7.0, 1), row(factors)], "dot", 7)
    assert said.startswith(f"After 9 epochs cosine has 6.5 of 7 factors in use and a dot product {factors:.1f}. There the")
    assert said.endswith(verdict)


def test_titles():
    found = experiment(glorot_dot=[7.0])
    assert collapse.title(found, {"shop": "The shop"}) == "The shop, 2,000 items, 9 epochs"
    assert collapse.title(found | {"changes": {"kfac": 20, "nogb": True}}, {}).endswith("epochs, kfac = 20, nogb = True")


@pytest.mark.parametrize(("similarity", "norm", "name"), [
    ("cosine", "unit", "cosine"), ("dot", "unit", "dot"), ("dot", "free", "dot-free"), ("dot-raw", "unit", "dot-raw")])
def test_variants_have_names(similarity, norm, name):
    assert collapse.variant_of(similarity, norm) == name
    assert {"user_norm": "unit", **collapse.VARIANTS[name]} == {"similarity": similarity, "user_norm": norm}
    assert name in collapse.NAMES
    assert name in collapse.LABELS


def test_files(tmp_path):
    path, good = tmp_path / "collapse.json", experiment(glorot_cosine=[7.0], glorot_dot=[3.0])
    path.write_text(json.dumps({"format": 2, "experiments": [good]}))
    assert collapse.load(path) == [good]
    training = good["trainings"][0]
    bad = [good | {"trainings": [training | change]} for change in (
        {"variant": "euclid"}, {"init": "zeros"}, {"course": []}, {"course": [{}]}, {"seed": "one"})]
    for damage in ("{", "[]", '{"format": 1, "experiments": []}', '{"format": 2}', '{"format": 2, "experiments": [{}]}',
                   '{"format": 2, "experiments": 5}', *(json.dumps({"format": 2, "experiments": [one]}) for one in bad)):
        path.write_text(damage)
        with pytest.raises(InputError, match=r"collapse\.json"):
            collapse.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        collapse.load(tmp_path / "none.json")
