"""Tree ensembles over flat arrays of nodes: all rows walk all trees at once, one level per step.

Comparisons are made in the element type of the thresholds and scores are added tree by tree in the same type, as in
ONNX Runtime (core/providers/cpu/ml/tree_ensemble_common.h), so leaves agree exactly and sums do to the last bits.
"""

import torch
from torch import Tensor

from mlpack.converters.onnx_to_torchscript.ops.ml import transform, with_second_class


def compare(value: Tensor, threshold: Tensor, mode: int) -> Tensor:
    """Whether the true branch is taken: 0 to 5 are <=, <, >=, >, ==, !=."""
    if mode == 0:
        return value <= threshold
    if mode == 1:
        return value < threshold
    if mode == 2:
        return value >= threshold
    if mode == 3:
        return value > threshold
    if mode == 4:
        return value == threshold
    return value != threshold


def is_member(value: Tensor, sets: Tensor) -> Tensor:
    """Whether each value is in its set, along the last axis."""
    return (value.unsqueeze(2) == sets).any(2)


def leaves(
    x: Tensor,
    roots: Tensor,
    features: Tensor,
    thresholds: Tensor,
    modes: Tensor,
    used_modes: list[int],
    yes: Tensor,
    no: Tensor,
    nan_is_yes: Tensor,
    member_rows: Tensor,
    members: Tensor,
    depth: int,
) -> Tensor:
    """The leaf that each row reaches in each tree; leaves point to themselves."""
    at = roots.unsqueeze(0).expand([x.size(0), roots.size(0)])
    for _ in range(depth):
        value = torch.gather(x, 1, features[at])
        threshold = thresholds[at]
        taken = torch.zeros_like(value, dtype=torch.bool)
        for mode in used_modes:
            holds = is_member(value, members[member_rows[at]]) if mode == 6 else compare(value, threshold, mode)
            taken = torch.where(modes[at] == mode, holds, taken) if len(used_modes) > 1 else holds
        taken = taken | (nan_is_yes[at] & torch.isnan(value))
        at = torch.where(taken, yes[at], no[at])
    return at


def aggregate(
    at: Tensor, leaf_rows: Tensor, weights: Tensor, present: Tensor, always: bool, how: str
) -> tuple[Tensor, Tensor]:
    """Sums, minima or maxima over trees, and whether a tree said anything (`always`: one does): [rows, targets] each."""
    reached = leaf_rows[at.t()]  # [trees, rows]
    score = torch.zeros([at.size(0), weights.size(1)], dtype=weights.dtype, device=weights.device)
    said = torch.ones_like(score, dtype=torch.bool) if always else present[reached].any(0)
    if how == "SUM":
        for tree in range(reached.size(0)):
            score = score + weights[reached[tree]]
    elif reached.size(0) > 0:
        outside = float("inf") if how == "MIN" else -float("inf")
        given = torch.where(present[reached], weights[reached], torch.full_like(weights[0, 0], outside))
        score = given.amin(0) if how == "MIN" else given.amax(0)
        score = torch.where(said, score, torch.zeros_like(score))
    return score, said


def scores(
    x: Tensor,
    roots: Tensor,
    features: Tensor,
    thresholds: Tensor,
    modes: Tensor,
    used_modes: list[int],
    yes: Tensor,
    no: Tensor,
    nan_is_yes: Tensor,
    member_rows: Tensor,
    members: Tensor,
    leaf_rows: Tensor,
    weights: Tensor,
    present: Tensor,
    always: bool,
    depth: int,
    how: str,
) -> tuple[Tensor, Tensor]:
    """The aggregate of all trees for every row, and where there is one."""
    x = (x.unsqueeze(0) if x.dim() == 1 else x).to(thresholds.dtype)
    width = max(1, roots.size(0) * max(weights.size(1), members.size(1)))
    block = max(1, 4_000_000 // width)  # no temporary array gets longer: rows beyond are taken in blocks
    totals: list[Tensor] = []
    given: list[Tensor] = []
    start = 0
    while start == 0 or start < x.size(0):
        part = x[start : start + block]
        at = leaves(
            part, roots, features, thresholds, modes, used_modes, yes, no, nan_is_yes, member_rows, members, depth
        )
        total, said = aggregate(at, leaf_rows, weights, present, always, how)
        totals.append(total)
        given.append(said)
        start += block
    return torch.cat(totals), torch.cat(given)


def regression(
    found: tuple[Tensor, Tensor],
    trees: int,
    average: bool,
    base: Tensor | None,
    post_transform: str,
    dtype: torch.dtype,
) -> Tensor:
    """Targets from aggregated leaves."""
    y, _ = found
    if average:
        y = y / trees
    if base is not None:
        y = y + base
    return transform(y, post_transform).to(dtype)


def multiclass(
    found: tuple[Tensor, Tensor], base: Tensor | None, labels: Tensor, post_transform: str
) -> tuple[Tensor, Tensor]:
    """Labels and scores for three or more classes; a class that no leaf mentions is never chosen."""
    y, said = found
    if base is not None:
        y = y + base
        said = torch.ones_like(said)
    best = torch.argmax(torch.where(said, y, torch.full_like(y, -float("inf"))), 1)
    return torch.index_select(labels, 0, best), transform(y.to(torch.float32), post_transform)


def binary(
    found: tuple[Tensor, Tensor],
    base: Tensor | None,
    labels: Tensor,
    threshold: float,
    complement: bool,
    post_transform: str,
) -> tuple[Tensor, Tensor]:
    """Labels and scores for two classes, from leaves that score the first."""
    score = found[0][:, 0]
    if base is not None:
        score = score + base
    chosen = torch.where(score > threshold, labels[1], labels[0])
    y = score.to(torch.float32).unsqueeze(1)
    return chosen, with_second_class(y, post_transform, complement)


def second(
    found: tuple[Tensor, Tensor], labels: Tensor, threshold: float, post_transform: str
) -> tuple[Tensor, Tensor]:
    """Labels and scores for two classes, from leaves that score the second; the first stays zero."""
    y = found[0]
    return torch.where(y[:, 1] > threshold, labels[1], labels[0]), transform(y.to(torch.float32), post_transform)
