"""A process that dies at any named point, three times, costs no touch and doubles none."""

from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.failpoints import POINTS
from campaigns.models import Receipt
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.workers import Workers
from tests.chaos.worlds import launch, open_accounts, open_touches, violations
from tests.factories import NOW

PEOPLE = 8
DEADLY_HITS = (1, 2, 3)
# Longer than any lease, and than the provider takes to be sure that it has nothing.
LATER = timedelta(minutes=2)
LIVES = len(POINTS) * len(DEADLY_HITS) + 12


@pytest.mark.slow
def test_dying_three_times_at_every_point_neither_doubles_nor_loses(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    hits = tmp_path / "hits"
    hits.mkdir()
    armed = {
        **process_environment,
        "TOUCHSTONE_FAILPOINTS": ";".join(
            f"{point}={','.join(map(str, DEADLY_HITS))}" for point in POINTS
        ),
        "TOUCHSTONE_FAILPOINTS_DIR": str(hits),
    }
    sandbox = SandboxProcess(tmp_path)
    try:
        open_accounts(sandbox)
        launch(PEOPLE)
        with Workers(armed) as workers:
            deaths = 0
            for life in range(LIVES):
                code = workers.run(NOW + life * LATER)
                deaths += code == -9
                assert code in {0, -9}
                if code == 0 and not open_touches():
                    break

        reached = {file.name for file in hits.iterdir()}
        assert {f"{point}.{hit}" for point in POINTS for hit in DEADLY_HITS} <= reached
        assert deaths == len(POINTS) * len(DEADLY_HITS)
        assert open_touches() == 0
        assert violations(sandbox) == []
        told = list(Receipt.objects.values_list("provider_event_id", flat=True))
        assert len(told) == len(set(told)) > 0
    finally:
        sandbox.stop()
