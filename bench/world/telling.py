"""How far a bench is, and what it has spent. Standard output holds its one line of JSON only."""

import contextlib
import sys
import time

import psutil

from customers.queries.database import rows

_BEGAN = time.monotonic()


def tell(what: str) -> None:
    """One line on standard error, with the seconds since the process began."""
    sys.stderr.write(f"{time.monotonic() - _BEGAN:7.1f} s  {what}\n")
    sys.stderr.flush()


def spent() -> float:
    """Seconds of processor of this process and of its database session."""
    (session,) = rows("SELECT pg_backend_pid()", {})[0]
    times = psutil.Process(session).cpu_times()
    return time.process_time() + times.user + times.system


def database_cpu() -> float:
    """Seconds of processor of all the server's processes on this machine, ended ones included."""
    (session,) = rows("SELECT pg_backend_pid()", {})[0]
    server = psutil.Process(session).parent()
    assert server is not None, "The server runs on another machine."
    total = server.cpu_times().children_user + server.cpu_times().children_system
    for one in server.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # ended meanwhile
            total += one.cpu_times().user + one.cpu_times().system
    return total
