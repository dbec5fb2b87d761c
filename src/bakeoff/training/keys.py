"""The key of a network's rounds: what of the study, its sources and its data shapes them.

The sources are those of bakeoff that a round runs, and the files of a user's own network and data;
the data "embedded", or the hash of the data files; "generated" for points that are drawn, and for a
user's own data the hash of round 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b, file_digest
from typing import TYPE_CHECKING, Any

from bakeoff.study.experiment import Key
from bakeoff.study.serialise import canonical_json, plain
from bakeoff.training.data_sets import IDX_DATA
from bakeoff.training.sources import sources_of
from bakeoff.training.trainers import OURS

if TYPE_CHECKING:
    from bakeoff.training.data_spec import DataSpec
    from bakeoff.training.spec import NetworkStudy


def keys_of(
    study: NetworkStudy,
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
    facts = {} if form is None else form.facts
    keys, sources_of_each = {}, cache(sources_of)  # many competitors may share a network
    for competitor in study.networks:
        own = trainer if isinstance(trainer, str) else trainer[competitor.name]
        training = training_json(study, competitor.name, own, facts)
        sources = sources_of_each(competitor.network, own, study.data)
        keys[competitor.name] = Key(training, sources, data)
    return keys


def training_json(
    study: NetworkStudy,
    competitor: str,
    trainer: str = OURS,
    facts: Mapping[str, str] | None = None,
) -> str:
    """Return the canonical JSON of all that shapes one competitor's rounds, and nothing else.

    A trainer is named where it is not our own, and of the data what is not as usual.

    A competitor's name, its levels, its rivals, the comparisons and the planned number of rounds
    do not: so a competitor keeps its rounds when a rival joins or the plan grows.

    Raises:
        StudyError: if the study has no such competitor.
    """
    trained = study.network(competitor)
    part: dict[str, Any] = {
        "network": trained.network,
        "options": dict(trained.options),
        "loss_weights": dict(trained.loss_weights),
        "recipe": plain(trained.recipe),
        "seed": study.seed,
        "train_size": study.train_size,
        "test_size": study.test_size,
        "data": study.data,
        **trained.holds,
        **({"held_out": True} if study.held_out else {}),
    }
    if trainer != OURS:
        part["trainer"] = trainer
    if facts:
        part["facts"] = dict(facts)
    return canonical_json(part)


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
