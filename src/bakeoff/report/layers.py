"""Where to draw the boxes of a graph: in layers from top to bottom, arrows never turning back.

The way of Sugiyama, Tagawa & Toda (1981), "Methods for visual understanding of hierarchical system
structures": a box stands one layer below the lowest box that it reads; an arrow over several layers
passes a place of its own in each; and sweeps down and up move each box towards the middle of its
neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from attrs import frozen

SWEEPS = 12
NARROW = 0.45
"""The width of an arrow's place in a layer, in widths of a box."""

Arrow = tuple[int, int]


@frozen
class Layout:
    """Places in units of a box's width and a layer's height.

    Attributes:
        boxes: (x, y) of each box's middle, y counted downwards from 0.
        paths: for each arrow the points that it passes, from box to box.
        width: from the left edge of the leftmost box to the right edge of the rightmost.
        height: the number of layers.
    """

    boxes: tuple[tuple[float, float], ...]
    paths: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: int


def lay_out(count: int, arrows: Sequence[Arrow], last: Sequence[int] = ()) -> Layout:
    """Return where to draw boxes and arrows.

    Args:
        count: the number of boxes.
        arrows: pairs of boxes; the boxes are in an order in which each arrow points forward.
        last: boxes that belong on the lowest layer.
    """
    depth = _depths(count, arrows, last)
    chains, links, depth = _with_passages(arrows, depth)
    layers = [[n for n, d in enumerate(depth) if d == level] for level in range(max(depth) + 1)]
    x = _places(layers, links, len(depth), widths=[1.0] * count + [NARROW] * (len(depth) - count))
    left = min(x[n] for n in range(count)) - 0.5
    right = max(x[n] for n in range(count)) + 0.5
    places = [(x[n] - left, float(depth[n])) for n in range(len(depth))]
    return Layout(
        tuple(places[:count]),
        tuple(tuple(places[n] for n in chain) for chain in chains),
        right - left,
        len(layers),
    )


def _depths(count: int, arrows: Sequence[Arrow], last: Sequence[int]) -> list[int]:
    depth = [0] * count
    for source, target in sorted(arrows, key=lambda arrow: arrow[1]):
        depth[target] = max(depth[target], depth[source] + 1)
    lowest = max(depth, default=0)
    for n in last:
        depth[n] = lowest
    return depth


def _with_passages(
    arrows: Sequence[Arrow], depth: list[int]
) -> tuple[list[list[int]], list[Arrow], list[int]]:
    """Cut long arrows into links of one layer; return each arrow's chain, all links, all depths."""
    depth = list(depth)
    chains, links = [], []
    for source, target in arrows:
        chain = [source]
        for level in range(depth[source] + 1, depth[target]):
            chain.append(len(depth))
            depth.append(level)
        chain.append(target)
        chains.append(chain)
        links += list(pairwise(chain))
    return chains, links, depth


def _places(
    layers: list[list[int]], links: list[Arrow], count: int, widths: list[float]
) -> list[float]:
    """Return the x of every box and passage."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        below[source].append(target)
        above[target].append(source)
    x = [0.0] * count
    for layer in layers:
        _spread(layer, {n: float(i) for i, n in enumerate(layer)}, x, widths)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for layer in layers if downwards else reversed(layers):
            neighbours = above if downwards else below
            wanted = {
                n: sum(x[m] for m in neighbours[n]) / len(neighbours[n]) if neighbours[n] else x[n]
                for n in layer
            }
            _spread(layer, wanted, x, widths)
    return x


def _spread(
    layer: list[int], wanted: dict[int, float], x: list[float], widths: list[float]
) -> None:
    """Give each member of a layer the place it wants, as near as its neighbours allow.

    In the order of what they want, members that would overlap form a block whose middle is where
    its members want it on average (pool adjacent violators, for the least squares).
    """
    layer.sort(key=lambda n: wanted[n])
    offsets, at = [], 0.0
    for i, n in enumerate(layer):
        at += (widths[layer[i - 1]] + widths[n]) / 2 if i else 0.0
        offsets.append(at)
    blocks: list[list[float]] = []  # the sum of wanted shifts, and how many members
    for n, offset in zip(layer, offsets, strict=True):
        blocks.append([wanted[n] - offset, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, members = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += members
    shifts = [total / members for total, members in blocks for _ in range(int(members))]
    for n, offset, shift in zip(layer, offsets, shifts, strict=True):
        x[n] = offset + shift
