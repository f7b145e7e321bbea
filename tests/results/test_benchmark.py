"""The benchmark: who may be bold, what others report, a block for each data set."""

import json

import pytest

from macrid.errors import InputError
from macrid.results import benchmark


def comparison(**significant):
    models = [{"name": "best", "difference": {"ndcg@100": None}}]
    models += [{"name": name, "difference": {"ndcg@100": {"significant": s}}} for name, s in significant.items()]
    return {"models": models, "best": {"ndcg@100": "best"}}


@pytest.mark.parametrize(("value", "wanted"), [
    (comparison(a=True, b=True), True), (comparison(a=True, b=False), False), (comparison(), False)])
def test_bold_is_what_beats_every_other_by_the_paired_test(value, wanted):
    assert benchmark.bold(value["models"][0], "ndcg@100", value) is wanted
    assert not any(benchmark.bold(row, "ndcg@100", value) for row in value["models"][1:])


def test_what_others_report(tmp_path):
    path = tmp_path / "reported.json"
    row = {"data": ["ml-1m"], "split": "strong", "title": "a", "source": "b", "note": "c", "figures": {}}
    path.write_text(json.dumps([row]))
    assert benchmark.reported(path) == [row]
    for damage in ("{", "[{}]", "5"):
        path.write_text(damage)
        with pytest.raises(InputError, match="cannot be read"):
            benchmark.reported(path)


def test_a_block_for_each_comparison_and_for_what_only_others_report():
    ours = {"ml-1m-pro_sg": {"data": {"name": "ml-1m-pro_sg", "split": "strong"}, "metrics": ["ndcg@100", "recall@20"],
                             "models": [{"name": "ease", "title": "EASE"}]},
            "shop (yours)": {"data": {"name": "shop", "split": "strong"}, "metrics": ["ndcg@100"],
                             "models": [{"name": "ease", "title": "EASE"}, {"name": "macridvae", "title": "MacridVAE"}]}}
    paper = {"data": ["ml-1m-pro_sg", "ml-1m"], "split": "strong", "title": "Paper", "figures": {"ndcg@100": 0.4}}
    theirs = [{"data": ["ml-100k"], "split": "recbole", "title": name, "figures": {metric: 0.2}}
              for name, metric in (("one", "recall@10"), ("two", "mrr@10"))]
    first, second, third = benchmark.blocks(ours, [theirs[0], paper, theirs[1]])
    assert (first.label, first.metrics, first.others) == ("ml-1m-pro_sg", ("ndcg@100", "recall@20"), [paper])
    assert (second.data, second.others) == ("shop", [])
    assert (third.data, third.split, third.comparison, third.others) == ("ml-100k", "recbole", None, theirs)
    assert third.metrics == ("recall@10", "mrr@10")
    assert benchmark.models([first, second, third]) == {"ease": "EASE", "macridvae": "MacridVAE"}
