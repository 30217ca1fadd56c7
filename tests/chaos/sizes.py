"""How much each proof runs: the CI size by default, ten times that under `make chaos`."""

import os
from typing import Final

IS_LONG: Final = os.environ.get("TOUCHSTONE_CHAOS") == "long"
TIMES: Final = 10 if IS_LONG else 1
