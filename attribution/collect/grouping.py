"""Channel groups: Google Analytics 4's default grouping, then WeChat, WeCom and App of our own."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from .sources import CLICK_IDS, Category, category_of
from .utm import Utm, matched


class Group(StrEnum):
    """Where a visit came from, in the words reports use."""

    DIRECT = "Direct"
    CROSS_NETWORK = "Cross-network"
    PAID_SHOPPING = "Paid Shopping"
    PAID_SEARCH = "Paid Search"
    PAID_SOCIAL = "Paid Social"
    PAID_VIDEO = "Paid Video"
    DISPLAY = "Display"
    PAID_OTHER = "Paid Other"
    ORGANIC_SHOPPING = "Organic Shopping"
    ORGANIC_SOCIAL = "Organic Social"
    ORGANIC_VIDEO = "Organic Video"
    ORGANIC_SEARCH = "Organic Search"
    EMAIL = "Email"
    AFFILIATES = "Affiliates"
    REFERRAL = "Referral"
    AUDIO = "Audio"
    SMS = "SMS"
    MOBILE_PUSH = "Mobile Push"
    WECHAT = "WeChat"
    WECOM = "WeCom"
    APP = "App"
    UNASSIGNED = "Unassigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the rules look at: all lower case, "" when unknown."""

    source: str
    medium: str
    campaign: str
    category: Category | None


_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOPPING = re.compile(r".*(([^a-df-z]|^)shop|shopping).*")
_EMAIL = frozenset({"email", "e-mail", "e_mail", "e mail"})
_SOCIAL = frozenset(
    {"social", "social-network", "social-media", "sm", "social network", "social media"}
)
_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_WECHAT = frozenset({"wechat", "weixin", "mp", "official_account", "mini_program", "miniprogram"})
_WECOM = frozenset({"wecom", "wxwork", "work_weixin", "qywx"})
_APP = frozenset({"in_app", "in-app", "inapp", "in app", "app_popup"})


def channel_group(utm: Utm, referrer: str | None = None) -> Group:
    """The group of a visit; the first rule that matches wins.

    Without tags the click id names the network, without one the referrer's host is looked up
    in the source table. Neither tags nor click id nor referrer is a direct visit. Our own groups
    come after Google's, so its order stays comparable: source=wechat with medium=social is
    Organic Social, medium=wecom is WeCom.

    Note that "cpm" matches the pattern of paid media: search with cpm is Paid Search, not Display.

    >>> channel_group(Utm(source="baidu", medium="cpc"))
    <Group.PAID_SEARCH: 'Paid Search'>
    """
    traffic = _traffic(utm, referrer or "")
    if traffic is None:
        return Group.DIRECT
    for group, holds in _RULES:
        if holds(traffic):
            return group
    return Group.UNASSIGNED


def _traffic(utm: Utm, referrer: str) -> Traffic | None:
    """What is known of the visit; None when nothing is."""
    source, medium = utm.source, utm.medium
    if source in ("", "(direct)") and medium in ("", "(none)", "(not set)"):
        source, medium = _untagged(utm, referrer)
        if not source and not utm.campaign:
            return None
    return Traffic(
        source=source,
        medium=medium,
        campaign=utm.campaign,
        category=category_of(source),
    )


def _untagged(utm: Utm, referrer: str) -> tuple[str, str]:
    """Source and medium told by the click id, else by the referrer."""
    found = dict(utm.click_ids)
    for name, told in CLICK_IDS.items():
        if name in found:
            return told
    host = _host(referrer)
    return (host, "" if category_of(host) else "referral") if host else ("", "")


def _host(referrer: str) -> str:
    try:
        host = urlsplit(referrer.strip()).hostname or ""
    except ValueError:  # e.g. an unbalanced bracket: a referrer is anybody's text
        return ""
    return matched(host).removeprefix("www.")


def _is_paid(traffic: Traffic) -> bool:
    return _PAID.fullmatch(traffic.medium) is not None


def _is_shopping(traffic: Traffic) -> bool:
    return traffic.category is Category.SHOPPING or bool(_SHOPPING.fullmatch(traffic.campaign))


_RULES: tuple[tuple[Group, Callable[[Traffic], bool]], ...] = (
    (Group.CROSS_NETWORK, lambda t: "cross-network" in t.campaign),
    (Group.PAID_SHOPPING, lambda t: _is_shopping(t) and _is_paid(t)),
    (Group.PAID_SEARCH, lambda t: t.category is Category.SEARCH and _is_paid(t)),
    (Group.PAID_SOCIAL, lambda t: t.category is Category.SOCIAL and _is_paid(t)),
    (Group.PAID_VIDEO, lambda t: t.category is Category.VIDEO and _is_paid(t)),
    (Group.DISPLAY, lambda t: t.medium in _DISPLAY),
    (Group.PAID_OTHER, _is_paid),
    (Group.ORGANIC_SHOPPING, _is_shopping),
    (Group.ORGANIC_SOCIAL, lambda t: t.category is Category.SOCIAL or t.medium in _SOCIAL),
    (Group.ORGANIC_VIDEO, lambda t: t.category is Category.VIDEO or "video" in t.medium),
    (Group.ORGANIC_SEARCH, lambda t: t.category is Category.SEARCH or t.medium == "organic"),
    (Group.EMAIL, lambda t: t.source in _EMAIL or t.medium in _EMAIL),
    (Group.AFFILIATES, lambda t: t.medium in ("affiliate", "affiliates")),
    (Group.REFERRAL, lambda t: t.medium in ("referral", "app", "link")),
    (Group.AUDIO, lambda t: t.medium == "audio"),
    (Group.SMS, lambda t: "sms" in (t.source, t.medium)),
    (
        Group.MOBILE_PUSH,
        lambda t: (
            t.medium.endswith("push")
            or "mobile" in t.medium
            or "notification" in t.medium
            or t.source == "firebase"
        ),
    ),
    (Group.WECOM, lambda t: t.medium in _WECOM),
    (Group.WECHAT, lambda t: t.medium in _WECHAT),
    (Group.APP, lambda t: t.medium in _APP),
)
