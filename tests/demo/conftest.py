import attrs
import pytest
from safetensors.torch import save

import trainers
from bakeoff.models import MODELS
from bakeoff.study.machine import this_machine
from bakeoff.study.store import Store
from bakeoff.training.keys import keys_of
from bakeoff.training.studies import ABLATION

SHORT = ABLATION.only(["model2", "model2+digits"])


@pytest.fixture
def store(tmp_path):
    """Make a store of two competitors' first round, with untrained weights of each network."""

    def filled(*, weights=lambda network: save(network.state_dict()), data="embedded", study=SHORT):
        path = tmp_path / "bakeoff.sqlite"
        with Store(path) as opened:
            keys = {n: attrs.evolve(k, data=data) for n, k in keys_of(study).items()}
            opened.record(study, keys, range(1))
            for competitor in study.competitors:
                network = MODELS[competitor.network]().initialise(study.seed)
                result = trainers.result(study, competitor, 0)
                made = weights(network)
                result = attrs.evolve(result, attachments={"weights": made} if made else {})
                opened.keep(keys[competitor.name].text, 0, [result], this_machine())
        return path

    return filled
