"""Labels in the training: a term of the loss that asks one dimension of every factor to predict one attribute.

The idea is that of Locatello et al. ("Disentangling Factors of Variation Using Few Labels", ICLR 2020, arXiv 1905.01258): a
supervised regulariser, computed from a few labels, is added to an unsupervised loss. Theirs compares a coordinate with its
attribute by cross-entropy; ours by least squares whose slope and intercept are solved for (variable projection, Golub &
Pereyra, 1973), so that the term has no parameters of its own, and neither the unit nor the sign of an attribute matters.
"""

import torch.nn.functional as F
from torch import Tensor

LEAST = 1e-12  # of a variance that is divided by


def label_error(items: Tensor, c: Tensor, table: Tensor) -> Tensor:
    """The share of the labels' variance that their dimensions do not explain, a scalar from 0 (predicted) to 1.

        sum_ka W_ka (1 - rho_ka^2) / sum_ka W_ka,  W_ka the sum of c_ik over the items i with a label of attribute a,

    rho_ka the correlation, weighted by c_ik, of the labels of attribute a with the a-th coordinate of their items' vectors
    at length one. 1 - rho^2 is the least squared error of a line through them, labels standardised.

    items (M, D), of any length but 0. c (M, K): how much each item belongs to each factor; it is held fixed, since labels
    are to turn a factor's dimensions, not to move items between factors. table (M, A), A <= D: labels, NaN where there is
    none. With no label at all the error is 0.
    """
    known = table.isfinite()  # (M, A)
    labelled = known.any(dim=1)
    known = known[labelled]  # from here on M are the labelled items
    y = table[labelled].nan_to_num()  # (M, A)
    h = F.normalize(items[labelled], dim=1)[:, : table.shape[1]]  # (M, A)
    weight = c.detach()[labelled].T[:, :, None] * known  # (K, M, A)
    total = weight.sum(dim=1, keepdim=True)  # (K, 1, A): W_ka
    share = weight / total.clamp_min(LEAST)
    h = h - (share * h).sum(dim=1, keepdim=True)  # (K, M, A)
    y = y - (share * y).sum(dim=1, keepdim=True)
    both = (share * h * y).sum(dim=1)  # (K, A)
    rho2 = both**2 / ((share * h**2).sum(dim=1) * (share * y**2).sum(dim=1)).clamp_min(LEAST)
    total = total[:, 0]
    return (total * (1 - rho2)).sum() / total.sum().clamp_min(LEAST)
