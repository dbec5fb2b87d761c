"""PyTorch's own databases of sample inputs, which are the oracle here."""

import torch
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db

__all__ = ["module_db", "op_db", "optim_db"]

# They forbid all else in the process to set PyTorch's switches, which other tests do.
torch.backends.flags_frozen.__globals__["__allow_nonbracketed_mutation_flag"] = True


def op_db():
    """PyTorch's operations; their import takes seconds, so it waits until it is asked for."""
    from torch.testing._internal.common_methods_invocations import op_db

    torch.backends.flags_frozen.__globals__["__allow_nonbracketed_mutation_flag"] = True
    return op_db
