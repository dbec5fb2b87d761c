"""`export_program` writes what a network does in evaluation and leaves the network as it is."""

import torch

from bakeoff.interop.export import export_program


def test_a_layer_that_was_in_evaluation_mode_stays_in_it(tmp_path):
    with torch.random.fork_rng():
        network = torch.nn.Sequential(torch.nn.BatchNorm1d(4), torch.nn.Dropout(), torch.nn.ReLU())
    network[0].eval()
    x = torch.linspace(-1, 1, 12).view(3, 4)
    export_program(network, tmp_path / "net.pt2", x)
    assert [layer.training for layer in network] == [False, True, True]
    assert network.training
    program = torch.export.load(tmp_path / "net.pt2").module()
    torch.testing.assert_close(program(x), network.eval()(x))
