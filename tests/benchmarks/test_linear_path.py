"""The comparison of ways to have a linear path: weights are chosen on others, pairs are of the same trainings."""

import json

import linear_path
import linear_path_ways as ways
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import random_clicks
from scipy.sparse import csr_matrix

from macrid.data.split import HeldOut, Split


def test_the_kernel_by_hand():
    """Of a row with itself the cosine is 1: |x|^2 (1 + 1); of rows without a common click it is 0: |x| |y| / pi."""
    rows = csr_matrix(np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1]], np.float32))
    np.testing.assert_allclose(ways._tangent(rows, rows), [[4, 8**0.5 / np.pi], [8**0.5 / np.pi, 8]], rtol=1e-6)


def test_a_small_ridge_gives_the_rows_back():
    clicks = random_clicks(12, 30, 0.3)
    np.testing.assert_allclose(ways.InfiniteKernel(clicks, 1e-6).scores(clicks), clicks.toarray(), atol=1e-3)


def test_one_half_of_the_people_chooses_for_the_other():
    """Half of the people want what the path says, the others what the mixture says: all get what helps the other half."""
    answers = csr_matrix(np.tile(np.eye(3, 200, dtype=np.float32)[:2], (4, 1)))  # item 0, item 1, item 0, ...
    nothing = csr_matrix(answers.shape, dtype=np.float32)
    held = HeldOut(np.arange(8), nothing, answers, nothing)
    mixture, path = np.zeros((8, 200), np.float32), np.zeros((8, 200), np.float32)
    mixture[:, 1], path[:, 0] = 1, 1
    split = Split("hand", "strong", None, nothing, held, held)
    found = linear_path.judged(split, dict.fromkeys(linear_path.PARTS, mixture), [dict.fromkeys(linear_path.PARTS, path)])
    assert max(found["validation"]) < 1  # second place: item 1 first for those who want 0, and the other way round
    assert found["validation"] == pytest.approx([1 / np.log2(3)] * 8)


def test_it_goes_on_and_compares(tmp_path):
    given = ["--data", "shop:140x150", "--set", "epochs=1", "--set", "embedding_size=8", "--set", "encoder_hidden_size=[8]",
             "--work", str(tmp_path / "work"), "--out", str(tmp_path / "found.json"), "--splits", "2", "--beside", "1"]
    found = CliRunner().invoke(linear_path.main, given, catch_exceptions=False)
    again = CliRunner().invoke(linear_path.main, given, catch_exceptions=False)
    ways_of = json.loads((tmp_path / "found.json").read_text())["shop"]["ways"]
    assert again.stdout == found.stdout
    assert {"after", "mixture alone", "beside", "kernel, ridge 3", "EDLAE of two strengths"} <= set(ways_of)
    assert all(row["trainings"] == 2 for row in ways_of.values())
    assert ways_of["after"]["test"]["less_after"]["splits"]["mean"] == 0
