"""Support vector machines, as ONNX Runtime computes them (core/providers/cpu/ml/svmclassifier.cc)."""

import torch
from torch import Tensor

from mlpack.converters.onnx_to_torchscript.ops.ml import logistic, rows, transform, with_second_class


def kernel(x: Tensor, vectors: Tensor, name: str, gamma: float, coef0: float, degree: float) -> Tensor:
    """The kernel between rows and support vectors."""
    if name == "RBF":
        difference = x.unsqueeze(1) - vectors.unsqueeze(0)
        return torch.exp(-gamma * (difference * difference).sum(2))
    product = torch.matmul(x, vectors.t())
    if name == "POLY":
        return torch.pow(gamma * product + coef0, degree)
    if name == "SIGMOID":
        return torch.tanh(gamma * product + coef0)
    return product


def regressor(
    x: Tensor,
    vectors: Tensor,
    coefficients: Tensor,
    rho: float,
    name: str,
    parameters: list[float],
    one_class: bool,
) -> Tensor:
    """The decision value of each row; of a one-class machine, its sign."""
    similar = kernel(rows(x), vectors, name, parameters[0], parameters[1], parameters[2])
    y = torch.matmul(similar, coefficients.unsqueeze(1)) + rho
    if one_class:
        return torch.where(y > 0, torch.ones_like(y), -torch.ones_like(y))
    return y


def linear_regressor(x: Tensor, coefficients: Tensor, rho: float, one_class: bool) -> Tensor:
    """Like regressor, for weights of features instead of support vectors."""
    y = torch.matmul(rows(x), coefficients.unsqueeze(1)) + rho
    if one_class:
        return torch.where(y > 0, torch.ones_like(y), -torch.ones_like(y))
    return y


def duels(similar: Tensor, weights: Tensor, rho: Tensor) -> Tensor:
    """The decision value of each pair of classes, summed in float64: [rows, pairs]."""
    pairs = range(weights.size(0))
    values = [(similar * weights[pair]).to(torch.float64).sum(1) + rho[pair].to(torch.float64) for pair in pairs]
    return torch.stack(values, 1)


def winners(decisions: Tensor, first: Tensor, second: Tensor, classes: int) -> Tensor:
    """The class that wins most duels, the first one of equals."""
    votes = torch.zeros([decisions.size(0), classes], dtype=torch.int64, device=decisions.device)
    choice = torch.where(decisions > 0, first, second)
    votes = votes.scatter_add(1, choice, torch.ones_like(choice))
    return torch.argmax(votes, 1)


def probabilities(duel: Tensor, first: Tensor, second: Tensor, classes: int) -> Tensor:
    """Class probabilities from pairwise ones: Wu, Lin and Weng (2004), second method, at most 100 sweeps."""
    count = duel.size(0)
    r = torch.zeros([count, classes, classes], dtype=torch.float32, device=duel.device)
    r[:, first, second] = duel
    r[:, second, first] = 1 - duel
    off_diagonal = -(r.transpose(1, 2) * r)
    diagonal = (r * r).sum(1)
    q = off_diagonal + torch.diag_embed(diagonal)
    p = torch.full([count, classes], 1.0 / classes, dtype=torch.float32, device=duel.device)
    running = torch.ones([count, 1], dtype=torch.bool, device=duel.device)
    for _ in range(100):
        qp = torch.matmul(q, p.unsqueeze(2)).squeeze(2)
        pqp = (p * qp).sum(1, keepdim=True)
        running = running & (torch.abs(qp - pqp).amax(1, keepdim=True) >= 0.005 / classes)
        if not bool(running.any()):
            break
        new = p
        for i in range(classes):
            own = diagonal[:, i : i + 1]
            step = (-qp[:, i : i + 1] + pqp) / own
            raised = new + step * torch.nn.functional.one_hot(torch.tensor(i), classes).to(p)
            pqp = (pqp + step * (step * own + 2 * qp[:, i : i + 1])) / (1 + step) / (1 + step)
            qp = (qp + step * q[:, i]) / (1 + step)
            new = raised / (1 + step)
        p = torch.where(running, new, p)
    return p


def classifier(
    x: Tensor,
    vectors: Tensor,
    weights: Tensor,
    rho: Tensor,
    labels: Tensor,
    first: Tensor,
    second: Tensor,
    prob_a: Tensor | None,
    prob_b: Tensor | None,
    name: str,
    parameters: list[float],
    post_transform: str,
) -> tuple[Tensor, Tensor]:
    """Labels, and probabilities or the decision values of all pairs."""
    similar = kernel(rows(x).to(torch.float32), vectors, name, parameters[0], parameters[1], parameters[2])
    decisions = duels(similar, weights, rho)
    classes = labels.size(0)
    chosen = torch.index_select(labels, 0, winners(decisions, first, second, classes))
    scores = decisions.to(torch.float32)
    if prob_a is not None and prob_b is not None:
        duel = (1 - logistic(scores * prob_a + prob_b)).clamp(1.0e-7, 1 - 1.0e-7)
        return chosen, transform(probabilities(duel, first, second, classes), post_transform)
    if scores.size(1) == 1:
        return chosen, with_second_class(scores, post_transform, post_transform != "NONE")
    return chosen, transform(scores, post_transform)
