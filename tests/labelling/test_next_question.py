"""Asking: what is learned is what `axes.labels` learns, the item asked about tells most, and asking ends in time."""

import numpy as np
import pytest

from macrid.dials import axes, label_regression
from macrid.labelling import next_question
from macrid.labelling.next_question import Asked, Learned, Verdict, verdict

DIMS, SEEDS = 12, 5


def catalogue(seed=0, m=240):
    """Items that vary in four independent ways, the ways (m, 4), and the base of independent components."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(-1, 1, (m, 4))
    rotation = np.linalg.qr(rng.normal(size=(DIMS, DIMS)))[0]
    items = rotation[:, -1] + 0.4 * truth @ rotation[:, :4].T + 0.06 * rng.normal(size=(m, DIMS))
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    return items, truth, axes.ica(items, np.zeros(m, int), 1, seed)[0].astype(float)


def answered(truth, rows):
    table = np.full(len(truth), np.nan)
    table[rows] = truth[rows]
    return table


def placed(value, noise, rng):
    """A person's step, 1 to 5, for a value from -1 to 1."""
    return float(np.clip(np.ceil(5 * (value + noise * rng.normal() + 1) / 2), 1, 5))


def conversation(seed, noise=0.0, active=True, stop=False, most=30, scrambled=False):
    """Ask a simulated person about the first way: what was learned after each answer, from none on, and its likeness to the
    truth; `stop` ends it by the verdict."""
    items, truth, base = catalogue(seed)
    rng = np.random.default_rng(seed)
    truth = rng.permutation(truth[:, 0]) if scrambled else truth[:, 0]
    answers, passed, order = np.full(len(items), np.nan), np.zeros(len(items), bool), rng.permutation(len(items))
    learned, verdicts = [next_question.learn(items, base, answers, 0)], []
    for n in range(most):
        asked = Asked(answers, passed, np.ones(len(items)))
        row = next_question.most_uncertain(items, base, asked, rng) if active else order[n]
        answers[row] = placed(truth[row], noise, rng)
        learned.append(next_question.learn(items, base, answers, 0))
        verdicts.append(verdict(items, learned[-1 - next_question.LOOKED_BACK :]))
        if stop and verdicts[-1].state != "more":
            break
    likeness = [abs(np.corrcoef(items @ each.axis, truth)[0, 1]) if each.axis is not None else 0.0 for each in learned]
    return learned, likeness, verdicts


# learning ---------------------------------------------------------------------------------------------------------------


def test_what_is_believed_is_what_align_would_learn():
    items, truth, base = catalogue()
    table = answered(truth[:, 0], np.arange(10))
    found = next_question.learn(items, base, table, 3)
    wanted = axes.labels(items, np.zeros(len(items), int), base[None], table[:, None], 3)
    np.testing.assert_array_equal(found.axis, wanted.axes[0][:, 0])
    assert (found.confidence, found.count, found.reason, found.yes_no) == (wanted.confidence[0, 0], 10, "", False)
    assert np.corrcoef(items @ found.axis, truth[:, 0])[0, 1] > 0.9  # grows with the attribute
    assert np.corrcoef(items @ next_question.learn(items, base, -table, 3).axis, truth[:, 0])[0, 1] < -0.9


