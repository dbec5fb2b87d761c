import sys
from pathlib import Path

# The small trainers and studies of the folder above.
sys.path.insert(0, str(Path(__file__).parents[1]))
