"""Run Django's deployment checks as a production installation would; any warning fails."""

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def production_environment() -> dict[str, str]:
    """Every variable a production installation has to set, with throw-away values."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "TOUCHSTONE_ENV": "production",
        "TOUCHSTONE_HOSTS": "touchstone.example.com",
        "TOUCHSTONE_PUBLIC_URL": "https://touchstone.example.com",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "TOUCHSTONE_ENCRYPTION_KEYS": f"1:{key}",
        "TOUCHSTONE_LOOKUP_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "TOUCHSTONE_LINK_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "TOUCHSTONE_PERSON_KEYS": "/srv/keys/person-keys",
        "DATABASE_URL": "postgresql://touchstone@127.0.0.1/touchstone",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
    }


if __name__ == "__main__":
    argv = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environment = {**os.environ, **production_environment(), "TOUCHSTONE_NO_SERVERS": "1"}
    sys.exit(subprocess.run(argv, cwd=CHECKOUT, env=environment, check=False).returncode)
