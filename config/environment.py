"""The environment's variables, each read as what it means.

With none set, this is a developer's machine: secrets are made once and kept in the state
directory. With ``TOUCHSTONE_ENV=production`` what is missing is an error that names it.
"""

import base64
import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = BASE_DIR / os.environ.get("TOUCHSTONE_STATE", ".local")
PRODUCTION = os.environ.get("TOUCHSTONE_ENV", "development") == "production"
# A named space on the same servers has a database and doorbells of its own: the demo uses one.
SPACE = os.environ.get("TOUCHSTONE_SPACE", "")
# Static checks (mypy, makemigrations --check, check --deploy) need settings but no server.
NO_SERVERS = os.environ.get("TOUCHSTONE_NO_SERVERS") == "1"

# A process that is stopped in the middle of a transaction keeps its rows locked, which others then
# skip for ever. No transaction of ours thinks this long between two statements. The URL's own
# `options` take its place.
IDLE_IN_TRANSACTION = "-c idle_in_transaction_session_timeout=60s"


def required(name: str) -> str:
    """The variable's value; its absence is an error that names it."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set the environment variable {name}: production needs it.")
    return value


def given(name: str, otherwise: str) -> str:
    """The variable's value; production needs it, a developer's machine has another."""
    return required(name) if PRODUCTION else os.environ.get(name) or otherwise


def secret(name: str) -> str:
    """The variable's value; a developer's machine makes one of its own."""
    if PRODUCTION:
        return required(name)
    return os.environ.get(name) or development_secret(name)


def development_secret(name: str) -> str:
    """A secret made once for this checkout and kept, readable by its owner only."""
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    path = STATE_DIR / "secrets.json"
    with (STATE_DIR / "secrets.lock").open("w") as lock:
        # Two first processes at once must not each make one.
        fcntl.flock(lock, fcntl.LOCK_EX)
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = base64.b64encode(secrets.token_bytes(32)).decode()
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(known))
            fresh.replace(path)
    return known[name]


def whole(name: str, default: int) -> int:
    """A whole number."""
    value = os.environ.get(name, "") or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"Set the environment variable {name} to a whole number.")
    return int(value)


def digit(name: str) -> int:
    """A whole number from 0 to 9; 0 where none is given."""
    value = os.environ.get(name) or "0"
    if len(value) != 1 or value not in "0123456789":
        raise ImproperlyConfigured(f"{name} must be a whole number from 0 to 9.")
    return int(value)


def listed(name: str) -> list[str]:
    """Names, comma-separated; none where nothing is given."""
    return [part for part in os.environ.get(name, "").split(",") if part]


def hosts(name: str) -> list[str]:
    """Hosts, comma-separated, each in its one spelling: small letters, beyond ASCII punycode."""
    try:
        return [
            host.strip().rstrip(".").encode("idna").decode().lower()
            for host in listed(name)
            if host.strip()
        ]
    except UnicodeError as error:
        raise ImproperlyConfigured(f"{name} must name hosts such as example.com.") from error


def database() -> dict[str, Any]:
    """Django's settings for ``DATABASE_URL``; in production there must be one."""
    url = os.environ.get("DATABASE_URL") or ""
    if not url and PRODUCTION:
        url = required("DATABASE_URL")
    elif not url:
        url = "postgresql:///touchstone" if NO_SERVERS else embedded.database_url()
    return _database_of(url)


def _database_of(url: str) -> dict[str, Any]:
    """Of a ``postgresql://`` URL; the host may be a socket directory."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must start with postgresql:// ; PostgreSQL is the only database."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or unquote(parts.hostname or "")
    user = query.pop("user", None) or unquote(parts.username or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "_".join(filter(None, (unquote(parts.path.lstrip("/")) or "touchstone", SPACE))),
        "USER": user,
        "PASSWORD": unquote(parts.password or "") or query.pop("password", ""),
        "HOST": host,
        "PORT": query.pop("port", None) or (parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "options": IDLE_IN_TRANSACTION, **query},
    }


def redis_urls() -> tuple[str, str]:
    """``REDIS_URL`` for redis-py, and the same for Celery; in production there must be one."""
    if url := os.environ.get("REDIS_URL"):
        if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
            raise ImproperlyConfigured("REDIS_URL must start with redis://, rediss:// or unix://.")
        broker = "redis+socket://" + url.removeprefix("unix://") if url.startswith("unix:") else url
        return url, broker.replace("?db=", "?virtual_host=")
    if PRODUCTION:
        required("REDIS_URL")
    if NO_SERVERS:
        return "redis://", "redis://"
    return embedded.redis_url(), embedded.broker_url()
