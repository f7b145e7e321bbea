"""Products of clicks with what their people have: on a processor one small product for each person, on a GPU, which would
wait for each, of all people at once.

e clicks, B people, K factors, H numbers a click; the clicks lie person by person, those of person u from spans[u] to
spans[u + 1].
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor


def some_people(spans: list[int], most: int) -> Iterator[tuple[slice, slice, list[int]]]:
    """People one after the other, as many at a time as have no more than `most` clicks, at least one: which people, which
    clicks, and where among these each person's begin, with the end."""
    first = 0
    while first < len(spans) - 1:
        last = max(first + 1, bisect_right(spans, spans[first] + most) - 1)
        yield slice(first, last), slice(spans[first], spans[last]), [at - spans[first] for at in spans[first : last + 1]]
        first = last


def spread(share: Tensor, of_person: Tensor, spans: list[int]) -> Tensor:
    """sum_k share_ek of_person_uk, (e, H), for clicks e of person u; share (e, K), of_person (B, K, H)."""
    return (_spread_together if share.is_cuda else _spread_singly)(share, of_person, spans)


def products(rows: Tensor, of_person: Tensor, spans: list[int]) -> Tensor:
    """rows_e . of_person_uk, (e, K), for clicks e of person u; rows (e, H), of_person (B, K, H)."""
    return (_products_together if rows.is_cuda else _products_singly)(rows, of_person, spans)


def gathered(share: Tensor, rows: Tensor, spans: list[int]) -> Tensor:
    """sum_{e of u} share_ek rows_e, (B, K, H); share (e, K), rows (e, H)."""
    return (_gathered_together if rows.is_cuda else _gathered_singly)(share, rows, spans)


def _spread_singly(share: Tensor, of_person: Tensor, spans: list[int]) -> Tensor:
    out = share.new_empty(len(share), of_person.shape[2])
    for part, of, own in zip(_cut(out, spans), of_person, _cut(share, spans), strict=True):
        torch.mm(own, of, out=part)
    return out


def _products_singly(rows: Tensor, of_person: Tensor, spans: list[int]) -> Tensor:
    out = rows.new_empty(len(rows), of_person.shape[1])
    for part, of, own in zip(_cut(out, spans), of_person.transpose(1, 2), _cut(rows, spans), strict=True):
        torch.mm(own, of, out=part)
    return out


def _gathered_singly(share: Tensor, rows: Tensor, spans: list[int]) -> Tensor:
    out = rows.new_empty(len(spans) - 1, share.shape[1], rows.shape[1])
    for part, own, of in zip(out, _cut(share, spans), _cut(rows, spans), strict=True):
        torch.mm(own.T, of, out=part)
    return out


def _cut(of_clicks: Tensor, spans: list[int]) -> tuple[Tensor, ...]:
    """What there is of clicks (e, ...), person by person."""
    return of_clicks.split([last - first for first, last in pairwise(spans)])


def _spread_together(share: Tensor, of_person: Tensor, spans: list[int]) -> Tensor:
    person, out = _person(share, spans), share.new_zeros(len(share), of_person.shape[2])
    for k in range(share.shape[1]):
        out.addcmul_(share[:, k, None], of_person[:, k][person])
    return out


def _products_together(rows: Tensor, of_person: Tensor, spans: list[int]) -> Tensor:
    person = _person(rows, spans)
    return torch.stack([(rows * of_person[:, k][person]).sum(dim=1) for k in range(of_person.shape[1])], dim=1)


def _gathered_together(share: Tensor, rows: Tensor, spans: list[int]) -> Tensor:
    click, begin = torch.arange(len(rows), device=rows.device), torch.tensor(spans[:-1], device=rows.device)
    return torch.stack([F.embedding_bag(click, rows, begin, mode="sum", per_sample_weights=own) for own in
                        share.T.contiguous()], dim=1)


def _person(of_clicks: Tensor, spans: list[int]) -> Tensor:
    """Whose click each is (e,)."""
    count = torch.tensor(spans, device=of_clicks.device).diff()
    return torch.repeat_interleave(count, output_size=len(of_clicks))
