"""Vectors at length one."""

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., D) divided by their lengths; those of length 0 stay so."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
