"""Hosts of the environment are compared with those of links, so each has one spelling."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import hosts


def test_a_host_has_one_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_LINK_HOSTS", "Fund.Example.COM, 基金.example.,,a.example")

    assert hosts("TOUCHSTONE_LINK_HOSTS") == [
        "fund.example.com",
        "xn--3jsy95k.example",
        "a.example",
    ]


def test_what_is_no_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_LINK_HOSTS", f"a.example,{'x' * 64}.example")

    with pytest.raises(ImproperlyConfigured, match="TOUCHSTONE_LINK_HOSTS must name hosts"):
        hosts("TOUCHSTONE_LINK_HOSTS")
