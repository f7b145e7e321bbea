"""DCI and MIG on hand-made matrices: identity near 1, scrambled near 0."""

import numpy as np
import pytest

from macrid.measures import known_truth

RNG = np.random.default_rng(0)
TRUTH = RNG.random((400, 4))
ROTATION = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
NAMES = {"disentanglement", "completeness", "informativeness", "mig"}


def test_identity_is_perfect():
    assert min(known_truth.dci(TRUTH, TRUTH).values()) > 0.99
    assert known_truth.mig(TRUTH, TRUTH) > 0.95


def test_order_sign_scale_and_idle_codes_do_not_matter():
    codes = np.column_stack([np.ones(400), RNG.random((400, 2)), -5 * TRUTH[:, ::-1] ** 3])
    assert min(known_truth.dci(codes, TRUTH).values()) > 0.99
    assert known_truth.mig(codes, TRUTH) > 0.95


def test_scrambled_is_nothing():
    codes = TRUTH[RNG.permutation(400)]
    assert known_truth.dci(codes, TRUTH) == {"disentanglement": 0.0, "completeness": 0.0, "informativeness": 0.0}
    assert known_truth.mig(codes, TRUTH) < 0.03
    assert known_truth.mig(RNG.random((100, 40)), TRUTH[:100]) < 0.05  # many codes, few items: bins are few


def test_a_rotation_mixes_but_informs():
    found = known_truth.dci((TRUTH - 0.5) @ ROTATION, TRUTH)
    assert found["informativeness"] > 0.9
    assert found["disentanglement"] < 0.6
    assert found["completeness"] < 0.6
    assert known_truth.mig(TRUTH @ ROTATION, TRUTH) < 0.4


def test_a_property_in_two_codes_is_incomplete_but_disentangled():
    codes = np.repeat(TRUTH, 2, axis=1) + 1e-3 * RNG.random((400, 8))
    found = known_truth.dci(codes, TRUTH)
    assert found["disentanglement"] > 0.95
    assert found["completeness"] < 0.9
    assert known_truth.mig(codes, TRUTH) < 0.05  # the second best code knows as much as the best


def test_a_code_of_two_properties_is_not_disentangled():
    """One number that bears two bits: complete for both, but one code for two properties: the entropy over 2 is 1."""
    bits = RNG.integers(0, 2, (400, 2)).astype(float)
    found = known_truth.dci((2 * bits[:, :1] + bits[:, 1:]), bits)
    assert found["disentanglement"] < 0.05
    assert found["completeness"] == 1.0  # there is no other code
    assert found["informativeness"] > 0.95


def test_mutual_information_by_hand():
    a, b = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert known_truth._information(a, a) == pytest.approx(np.log(2))
    assert known_truth._information(a, b) == pytest.approx(0)
    three = np.array([0, 0, 1, 2])  # H = 1.5 bits; knowing it, a is known
    assert known_truth._information(three, three) == pytest.approx(1.5 * np.log(2))
    assert known_truth._information(a, three) == pytest.approx(np.log(2))
    codes = np.column_stack([np.tile(a, 20), np.tile(b, 20)]).astype(float)
    assert known_truth.mig(codes, codes) == pytest.approx(1.0)
    assert known_truth.mig(codes, np.tile(three, 20)[:, None].astype(float)) == pytest.approx((1 - 0.5) / 1.5)


def test_one_property_cannot_be_mixed_up():
    assert set(known_truth.dci(TRUTH, TRUTH[:, :1])) == {"completeness", "informativeness"}
    assert set(known_truth.micro(TRUTH, np.arange(400) % 2, TRUTH[:, :1])) == NAMES - {"disentanglement"}


def test_entropy_by_hand():
    found = known_truth._entropy(np.array([[1, 1, 1, 1], [3, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], float))
    np.testing.assert_allclose(found, [1, 0, 0.5, 0], atol=1e-12)


def test_macro_of_right_wrong_and_no_factors():
    category = RNG.integers(0, 5, 600)
    shares = np.log(np.eye(5)[RNG.permutation(5)[category]] * 0.8 + 0.04)
    found = known_truth.macro(shares, category)
    assert set(found) == NAMES
    assert min(found.values()) > 0.85
    assert max(known_truth.macro(shares[RNG.permutation(600)], category).values()) < 0.05
    assert max(known_truth.macro(np.zeros((600, 1)), category).values()) < 1e-9  # K = 1 tells nothing of categories
    half = np.where(np.arange(600) < 300, category, -1)
    assert min(known_truth.macro(shares, half).values()) > 0.85
    assert known_truth.macro(shares, np.full(600, -1)) == {}
    assert known_truth.macro(shares, np.zeros(600, int)) == {}
    assert known_truth.macro(shares[:20], category[:20]) == {}


def test_micro_is_measured_within_factors():
    """Each factor has its attributes on other dials: perfect within factors, though mixed over all items."""
    factor = np.arange(400) % 2
    attributes = TRUTH[:, :2].copy()
    coordinates = np.where(factor[:, None] == 0, attributes, attributes[:, ::-1])
    found = known_truth.micro(coordinates, factor, attributes)
    assert set(found) == NAMES
    assert min(found.values()) > 0.9
    assert known_truth.micro(coordinates, np.zeros(400, int), attributes)["disentanglement"] < 0.5
    attributes[factor == 1] = np.nan  # unknown there: only the other factor counts
    assert min(known_truth.micro(coordinates, factor, attributes).values()) > 0.9
    assert known_truth.micro(coordinates, factor, np.full((400, 2), np.nan)) == {}
    assert known_truth.micro(coordinates, factor, np.ones((400, 2))) == {}
    assert known_truth.micro(coordinates, np.arange(400) // 20, attributes) == {}


def test_the_same_seed_gives_the_same_figures():
    codes = (TRUTH - 0.5) @ ROTATION
    assert known_truth.dci(codes, TRUTH, 1) == known_truth.dci(codes, TRUTH, 1)
