"""Arrays for the tests, from explicit generators, in every memory layout."""

import torch
from hypothesis import strategies as st

layouts = st.sampled_from(["contiguous", "permuted", "strided"])


def draw(shape, seed=0, *, ties=False, layout="contiguous"):
    """Return normal numbers in float64; with ties, rounded to halves, zero among them."""
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return arrange((2 * x).round() / 2 if ties else x, layout)


def arrange(x, layout):
    """Return the same numbers in another memory layout."""
    if layout == "permuted":
        back = tuple(reversed(range(x.ndim)))
        return x.permute(back).contiguous().permute(back)
    if layout == "strided":
        wide = torch.full((*x.shape[:-1], 2 * x.shape[-1]), float("nan"), dtype=x.dtype)
        wide[..., ::2] = x
        return wide[..., ::2]
    return x


def classes(shape, num_classes, seed=0):
    """Return whole numbers from 0 to num_classes - 1, int64."""
    return torch.randint(num_classes, shape, generator=torch.Generator().manual_seed(seed))


def close(got, expected, tolerance=1e-10, name=""):
    """Assert equality to an absolute and relative tolerance."""
    torch.testing.assert_close(
        got, expected, rtol=tolerance, atol=tolerance, msg=lambda m: f"{name}: {m}"
    )
