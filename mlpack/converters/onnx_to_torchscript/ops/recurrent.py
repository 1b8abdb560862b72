"""LSTM, GRU and RNN, step by step over a dynamic number of steps.

Tensors are [steps, batch, features]; gate order and equations are those of
https://onnx.ai/onnx/operators/onnx__LSTM.html, onnx__GRU.html and onnx__RNN.html.
"""

import torch
from torch import Tensor


def activate(x: Tensor, name: str, alpha: float, beta: float) -> Tensor:
    """An activation function by its ONNX name, in lower case."""
    if name == "sigmoid":
        return torch.sigmoid(x)
    if name == "tanh":
        return torch.tanh(x)
    if name == "relu":
        return torch.relu(x)
    if name == "softplus":
        return torch.logaddexp(x, torch.zeros_like(x))
    if name == "softsign":
        return x / (1 + torch.abs(x))
    return activate_with_parameters(x, name, alpha, beta)


def activate_with_parameters(x: Tensor, name: str, alpha: float, beta: float) -> Tensor:
    """The activation functions that alpha and beta shape."""
    if name == "hardsigmoid":
        return torch.clamp(alpha * x + beta, 0, 1)
    if name == "leakyrelu":
        return torch.where(x < 0, alpha * x, x)
    if name == "thresholdedrelu":
        return torch.where(x > alpha, x, torch.zeros_like(x))
    if name == "scaledtanh":
        return alpha * torch.tanh(beta * x)
    if name == "elu":
        return torch.where(x < 0, alpha * torch.expm1(x), x)
    return alpha * x + beta  # affine


def bounded(x: Tensor, clip: float) -> Tensor:
    """X clipped to [-clip, clip]; zero means not at all."""
    return torch.clamp(x, -clip, clip) if clip > 0 else x


