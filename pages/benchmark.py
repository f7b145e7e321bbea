"""Benchmark: the poster's table, data sets by recommenders, the best in bold where a paired test says so; and one comparison
in detail, with what accuracy costs."""


import streamlit as st

from macrid import results
from macrid.charts import colours
from macrid.charts import results as charts
from macrid.errors import InputError
from macrid.results import benchmark
from ui import bundles, html, result_files, words

PROTOCOLS = {"strong": "People held out whole", "recbole": "A tenth of everybody's clicks held out, as RecBole does"}
MODELS = {  # what a name means
    "popularity": "The most clicked items, the same for everybody.",
    "ease": "A linear model: one weight for each pair of items, found in closed form (Steck, 2019).",
    "edlae": "EASE trained to fill in clicks that are left out at random (Steck, 2020).",
    "multdae": "A neural network that restores clicks from some of them (Liang and others, 2018).",
    "multvae": "The same with noise on what it knows of a person, a variational autoencoder (Liang and others, 2018).",
    "macridvae": "The model of this app: a person in K parts, one for each intention (Ma and others, 2019).",
    "macridvae-k1": "MacridVAE with a single factor: what the many are worth.",
}

bundle = bundles.chosen()
html.begin("Benchmark", "How well different recommenders rank what people clicked and the models did not see: mean over the "
         "test people ± its standard error, more is better. **Bold** is the best, if a paired test over the same people "
         "says that every other model is worse; otherwise nobody is bold.")


def metric_head(metric: str) -> str:
    name = result_files.metric_name(metric)
    return f'<th scope="col" title="{words.escaped(words.hint(name))}">{words.escaped(name)}</th>'


def model_head(row: dict) -> str:
    return f'<th scope="row" title="{words.escaped(MODELS.get(row["name"], ""))}">{words.escaped(row["title"])}</th>'


def cell(value: float, error: float | None = None, strong: bool = False) -> str:
    text, small = f"{value:.3f}", f"<small> ± {error:.3f}</small>" if error is not None else ""
    return f"<td>{f'<strong>{text}</strong>' if strong else text}{small}</td>"


def table(head: str, body: str) -> None:
    st.html(f'<div class="mc-scroll" tabindex="0"><table class="mc-table"><thead><tr><th scope="col">Model</th>{head}</tr>'
            f"</thead>{body}</table></div>")


# All comparisons -------------------------------------------------------------------------------------------------------


def comparisons() -> dict[str, dict]:
    """Every file of a comparison that can be read; of the others, why not."""
    readable = {}
    for label, path in result_files.files("compare").items():
        try:
            readable[label] = results.load(path, "compare")
        except InputError as error:
            st.caption(f"Left out: {words.plain(error)}")
    return readable


def elsewhere() -> list[dict]:
    """What others report."""
    try:
        return benchmark.reported(result_files.shipped() / "reported.json")
    except InputError as error:
        st.warning(str(error))
        return []


def block(shown: benchmark.Block, metrics: tuple[str, ...]) -> str:
    """HTML of the rows of one data set: our models, then what others report."""
    name = words.DATA_NAMES.get(shown.data, shown.data) + (" (yours)" if shown.label.endswith(" (yours)") else "")
    size, rows = "", []
    if value := shown.comparison:
        data = value["data"]
        size = f"{data['people']:,} people, {data['items']:,} items; tested on {data['held_out']:,} people"
        for row in value["models"]:
            cells = "".join(cell(row["figures"][m], row["figures"][f"{m}_se"], benchmark.bold(row, m, value))
                            if m in value["metrics"] else "<td>–</td>" for m in metrics)
            rows.append(f"<tr>{model_head(row)}{cells}</tr>")
    for row in shown.others:
        cells = "".join(cell(row["figures"][m]) if m in row["figures"] else "<td>–</td>" for m in metrics)
        rows.append(f'<tr class="mc-reported"><th scope="row">{words.escaped(row["title"])}</th>{cells}</tr>'
                    f'<tr class="mc-source"><td colspan="{len(metrics) + 1}">{words.escaped(row["source"])}; '
                    f'{words.escaped(row["note"])}</td></tr>')
    return (f'<tbody><tr class="mc-group"><th scope="rowgroup" colspan="{len(metrics) + 1}">{words.escaped(name)}'
            f"<small>{size}</small></th></tr>{''.join(rows)}</tbody>")


