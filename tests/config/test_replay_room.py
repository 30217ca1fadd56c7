"""A disk that fills while the replay runs ends it with one sentence."""

import errno
from pathlib import Path

import pytest

from config.replay.stage import require_room


def test_a_full_disk_is_told_as_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as raised:
        require_room(tmp_path, least=2**62)

    # Every command tells such an error in one sentence (`config.command_line`).
    assert raised.value.errno == errno.ENOSPC
    assert raised.value.filename == str(tmp_path)


def test_a_disk_with_room_is_no_reason_to_stop(tmp_path: Path) -> None:
    require_room(tmp_path, least=1)
