"""Beat that ticks only while it leads: two running beats never double a tick."""

from celery.beat import ScheduleEntry, Scheduler
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError, InterfaceError
from kombu import Producer

from compliance.bells import hang

LOCK = 7_261_833_001
"""Names beat's advisory lock in the database."""

RETRY_SECONDS = 2.0


class LeaderScheduler(Scheduler):
    """Holds PostgreSQL's advisory lock on a connection of its own.

    The server lets go of the lock when the connection ends, so another beat takes over within
    two seconds of the first one's death, however it died.
    """

    _connection: BaseDatabaseWrapper | None = None

    # Beat's service calls tick() bare; the parameters of the base are its own bound helpers.
    def tick(self) -> float:  # type: ignore[override]
        """Send what is due and say how long to sleep; a beat that does not lead sends nothing."""
        if not self._leads():
            return RETRY_SECONDS
        return float(super().tick())

    def apply_async(
        self,
        entry: ScheduleEntry,
        producer: Producer | None = None,
        advance: bool = True,
        **kwargs: object,
    ) -> object:
        """Ring, unless a bell of this kind hangs unheard."""
        if entry.task and not hang(entry.task):
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **kwargs)

    def close(self) -> None:
        """Give up the lead."""
        self._let_go()
        super().close()

    def _leads(self) -> bool:
        held = self._connection is not None
        try:
            if self._connection is None:
                self._connection = connections.create_connection("default")
            with self._connection.cursor() as cursor:
                # While the lock is held, any answer proves that the connection still lives.
                sql = "SELECT true" if held else "SELECT pg_try_advisory_lock(%s)"
                cursor.execute(sql, [] if held else [LOCK])
                leads = bool(cursor.fetchone()[0])
        except (DatabaseError, InterfaceError) as error:
            self.logger.warning("beat cannot ask PostgreSQL for the lead: %s", error)
            leads = False
        if not leads:
            self._let_go()
        return leads

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
