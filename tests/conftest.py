"""What all tests share: a database and a Valkey number of this run's own, a browser, a server."""

import gc
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from config.celery import app
from tests.database import TEST_DATABASE, drop_abandoned, empty_tables, migrated_template
from tests.lock_order import held_to
from tests.provide_chromium import find_chromium
from tests.web_server import WebServer, web_server

# Playwright's synchronous driver runs an event loop; Django would refuse its ORM beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# Proofs and stories last minutes: begun first, the longest before all, nobody waits at the end.
LONGEST = (
    "tests/chaos/test_storms.py",
    "tests/chaos/test_random_kills.py",
    "tests/chaos/test_replay_faults.py",
    "tests/chaos/test_sleepers.py",
    "tests/chaos/test_rates.py",
    "tests/chaos/test_overload.py",
    "tests/chaos/test_events.py",
    "tests/chaos/",
    "tests/stories/",
    "",
)

# How fast examples come says something about the machine and nothing about what they test.
hypothesis_settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("busy")

_TRUNCATE_TRIGGERS = """
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 32 <> 0
"""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the doorbells of this run away from running workers and from other runs."""
    number = 1 + os.getpid() % 15
    settings.REDIS_URL = _with_database(settings.REDIS_URL, number)
    settings.CELERY_BROKER_URL = _with_database(settings.CELERY_BROKER_URL, number)
    app.conf.broker_url = settings.CELERY_BROKER_URL
    # People who are erased in tests take no room in the file of this checkout.
    settings.PERSON_KEYS = os.environ["TOUCHSTONE_PERSON_KEYS"] = str(
        Path(tempfile.gettempdir()) / f"touchstone-test-{os.getpid()}" / "person-keys"
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing of this run's people stays behind."""
    shutil.rmtree(Path(settings.PERSON_KEYS).parent, ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; pytest-django and the order of folders would end with them."""
    items.sort(
        key=lambda item: next(i for i, begun in enumerate(LONGEST) if item.nodeid.startswith(begun))
    )


def pytest_collection_finish() -> None:
    """The collector of garbage need not look through eleven thousand tests again and again."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """Each test begins in the default language: a page asked for in another leaves it behind.

    Django's LocaleMiddleware sets the thread's language and nothing takes it back.
    """
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(scope="session", autouse=True)
def _emptied_in_little_time() -> Iterator[None]:
    """After a test that commits only the tables are emptied that it filled.

    Among them is the ledger of events, whose partitions Django's flush leaves alone.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            TransactionTestCase,
            "_fixture_teardown",
            lambda _case: empty_tables(connections["default"]),
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def _audit_trail_last() -> Iterator[None]:
    """No verb takes a lock after it told the audit trail."""
    with held_to():
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest, django_db_blocker: Any) -> None:
    """Name the test database after this process, so that runs side by side do not meet.

    It begins as a copy of the migrated one. With --reuse-db the name stays the same from run to
    run.
    """
    connection = connections["default"]
    with django_db_blocker.unblock():
        drop_abandoned(connection)
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template(connection)
    suffix = "reused" if request.config.getvalue("reuse_db") else str(os.getpid())
    worker = os.environ.get("PYTEST_XDIST_WORKER", "") if suffix == "reused" else ""
    connection.settings_dict["TEST"]["NAME"] = "_".join(
        filter(None, [TEST_DATABASE, suffix, worker])
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let Django empty the ledgers between tests that commit.

    The triggers that refuse it are tried in tests/attacks/test_emptied_ledgers.py.
    """
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        cursor.execute(_TRUNCATE_TRIGGERS)
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """The environment for a real process (worker, command) that works on the test database."""
    connections.close_all()
    return environment_of_test()


def environment_of_test() -> dict[str, str]:
    """As `process_environment`, once the test database stands."""
    live = connections["default"].settings_dict
    host = quote(str(live["HOST"]), safe="")
    url = f"postgresql:///{live['NAME']}?host={host}&user={quote(live['USER'])}"
    if live["PORT"]:
        url += f"&port={live['PORT']}"
    if live["PASSWORD"]:
        url += f"&password={quote(live['PASSWORD'])}"
    return {**os.environ, "DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL}


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[WebServer]:
    """A running web server that the tests of one module share; each has the tables to itself."""
    with web_server(environment_of_test()) as running:
        yield running


@pytest.fixture
def space() -> Iterator[str]:
    """A space (`TOUCHSTONE_SPACE`) of this test's own."""
    with own_space() as name:
        yield name


@contextmanager
def own_space() -> Iterator[str]:
    """A space's name; its database, and those named after it with a letter, are dropped."""
    name = f"test{os.getpid()}"
    try:
        yield name
    finally:
        with psycopg.connect(dbname="postgres", autocommit=True, **server_options()) as link:
            query = "SELECT datname FROM pg_database WHERE datname ~ %s"
            for (found,) in link.execute(query, [f"_{name}[a-z]*$"]).fetchall():
                link.execute(f'DROP DATABASE "{found}" WITH (FORCE)')


def server_options() -> dict[str, Any]:
    """What psycopg needs to reach the server under test, whatever the database."""
    database = settings.DATABASES["default"]
    return {
        "user": database["USER"] or None,
        "password": database["PASSWORD"] or None,
        "host": database["HOST"] or None,
        "port": database["PORT"] or None,
    }


@pytest.fixture
def live_url(live_server: Any) -> str:
    """The address of a real web server on the test database, without a closing slash."""
    return str(live_server.url)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of a Chromium; the test is skipped where none can be had."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium is installed and none could be had (tests/provide_chromium.py)")
    return path


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: Mapping[str, Any], chromium_path: str
) -> dict[str, Any]:
    """How pytest-playwright starts the browser: no sandbox as root, no calls home."""
    args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    args += ["--disable-component-update", "--disable-sync", "--no-first-run"]
    return {**browser_type_launch_args, "executable_path": chromium_path, "args": args}


def _with_database(url: str, number: int) -> str:
    """The same Valkey, another of its sixteen numbered databases."""
    if url.startswith(("unix:", "redis+socket:")):
        return re.sub(r"(db|virtual_host)=\d+", rf"\g<1>={number}", url)
    return re.sub(r"(/\d*)?$", f"/{number}", url, count=1)
