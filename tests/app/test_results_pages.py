"""The pages of results without a browser: from made-up files, without any, from damaged ones; a sweep from the page."""


import made_up
import pandas as pd
import pytest
from driving import fine, opened, raw, widget

from macrid.results import benchmark
from macrid.studies import sweep_maps
from ui import result_files

SWEEP, BENCHMARK = "pages/disentanglement.py", "pages/benchmark.py"


@pytest.fixture
def made(shops, tmp_path, monkeypatch):
    """The folder of people's own results; no results ship."""
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "reported.json").write_text("[]")
    monkeypatch.setattr(result_files, "shipped", lambda: tmp_path / "shipped")
    return tmp_path / "results"


def said(at) -> str:
    return "\n".join(m.value for m in at.markdown)


# sweeps ------------------------------------------------------------------------------------------------------------------


def test_without_a_sweep_the_page_says_how_to_make_one(made):
    at = fine(opened(SWEEP), "Disentanglement and accuracy")
    assert "python -m macrid sweep" in at.info[0].value
    assert not at.get("plotly_chart")
    assert [b.label for b in at.button] == ["Start the sweep"]


def test_a_sweep_is_shown_with_what_it_says(made):
    made_up.write(made, "mine", made_up.sweep())
    at = fine(opened(SWEEP))
    assert widget(at, "sweep").options == ["mine (yours)"]
    assert len(at.get("plotly_chart")) == 1
    assert "K = 7: over 5 runs, more accurate runs are more disentangled, as the poster says" in said(at)
    assert "K = 1: over 5 runs, no link can be seen" in said(at)
    assert "not necessarily linked" in said(at)
    assert "K = 7 against K = 1" in said(at)
    fine(widget(at, "measure").set_value("macro.mig").run())
    assert at.query_params["measure"] == "macro.mig"
    assert at.session_state["run"] == 8  # the most accurate
    fine(widget(at, "run").set_value(3).run())
    assert widget(at, "run").options[3] == "β = 0.2, K = 1"
    assert at.query_params["run"] == "3"
    assert any("No map of this run is kept" in c.value for c in at.caption)


def test_every_run_has_its_map_where_they_were_kept(made):
    items = pd.DataFrame({"item_id": ["a", "b", "c"], "title": ["<A>", "B", "C"], "category": ["x", "y", ""]})
    maps = {run: {"at": [0, 1, 2], "x": [0.0, 1.0, -1.0], "y": [0.5, -0.5, 0.0], "factor": [0, 0, 2],
                  "names": [f"first {run}", "empty", "last"]} for run in range(9)}
    digest = sweep_maps.save(made / "sweep-mine.json", maps, items)
    made_up.write(made, "mine", made_up.sweep(maps=digest))
    at = fine(opened(SWEEP))
    assert len(at.get("plotly_chart")) == 2
    assert "first 8" in raw(at)
    assert any("sample of 3 of 50 items" in c.value for c in at.caption)
    fine(widget(at, "run").set_value(2).run())
    assert "first 2" in raw(at)
    assert "empty" not in raw(at)
    fine(widget(at, "run-colour").set_value("category").run())
    assert "first 2" not in raw(at)
    fine(widget(at, "run").set_value(9).run())  # of this one no map was kept
    assert len(at.get("plotly_chart")) == 1
    sweep_maps.save(made / "sweep-mine.json", {0: maps[0]}, items)
    at = opened(SWEEP)
    assert not at.exception
    assert "restore both" in at.warning[0].value
    assert len(at.get("plotly_chart")) == 1


def test_the_first_file_is_that_of_the_data_set(made):
    for name in ("a", "shop", "b"):
        made_up.write(made, name, made_up.sweep())
        made_up.write(made, name, made_up.comparison())
    for page, kind in ((SWEEP, "sweep"), (BENCHMARK, "compare")):
        at = fine(opened(page))
        assert at.session_state[kind] == "shop (yours)"
        assert kind not in at.query_params


