"""What a file of a run tells: parameters of YAML and JSON, numbers of whatever counts them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from bakeoff.checks import check_installed
from bakeoff.errors import DataError
from bakeoff.files import read_text
from bakeoff.runs import table
from bakeoff.runs.rows import Cell, Source, flat, sound

EVENTS = "events.out.tfevents."
# What counts steps or tells of the machine is neither a result nor a parameter.
NO_NUMBERS = (
    *("checkpoint_dir_name", "date", "done", "epoch", "global_step", "hostname", "iteration"),
    *("iterations_since_restore", "node_ip", "pid", "step", "time_since_restore", "timestamp"),
    *("time_this_iter_s", "time_total_s", "total_flos", "training_iteration", "trial_id"),
)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?(nan|inf)", re.IGNORECASE)
MOST_BYTES, MOST_VALUES = 2**18, 10_000  # of a file of parameters, its aliases written out


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Safe; a tag such as !!python/tuple counts for nothing."""


def _plain(loader: _Loader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _plain)
_Loader.add_multi_constructor("!", _plain)


def read_yaml(path: Path) -> Any:
    """Return what a small YAML file holds.

    Raises:
        DataError: for what is no YAML, or too large once its aliases are written out.
    """
    text = read_text(path, MOST_BYTES, DataError)
    try:
        told = _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as fault:
        why = getattr(fault, "problem", None) or type(fault).__name__
        raise DataError(f"{path}: is not YAML that can be read ({why})") from fault
    waiting, count = [told], 0
    while waiting:
        value, count = waiting.pop(), count + 1
        if count > MOST_VALUES:
            raise DataError(f"{path}: holds more than {MOST_VALUES:,} values, a few were expected")
        waiting += value.values() if isinstance(value, dict) else ()
        waiting += value if isinstance(value, list) else ()
    return told


def parameters_of(file: Path) -> dict[str, Cell]:
    """Return a run's parameters by name; two files that disagree are a DataError."""
    told = read_yaml(file) if file.suffix == ".yaml" else Source(file).json
    if file.name == "overrides.yaml" and isinstance(told, list):
        told = dict(str(each).lstrip("+").split("=", 1) for each in told if "=" in str(each))
    if told is None and not file.stat().st_size:
        return {}
    if not isinstance(told, dict):
        raise DataError(f"{file}: got no names with values, expected a run's parameters")
    if "_wandb" in told:
        told = {name: each.get("value") for name, each in told.items() if name != "_wandb"}
    if file.name == "run.json" and "heartbeat" in told:  # of sacred, whose config.json has the rest
        told = {"status": told.get("status")}
    return flat(told)


def numbers_of(file: Path) -> dict[str, Cell]:
    """Return numbers by name, a curve where there are several; a damaged file is a DataError."""
    source = Source(file)
    if not file.stat().st_size:
        return {}
    if file.name.startswith(EVENTS):
        found = _events(file)
    elif file.suffix in {".csv", ".tsv", ".log"}:
        found = _curves(file, (row.cells for row in table.text_rows(source).rows))
    elif lines := table.json_line_rows(source):
        found = _curves(file, (row.cells for row in lines.rows))
    else:
        told = source.json
        if isinstance(told, dict) and isinstance(told.get("log_history"), list):
            told = told["log_history"]  # of transformers
        if isinstance(told, list):
            found = _curves(file, (flat(each) for each in told if isinstance(each, dict)))
        elif not isinstance(told, dict):
            raise DataError(f"{file}: is not JSON with numbers by name; was it cut off?")
        elif told and all(isinstance(each, dict) and "values" in each for each in told.values()):
            found = flat({name: each["values"] for name, each in told.items()})  # of sacred
        else:
            found = flat(told)
    return {n: c for n, c in found.items() if n not in NO_NUMBERS and not n.startswith("_")}


def _curves(file: Path, rows: Iterable[Mapping[str, Cell]]) -> dict[str, Cell]:
    """Return each column: its curve, the one value that it has, or nothing for changing texts."""
    columns: dict[str, list[Cell]] = {}
    for row in rows:
        for name, cell in row.items():
            if cell is not None:
                columns.setdefault(name, []).append(as_number(cell))
    found: dict[str, Cell] = {}
    for name, cells in columns.items():
        if name.lower() in ("seed", "fold") and len(set(cells)) > 1:
            raise DataError(f"{file}: has a run a line ({name} differs); name this file itself")
        floats = [cell for cell in cells if type(cell) is float]
        if len(floats) == len(cells) > 1:
            found[name] = tuple(floats)
        elif len(set(cells)) == 1:
            found[name] = cells[0]
    return found


def as_number(cell: Cell) -> Cell:
    """Return a text that is a number as one, and anything else as it is."""
    text = isinstance(cell, str) and NUMBER.fullmatch(cell)
    return float(cell) if text else cell  # type: ignore[arg-type]


def _events(file: Path) -> dict[str, Cell]:
    """Return what TensorBoard's own reader finds: scalars as curves, and hyperparameters."""
    check_installed(str(file), "TensorBoard's event files", "tensorboard", "tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from tensorboard.util.tensor_util import make_ndarray

    with sound(file, "file of events"):
        events = EventAccumulator(str(file), {"scalars": 0, "tensors": 0}).Reload()
        tags = events.Tags()
        found: dict[str, Cell] = {}
        found |= {tag: tuple(e.value for e in events.Scalars(tag)) for tag in tags["scalars"]}
        for tag in tags["tensors"]:
            arrays = [make_ndarray(event.tensor_proto) for event in events.Tensors(tag)]
            if all(array.size == 1 and array.dtype.kind == "f" for array in arrays):
                found[tag] = tuple(float(array) for array in arrays)
        with suppress(KeyError):  # where there are none
            for content in events.PluginTagToContent("hparams").values():
                told = HParamsPluginData.FromString(content).session_start_info.hparams
                found |= {name: str(getattr(v, v.WhichOneof("kind"))) for name, v in told.items()}
    return found
