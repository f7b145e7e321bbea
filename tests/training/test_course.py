"""What is noted of a training: figures with known answers, epochs further and further apart, nothing lost by a stop."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import tiny_settings

from macrid.training.course import KEPT, Course, figures
from macrid.training.fit import Trainer, run
from macrid.training.start import untrained


def model(factor, lengths=(1.0, 2.0)):
    prototypes = torch.zeros(len(lengths), 3)
    prototypes[:, 1] = torch.tensor(lengths)
    return SimpleNamespace(prototypes=prototypes, factors=lambda: np.array(factor))


def test_figures_with_known_answers():
    found = figures(model([], (3.0, 1.0, 5.0)), np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    assert found == {"effective_factors": pytest.approx(4), "largest_share": 0.25, "prototype_min": 1.0,
                     "prototype_mean": 3.0, "prototype_max": 5.0}
    one = figures(model([]), np.full(9, 6))
    assert (one["effective_factors"], one["largest_share"]) == (1, 1)


@pytest.mark.parametrize("last", [1, 4, 13, 20, 233, 1000])
def test_a_dozen_epochs_at_most_and_the_last(last):
    course = Course()
    for epoch in range(1, last + 1):
        course.note(epoch, model([epoch % 3, 0]))
    kept = list(course.factors)
    assert len(kept) <= KEPT
    assert kept == sorted(set(kept))
    assert kept[-1] == last
    assert (np.diff(kept[:-1]) >= np.diff(kept[:-1])[:1]).all()
    assert all(factor.tolist() == [epoch % 3, 0] for epoch, factor in course.factors.items())
    if last == 20:
        assert kept == [1, 2, 3, 5, 8, 13, 20]


def test_a_stopped_training_has_the_same_course(tiny_split, tmp_path):
    def trained(folder=None, stop_after=None):
        made = untrained(tiny_split.train, tiny_settings(similarity="dot", init="glorot"), 3)
        trainer = Trainer(made, tiny_split.train, 3, folder, Course())

        def on_epoch(row):
            if row["epoch"] == stop_after:
                raise KeyboardInterrupt

        return trainer.course.factors, run(trainer, tiny_split.validation, on_epoch), trainer

    _, whole, trainer = trained()
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "part", 3)
    _, rest, resumed = trained(tmp_path / "part")
    assert [row | {"seconds": 0} for row in rest] == [row | {"seconds": 0} for row in whole]
    assert list(resumed.course.factors) == list(trainer.course.factors) == [1, 2, 3, 5]
    for epoch, factor in trainer.course.factors.items():
        np.testing.assert_array_equal(resumed.course.factors[epoch], factor)
