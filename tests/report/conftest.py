import sys
from pathlib import Path

# The small trainers of the study's tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "study"))
