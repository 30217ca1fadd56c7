"""UTM tags of a page's address."""

from typing import Any

import pytest

from customers.tracking.campaign import campaign_of

URL = "https://bank.example/p?utm_source=%E5%BE%AE%E4%BF%A1&UTM_Medium=social&utm_campaign=spring"
FOUND = {"source": "微信", "medium": "social", "name": "spring"}


@pytest.mark.parametrize(
    ("context", "properties"),
    [
        ({"page": {"url": URL}}, {}),
        ({"page": {"search": URL.partition("p")[2][8:]}}, {}),
        ({}, {"url": URL}),
        ({"page": {"url": "https://bank.example/#/open?" + URL.partition("?")[2]}}, {}),
        ({"campaign": {}, "page": {"url": URL}}, {}),
    ],
)
def test_tags_become_the_campaign(context: dict[str, Any], properties: dict[str, Any]) -> None:
    assert campaign_of(context, properties) == FOUND


def test_campaign_the_client_names_stands() -> None:
    assert campaign_of({"campaign": {"source": "sms"}, "page": {"url": URL}}, {}) is None


def test_of_a_tag_that_stands_twice_the_first_counts() -> None:
    url = "https://x.example/?utm_source=a&utm_source=b&utm_medium="

    assert campaign_of({"page": {"url": url}}, {}) == {"source": "a"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://x.example/?a=1",
        "http://[::1?utm_source=a",
        "https://x.example/?utm_source=%00",
        "https://x.example/?utm_source=a" + "&b=1" * 300,
        "https://x.example/?utm_source=" + "a" * 10_000,
        7,
        None,
        {"utm_source": "a"},
    ],
)
def test_what_names_no_campaign_is_no_error(url: object) -> None:
    assert campaign_of({"page": {"url": url}}, {"url": url}) is None
    assert campaign_of({"page": url}, {}) is None