def test_before_it_is_believed_there_is_a_reason_and_a_guess():
    items, truth, base = catalogue()
    none = next_question.learn(items, base, np.full(len(items), np.nan), 0)
    assert (none.axis, none.count, none.reason) == (None, 0, "nothing has been answered yet")
    same = next_question.learn(items, base, answered(np.ones(len(items)), np.arange(6)), 0)
    assert same.axis is None
    assert "all 1" in same.reason
    rows = truth[:, 0].argsort()[[0, -1, len(truth) // 2]]  # the two ends and the middle: too few, but telling
    three = next_question.learn(items, base, answered(truth[:, 0], rows), 0)
    assert "3 labels are too few" in three.reason
    assert np.isnan(three.confidence)
    assert np.linalg.norm(three.axis) == pytest.approx(1)
    assert (items[rows] @ three.axis).argsort().tolist() == [0, 2, 1]


@pytest.mark.parametrize("kind", ["identical", "one item", "two items"])
def test_odd_items(kind):
    items, _, base = catalogue()
    items = {"identical": np.tile(items[:1], (len(items), 1)), "one item": items[:1], "two items": items[:2]}[kind]
    table, passed, known = np.full(len(items), np.nan), np.zeros(len(items), bool), np.ones(len(items))
    learned = [next_question.learn(items, base, table, 0)]
    for n in range(min(len(items), 6)):
        row = next_question.most_uncertain(items, base, Asked(table, passed, known), np.random.default_rng(n))
        table[row] = n
        learned.append(next_question.learn(items, base, table, 0))
        assert learned[-1].reason
        assert verdict(items, learned[-4:]).state == "more"
    assert learned[-1].axis is None or np.isfinite(learned[-1].axis).all()
    for frame in next_question.strip(items @ base[:, 0], known, 7, 2):
        assert set(frame) <= set(range(len(items)))


# what to ask ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 5, 20])
def test_the_item_asked_about_is_the_least_certain_one(n):
    """Against the formula written out, item by item, with what was answered and what is known of how people know it."""
    items, truth, base = catalogue()
    rng = np.random.default_rng(n)
    rows = rng.choice(len(items), n, replace=False)
    table, familiar = answered(truth[:, 1], rows), rng.random(len(items))
    passed = rng.random(len(items)) < 0.2
    x = (items - items.mean(axis=0)) @ base
    if n > 1:
        r = np.array([abs(np.corrcoef(x[rows, j], truth[rows, 1])[0, 1]) for j in range(DIMS)])
        x = x * np.maximum(r / r.max(), next_question.FLOOR)
    free = [i for i in range(len(items)) if i not in rows and not passed[i]]
    jitter = np.random.default_rng(7).uniform(1 - next_question.JITTER, 1, len(free))
    covariance = next_question.PRIOR * (x**2).mean() * np.eye(DIMS) + sum(np.outer(x[i], x[i]) for i in rows)
    worth = [x[i] @ np.linalg.solve(covariance, x[i]) * (1 + familiar[i]) / 2 * jitter[at] for at, i in enumerate(free)]
    found = next_question.most_uncertain(items, base, Asked(table, passed, familiar), np.random.default_rng(7))
    assert found == free[int(np.argmax(worth))]


def test_every_item_is_asked_about_once_and_none_that_was_passed_over():
    items, truth, base = catalogue(m=30)
    table, passed = np.full(30, np.nan), np.arange(30) % 3 == 0
    rows, asked = [], Asked(table, passed, np.ones(30))
    while (row := next_question.most_uncertain(items, base, asked, np.random.default_rng(0))) is not None:
        rows.append(row)
        table[row] = truth[row, 0]
    assert sorted(rows) == np.flatnonzero(~passed).tolist()


def test_the_first_items_spread_and_an_axis_that_is_meant_comes_first():
    items, _, base = catalogue()
    x = items @ base
    for j in range(4):
        table, passed = np.full(len(items), np.nan), np.zeros(len(items), bool)
        for n in range(2):
            asked = Asked(table, passed, np.ones(len(items)), towards=j)
            row = next_question.most_uncertain(items, base, asked, np.random.default_rng(n))
            table[row] = 1.0  # alike: what is meant stays the only thing that is known
        place = (x[np.isfinite(table), j] - x[:, j].mean()) / x[:, j].std()
        assert (np.abs(place) > 1).all()


def test_seeded():
    items, truth, base = catalogue()
    asked = Asked(answered(truth[:, 0], [1, 2, 3]), np.zeros(len(items), bool), np.ones(len(items)))
    assert len({next_question.most_uncertain(items, base, asked, np.random.default_rng(4)) for _ in range(3)}) == 1
    assert len({next_question.most_uncertain(items, base, asked, np.random.default_rng(s)) for s in range(30)}) > 1


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_asking_needs_no_more_answers_than_random_items(noise):
    """Mean over seeds: answers until believed with a confidence of 0.8, and likeness to the truth after eight."""

    def first(learned):
        return next((each.count for each in learned if not each.reason and each.confidence >= 0.8), len(learned))

    told = {active: [conversation(seed, noise, active, most=12) for seed in range(SEEDS)] for active in (True, False)}
    needed = {active: np.mean([first(learned) for learned, _, _ in runs]) for active, runs in told.items()}
    alike = {active: np.mean([likeness[8] for _, likeness, _ in runs]) for active, runs in told.items()}
    assert needed[True] <= needed[False]
    assert alike[True] >= alike[False]


# when to stop -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_asking_stops_when_more_answers_change_little(noise):
    missed = []
    for seed in range(3):
        learned, likeness, verdicts = conversation(seed, noise, stop=True)
        assert verdicts[-1] == Verdict("settled", 0)
        assert all(verdict.state == "more" and verdict.more >= 1 for verdict in verdicts[:-1])
        assert not learned[-1].reason
        assert likeness[-1] > (0.9 if noise == 0 else 0.8)
        missed.append(conversation(seed, noise)[1][-1] - likeness[-1])
    assert np.mean(missed) < 0.1


def test_what_says_nothing_is_given_up():
    ends = [conversation(seed, stop=True, scrambled=True)[2] for seed in range(4)]
    vain = [verdicts for verdicts in ends if verdicts[-1].state == "vain"]
    assert len(vain) >= 3  # of thirty such people one saw something settle
    assert {len(verdicts) for verdicts in vain} == {next_question.MOST_IN_VAIN}


def test_the_verdict_by_hand():
    """Coordinates at 1, 0 and -1 on two axes: axes at an angle of t agree by cos t."""
    items = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])

    def at(angle, count, reason=""):
        return Learned(np.array([np.cos(angle), np.sin(angle)]), 0.9, False, count, reason)

    near, far = np.arccos(next_question.SETTLED) * 0.99, np.arccos(1 - 4 * (1 - next_question.SETTLED)) * 0.999
    steady = [at(near, 6), at(0, 7), at(near, 8), at(0, 9)]
    assert verdict(items, steady) == Verdict("settled", 0)
    assert verdict(items, [at(far, 6), *steady[1:]]) == Verdict("more", 9)  # twice as many as nine
    assert verdict(items, [*steady[:3], at(0, 9, "no better than chance")]).state == "more"
    assert verdict(items, [*steady[:3], at(0, next_question.MOST_IN_VAIN, "no better than chance")]).state == "vain"
    assert verdict(items, [at(np.pi, 6), *steady[1:]]).state == "more"  # turned round is not alike
    assert verdict(items, [*steady[:2], at(near, 8, "no better than chance"), at(0, 9)]).state == "more"
    nothing = Learned(None, np.nan, False, 0, "nothing")
    assert verdict(items, [nothing]) == Verdict("more", axes.FEWEST_LABELS + next_question.LOOKED_BACK)


