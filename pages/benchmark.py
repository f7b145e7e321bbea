"""Benchmark: recommenders on one split, figures with standard errors, the best in bold where a paired test says so."""

import html

import streamlit as st

import ui
import ui_results
from macrid import findings, result_charts
from macrid.errors import InputError

bundle = ui.chosen()
ui.begin("Benchmark", "How well different recommenders rank what people clicked and the models did not see. **Bold** is the "
         "best, if a paired test over the same people says that every other model is worse; otherwise nobody is bold.")
comparison = ui_results.choose("compare", "Comparison")


def cell(value: float, error: float | None, strong: bool) -> str:
    text = f"{value:.4f}"
    small = f"<small> ± {error:.4f}</small>" if error is not None else ""
    return f"<td>{f'<b>{text}</b>' if strong else text}{small}</td>"


def table(value: dict, others: list[dict]) -> str:
    """HTML of the table: our models, then what others report on the same data and protocol."""
    metrics = value["metrics"]
    head = "".join(f'<th scope="col" title="{ui.escaped(ui.HINTS.get(name, ""))}">{html.escape(name)}</th>'
                   for name in map(ui_results.metric_name, metrics))
    rows = []
    for row in value["models"]:
        cells = "".join(cell(row["figures"][m], row["figures"][f"{m}_se"], findings.bold(row, m, value)) for m in metrics)
        rows.append(f'<tr><th scope="row">{html.escape(row["title"])}</th>{cells}<td>{seconds(row)}</td></tr>')
    for row in others:
        cells = "".join(cell(row["figures"][m], None, False) if m in row["figures"] else "<td>–</td>" for m in metrics)
        rows.append(f'<tr class="mc-reported"><th scope="row">{html.escape(row["title"])}'
                    f'<small>{html.escape(row["source"])}; {html.escape(row["note"])}</small></th>{cells}<td>–</td></tr>')
    return (f'<div class="mc-scroll" tabindex="0"><table class="mc-table"><thead><tr><th scope="col">Model</th>{head}'
            f'<th scope="col">Training</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>')


def seconds(row: dict) -> str:
    return f"{ui.figure(row['training']['seconds'])} s"


def elsewhere(value: dict) -> list[dict]:
    """What others report on the data and the protocol of a comparison."""
    try:
        rows = findings.reported(ui_results.shipped() / "reported.json")
    except InputError as error:
        st.warning(str(error))
        return []
    data = value["data"]
    return [row for row in rows if (row["data"], row["split"]) == (data["name"], data["split"])]


def differences(value: dict) -> str:
    """Each model against the best in the main metric, as a list in Markdown."""
    titles = {row["name"]: row["title"] for row in value["models"]}
    main, lines = value["main"], []
    for row in value["models"]:
        found = row["difference"][main]
        if found:
            verdict = "worse" if found["significant"] and found["mean"] < 0 else "no difference beyond chance"
            lines.append(f"- **{ui.plain(row['title'])}** against {ui.plain(titles[found['to']])}: {found['mean']:+.4f} ± "
                         f"{found['se']:.4f}, p = {found['p']:.2g}: {verdict}.")
    return "\n".join(lines)


if comparison is None:
    if not ui_results.files("compare"):
        st.info("There is no comparison yet. `python -m macrid compare --data ml-100k --models "
                "popularity,ease,multvae,macridvae --out results/compare-ml-100k.json` makes one; then reload this page.")
    st.stop()
st.caption(ui_results.described(comparison))
others = elsewhere(comparison)
st.html(table(comparison, others))
st.caption("Mean over the test people ± its standard error; more is better."
           + (" Grey rows are what others report, from their own runs and splits: to be compared with care."
              if others else ""))
st.subheader("Accuracy and what it costs")
metric = comparison["main"]
st.plotly_chart(result_charts.time_and_accuracy(comparison, metric), key="cost", config={"displayModeBar": False},
                alt=f"Points: training time against {ui_results.metric_name(metric)} for each model")
st.caption("Up is better, left is cheaper. Ours is teal; a model without training stands far left.")
with st.expander("Paired differences to the best"):
    st.markdown(differences(comparison) or "There is only one model.")
    st.caption(f"Differences of {ui_results.metric_name(metric)} over the same people, with standard error and p of a "
               "two-sided paired t-test; "
               "p is not corrected for the number of models.")
