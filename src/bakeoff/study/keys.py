"""The key under which a competitor's rounds are kept: a hash of all that shapes them.

That is the part of the study that matters to the competitor, the trainer and its sources, the files
of a user's own network and data, and the data. Whatever changes there begins new rounds; whatever
does not (a rival, a title, the number of rounds) keeps the old ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from bakeoff.study.canonical import digest, training_json
from bakeoff.study.data_sets import IDX_DATA
from bakeoff.study.own.code import is_own, own_file
from bakeoff.study.spec import Study
from bakeoff.study.trainers import OURS

if TYPE_CHECKING:
    from bakeoff.study.form import Form

PACKAGE = Path(__file__).parents[1]
SOURCES = (
    "rng.py",
    "autodiff",
    "nn",
    "optim",
    "data",
    "models",
    "study/training/trainer.py",
    "study/training/learner.py",
    "study/training/round_data.py",
    "study/training/scoring.py",
    "study/training/fresh.py",
    "study/training/averaging.py",
    "study/training/curves.py",
)
TORCH_SOURCES = (
    "interop",
    "study/training/torch_trainer.py",
    "study/own/code.py",
    "study/own/network.py",
)
DATA_SOURCES = ("study/own/data.py", "study/own/parts.py")
"""What shapes the rounds that PyTorch trains, those of users' networks, and those of users' data,
besides the others."""


@frozen
class Key:
    """A key and what it was made of.

    Attributes:
        text: 32 hexadecimal digits.
        training: canonical JSON of the study's part.
        sources: hash of bakeoff's sources, and of the files of a user's own network and data.
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
    form: Form | None = None,
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
    keys = {}
    for competitor in study.competitors:
        own = trainer if isinstance(trainer, str) else trainer[competitor.name]
        training = training_json(study, competitor.name, own, facts)
        sources = sources_of(competitor.network, own, study.data)
        keys[competitor.name] = Key(digest(training, sources, data), training, sources, data)
    return keys


def sources_of(network: str, trainer: str = OURS, data: str = "pairs") -> str:
    """Return the hash of all sources that shape a network's rounds with a trainer on some data.

    Raises:
        StudyError: if a user's own network or data have no file.
    """
    parts = [sources_hash(), own_hash(network)]
    if is_own(data):
        parts += [own_hash(data, "data"), sources_hash(names=DATA_SOURCES)]
    if trainer != OURS or is_own(network):
        parts.append(sources_hash(names=TORCH_SOURCES))
    present = [part for part in parts if part]
    return digest(*present) if len(present) > 1 else present[0]


def sources_hash(package: Path = PACKAGE, names: Iterable[str] = SOURCES) -> str:
    """Return the hash of the sources that shape results: their paths and their bytes."""
    files = []
    for name in names:
        path = package / name
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    hashed = blake2b(digest_size=16)
    for path in files:
        content = path.read_bytes()
        hashed.update(f"{path.relative_to(package).as_posix()}:{len(content)}:".encode())
        hashed.update(content)
    return hashed.hexdigest()


def own_hash(name: str, what: str = "network") -> str:
    """Return the hash of the file of "module:name"; "" for one of bakeoff's own networks.

    Raises:
        StudyError: if there is no such module, or it is not a file.
    """
    if not is_own(name):
        return ""
    return blake2b(own_file(name, what).read_bytes(), digest_size=16).hexdigest()


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
