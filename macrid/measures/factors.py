"""Measures of factors and of user vectors: pure functions on arrays."""

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from .vectors import unit


def agreement(factor: np.ndarray, category: np.ndarray) -> dict[str, float]:
    """How well factors (M,) match categories (M,): nmi and ari as in scikit-learn (arithmetic mean of the entropies), and
    purity = the share of items whose category is the most frequent one of their factor."""
    table = np.zeros((factor.max() + 1, category.max() + 1))
    np.add.at(table, (factor, category), 1)
    return {"nmi": float(normalized_mutual_info_score(category, factor)),
            "ari": float(adjusted_rand_score(category, factor)),
            "purity": float(table.max(axis=1).sum() / table.sum())}


def prototype_match(prototypes: np.ndarray, vectors: np.ndarray, category: np.ndarray) -> int:
    """How well K prototypes (K, D) match K categories, 0 to 3, as the paper's release counts it before it draws its figure.

    By cosine of the prototypes with the mean direction of each category's items, vectors (M, D), category (M,): one point if
    every category has a nearest prototype of its own, one if every prototype has a nearest category of its own, and one
    more if both agree on the pairs.
    """
    kfac = len(prototypes)
    if category.max() + 1 != kfac:
        raise ValueError(f"{kfac} prototypes cannot be matched one to one with {category.max() + 1} categories")
    centres = np.zeros_like(prototypes, dtype=np.float64)
    np.add.at(centres, category, unit(vectors))
    cosine = unit(prototypes) @ unit(centres).T  # (K prototypes, K categories)
    category_of, prototype_of = cosine.argmax(axis=1), cosine.argmax(axis=0)
    own_prototype = len(np.unique(prototype_of)) == kfac  # for every category
    own_category = len(np.unique(category_of)) == kfac  # for every prototype
    agree = own_prototype and own_category and bool((prototype_of[category_of] == np.arange(kfac)).all())
    return own_prototype + own_category + agree


def effective_factors(factor: np.ndarray) -> float:
    """exp of the entropy of the factors' use by the items (M,): K if all are used alike, 1 if one takes everything."""
    share = np.bincount(factor) / len(factor)
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


def certainty(log_c: np.ndarray) -> float:
    """How surely an item belongs to its factor, the median over items: the largest of its K shares, from log c (M, K). From
    1 / K, if all are alike, to 1."""
    return float(np.exp(np.median(log_c.max(axis=1))))


def independence(parts: np.ndarray) -> float:
    """1 - 2 / (D (D - 1)) sum_{i<j} |corr_ij| of a part's dimensions over people, mean over factors: (n, K, D) -> number.

    1 if no two dimensions go together, 0 if all do (Ma et al., 2019, section 4.3). A dimension that does not vary counts
    as uncorrelated.
    """
    dims = parts.shape[2]
    upper = np.triu_indices(dims, 1)
    per_factor = []
    for k in range(parts.shape[1]):
        centred = parts[:, k] - parts[:, k].mean(axis=0)  # (n, D)
        scale = np.sqrt((centred**2).sum(axis=0))
        standard = centred / np.where(scale > 1e-12, scale, np.inf)
        per_factor.append(1 - np.abs((standard.T @ standard)[upper]).mean())
    return float(np.mean(per_factor))
