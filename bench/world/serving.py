"""A database of its own and the product's web server on it, for what is measured over HTTP.

Imported before Django is set up: `make_key` does that, once DATABASE_URL says where.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import psycopg
from psycopg import sql

from config.supervisor import web_argv

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def scratch_database() -> Iterator[str]:
    """The URL of an empty database beside the product's own, dropped afterwards."""
    from config import embedded

    home = os.environ.get("DATABASE_URL") or embedded.database_url()
    name = f"bench_{os.getpid()}"
    with psycopg.connect(home, autocommit=True) as link:
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            head, query = home.partition("?")[::2]
            yield f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            link.execute(drop.format(sql.Identifier(name)))


def make_key() -> tuple[str, int]:
    """Migrate, make a write key; the key and its source's id."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from compliance.queries import clock_now
    from customers.actions.partitions import keep_partitions
    from customers.actions.sources import create_api_key
    from customers.vocabulary import KeyScope

    call_command("migrate", verbosity=0)
    made = create_api_key(name="bench", scope=KeyScope.INGEST, now=clock_now())
    keep_partitions(now=clock_now())
    connections.close_all()
    return made.secret, made.source.pk


@contextmanager
def web_server(processes: int = 1) -> Iterator[str]:
    """The address of granian as `manage.py up` runs it."""
    with web_process(processes) as (port, _pid):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def web_process(processes: int) -> Iterator[tuple[int, int]]:
    """Port and process of the same."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = web_argv("127.0.0.1", port, processes)
    server = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(port: int) -> None:
    """Return when the server accepts connections."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("The web server did not start.")
