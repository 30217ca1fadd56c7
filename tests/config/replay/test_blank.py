"""Databases with tables and nothing in them are made once for each schema, and copied."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from config import tables
from config.replay import blank
from tests.conftest import server_options

NAME = f"blanktest{os.getpid()}"


def test_another_migration_is_another_blank(tmp_path: Path) -> None:
    folder = tmp_path / "customers" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text("first")
    before = blank.fingerprint(tmp_path)

    (folder / "0002_more.py").write_text("second")
    added = blank.fingerprint(tmp_path)
    (folder / "0002_more.py").write_text("changed")

    assert len({before, added, blank.fingerprint(tmp_path)}) == 3


@pytest.fixture
def link() -> Iterator[psycopg.Connection[Any]]:
    """A session on an installation's database, dropped with what was made beside it."""
    with psycopg.connect(dbname="postgres", autocommit=True, **server_options()) as outside:
        outside.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
        with psycopg.connect(dbname=NAME, autocommit=True, **server_options()) as session:
            yield session
        for name in [NAME, *beside(outside)]:
            outside.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def beside(link: psycopg.Connection[Any]) -> list[str]:
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1"
    return [name for (name,) in link.execute(query, [f"{NAME}_"])]


@pytest.mark.django_db(transaction=True)
def test_a_blank_is_made_once_has_all_tables_and_replaces_only_blanks(
    link: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(blank, "_migrate", made.append)
    monkeypatch.setattr(blank, "fingerprint", lambda checkout: "older")
    older = blank.stand(link)
    link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(f"{NAME}_blank_but_mine")))
    link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(f"{older}er_unfinished")))
    monkeypatch.undo()

    name = blank.stand(link)

    assert made == [f"{older}_unfinished"]
    assert blank.stand(link) == name
    # What has no mark is somebody's.
    assert beside(link) == sorted([name, f"{NAME}_blank_but_mine", f"{older}er_unfinished"])
    link.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(f"{NAME}_copy"), sql.Identifier(name)
        )
    )
    with psycopg.connect(dbname=f"{NAME}_copy", **server_options()) as copy:
        (applied,) = copy.execute("SELECT count(*) FROM django_migrations").fetchone() or (0,)
        (people,) = copy.execute("SELECT count(*) FROM customers_customer").fetchone() or (1,)
    assert applied >= len(tables._known())
    assert people == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_need_one_at_once_make_it_once(
    link: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def migrate(name: str) -> None:
        made.append(name)
        time.sleep(0.3)

    monkeypatch.setattr(blank, "_migrate", migrate)

    def stand() -> str:
        with psycopg.connect(dbname=NAME, autocommit=True, **server_options()) as session:
            return blank.stand(session)

    with ThreadPoolExecutor(2) as pool:
        names = {call.result() for call in [pool.submit(stand), pool.submit(stand)]}

    assert len(names) == len(made) == 1
    assert beside(link) == sorted(names)
