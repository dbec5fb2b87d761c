"""Where finished rounds are kept: one SQLite file, written by parents alone."""

from bakeoff.study.store.database import DEFAULT_PATH
from bakeoff.study.store.schema import IN_MEMORY
from bakeoff.study.store.store import Store
from bakeoff.study.store.stored_study import StoredStudy, identity_of

__all__ = ["DEFAULT_PATH", "IN_MEMORY", "Store", "StoredStudy", "identity_of"]
