"""The one list of torch names that autodiff, nn and optim may use."""

import re
from pathlib import Path

LIST = Path(__file__).with_name("torch_allowlist.txt")

# What no name on the list, and no kernel that torch runs for us, may speak of. "norm" is meant
# without "normal", and a loss without "closs".
FORBIDDEN = re.compile(
    r"conv|pool|norm(?!al)|dropout|softmax|log_sigmoid|backward|_foreach|_fused|fused_|attention"
    r"|relu|[gcs]?elu\b|silu|mish|glu\b|hard(tanh|swish|sigmoid|shrink)|softplus|softshrink"
    r"|threshold|embedding|lstm|gru|rnn|im2col|col2im|upsample|interpolate|pixel_|grid_sampl"
    r"|_loss|loss_|cross_entropy|mkldnn|cudnn|\blinear\b|bilinear|one_hot|winograd"
)


def names():
    """Return every name on the list, in its order."""
    lines = [line.partition("#")[0] for line in LIST.read_text().splitlines()]
    return [name for line in lines for name in line.split()]
