import pytest

import trainers
from bakeoff.cli import main
from bakeoff.study.machine import this_machine
from bakeoff.study.store import Store
from bakeoff.training.keys import keys_of
from bakeoff.training.studies import ABLATION


@pytest.fixture
def bakeoff(capsys):
    """Call the command line in this process; returns exit code, stdout and stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as raised:
            main(list(map(str, arguments)))
        captured = capsys.readouterr()
        return raised.value.code, captured.out, captured.err

    return call


@pytest.fixture
def fill():
    """Fill a store with made-up rounds of the ablation, as a run would."""

    def filled(path, rounds, study=ABLATION, planned=None):
        with Store(path) as store:
            keys = keys_of(study)
            store.record(study, keys, planned or rounds)
            for competitor in study.competitors:
                results = [trainers.result(study, competitor, r) for r in rounds]
                store.keep(keys[competitor.name].text, 0, results, this_machine())

    return filled