def test_failed_points_are_told(made):
    made_up.write(made, "mine", made_up.sweep(failed=[{"settings": {"tau": 0.001}, "reason": "the loss is not finite"}]))
    at = fine(opened(SWEEP))
    assert at.expander[0].label == "1 runs failed"
    made_up.write(made, "none", made_up.sweep(points=[]))
    fine(opened(SWEEP, sweep="none (yours)"))


@pytest.mark.parametrize(("page", "kind"), [(SWEEP, "sweep"), (BENCHMARK, "compare")])
def test_a_damaged_file_is_said_in_place_and_another_can_be_chosen(made, page, kind):
    made_up.write(made, "good", {"sweep": made_up.sweep, "compare": made_up.comparison}[kind]())
    (made / f"{kind}-bad.json").write_text("{")
    at = opened(page, **{kind: "bad (yours)"})
    assert not at.exception
    assert f"{kind}-bad.json" in at.error[0].value
    fine(widget(at, kind).set_value("good (yours)").run())


# comparisons -------------------------------------------------------------------------------------------------------------


def test_without_a_comparison_the_page_says_how_to_make_one(made):
    at = fine(opened(BENCHMARK), "Benchmark")
    assert "python -m macrid compare" in at.info[0].value


@pytest.mark.parametrize("significant", [True, False])
def test_the_best_is_bold_only_where_the_test_supports_it(made, significant):
    made_up.write(made, "mine", made_up.comparison(significant))
    at = fine(opened(BENCHMARK))
    table, detail = (part for part in raw(at).splitlines() if "mc-table" in part)
    assert "&lt;b&gt;Popularity" in table
    assert "Simulated shop (yours)<small>100 people, 50 items; tested on 20 people</small>" in table
    assert ("<strong>0.400</strong><small> ± 0.010</small>" in table) == significant
    assert table.count("<strong>") == (3 if significant else 0)
    assert (": chance" in detail) != significant
    assert "-0.200<small> ± 0.010, p " in detail
    assert "the best" in detail


def test_every_comparison_stands_in_the_table_a_damaged_one_is_named(made):
    made_up.write(made, "one", made_up.comparison())
    made_up.write(made, "two", made_up.comparison(data=made_up.comparison()["data"] | {"name": "<i>two</i>"}))
    (made / "compare-bad.json").write_text("{")
    at = opened(BENCHMARK, compare="one (yours)")
    fine(at)
    table = next(part for part in raw(at).splitlines() if "mc-table" in part)
    assert table.count('class="mc-group"') == 2
    assert "&lt;i&gt;two&lt;/i&gt; (yours)" in table
    assert any("compare-bad" in c.value for c in at.caption)


def test_what_others_report_stands_beside_with_its_source(made, tmp_path):
    data = made_up.comparison()["data"] | {"name": "ml-1m"}
    made_up.write(made, "mine", made_up.comparison(data=data))
    (tmp_path / "shipped" / "reported.json").write_text(
        '[{"data": ["ml-1m", "x"], "split": "strong", "title": "Theirs", "source": "a paper", "note": "a note", '
        '"figures": {"ndcg@100": 0.25}}, {"data": ["ml-1m"], "split": "recbole", "title": "Other", "source": "s", '
        '"note": "n", "figures": {"hit@10": 0.7}}]')
    table, other, _ = (part for part in raw(fine(opened(BENCHMARK))).splitlines() if "mc-table" in part)
    assert "Theirs</th><td>0.250</td><td>–</td><td>–</td></tr>" in table
    assert "a paper; a note" in table
    assert "Other" not in table
    assert "Other</th><td>0.700</td></tr>" in other  # under its own protocol, where nothing of ours was measured
    assert "Hit@10" in other


def test_what_ships_can_be_read():
    rows = benchmark.reported(result_files.shipped() / "reported.json")
    assert all(row["source"] and row["note"] for row in rows)