def in_reverse(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The steps backwards; of each batch entry, only those within its length."""
    if lengths is None:
        return torch.flip(x, [0])
    steps = torch.arange(x.size(0), device=x.device).unsqueeze(1)
    ends = lengths.to(torch.int64).unsqueeze(0)
    source = torch.where(steps < ends, ends - 1 - steps, steps)
    return torch.gather(x, 0, source.unsqueeze(2).expand(x.size()))


def stacked(outputs: list[Tensor], state: Tensor) -> Tensor:
    """The outputs of all steps, of which there may be none."""
    if len(outputs) == 0:
        return state.unsqueeze(0).narrow(0, 0, 0)
    return torch.stack(outputs)


def alive(lengths: Tensor, step: int) -> Tensor:
    """Which batch entries still have this step."""
    return (lengths > step).unsqueeze(1)


def lstm_step(
    gates: Tensor,
    c: Tensor,
    p: Tensor | None,
    functions: list[str],
    alphas: list[float],
    betas: list[float],
    clip: float,
    couple: bool,
) -> tuple[Tensor, Tensor]:
    """The next hidden and cell state."""
    i, o, f, g = torch.chunk(gates, 4, 1)
    n = c.size(1)
    if p is not None:
        i, f = i + p[:n] * c, f + p[2 * n :] * c
    i = activate(bounded(i, clip), functions[0], alphas[0], betas[0])
    f = 1 - i if couple else activate(bounded(f, clip), functions[0], alphas[0], betas[0])
    new = f * c + i * activate(bounded(g, clip), functions[1], alphas[1], betas[1])
    if p is not None:
        o = o + p[n : 2 * n] * new
    o = activate(bounded(o, clip), functions[0], alphas[0], betas[0])
    return o * activate(new, functions[2], alphas[2], betas[2]), new


def lstm(
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None,
    lengths: Tensor | None,
    h: Tensor | None,
    c: Tensor | None,
    p: Tensor | None,
    reverse: list[bool],
    functions: list[str],
    alphas: list[float],
    betas: list[float],
    clip: float,
    couple: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs of all steps, last hidden and last cell state, for each direction."""
    steps = x.transpose(0, 1) if batch_first else x
    ys: list[Tensor] = []
    hs: list[Tensor] = []
    cs: list[Tensor] = []
    for d in range(len(reverse)):
        source = in_reverse(steps, lengths) if reverse[d] else steps
        hidden = initial(h, d, r, steps.size(1), batch_first)
        cell = initial(c, d, r, steps.size(1), batch_first)
        from_input = torch.matmul(source, w[d].t()) + summed_bias(b, d, w)
        outputs: list[Tensor] = []
        for t in range(source.size(0)):
            gates = from_input[t] + torch.matmul(hidden, r[d].t())
            of = 3 * d
            hidden_next, cell_next = lstm_step(
                gates,
                cell,
                p[d] if p is not None else None,
                functions[of : of + 3],
                alphas[of : of + 3],
                betas[of : of + 3],
                clip,
                couple,
            )
            outputs.append(masked(hidden_next, lengths, t))
            hidden = kept(hidden_next, hidden, lengths, t)
            cell = kept(cell_next, cell, lengths, t)
        y = stacked(outputs, hidden)
        ys.append(in_reverse(y, lengths) if reverse[d] else y)
        hs.append(hidden)
        cs.append(cell)
    return by_direction(ys, batch_first), last_states(hs, batch_first), last_states(cs, batch_first)


def gru_step(
    from_input: Tensor,
    hidden: Tensor,
    r: Tensor,
    rb: Tensor,
    functions: list[str],
    alphas: list[float],
    betas: list[float],
    clip: float,
    linear_before_reset: bool,
) -> Tensor:
    """The next hidden state."""
    n = hidden.size(1)
    gates = from_input[:, : 2 * n] + torch.matmul(hidden, r[: 2 * n].t()) + rb[: 2 * n]
    gates = activate(bounded(gates, clip), functions[0], alphas[0], betas[0])
    z, reset = gates[:, :n], gates[:, n:]
    if linear_before_reset:
        candidate = from_input[:, 2 * n :] + reset * (torch.matmul(hidden, r[2 * n :].t()) + rb[2 * n :])
    else:
        candidate = from_input[:, 2 * n :] + torch.matmul(reset * hidden, r[2 * n :].t()) + rb[2 * n :]
    candidate = activate(bounded(candidate, clip), functions[1], alphas[1], betas[1])
    return (1 - z) * candidate + z * hidden


def gru(
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None,
    lengths: Tensor | None,
    h: Tensor | None,
    reverse: list[bool],
    functions: list[str],
    alphas: list[float],
    betas: list[float],
    clip: float,
    linear_before_reset: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor]:
    """Outputs of all steps and last hidden state, for each direction."""
    steps = x.transpose(0, 1) if batch_first else x
    ys: list[Tensor] = []
    hs: list[Tensor] = []
    for d in range(len(reverse)):
        source = in_reverse(steps, lengths) if reverse[d] else steps
        hidden = initial(h, d, r, steps.size(1), batch_first)
        wb, rb = both_biases(b, d, w)
        from_input = torch.matmul(source, w[d].t()) + wb
        outputs: list[Tensor] = []
        f, a, e = functions[2 * d : 2 * d + 2], alphas[2 * d : 2 * d + 2], betas[2 * d : 2 * d + 2]
        for t in range(source.size(0)):
            new = gru_step(from_input[t], hidden, r[d], rb, f, a, e, clip, linear_before_reset)
            outputs.append(masked(new, lengths, t))
            hidden = kept(new, hidden, lengths, t)
        y = stacked(outputs, hidden)
        ys.append(in_reverse(y, lengths) if reverse[d] else y)
        hs.append(hidden)
    return by_direction(ys, batch_first), last_states(hs, batch_first)


def rnn(
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None,
    lengths: Tensor | None,
    h: Tensor | None,
    reverse: list[bool],
    functions: list[str],
    alphas: list[float],
    betas: list[float],
    clip: float,
    batch_first: bool,
) -> tuple[Tensor, Tensor]:
    """Outputs of all steps and last hidden state, for each direction."""
    steps = x.transpose(0, 1) if batch_first else x
    ys: list[Tensor] = []
    hs: list[Tensor] = []
    for d in range(len(reverse)):
        source = in_reverse(steps, lengths) if reverse[d] else steps
        hidden = initial(h, d, r, steps.size(1), batch_first)
        from_input = torch.matmul(source, w[d].t()) + summed_bias(b, d, w)
        outputs: list[Tensor] = []
        for t in range(source.size(0)):
            new = bounded(from_input[t] + torch.matmul(hidden, r[d].t()), clip)
            new = activate(new, functions[d], alphas[d], betas[d])
            outputs.append(masked(new, lengths, t))
            hidden = kept(new, hidden, lengths, t)
        y = stacked(outputs, hidden)
        ys.append(in_reverse(y, lengths) if reverse[d] else y)
        hs.append(hidden)
    return by_direction(ys, batch_first), last_states(hs, batch_first)


def initial(state: Tensor | None, direction: int, r: Tensor, batch: int, batch_first: bool) -> Tensor:
    """The given initial state of a direction, or zeros."""
    if state is None:
        return torch.zeros([batch, r.size(2)], dtype=r.dtype, device=r.device)
    return torch.select(state, 1 if batch_first else 0, direction)


def summed_bias(b: Tensor | None, direction: int, w: Tensor) -> Tensor:
    """Input and recurrent bias of a direction, added."""
    wb, rb = both_biases(b, direction, w)
    return wb + rb


def both_biases(b: Tensor | None, direction: int, w: Tensor) -> tuple[Tensor, Tensor]:
    """Input and recurrent bias of a direction."""
    n = w.size(1)
    if b is None:
        zeros = torch.zeros([n], dtype=w.dtype, device=w.device)
        return zeros, zeros
    return b[direction, :n], b[direction, n:]


def masked(new: Tensor, lengths: Tensor | None, step: int) -> Tensor:
    """An output, zero past the end of its sequence."""
    return new if lengths is None else torch.where(alive(lengths, step), new, torch.zeros_like(new))


def kept(new: Tensor, old: Tensor, lengths: Tensor | None, step: int) -> Tensor:
    """A state, unchanged past the end of its sequence."""
    return new if lengths is None else torch.where(alive(lengths, step), new, old)


def by_direction(ys: list[Tensor], batch_first: bool) -> Tensor:
    """[steps, directions, batch, hidden], or [batch, steps, directions, hidden]."""
    y = torch.stack(ys, 1)
    return y.permute([2, 0, 1, 3]) if batch_first else y


def last_states(states: list[Tensor], batch_first: bool) -> Tensor:
    """[directions, batch, hidden], or [batch, directions, hidden]."""
    return torch.stack(states, 1 if batch_first else 0)
