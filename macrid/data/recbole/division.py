"""How RecBole divides rows into those of training, validation and test: the same rows, drawn again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_matrix

from macrid.data.counting import Statement
from macrid.data.split import HeldOut, Split
from macrid.errors import InputError

from .prepare import Prepared, binary


def divide(rows: Prepared, shuffled: np.ndarray) -> Split:
    """The rows divided as their options say. shuffled: the order (N,) into which RecBole's generator brings N rows.
    Everybody is ranked on all items that they have not had in an earlier part."""
    data = rows.interactions()
    part = parts(rows, shuffled)
    row, column, _, _ = rows.placed()
    train, validation, test = (binary(row[part == p], column[part == p], data.matrix.shape) for p in range(3))
    both = binary(row[part < 2], column[part < 2], data.matrix.shape)

    def held(answers: csr_matrix, seen: csr_matrix, which: str) -> HeldOut:
        people = np.diff(answers.indptr) > 0
        if people.sum() < 2:
            raise InputError(f"{data.name}: {people.sum()} people have a row for {which}, at least 2 are needed; give more "
                             "data, or divide otherwise (eval_args)")
        before = csr_matrix(seen - seen.multiply(answers))  # a pair may stand in two parts, and is asked for then
        before.eliminate_zeros()
        return HeldOut(data.user_ids[people], train[people], answers[people], before[people])

    statement = None if data.found is None else Statement(
        data.found, -np.inf, True, len(rows.users), data.n_interactions, 1, data.n_users, data.n_items)
    return Split(data.name, "recbole", data.items, train, held(validation, train, "validation"), held(test, both, "test"),
                 (-np.inf, 1), statement)


def parts(rows: Prepared, shuffled: np.ndarray) -> np.ndarray:
    """The part of each row (N,) int8: 0 to train, 1 to validate, 2 to test."""
    if rows.parts is not None:
        if rows.parts.max() != 2:
            raise InputError(f"{rows.options.where}: benchmark_filename names {rows.parts.max() + 1} files; RecBole divides "
                             "into three, to train, validate and test")
        return rows.parts
    how = rows.options.division
    if rows.times is None and (how.by_time or how.kind == "TS"):
        raise InputError(f"{rows.options.where}: eval_args puts rows in the order of {rows.options.time}, which is not "
                         "loaded as a number; add it to load_col")
    order = np.argsort(rows.times, kind="stable") if how.by_time and rows.times is not None else shuffled
    part = np.zeros(len(order), np.int8)
    groups = [order] if how.kind == "RS" and not how.by_user else [order[mine] for mine in _groups(rows.users[order])]
    if how.kind == "TS" and rows.times is not None:
        moment = np.percentile(rows.times.astype(np.float64), 100 * (1 - how.ratios[-1]))
        for mine in groups:
            part[mine] = _around(np.sort(rows.times[mine]) <= moment, how.ratios)
        return part
    for mine in groups:
        part[mine] = np.repeat(range(3), counts(len(mine), how.ratios) if how.kind == "RS" else _one_each(len(mine)))
    return part


def _groups(users: np.ndarray) -> Iterator[np.ndarray]:
    """The places of each user in an order of rows (N,)."""
    by_user = np.argsort(users, kind="stable")
    yield from np.split(by_user, np.flatnonzero(np.diff(users[by_user])) + 1)


def counts(total: int, ratios: tuple[float, ...]) -> list[int]:
    """How many of a user's rows go into each part: rounded down but for the first; a later part that would get nothing gets
    one, the last part first, while the first keeps more than one."""
    numbers = [int(ratio * total) for ratio in ratios]
    numbers[0] = total - sum(numbers[1:])
    for i in (2, 1):
        if numbers[0] <= 1:
            break
        if 0 < ratios[i] * total < 1:
            numbers[i] += 1
            numbers[0] -= 1
    return numbers


def _one_each(total: int) -> list[int]:
    """Of a user's rows the last one to test and the one before to validate, while one stays to train."""
    return [max(total - 2, 1), int(total > 2), int(total > 1)]


def _around(early: np.ndarray, ratios: tuple[float, ...]) -> np.ndarray:
    """The parts of a user's rows: those after a moment to test, the last of those before to validate. RecBole asks whether
    the i-th earliest is before it, and takes the i-th of the rows as they stand: another where these are not by time."""
    part = np.full(len(early), 2, np.int8)
    before = np.flatnonzero(early)
    cut = int(len(before) * (ratios[0] / (1 - ratios[2]))) if ratios[2] < 1 else 0
    part[before[:cut]], part[before[cut:]] = 0, 1
    return part
