"""Batches that are still being sent when their tick's time is over: a thread brings them home.

A slow provider must hold up neither the other accounts nor the other work of its process. So a tick
does not wait for answers longer than its own time: what is under way stays aloft while the process
takes the next task. A tick that follows at once goes on with it; else its leases are renewed and
its outcomes recorded here.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connections

from campaigns.actions.landing import Dispatched, land
from campaigns.actions.take_off import Flight
from campaigns.errors import LostLease

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS: Final = 1.0
# One under way for longer waits for answers; until then the next tick may have it back, which
# spares the thread's connection.
LONG_SECONDS: Final = 2.0
NEXT_TICK_SECONDS: Final = 0.5


class Aloft:
    """One process's batches without a tick.

    ``clock`` gives the database's time; ``landed`` is told of every batch whose outcome is on
    record, in the thread that recorded it.
    """

    def __init__(
        self, *, clock: Callable[[], datetime], landed: Callable[[Dispatched], None]
    ) -> None:
        self._clock, self._landed = clock, landed
        self._guard, self._landing = threading.Lock(), threading.Lock()
        self._wake = threading.Event()
        self._rest_until = 0.0
        self._flights: list[Flight] = []
        self._thread: threading.Thread | None = None

    def flights(self) -> list[Flight]:
        """What is under way now. A batch is counted until its outcome is on record."""
        with self._guard:
            return list(self._flights)

    def take(self, flights: Sequence[Flight]) -> None:
        """Look after these from now on."""
        with self._guard:
            self._flights += flights
            self._rest_until = time.monotonic() + NEXT_TICK_SECONDS
            for flight in flights:
                flight.sending.add_done_callback(lambda _sending: self._wake.set())
            if self._flights and self._thread is None:
                self._thread = threading.Thread(target=self._look_after, name="aloft", daemon=True)
                self._thread.start()

    def give_back(self) -> list[Flight]:
        """What a tick may go on with: all but those that wait for slow answers."""
        with self._landing, self._guard:
            is_long = {flight: flight.seconds() >= LONG_SECONDS for flight in self._flights}
            back = [flight for flight in self._flights if not is_long[flight]]
            self._flights = [flight for flight in self._flights if is_long[flight]]
        return back

    def close(self, seconds: float) -> None:
        """Let what is under way land for so long, then end it: its outcome is asked for later."""
        thread = self._thread
        if thread is None:
            return
        thread.join(seconds)
        for flight in self.flights():
            flight.sending.cancel()
        thread.join(LOOK_AGAIN_SECONDS)

    def _look_after(self) -> None:
        try:
            while self._is_needed():
                self._look()
        finally:
            connections.close_all()

    def _is_needed(self) -> bool:
        with self._guard:
            if not self._flights:
                self._thread = None
            return bool(self._flights)

    def _look(self) -> None:
        time.sleep(max(0.0, self._rest_until - time.monotonic()))
        self._wake.wait(LOOK_AGAIN_SECONDS)
        self._wake.clear()
        with self._landing:
            for flight in self.flights():
                if flight.sending.done():
                    self._bring_home(flight)
                else:
                    self._renew(flight)

    def _bring_home(self, flight: Flight) -> None:
        """Record the outcome. Where that fails it is unknown, as after a worker's death."""
        done = None
        with _logged("what became of batch %d is not on record", flight):
            try:
                if not flight.sending.cancelled():
                    done = land(flight, self._clock())
            except LostLease:
                done = Dispatched(is_lost=True)
            finally:
                with self._guard:
                    self._flights.remove(flight)
        if done is not None:
            with _logged("nobody was told that batch %d is on record", flight):
                self._landed(done)

    def _renew(self, flight: Flight) -> None:
        # Without a renewal the sending ends by itself before the lease does.
        with _logged("the lease of batch %d was not renewed", flight):
            flight.lease.renew_if_due()


@contextmanager
def _logged(what: str, flight: Flight) -> Iterator[None]:
    """What goes wrong with one batch must not end the thread: the others would never land."""
    try:
        yield
    except Exception:
        log.exception(what, flight.claimed.id)
        connections.close_all()
