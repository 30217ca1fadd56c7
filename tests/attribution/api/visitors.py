"""Whoever follows a link or loads a picture: people, and machines."""

from django.http import HttpResponse
from django.test import Client

PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


def visit(path: str, *, agent: str = PERSON, method: str = "get", **headers: str) -> HttpResponse:
    """What the web answers to this visitor."""
    return getattr(Client(), method)(path, headers={"user-agent": agent, **headers})
