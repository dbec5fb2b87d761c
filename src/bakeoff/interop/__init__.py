"""Other people's formats: safetensors files, and networks of PyTorch."""

import bakeoff.autodiff  # noqa: F401 - first, as it says where torch is missing
from bakeoff.interop.export import export_onnx
from bakeoff.interop.from_torch import from_torch
from bakeoff.interop.safetensors import (
    load_network,
    load_weights,
    model_path,
    save_network,
    save_weights,
)
from bakeoff.interop.to_torch import to_torch

__all__ = [
    "export_onnx",
    "from_torch",
    "load_network",
    "load_weights",
    "model_path",
    "save_network",
    "save_weights",
    "to_torch",
]
