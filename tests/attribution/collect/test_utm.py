import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.collect.utm import LONGEST_VALUE, Utm, parse_utm


def test_all_tags_are_read_and_matched_in_lower_case():
    made = parse_utm(
        "https://fund.example.com/p?utm_source=CRM&utm_medium=SMS&utm_campaign=Spring%20Sale"
        "&utm_term=etf&utm_content=c7&utm_id=42&utm_source_platform=SA360"
    )

    assert (made.source, made.medium, made.campaign) == ("crm", "sms", "spring sale")
    assert (made.term, made.content, made.id) == ("etf", "c7", "42")
    assert made.source_platform == "sa360"
    assert ("utm_campaign", "Spring Sale") in made.original


@pytest.mark.parametrize(
    ("url", "campaign"),
    [
        ("https://a.example/?utm_campaign=%E5%9F%BA%E9%87%91", "基金"),
        ("https://a.example/?utm_campaign=%BB%F9%BD%F0", "基金"),  # GB 18030
        ("https://a.example/?utm_campaign=基金", "基金"),
        ("https://a.example/?utm_campaign=c+1%262", "c 1&2"),
        ("https://a.example/?a=1&amp;utm_campaign=x", "x"),
        ("https://a.example/?UTM_Campaign=x", "x"),
        ("https://a.example/?utm_campaign=&utm_campaign=x&utm_campaign=y", "x"),
        ("https://a.example/?utm_campaign=x#top", "x"),
        ("https://a.example/#/open?utm_campaign=x", "x"),
        ("https://a.example/?utm_campaign=q#utm_campaign=f", "q"),
        ("https://a.example/?utm_campaign=\uff37\uff45\uff23hat", "wechat"),  # full-width letters
        ("https://a.example/?utm_campaign=a%00b%0d%0a", "ab"),
        ("https://a.example/?utm_campaign=100%", "100%"),
        ("?utm_campaign=x", "x"),
    ],
)
def test_shapes_met_in_the_wild(url, campaign):
    assert parse_utm(url).campaign == campaign


@pytest.mark.parametrize(
    "url",
    ["", "/path", "http://[::1", "https:///path", "javascript:alert(1)", "data:text/html,1", "&=&"],
)
def test_an_address_without_tags_is_an_empty_utm(url):
    assert parse_utm(url) == Utm()
    assert not parse_utm(url).is_tagged


def test_click_ids_are_kept_letter_by_letter_also_from_the_fragment():
    made = parse_utm("https://a.example/?gclid=Cj0KCQ_AbC#bd_vid=9ZzTop")

    assert dict(made.click_ids) == {"gclid": "Cj0KCQ_AbC", "bd_vid": "9ZzTop"}


def test_a_very_long_value_is_cut():
    assert len(parse_utm("?utm_source=" + "a" * 3000).source) == LONGEST_VALUE


@given(st.text())
def test_reading_never_raises(text):
    parse_utm(text)
    parse_utm(f"https://a.example/?utm_source={text}#{text}")


@given(st.binary(max_size=60))
def test_any_percent_encoded_bytes_give_storable_text(raw):
    quoted = "".join(f"%{byte:02x}" for byte in raw)

    source = parse_utm(f"?utm_source={quoted}").source

    assert "\0" not in source
    source.encode("utf-8")
