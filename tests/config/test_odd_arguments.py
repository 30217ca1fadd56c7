"""Arguments that no table and no calendar holds are one sentence, before anything is done."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import EmergencyStop
from customers.models import Customer

pytestmark = pytest.mark.django_db
HUGE = "9" * 20


@pytest.fixture
def people(tmp_path: Path) -> str:
    path = tmp_path / "people.csv"
    path.write_text("customer_no,name\nA1,Li\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rotate_secret", "a", "receipt_secret", "--hours", HUGE], "from 24 to 48"),
        (["reconcile_invoice", "f", "--account", "a", "--most", "-1"], "from 0 to 1000000"),
        (["reconcile_invoice", "f", "--account", "a", "--most", HUGE], "from 0 to 1000000"),
        (["archive_events", "--since", "0001-01-01"], "is no day"),
        (["scan_wording", "x", "--on", "9999-12-31"], "is no day"),
    ],
)
def test_a_number_or_day_out_of_bounds_is_refused(arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command(*arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--save-mapping", "no name"], "A mapping's name has"),
        (["--consent", "sms", "--notice", "v" * 41], "at most 40 characters"),
    ],
)
def test_what_could_not_be_kept_is_said_before_a_file_is_imported(
    people: str, arguments: list[str], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("import_customers", people, *arguments)

    assert not Customer.objects.exists()


def test_whatever_is_typed_in_a_hurry_stops() -> None:
    call_command("emergency_stop", "--channel", "sms", "--by", "x" * 1_000)

    assert EmergencyStop.objects.get().channel == "sms"
