"""An act in a thread, and so on a connection, of its own."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, connections


class Beside:
    """An act in a thread of its own, with what it ended in."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: Exception | None = None
        self._act = act
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._act()
        except Exception as error:  # noqa: BLE001 - told to the test, which says what it expects
            self.error = error
        finally:
            connections.close_all()

    def waits(self) -> None:
        """Return once it waits for a lock that this test holds."""
        for _turn in range(3_000):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
                    " AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
                )
                if cursor.fetchone()[0]:
                    return
            assert self._thread.is_alive(), "it did not wait"
            time.sleep(0.01)
        raise AssertionError("it never came to wait")

    def end(self) -> "Beside":
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        return self
