"""Events of any time, for worlds made up by chance."""

import pytest
from django.db import connection


@pytest.fixture
def events_table() -> None:
    """A partition for events of any time, instead of the months other tests have left."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'customers_event'::regclass"
        )
        for (month,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE customers_event DETACH PARTITION {month}")
        cursor.execute(
            "CREATE TABLE customers_event_of_any_time PARTITION OF customers_event"
            " FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"
        )
