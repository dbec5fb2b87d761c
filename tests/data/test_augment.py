"""Deformed images: what stays, what moves, and that every image moves by itself."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.data.augment import affine_field, deform, elastic_field, finer

STILL = {"rotate": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=3, height=14, width=14, seed=1):
    return torch.rand(n, height, width, generator=generator(seed)) * 255


def read_at(image, row, column, background):
    """Bilinear interpolation of one place, written out."""

    def pixel(r, c):
        inside = 0 <= r < image.shape[0] and 0 <= c < image.shape[1]
        return float(image[r, c]) if inside else background

    r, c = math.floor(row), math.floor(column)
    down, right = row - r, column - c
    upper = pixel(r, c) * (1 - right) + pixel(r, c + 1) * right
    lower = pixel(r + 1, c) * (1 - right) + pixel(r + 1, c + 1) * right
    return upper * (1 - down) + lower * down


@given(
    st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.floats(0, 20), st.integers(0, 999)
)
@settings(max_examples=30, deadline=None)
def test_a_deformed_pixel_is_read_where_its_field_says(n, height, width, reach, seed):
    x = images(n, height, width, seed)
    field = torch.randn(n, 2, height, width, generator=generator(seed)) * reach
    deformed = deform(x, field, background=7.0)
    assert deformed.shape == x.shape
    for i in range(n):
        for r in range(height):
            for c in range(width):
                down, right = field[i, :, r, c].tolist()
                expected = read_at(x[i], r + down, c + right, 7.0)
                assert float(deformed[i, r, c]) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("sharp", [False, True])
def test_no_displacement_changes_nothing_and_the_images_stay(sharp):
    x = images()
    kept = x.clone()
    assert torch.equal(deform(x, torch.zeros(3, 2, 14, 14), sharp=sharp), x)
    deform(x, torch.randn(3, 2, 14, 14, generator=generator()), sharp=sharp)
    assert torch.equal(x, kept)


@pytest.mark.parametrize("sharp", [False, True])
def test_a_whole_pixel_is_a_shift_and_outside_is_background(sharp):
    x = images()
    down = torch.zeros(3, 2, 14, 14)
    down[:, 0] = 1.0
    moved = deform(x, down, background=-3.0, sharp=sharp)
    assert torch.equal(moved[:, :-1], x[:, 1:])
    assert (moved[:, -1] == -3.0).all()


def keys(x):
    """Keys' cubic kernel with a = -1/2, equation 15."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def test_finer_images_are_keys_cubic_convolution():
    x = torch.rand(2, 4, 5, generator=generator())
    fine = finer(torch.nn.functional.pad(x, (2, 2, 2, 2)))  # a margin, so that edges have no say
    assert fine.shape == (2, 15, 17)
    padded = torch.nn.functional.pad(x, (4, 4, 4, 4))
    for r in range(4, 11):
        for c in range(4, 13):
            row, column = r / 2 + 2, c / 2 + 2
            expected = sum(
                keys(row - i) * keys(column - j) * padded[:, i, j]
                for i in range(12)
                for j in range(13)
            ).clamp(0.0, float(x.max()))
            torch.testing.assert_close(fine[:, r, c], expected, atol=1e-5, rtol=0)


@given(st.integers(1, 5), st.integers(1, 5))
def test_finer_images_keep_their_pixels(height, width):
    x = images(2, height, width)
    fine = finer(x)
    assert fine.shape == (2, 2 * height - 1, 2 * width - 1)
    torch.testing.assert_close(fine[:, ::2, ::2], x)
    torch.testing.assert_close(finer(torch.full_like(x, 3.0)), torch.full_like(fine, 3.0))


def test_a_sharp_image_moved_there_and_back_is_nearer_to_itself():
    wave = torch.arange(14).mul(0.6).sin() / 2 + 0.5
    x = wave.view(1, -1, 1) * wave
    half = torch.full((1, 2, 14, 14), 0.5)

    def lost(sharp):
        back = deform(deform(x, half, sharp=sharp), -half, sharp=sharp)
        return float((back - x)[:, 3:-3, 3:-3].abs().mean())

    assert lost(True) < 0.5 * lost(False)


