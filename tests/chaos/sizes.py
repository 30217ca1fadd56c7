"""How much each proof runs: the CI size by default, ten times that under `make chaos`."""

import os
from typing import Final

IS_LONG: Final = os.environ.get("TOUCHSTONE_CHAOS") == "long"
TIMES: Final = 10 if IS_LONG else 1
# Seconds after which a run of its own has hung: a net, far above what a busy machine needs.
HUNG_AFTER: Final = 1_200 * TIMES
