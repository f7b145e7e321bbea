"""Settings: what is refused and how that is said, presets, plain values and back."""

import json

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from macrid.errors import InputError
from macrid.model.settings import PRESETS, Settings, make_settings, settings_dict

WRONG = {
    "embedding_size": [1, 0, -3, 2.5, "8", None, True, 10**9], "kfac": [0, -1, 1.5, float("nan"), "7"],
    "encoder_hidden_size": [[], [0], [-1], [2.5], "x", None], "tau": [0, -1, float("nan"), float("inf"), "0.1"],
    "std": [0, -1, float("nan")], "dropout_prob": [-0.1, 1, 1.5, float("nan")], "nogb": [0, 1, "yes", None],
    "anneal_cap": [-1, float("nan"), float("inf")], "total_anneal_steps": [-1, 1.5, "many"],
    "label_weight": [-1, float("nan"), "much", 1e7], "routing_mass": [-0.1, 0.6, float("nan"), "some"],
    "reg_weights": [[1], [1, 2, 3], [-1, 0], [float("nan"), 0], "ab", 3], "similarity": ["cos", None, 1, ["dot"]],
    "person_power": [-0.1, 1.5, None], "dropout_mask": ["item", None],
    "skip": [0, "yes"], "weight_averaging": [-0.1, 1, float("nan"), "x"],
    "input_norm": ["item"], "init": ["zeros"], "user_norm": ["factor", None, 1],
    "learning_rate": [0, -1, float("nan"), 100], "train_batch_size": [0, 1.5],
    "epochs": [-1, 0.5, float("inf")], "stopping_step": [0, -1], "routing": ["soft", None, 1],
    "routing_tau": [0, float("nan"), "x"], "context": [-0.1, 1.1, "auto"], "linear_weight": [-1, float("nan"), "auto"],
    "sampled_items": [-1, 2.5, "all"], "precision": ["half", None], "popularity_power": [-0.1, float("nan"), "auto"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_setting_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=f"^{name} is ") as caught:
        Settings(**{name: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > len(f"{name} is {value!r}") + 10  # and what would do


def test_shares_are_held_from_a_start_alone():
    with pytest.raises(InputError, match="init is 'random'; set init=spectral, or routing=learned"):
        Settings(routing="held", init="random")


def test_what_is_of_all_items_needs_them():
    with pytest.raises(InputError, match=r"sampled_items is 100, and reg_weights.* are \[0.1, 0.0\]; set one"):
        Settings(sampled_items=100, reg_weights=(0.1, 0.0))


def test_every_setting_is_tested():
    assert set(WRONG) == set(settings_dict(Settings()))


@pytest.mark.parametrize(("typed", "meant"), [("kfack", "kfac"), ("embed_size", "embedding_size"), ("anneal", "anneal_cap"),
                                              ("learning_rat", "learning_rate"), ("dropout", "dropout_prob")])
def test_an_unknown_setting_gets_the_nearest_names(typed, meant):
    with pytest.raises(InputError, match=meant) as caught:
        make_settings("best", {typed: 1})
    assert typed in str(caught.value)


def test_a_setting_like_no_other_gets_the_whole_list():
    with pytest.raises(InputError) as caught:
        make_settings("best", {"zzzz": 1})
    assert all(name in str(caught.value) for name in settings_dict(Settings()))


def test_auto_is_for_those_who_choose():
    with pytest.raises(InputError, match=r"^kfac is 'auto': only `train` and MacridRecommender choose it; give a whole"):
        make_settings("best", {"kfac": "auto"})


def test_an_unknown_preset():
    with pytest.raises(InputError, match="recbole"):
        make_settings("recbol")


def test_presets_are_what_the_papers_say():
    paper, port = make_settings("paper"), make_settings("recbole")
    assert (paper.embedding_size, paper.kfac, paper.encoder_hidden_size) == (100, 7, (100,))
    assert (paper.tau, paper.std) == (0.1, 0.075)
    assert (paper.anneal_cap, paper.dropout_prob, paper.learning_rate, paper.train_batch_size) == (0.2, 0.5, 1e-3, 500)
    assert (paper.total_anneal_steps, paper.input_norm, paper.similarity, paper.init) == (None, "factor", "cosine", "glorot")
    assert (port.embedding_size, port.kfac, port.encoder_hidden_size, port.tau, port.std) == (64, 10, (600,), 0.1, 0.01)
    assert (port.total_anneal_steps, port.input_norm, port.init, port.anneal_cap) == (200_000, "user", "glorot", 0.2)
    assert (paper.dropout_mask, port.dropout_mask) == ("factor", "user")
    assert not any(s.skip or s.weight_averaging or s.person_power for s in (paper, port))
    for s in (paper, port, Settings()):
        assert (s.routing, s.context, s.linear_weight, s.popularity_power) == ("learned", 0, 0, 0)
    assert Settings().init == "spectral"
    assert all(isinstance(make_settings(preset), Settings) for preset in PRESETS)


def test_changes_go_over_the_preset():
    assert make_settings(None) == Settings()
    s = make_settings("recbole", {"kfac": 4.0, "encoder_hidden_size": [20, 10]})
    assert (s.kfac, s.encoder_hidden_size, s.embedding_size) == (4, (20, 10), 64)
    assert isinstance(s.kfac, int)
    assert make_settings("best", {"encoder_hidden_size": 50}).encoder_hidden_size == (50,)


def test_an_older_name_is_read():
    assert make_settings("paper", {"linear_path": True}) == make_settings("paper", {"skip": True})
    assert "linear_path" not in settings_dict(make_settings())
    with pytest.raises(InputError, match="linear_path is the older name of skip, and both are given; leave linear_path out"):
        make_settings("best", {"linear_path": True, "skip": False})


def test_negative_sampling_is_refused():
    assert make_settings("best", {"training_neg_sample": 0}) == make_settings()
    with pytest.raises(InputError, match="training_neg_sample"):
        make_settings("best", {"training_neg_sample": 5})


@given(st.fixed_dictionaries({}, optional={
    "kfac": st.integers(1, 1000), "tau": st.floats(1e-3, 1e3), "nogb": st.booleans(),
    "total_anneal_steps": st.none() | st.integers(0, 10**9), "reg_weights": st.tuples(st.floats(0, 9), st.floats(0, 9)),
    "encoder_hidden_size": st.lists(st.integers(1, 65536), min_size=1).map(tuple),
    "similarity": st.sampled_from(["cosine", "dot", "dot-raw"])}))
@examples(max_examples=50, deadline=None)
def test_settings_go_to_plain_values_and_back(changes):
    s = Settings(**changes)
    assert Settings(**json.loads(json.dumps(settings_dict(s)))) == s