# the strip --------------------------------------------------------------------------------------------------------------


def test_a_strip_runs_from_low_to_high_through_better_known_items():
    rng = np.random.default_rng(0)
    coordinate, familiar = rng.normal(size=300), rng.permutation(300) / 300
    found = next_question.strip(coordinate, familiar, 7, 2)
    rows = np.concatenate(found)
    assert [len(frame) for frame in found] == [2] * 7
    assert len(set(rows)) == 14
    assert (familiar[rows] >= np.median(familiar)).all()
    middles = [coordinate[frame].mean() for frame in found]
    assert middles == sorted(middles)
    assert middles[0] < -1 < 1 < middles[-1]
    few = next_question.strip(np.arange(3.0), np.zeros(3), 7, 2)  # all of them, though nobody knows them
    assert sorted(np.concatenate(few)) == [0, 1, 2]


def test_the_guess_is_a_fit():
    """With four answers that no test believes, the guess is the direction of `label_regression.fit`, in the model's
    coordinates."""
    items, _, base = catalogue()
    rng = np.random.default_rng(1)
    table = answered(rng.normal(size=len(items)), [3, 50, 90, 200])
    found = next_question.learn(items, base, table, 0)
    assert found.reason
    x, y = items[[3, 50, 90, 200]] @ base, table[[3, 50, 90, 200]]
    ways, r2 = label_regression.fit(x[None], ((y - y.mean()) / y.std())[None], (items @ base).var(axis=0).mean(), 1.0)
    way = ways[0, r2[0].argmax()]
    np.testing.assert_allclose(base.T @ found.axis, way / np.linalg.norm(way), atol=1e-6)