def overview(blocks: list[benchmark.Block]) -> None:
    """A table for each protocol, its data sets one below the other."""
    for split in dict.fromkeys(each.split for each in blocks):
        mine = [each for each in blocks if each.split == split]
        metrics = max((each.metrics for each in mine), key=len)
        st.header(PROTOCOLS.get(split, split))
        table("".join(map(metric_head, metrics)), "".join(block(each, metrics) for each in mine))
    if any(each.others for each in blocks):
        st.caption("Grey rows are what others report, from their own runs and splits: to be compared with care.")
    with st.expander("What the models and the figures are"):
        st.markdown("\n".join(f"- **{words.plain(title)}**: {MODELS[name]}"
                              for name, title in benchmark.models(blocks).items() if name in MODELS))
        named = dict.fromkeys(metric.partition("@")[0] for each in blocks for metric in each.metrics)
        st.markdown("\n".join(f"- **{result_files.metric_name(name)}**: {words.hint(result_files.metric_name(name))}"
                              for name in named))


# One comparison --------------------------------------------------------------------------------------------------------


def detail(value: dict) -> None:
    """How far the models of a comparison are apart in its main figure, and what each costs."""
    metric, name = value["main"], result_files.metric_name(value["main"])
    rows = "".join(f"<tr>{model_head(row)}{cell(row['figures'][metric], row['figures'][f'{metric}_se'])}"
                   f"<td>{difference(row['difference'][metric])}</td><td>{seconds(row)}</td>"
                   f"<td>{row['training']['peak_bytes'] / 2**20:,.0f} MB</td></tr>" for row in value["models"])
    table(f'{metric_head(metric)}<th scope="col">less the best</th><th scope="col">training</th><th scope="col">memory</th>',
          f"<tbody>{rows}</tbody>")
    st.caption(f"Differences of {name} to the best model over the same people, with their standard error and p of a "
               "two-sided paired t-test, not corrected for the number of models. Memory is the most that a training held "
               "beyond what was there before.")
    st.markdown("**Accuracy and what it costs**")
    st.plotly_chart(charts.time_and_accuracy(value, metric, name), key="cost", config={"displayModeBar": False},
                    alt=f"Points: training time against {name} for each model")
    titles = [row["title"] for row in value["models"]]
    html.legend(titles, colours.colours_for(len(titles)))
    st.caption("Up is better, left is cheaper; each step to the right takes ten times as long. Stars are MacridVAE.")


def difference(test: dict | None) -> str:
    if test is None:
        return "the best"
    p = "p &lt; 0.001" if test["p"] < 0.001 else f"p = {test['p']:.2g}"
    return f"{test['mean']:+.3f}<small> ± {test['se']:.3f}, {p}{'' if test['significant'] else ': chance'}</small>"


def seconds(row: dict) -> str:
    taken = row["training"]["seconds"]
    return f"{words.figure(taken)} s" if taken >= 0.01 else "&lt; 0.01 s"


if not result_files.files("compare"):
    st.info("There is no comparison yet. `python -m macrid compare --data ml-100k --models "
            "popularity,ease,multvae,macridvae --out results/compare-ml-100k.json` makes one; then reload this page.")
    st.stop()
overview(benchmark.blocks(comparisons(), elsewhere()))
st.header("One comparison in detail")
chosen = result_files.choose("compare", "Comparison", bundle.meta["data"]["name"])
if chosen:
    st.caption(result_files.described(chosen[1]))
    detail(chosen[1])
