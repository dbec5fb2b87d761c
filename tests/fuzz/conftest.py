import sys
from pathlib import Path

# The doors and what is brought to them; `make faults` brings more of it.
sys.path.insert(0, str(Path(__file__).parents[2] / "tools" / "fuzz"))