@given(st.floats(0, 8), st.integers(0, 10**6), st.booleans())
@settings(max_examples=50, deadline=None)
def test_values_stay_in_the_range_of_image_and_background(reach, seed, sharp):
    x = images(20, seed=seed).round()
    field = torch.randn(20, 2, 14, 14, generator=generator(seed)) * reach
    deformed = deform(x, field, sharp=sharp)
    assert float(deformed.min()) >= 0.0
    assert float(deformed.max()) <= 255.0


def test_an_affine_field_is_its_formula():
    field = affine_field(
        5, (14, 10), rotate=20, scale=0.3, shear=0.2, shift=2, generator=generator(3)
    )
    drawn = torch.rand(6, 5, generator=generator(3)) * 2 - 1
    for i in range(5):
        angle = math.radians(20) * float(drawn[0, i])
        s, t = 1 + 0.3 * float(drawn[1, i]), 1 + 0.3 * float(drawn[2, i])
        h, d = 0.2 * float(drawn[3, i]), 2 * drawn[4:, i]
        turn = torch.tensor(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        )
        matrix = turn @ torch.tensor([[s, 0.0], [h, t]])
        for r, c in ((0, 0), (3, 9), (13, 4)):
            offset = torch.tensor([r - 6.5, c - 4.5])
            torch.testing.assert_close(field[i, :, r, c], matrix @ offset + d - offset)


@pytest.mark.parametrize("only", ["rotate", "scale", "shear"])
def test_affine_maps_keep_the_centre_and_reach_as_far_as_told(only):
    reach = {"rotate": 30.0, "scale": 0.2, "shear": 0.2}[only]
    field = affine_field(4000, (15, 15), **STILL | {only: reach}, generator=generator())
    assert float(field[:, :, 7, 7].abs().max()) < 1e-5
    corner = float(field[:, :, 0, 0].norm(dim=1).max())
    far = 7 * math.sqrt(2)
    most = {"rotate": 2 * far * math.sin(math.radians(15)), "scale": 0.2 * far, "shear": 0.2 * 7}
    assert 0.95 * most[only] < corner <= most[only] + 1e-4


def test_shift_alone_moves_all_pixels_alike():
    field = affine_field(1000, (14, 14), **STILL | {"shift": 1.5}, generator=generator())
    assert torch.allclose(field, field[:, :, :1, :1].expand_as(field), atol=1e-6)
    assert 1.4 < float(field.abs().max()) <= 1.5
    assert not torch.allclose(field[0], field[1])


def test_an_elastic_field_has_its_strength_everywhere_and_is_smooth():
    field = elastic_field(3000, (14, 14), strength=0.7, smoothness=2.0, generator=generator())
    assert field.shape == (3000, 2, 14, 14)
    spread = field.std(0)
    assert 0.65 < float(spread.min()) < float(spread.max()) < 0.75
    neighbours = (field[..., 1:] - field[..., :-1]).std()
    assert float(neighbours) < 0.4 * 0.7  # independent ones would differ by sqrt(2) · 0.7
    apart = (field[:, 0] * field[:, 1]).mean()
    assert abs(float(apart)) < 0.02, "down and to the right move alike"


def test_fields_are_functions_of_their_generator_and_images_differ():
    def affine(seed):
        return affine_field(
            4, (14, 14), rotate=9, scale=0.1, shear=0.1, shift=1, generator=generator(seed)
        )

    def elastic(seed):
        return elastic_field(4, (14, 14), strength=1, smoothness=2, generator=generator(seed))

    for draw in (affine, elastic):
        assert torch.equal(draw(1), draw(1))
        assert not torch.allclose(draw(1), draw(2))
        assert not torch.allclose(draw(1)[0], draw(1)[1])
