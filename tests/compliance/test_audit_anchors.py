"""What was logged of the audit trail finds what its own hashes cannot."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance.actions import record
from compliance.queries import broken_audit_entries, unmet_anchors

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: object) -> list[str]:
    """What was logged while five entries were written."""
    caplog.set_level(logging.INFO, logger="compliance.audit")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        for number in range(5):
            record(actor="ann", action="test.act", subject=str(number), now=NOW)
    return list(caplog.messages)


def cut(after: int) -> None:
    """By the database's superuser: the last entries go, and the head goes back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE compliance_auditentry DISABLE TRIGGER auditentry_append_only")
        cursor.execute("DELETE FROM compliance_auditentry WHERE seq > %s", [after])
        cursor.execute(
            "UPDATE compliance_audithead h SET seq = e.seq, hash = e.hash"
            " FROM compliance_auditentry e WHERE e.seq = %s",
            [after],
        )
        if not after:
            cursor.execute("DELETE FROM compliance_audithead")
        cursor.execute("ALTER TABLE compliance_auditentry ENABLE TRIGGER auditentry_append_only")


def test_an_untouched_trail_meets_its_anchors(log: list[str]) -> None:
    assert len(log) == 5
    assert list(unmet_anchors(log)) == []


@pytest.mark.parametrize(("after", "lost"), [(3, [4, 5]), (0, [1, 2, 3, 4, 5])])
def test_entries_cut_off_with_their_head_are_missed_by_the_log(
    log: list[str], after: int, lost: list[int]
) -> None:
    cut(after)

    assert list(broken_audit_entries()) == []  # the chain alone cannot know
    assert list(unmet_anchors(log)) == lost


def test_a_trail_written_anew_does_not_meet_the_old_anchors(log: list[str]) -> None:
    cut(3)
    record(actor="bob", action="other.act", subject="4", now=NOW)

    assert list(unmet_anchors(log)) == [4, 5]


def test_the_command_says_so_with_its_exit_code(
    log: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "web.log"
    kept.write_text("\n".join(f"2026-03-02 INFO compliance.audit {line}" for line in log))
    call_command("verify_audit", "--log", str(kept), "--json")
    assert json.loads(capsys.readouterr().out)["holds"] is True
    cut(4)

    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", "--log", str(kept), "--json")

    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["broken"], told["unmet_anchors"]) == (False, [], [5])


def test_a_log_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_audit", "--log", str(tmp_path / "none"))
