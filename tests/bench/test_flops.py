"""The operations that a share of the peak is taken of."""

from bakeoff.bench.flops import product_flops
from bakeoff.bench.problem import make_problem
from bakeoff.bench.work import Work


def test_a_step_of_the_disk_network():
    work = Work("w", "", "train", "disk", (), rounds=3, batch=10, width=7, steps=2)
    multiplications = 2 * 7 + 7 * 7 + 7 * 7 + 7
    # Forward, the weights' gradients, and the inputs' gradients but for the first layer's.
    expected = 2 * 10 * (3 * multiplications - 2 * 7)
    assert product_flops(make_problem(work)) == expected


def test_inference_of_model_2_on_1000_pairs():
    work = Work("w", "", "predict", "model2", (), batch=100)
    an_image = 9 * 16 * 144 + 9 * 16 * 32 * 16
    a_pair = 2 * an_image + 1024 * 64 + 64 * 32 + 32 * 2
    assert product_flops(make_problem(work)) == 2 * 1000 * a_pair
