"""Other people's formats: safetensors files of weights and of whole networks."""

from bakeoff.interop.files import model_path
from bakeoff.interop.safetensors import (
    load_network,
    load_weights,
    save_network,
    save_weights,
)

__all__ = ["load_network", "load_weights", "model_path", "save_network", "save_weights"]
