"""The key under which a competitor's rounds are kept: a hash of all that shapes them.

That is the part of the study that matters to the competitor, the trainer and its sources, the file
of a user's own network, and the data. Whatever changes there begins new rounds; whatever does not
(a rival, a title, the number of rounds) keeps the old ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path

from attrs import frozen

from bakeoff.errors import StudyError
from bakeoff.study.canonical import digest, training_json
from bakeoff.study.own import file_of, is_own, no_module
from bakeoff.study.spec import Study
from bakeoff.study.trainers import OURS

PACKAGE = Path(__file__).parents[1]
SOURCES = (
    "rng.py",
    "autodiff",
    "nn",
    "optim",
    "data",
    "models",
    "study/trainer.py",
    "study/learner.py",
    "study/fresh.py",
    "study/averaging.py",
)
TORCH_SOURCES = ("interop", "study/torch_trainer.py", "study/own.py", "study/own_trainer.py")
"""What shapes the rounds that PyTorch trains, and those of users' networks, besides the others."""


@frozen
class Key:
    """A key and what it was made of.

    Attributes:
        text: 32 hexadecimal digits.
        training: canonical JSON of the study's part.
        sources: hash of bakeoff's sources, and of the network's file if it is a user's own.
        data: "embedded", or the hash of the data files.
    """

    text: str
    training: str
    sources: str
    data: str


def keys_of(
    study: Study, data_dir: str | None = None, trainer: str | Mapping[str, str] = OURS
) -> dict[str, Key]:
    """Return the key of each competitor, by name.

    Args:
        study: the study.
        data_dir: folder of the data files; None for BAKEOFF_DATA's, else the embedded MNIST.
        trainer: which of `TRAINERS` trains it, or trains each competitor, by name.

    Raises:
        StudyError: if a user's own network has no file.
        DataError: if the folder is missing.
    """
    data = data_hash(data_dir)
    keys = {}
    for competitor in study.competitors:
        own = trainer if isinstance(trainer, str) else trainer[competitor.name]
        training = training_json(study, competitor.name, own)
        sources = sources_of(competitor.network, own)
        keys[competitor.name] = Key(digest(training, sources, data), training, sources, data)
    return keys


def sources_of(network: str, trainer: str = OURS) -> str:
    """Return the hash of all sources that shape a network's rounds with a trainer.

    Raises:
        StudyError: if a user's own network has no file.
    """
    parts = [sources_hash(), network_hash(network)]
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


def network_hash(network: str) -> str:
    """Return the hash of the file of "module:Class"; "" for one of bakeoff's own networks.

    Raises:
        StudyError: if there is no such module, or it is not a file.
    """
    if not is_own(network):
        return ""
    path = file_of(network)
    if path is None:
        raise StudyError(no_module(network))
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


def data_hash(data_dir: str | None = None) -> str:
    """Return "embedded", or the hash of the names and bytes of a folder's IDX files."""
    from bakeoff.data import resolve_data_dir

    folder = resolve_data_dir(data_dir)
    if folder is None:
        # Its digests stand in the sources of data/, which are part of the key already.
        return "embedded"
    hashed = blake2b(digest_size=16)
    for path in sorted(folder.glob("*-ubyte*")):
        hashed.update(path.name.encode() + blake2b(path.read_bytes()).digest())
    return hashed.hexdigest()
