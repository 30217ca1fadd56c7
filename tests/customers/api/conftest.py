"""A write key, a way to post with it, and what the ledger then holds."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.models import Source
from customers.queries.database import execute
from customers.vocabulary import KeyScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The tracking endpoint as a client with a key sees it."""

    client: Client
    secret: str
    source: Source

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Send JSON (or raw bytes) with the write key, unless a header says otherwise."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        basic = base64.b64encode(f"{self.secret}:".encode()).decode()
        return self.client.generic(
            "POST",
            path,
            data=data,
            content_type=headers.pop("content_type", "application/json"),
            headers={"authorization": f"Basic {basic}", **headers},
        )

    def track(self, **fields: Any) -> Any:
        """One track call with what is told and boring values for the rest."""
        body = {"userId": "u1", "event": "Fund Viewed", "messageId": str(uuid.uuid4()), **fields}
        return self.post("/v1/track", body)

    def events(self) -> list[dict[str, Any]]:
        """The stored events of this key, oldest first."""
        statement = "SELECT * FROM customers_event WHERE source_id = %(source)s ORDER BY id"
        with connection.cursor() as cursor:
            cursor.execute(statement, {"source": self.source.pk})
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def make_door() -> Callable[..., Door]:
    def make(scope: KeyScope = KeyScope.INGEST) -> Door:
        made = create_api_key(name=f"test {uuid.uuid4()}", scope=scope, now=clock_now())
        return Door(client=Client(), secret=made.secret, source=made.source)

    return make


@pytest.fixture
def door(db: None, make_door: Callable[..., Door]) -> Door:
    return make_door()


@pytest.fixture
def committed_door(transactional_db: None, make_door: Callable[..., Door]) -> Iterator[Door]:
    """For threads and servers of their own; unmanaged tables are emptied by hand."""
    yield make_door()
    execute("TRUNCATE customers_event", {})
