"""Where finished rounds are kept: one SQLite file, written by parents alone."""

from bakeoff.study.store.database import DEFAULT_PATH
from bakeoff.study.store.kept import Kept, identity_of
from bakeoff.study.store.schema import IN_MEMORY
from bakeoff.study.store.store import Store

__all__ = ["DEFAULT_PATH", "IN_MEMORY", "Kept", "Store", "identity_of"]
