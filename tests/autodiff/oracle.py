"""What each operation computes, said once more in torch: the oracle of forward and gradient."""

import operator

import torch
from torch.nn import functional


def slices(x, *, index):
    return x[index]


def unslice(g, *, index, shape):
    whole = g.new_zeros(shape)
    whole[index] = g
    return whole


def index_select(x, index, *, dim):
    return torch.index_select(x, dim, index)


def index_add(g, index, *, dim, size):
    shape = list(g.shape)
    if shape:
        shape[dim] = size
    return g.new_zeros(shape).index_add(dim, index, g)


def gather(x, index, *, dim):
    return torch.gather(x, dim, index)


def scatter_add(g, index, *, dim, shape):
    return g.new_zeros(shape).scatter_add(dim, index, g)


def var(x, *, dim=None, keepdim=False, correction=1):
    return torch.var(x, dim, correction=correction, keepdim=keepdim)


def wins(a, b):
    return torch.where(a == b, 0.5, (a > b).double())


def leaky_slopes(x, *, negative_slope):
    return torch.where(x > 0, torch.ones_like(x), negative_slope)


def inside(x, *, min=None, max=None):
    low = x >= min if min is not None else torch.ones_like(x, dtype=torch.bool)
    return (low & (x <= max) if max is not None else low).double()


def batch_first(images):
    """(..., C, H, W, N) as (lead · N, C, H, W), and what `batch_last` needs to turn it back."""
    turned = images.movedim(-1, -4)
    return turned.reshape(-1, *turned.shape[-3:]), turned.shape[:-3]


def batch_last(images, lead):
    return images.reshape(*lead, *images.shape[1:]).movedim(len(lead) - 1, -1)


def max_pool(x, *, size, stride):
    images, lead = batch_first(x)
    return batch_last(functional.max_pool2d(images, size, stride), lead)


def unfold(x, *, size, stride):
    images, lead = batch_first(x)
    rows, columns = (
        (n - k) // s + 1 for n, k, s in zip(images.shape[2:], size, stride, strict=True)
    )
    columns_of = functional.unfold(images, size, stride=stride)
    return batch_last(columns_of.reshape(*columns_of.shape[:2], rows, columns), lead)


def fold(g, *, size, stride, shape):
    columns_of, lead = batch_first(g)
    # functional.fold wants images that the windows cover; the rest of an image gets nothing.
    covered = [(n - 1) * s + k for n, k, s in zip(columns_of.shape[2:], size, stride, strict=True)]
    images = functional.fold(columns_of.flatten(2), covered, size, stride=stride)
    rest = [n - c for n, c in zip(shape[-3:-1], covered, strict=True)]
    return batch_last(functional.pad(images, (0, rest[1], 0, rest[0])), lead)


def chosen(x, top, size, stride):
    """Where in x, flattened, each window's first element of at least `top` lies, or its last."""
    flat = torch.arange(x.numel()).reshape(x.shape)
    windows = [a.unfold(-3, size[0], stride[0]).unfold(-3, size[1], stride[1]) for a in (x, flat)]
    values, places = (w.flatten(-2) for w in windows)
    enough = values >= top.unsqueeze(-1)
    enough[..., -1] = True
    return places.gather(-1, enough.int().argmax(-1, keepdim=True)).squeeze(-1)


def route(g, x, top, *, size, stride):
    places = chosen(x, top, size, stride)
    return g.new_zeros(x.numel()).index_add(0, places.flatten(), g.flatten()).reshape(x.shape)


def collect(gg, x, top, *, size, stride):
    return gg.reshape(-1)[chosen(x, top, size, stride)]


ORACLE = {
    "abs": torch.abs,
    "add": operator.add,
    "affine": lambda weight, x, bias: weight @ x + bias.unsqueeze(-1),
    "alias": lambda x: x.view_as(x),
    "amax": lambda x, *, dim=(), keepdim=False: torch.amax(x, dim, keepdim),
    "amin": lambda x, *, dim=(), keepdim=False: torch.amin(x, dim, keepdim),
    "argmax": torch.argmax,
    "argmin": torch.argmin,
    "argsort": torch.argsort,
    "bitwise_and": torch.bitwise_and,
    "bitwise_not": torch.bitwise_not,
    "bitwise_or": torch.bitwise_or,
    "bitwise_xor": torch.bitwise_xor,
    "cast": lambda x, *, dtype: x.to(dtype),
    "ceil": torch.ceil,
    "clamp": torch.clamp,
    "collect": collect,
    "concat": lambda *tensors, dim=0: torch.cat(tensors, dim),
    "contiguous": torch.clone,
    "cos": torch.cos,
    "cumsum": torch.cumsum,
    "div": operator.truediv,
    "eq": torch.eq,
    "erf": torch.erf,
    "exp": torch.exp,
    "expand": lambda x, *, shape: x.expand(shape),
    "expm1": torch.expm1,
    "floor": torch.floor,
    "fold": fold,
    "gather": gather,
    "ge": torch.ge,
    "gt": torch.gt,
    "index_add": index_add,
    "index_select": index_select,
    "inside": inside,
    "le": torch.le,
    "leaky_relu": functional.leaky_relu,
    "leaky_slopes": leaky_slopes,
    "log": torch.log,
    "log1p": torch.log1p,
    "log_softmax": torch.log_softmax,
    "logsumexp": torch.logsumexp,
    "lt": torch.lt,
    "matmul": torch.matmul,
    "max": torch.max,
    "max_pool": max_pool,
    "maximum": torch.maximum,
    "mean": torch.mean,
    "min": torch.min,
    "minimum": torch.minimum,
    "mul": operator.mul,
    "ne": torch.ne,
    "neg": torch.neg,
    "nonzero": lambda x: (x != 0).to(x.dtype),
    "one_hot": functional.one_hot,
    "pad": functional.pad,
    "permute": torch.permute,
    "positions": lambda index, *, length: index % length,
    "pow": torch.pow,
    "relu": torch.relu,
    "reshape": torch.reshape,
    "round": torch.round,
    "route": route,
    "scatter_add": scatter_add,
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "sin": torch.sin,
    "slice": slices,
    "softmax": torch.softmax,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "sqrt": torch.sqrt,
    "square": torch.square,
    "stack": lambda *tensors, dim=0: torch.stack(tensors, dim),
    "sub": operator.sub,
    "sum": torch.sum,
    "sum_to": lambda x, *, shape: x.sum_to_size(shape),
    "tanh": torch.tanh,
    "tanh_slope": lambda g, out: g * (1 - out**2),
    "topk": lambda x, **options: torch.topk(x, **options).indices,
    "unfold": unfold,
    "unslice": unslice,
    "var": var,
    "where": torch.where,
    "wins": wins,
}
