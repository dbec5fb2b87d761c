"""PyTorch's own databases of sample inputs, which are the oracle here."""

import torch
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db

__all__ = ["module_db", "optim_db"]

# They forbid all else in the process to set PyTorch's switches, which other tests do.
torch.backends.flags_frozen.__globals__["__allow_nonbracketed_mutation_flag"] = True
