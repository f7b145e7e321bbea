"""Evaluation: perfect and reversed rankings, in pieces, and the figures that are promised."""

import numpy as np
import pytest
from conftest import tiny_settings

from macrid.measures import evaluate
from macrid.measures.coherence import coherence
from macrid.model.macridvae import MacridVAE


class Oracle:
    """Scores the answers highest, or lowest, and what was seen higher still."""

    def __init__(self, held, sign):
        self.table = {tuple(row.indices): sign * answer.toarray()[0] + 9 * seen.toarray()[0]
                      for row, answer, seen in zip(held.fold_in, held.answers, held.seen, strict=True)}

    def scores(self, batch):
        return np.stack([self.table[tuple(row.indices)] for row in batch]).astype(np.float32)


def test_a_perfect_ranking_scores_one_and_a_reversed_one_less(tiny_split):
    """What was seen is left out of the list, however high it scores."""
    for held in (tiny_split.test, tiny_split.validation):
        perfect = evaluate.summary(evaluate.ranking(Oracle(held, 1), held))
        assert [perfect[name] for name in ("ndcg@100", "recall@20", "recall@50")] == pytest.approx([1, 1, 1])
        assert perfect["ndcg@100_se"] == pytest.approx(0)
        assert evaluate.summary(evaluate.ranking(Oracle(held, -1), held))["recall@20"] < 0.1


def test_people_are_scored_in_pieces(tiny_split, monkeypatch):
    model = MacridVAE(tiny_split.train.shape[1], tiny_settings())
    whole = evaluate.ranking(model, tiny_split.test)
    monkeypatch.setattr(evaluate, "SCORED_AT_ONCE", 5)
    for name, values in evaluate.ranking(model, tiny_split.test).items():
        np.testing.assert_allclose(values, whole[name])


def test_evaluate_has_the_promised_keys(tiny_split):
    model = MacridVAE(tiny_split.train.shape[1], tiny_settings())
    ranking = {f"{name}{end}" for name in ("ndcg@100", "recall@20", "recall@50") for end in ("", "_se")}
    found = evaluate.evaluate(model, tiny_split.test, tiny_split.items)
    factors = {"nmi", "ari", "purity", "effective_factors", "certainty", "coherence", "coherence_se", "independence"}
    assert set(found) == ranking | factors
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    nameless = tiny_split.items.assign(category="")
    assert "nmi" not in evaluate.evaluate(model, tiny_split.test, nameless)
    theirs = evaluate.evaluate(model, tiny_split.test, tiny_split.items, "recbole")
    assert {"recall@10", "mrr@10", "ndcg@10", "hit@10", "precision@10", "certainty"} < set(theirs)
    assert "coherence" not in theirs  # RecBole's split has nobody whom the model never saw


def test_coherence_is_over_all_clicks_of_the_people_held_out(tiny_split):
    model, held = MacridVAE(tiny_split.train.shape[1], tiny_settings()), tiny_split.test
    clicks = evaluate.unseen(held)
    assert clicks.nnz == held.fold_in.nnz + held.answers.nnz
    assert set(clicks.data) == {1}
    found = evaluate.evaluate(model, held, tiny_split.items)
    assert (found["coherence"], found["coherence_se"]) == coherence(model.factors(), clicks)[:2]
    alone = MacridVAE(tiny_split.train.shape[1], tiny_settings(kfac=1))
    assert not {"coherence", "coherence_se"} & set(evaluate.evaluate(alone, held, tiny_split.items))
