import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.collect.grouping import Group, channel_group
from attribution.collect.utm import Utm, parse_utm


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "group"),
    [
        ("google", "cpc", "cross-network q3", Group.CROSS_NETWORK),
        ("taobao", "cpc", "", Group.PAID_SHOPPING),
        ("baidu", "cpc", "", Group.PAID_SEARCH),
        ("baidu", "cpm", "", Group.PAID_SEARCH),
        ("weibo", "paid_social", "", Group.PAID_SOCIAL),
        ("douyin", "ppc", "", Group.PAID_VIDEO),
        ("news.example", "cpa", "", Group.PAID_OTHER),
        ("news.example", "cpm", "", Group.DISPLAY),
        ("news.example", "banner", "", Group.DISPLAY),
        ("jd", "", "", Group.ORGANIC_SHOPPING),
        ("crm", "post", "autumn shopping week", Group.ORGANIC_SHOPPING),
        ("wechat", "social", "", Group.ORGANIC_SOCIAL),
        ("zhihu.com", "", "", Group.ORGANIC_SOCIAL),
        ("bilibili", "", "", Group.ORGANIC_VIDEO),
        ("m.sogou.com", "", "", Group.ORGANIC_SEARCH),
        ("partner", "organic", "", Group.ORGANIC_SEARCH),
        ("crm", "e-mail", "", Group.EMAIL),
        ("club", "affiliate", "", Group.AFFILIATES),
        ("club", "link", "", Group.REFERRAL),
        ("podcast", "audio", "", Group.AUDIO),
        ("crm", "sms", "", Group.SMS),
        ("crm", "push", "", Group.MOBILE_PUSH),
        ("crm", "web-push", "", Group.MOBILE_PUSH),
        ("crm", "wecom", "", Group.WECOM),
        ("crm", "wechat", "", Group.WECHAT),
        ("crm", "in_app", "", Group.APP),
        ("crm", "leaflet", "", Group.UNASSIGNED),
        ("(direct)", "(none)", "", Group.DIRECT),
    ],
)
def test_the_first_rule_that_matches_wins(source, medium, campaign, group):
    assert channel_group(Utm(source=source, medium=medium, campaign=campaign)) is group


@pytest.mark.parametrize(
    ("referrer", "group"),
    [
        (None, Group.DIRECT),
        ("", Group.DIRECT),
        ("https://www.baidu.com/link?url=x", Group.ORGANIC_SEARCH),
        ("https://tieba.baidu.com/p/1", Group.ORGANIC_SOCIAL),
        ("https://v.qq.com/x", Group.ORGANIC_VIDEO),
        ("https://news.example.com/a", Group.REFERRAL),
        ("http://[::1", Group.DIRECT),
    ],
)
def test_without_tags_the_referrer_speaks(referrer, group):
    assert channel_group(Utm(), referrer) is group


def test_without_tags_the_click_id_speaks_before_the_referrer():
    utm = parse_utm("https://fund.example.com/#bd_vid=1")

    assert channel_group(utm, "https://news.example.com/") is Group.PAID_SEARCH


def test_tags_speak_before_the_click_id():
    utm = parse_utm("https://fund.example.com/?utm_source=crm&utm_medium=email&gclid=1")

    assert channel_group(utm) is Group.EMAIL


@given(st.text(), st.text(), st.text())
def test_every_visit_has_a_group(source, medium, referrer):
    assert channel_group(Utm(source=source, medium=medium), referrer) in Group
