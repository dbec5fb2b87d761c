"""The key under which a competitor's rounds are kept: a hash of all that shapes them.

That is the part of the study that matters to the competitor, the trainer and its sources, the files
of a user's own network and data, and the data. Whatever changes there begins new rounds; whatever
does not (a rival, a title, the number of rounds) keeps the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b, file_digest
from typing import TYPE_CHECKING

from attrs import frozen

from bakeoff.study.serialise import digest, training_json
from bakeoff.study.spec import Study
from bakeoff.training.data_sets import IDX_DATA
from bakeoff.training.sources import sources_of
from bakeoff.training.trainers import OURS

if TYPE_CHECKING:
    from bakeoff.training.data_spec import DataSpec


@frozen
class Key:
    """A key and what it was made of.

    Attributes:
        text: 32 hexadecimal digits.
        training: canonical JSON of the study's part.
        sources: hash of what bakeoff's sources mean, and the files of a user's network and data.
        data: "embedded", or the hash of the data files; "generated" for points that are drawn, and
            for a user's own data the hash of round 0.
    """

    text: str
    training: str
    sources: str
    data: str


def keys_of(
    study: Study,
    data_dir: str | None = None,
    trainer: str | Mapping[str, str] = OURS,
    form: DataSpec | None = None,
) -> dict[str, Key]:
    """Return the key of each competitor, by name.

    Args:
        study: the study.
        data_dir: folder of the data files; None for BAKEOFF_DATA's, else the embedded MNIST.
        trainer: which of `TRAINERS` trains it, or trains each competitor, by name.
        form: of the study's data; needed for a user's own.

    Raises:
        StudyError: if a user's own network or data have no file.
        DataError: if the folder is missing.
    """
    data = data_hash(data_dir) if study.data in IDX_DATA else "generated"
    if form is not None and form.digest:
        data = form.digest
    facts = None if form is None else form.facts
    keys, sources_of_each = {}, cache(sources_of)  # many competitors may share a network
    for competitor in study.competitors:
        own = trainer if isinstance(trainer, str) else trainer[competitor.name]
        training = training_json(study, competitor.name, own, facts)
        sources = sources_of_each(competitor.network, own, study.data)
        keys[competitor.name] = Key(digest(training, sources, data), training, sources, data)
    return keys


def data_hash(data_dir: str | None = None) -> str:
    """Return "embedded", or the hash of the names and bytes of the set of a folder.

    Raises:
        DataError: for two sets in one folder, or what is no regular file of some size.
    """
    from bakeoff.data import resolve_data_dir
    from bakeoff.data.idx import open_file
    from bakeoff.data.mnist import data_files

    folder = resolve_data_dir(data_dir)
    if folder is None:
        # Its digests stand in the sources of data/, which are part of the key already.
        return "embedded"
    hashed = blake2b(digest_size=16)
    for path in sorted(data_files(folder).values()):
        with open_file(path) as file:
            hashed.update(path.name.encode() + file_digest(file, blake2b).digest())
    return hashed.hexdigest()
