"""The pages of results without a browser: from made-up files, without any, from damaged ones; a sweep from the page."""

import sys
import time

import made_up
import pytest
import streamlit as st
from driving import fine, opened, press, raw, widget

import ui_results
from macrid import background, findings

SWEEP, BENCHMARK = "pages/disentanglement.py", "pages/benchmark.py"


@pytest.fixture
def made(shops, tmp_path, monkeypatch):
    """The folder of people's own results; no results ship."""
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "reported.json").write_text("[]")
    monkeypatch.setattr(ui_results, "shipped", lambda: tmp_path / "shipped")
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
    fine(widget(at, "run").set_value(3).run())
    assert {"anneal_cap=0.2", "kfac=1"} <= set(at.code[0].value.split())


def test_the_map_of_a_run_that_was_trained_can_be_opened(made, framed, bundle):
    value = made_up.sweep(settings=bundle.meta["settings"], data=made_up.sweep()["data"] | {
        "fingerprint": bundle.meta["data"]["fingerprint"]}, grid={"kfac": [7]})
    value["points"] = [value["points"][0] | {"settings": {"kfac": 7}}]
    made_up.write(made, "mine", value)
    at = fine(opened().switch_page(SWEEP).run())
    press(at, "Open its map (tiny)")
    fine(at, "Macro map")
    assert at.session_state["bundle"] == "tiny"


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
    table = next(part for part in raw(at).splitlines() if "mc-table" in part)
    assert "&lt;b&gt;Popularity" in table
    assert ("<b>0.4000</b>" in table) == significant
    assert table.count("<b>") == (3 if significant else 0)
    assert ("no difference beyond chance" in said(at)) != significant


def test_what_others_report_stands_beside_with_its_source(made, tmp_path):
    data = made_up.comparison()["data"] | {"name": "ml-1m"}
    made_up.write(made, "mine", made_up.comparison(data=data))
    (tmp_path / "shipped" / "reported.json").write_text(
        '[{"data": "ml-1m", "split": "strong", "title": "Theirs", "source": "a paper", "note": "a note", '
        '"figures": {"ndcg@100": 0.25}}, {"data": "ml-1m", "split": "recbole", "title": "Other", "source": "", "note": "", '
        '"figures": {}}]')
    table = raw(fine(opened(BENCHMARK)))
    assert "Theirs<small>a paper; a note</small>" in table
    assert "<td>0.2500</td><td>–</td>" in table
    assert "Other" not in table

def test_what_ships_can_be_read():
    rows = findings.reported(ui_results.shipped() / "reported.json")
    assert all(row["source"] and row["note"] for row in rows)


# a sweep from the page ---------------------------------------------------------------------------------------------------


def test_a_sweep_is_started_watched_and_stopped(made, monkeypatch):
    """Its process is stood in for: what a sweep does is tested with the command."""
    code = "import time\nprint('half way', flush=True)\ntime.sleep(90)"
    popen, commands = background.subprocess.Popen, []

    def instead(command, **how):
        commands.append(command)
        return popen([sys.executable, "-c", code], **how)

    monkeypatch.setattr(background.subprocess, "Popen", instead)
    st.cache_resource.clear()  # nor a sweep of an earlier test
    at = fine(opened(SWEEP))
    press(at, "Start the sweep")
    words = commands[0]
    assert words[1:4] == ["-m", "macrid", "sweep"]
    assert "anneal_cap=0.05,0.2,0.5,1.0,2.0" in words
    assert "kfac=7,1" in words
    (made / "sweep-shop:300x1200.json.partial").mkdir()
    (made / "sweep-shop:300x1200.json.partial" / "a.json").write_text("{}")
    end = time.monotonic() + 30
    while "half way" not in "".join(c.value for c in at.caption) and time.monotonic() < end:
        fine(at.run())
    assert "half way" in "".join(c.value for c in at.caption)
    press(at, "Stop")
    assert [b.label for b in at.button] == ["Start the sweep"]
    assert any("goes on from there" in info.value for info in at.info)
    st.cache_resource.clear()
