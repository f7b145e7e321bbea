"""What a bundle says of what its dials do to lists, and what dials are called after it."""

import pandas as pd
import pytest

from macrid.bundle import load
from macrid.errors import InputError


def test_an_older_bundle_measures_what_it_lacks(spoiled, bundle):
    """The rows are those that the pipeline wrote, as the people and the model are the same."""
    (spoiled / "moves.parquet").unlink()
    again = load(spoiled)
    assert again.moves is None
    pd.testing.assert_frame_equal(again.dials.moves, bundle.moves, check_dtype=False, rtol=1e-4)
    assert [again.dials.label(k, 0) for k in range(7)] == [bundle.dials.label(k, 0) for k in range(7)]


def test_dials_that_move_something_come_first(bundle):
    for factor in range(7):
        order = bundle.dials.order(factor)
        assert sorted(order) == list(range(8))
        moved = [bundle.dials.moved(factor, dim) for dim in order]
        named = [len(rows) > 0 for rows in moved]
        assert named == sorted(named, reverse=True)
        firsts = [rows["attribute"].iloc[0] for rows in moved if len(rows)]
        different = len(set(firsts))
        assert len(set(firsts[:different])) == different  # each name once, before any comes again


@pytest.mark.parametrize("harm", [
    lambda table: table.drop(columns="change"), lambda table: table.assign(factor=99), lambda table: table.assign(dim=-1),
    lambda table: table.assign(effect=float("nan"))])
def test_damage_is_named(spoiled, harm):
    file = spoiled / "moves.parquet"
    harm(pd.read_parquet(file)).to_parquet(file)
    with pytest.raises(InputError, match=r"moves\.parquet .*delete moves\.parquet") as caught:
        load(spoiled)
    assert "\n" not in str(caught.value)
    file.write_bytes(b"no table")
    with pytest.raises(InputError, match="cannot be read"):
        load(spoiled)


def test_the_showcase_does_what_it_is_named_after_more_than_any_other(bundle):
    def done(factor: int, dim: int) -> tuple[bool, float]:
        row = bundle.dials.moved(factor, dim).iloc[0]
        return row["attribute"] != "popularity", row["again"] / (row["change"] / row["effect"]) * row["holds"] * (
            1 if row["effect"] > 0 else -1)

    best = done(*bundle.dials.showcase)
    assert best[1] > 0
    for factor, dim in bundle.dials.moves[["factor", "dim"]].drop_duplicates().itertuples(index=False):
        assert done(factor, dim) <= best
