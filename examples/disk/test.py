"""Load the network that `test.ipynb` saved and tell its accuracy on points that it never saw.

    python test.py [MODEL]

MODEL is the name that the network was saved under, `disk` by default.
"""

import sys
from pathlib import Path

from bakeoff import NeuralNetwork
from bakeoff.data import fresh_points
from bakeoff.errors import BakeoffError

MODELS = Path(__file__).parent / "models"


def main() -> None:
    """Load, draw, tell."""
    name = sys.argv[1] if len(sys.argv) > 1 else "disk"
    try:
        network = NeuralNetwork.load(name, folder=MODELS)
        points, inside = fresh_points(10_000, seed=1)
        accuracy = network.accuracy(points, inside)
    except BakeoffError as error:
        sys.exit(f"test.py: {error}")
    print(f"accuracy: {100 * accuracy:.2f} % of {len(points):,} points")


if __name__ == "__main__":
    main()
