"""The benchmark of growth, in small: what a point measures, the slopes, the chart; and how processes are run for it."""

import sys

import pandas as pd
import pytest

from macrid.data import interactions, shop


@pytest.fixture
def benchmarks(benchmark):
    return benchmark("alone"), benchmark("growth"), benchmark("growth_point")


@pytest.fixture(scope="module")
def small():
    return shop.simulate(80, 60, 0).data


def test_a_process_answers_with_its_last_line(benchmarks, tmp_path):
    alone = benchmarks[0]
    code = "import os; print('words'); print([os.getcwd(), os.environ['OMP_NUM_THREADS']].__repr__().replace(\"'\", '\"'))"
    ended = alone.run([sys.executable, "-c", code], tmp_path, alone.threads(3))
    assert ended.answer == [str(tmp_path.resolve()), "3"]
    assert ended.seconds > 0
    assert ended.memory > 1e6
    assert alone.run([sys.executable, "-c", ""]).answer is None


@pytest.mark.parametrize(("code", "said"), [("import sys; sys.exit(3)", "ended with 3"), ("print('no')", "no JSON")])
def test_a_process_that_fails_is_said(benchmarks, code, said):
    with pytest.raises(RuntimeError, match=said):
        benchmarks[0].run([sys.executable, "-c", code])


def test_a_point_measures_every_stage(benchmarks, small):
    growth, growth_point = benchmarks[1:]
    stages = {}
    found = growth_point.training(small, 3, 4, None, stages, 0)
    assert list(stages) == ["splitting", "spectral start", "training", "evaluating"]
    assert all(s["peak_mb"] >= s["left_mb"] > 0 for s in stages.values())
    assert (found["steps"], found["trained"], found["held_out"]) == (1, found["train_people"], 6)  # a batch has 500
    whole = growth.per_step(found | {"stages": stages})
    assert whole["step_seconds"] == pytest.approx(stages["training"]["processor_seconds"], abs=1e-3)


def test_the_parquet_files_are_the_shop(benchmarks, small, tmp_path):
    benchmarks[2].write(small, tmp_path / "shop")
    found = interactions.read(tmp_path / "shop")
    assert found.n_interactions == small.n_interactions
    ours = pd.DataFrame(small.matrix.toarray(), small.user_ids, small.item_ids)
    pd.testing.assert_frame_equal(pd.DataFrame(found.matrix.toarray(), found.user_ids, found.item_ids),
                                  ours.reindex(found.user_ids)[list(found.item_ids)])
    assert set(found.items["category"]) == set(shop.CATEGORIES)


def test_slopes_and_chart(benchmarks):
    growth = benchmarks[1]
    assert growth.slope([10, 100, 1000], [3, 300, 30_000]) == 2
    assert growth.slope([10], [3]) is None

    def made_up(axis, value):
        stage = {"seconds": value, "processor_seconds": value, "peak_mb": value**2, "left_mb": 1}
        stages = {name: stage for name in ("splitting", "spectral start", "training", "evaluating")}
        return growth.FIXED | {axis: value, "clicks": 9, "step_seconds": value**0.5, "stages": stages}

    curves = {axis: [made_up(axis, value) for value in (10, 100, 1000)] for axis in growth.FIXED}
    found = growth.slopes(curves)
    assert found["items"] == {"time": {"training": 0.5, "evaluating": 1, "spectral start": 1},
                              "memory": {"training": 2, "spectral start": 2, "splitting": 2}}
    figure = growth.chart(curves)
    assert len(figure.data) == len(figure.layout.annotations) == 3 * 6
    assert growth.summary(curves).count("\n") == 1 + 9
