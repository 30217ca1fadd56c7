"""The container's health check: `python -m config.probe URL` exits 0 when the URL answers 200."""

import os
import sys
import urllib.error
import urllib.request


def is_healthy(url: str) -> bool:
    """Whether the URL answers 200, asked the way the proxy in front would ask.

    Django refuses host names that are not its own, and would send plain HTTP to HTTPS.
    """
    host = os.environ.get("TOUCHSTONE_HOSTS", "").split(",")[0]
    headers = {"X-Forwarded-Proto": "https", **({"Host": host} if host else {})}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - given by compose.yaml
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1]) else 1)
