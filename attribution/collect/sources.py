"""Who is who among traffic sources. Data: change it here, with VERSION; nothing else knows names.

A key is a bare name as people write it in utm_source, or a registrable domain; a domain also
stands for its subdomains. Google's own list for GA4 knows few Chinese sites, so the table is ours.
"""

from enum import StrEnum

VERSION = "2026-11-22"


class Category(StrEnum):
    """What a source is, for grouping into channels."""

    SEARCH = "search"
    SOCIAL = "social"
    VIDEO = "video"
    SHOPPING = "shopping"


_SEARCH = """
    baidu baidu.com sogou sogou.com so so.com 360 360.cn haosou sm sm.cn shenma toutiao-so
    so.toutiao.com google google.com google.com.hk google.cn bing bing.com cn.bing.com yahoo
    yahoo.com yandex yandex.com yandex.ru duckduckgo duckduckgo.com ecosia ecosia.org naver
    naver.com petal petalsearch.com quark quark.sm.cn
"""
_SOCIAL = """
    weibo weibo.com weibo.cn t.cn wechat weixin weixin.qq.com mp.weixin.qq.com wxwork
    work.weixin.qq.com wecom qq qzone qzone.qq.com zhihu zhihu.com xiaohongshu xiaohongshu.com
    xhslink.com rednote douban douban.com tieba tieba.baidu.com xueqiu xueqiu.com guba
    guba.eastmoney.com facebook facebook.com fb fb.com instagram instagram.com ig twitter
    twitter.com t.co x x.com linkedin linkedin.com lnkd.in reddit reddit.com pinterest
    pinterest.com whatsapp whatsapp.com telegram telegram.org t.me line line.me
"""
_VIDEO = """
    douyin douyin.com iesdouyin.com kuaishou kuaishou.com chenzhongtech.com bilibili bilibili.com
    b23.tv youku youku.com iqiyi iqiyi.com v.qq.com tencentvideo xigua ixigua.com youtube
    youtube.com youtu.be vimeo vimeo.com tiktok tiktok.com twitch twitch.tv netflix hulu
"""
_SHOPPING = """
    taobao taobao.com tmall tmall.com jd jd.com pinduoduo pinduoduo.com yangkeduo.com suning
    suning.com vip vip.com amazon amazon.com amazon.cn ebay ebay.com aliexpress aliexpress.com
    shopify etsy etsy.com walmart walmart.com alibaba alibaba.com 1688 1688.com
"""

SOURCES: dict[str, Category] = {
    name: category
    for category, names in (
        (Category.SEARCH, _SEARCH),
        (Category.SOCIAL, _SOCIAL),
        (Category.VIDEO, _VIDEO),
        (Category.SHOPPING, _SHOPPING),
    )
    for name in names.split()
}

# A click id in the address tells the advertising network when nobody tagged the link:
# parameter -> (source, medium). Order matters: the first one found speaks.
CLICK_IDS: dict[str, tuple[str, str]] = {
    "gclid": ("google", "cpc"),
    "gbraid": ("google", "cpc"),
    "wbraid": ("google", "cpc"),
    "msclkid": ("bing", "cpc"),
    "bd_vid": ("baidu", "cpc"),
    "gdt_vid": ("qq", "cpc"),
    "qz_gdt": ("qq", "cpc"),
    "fbclid": ("facebook", "paid_social"),
    "ttclid": ("tiktok", "cpc"),
    # Ocean Engine's own parameter is a plain word that others use too, so it speaks last.
    "clickid": ("toutiao", "cpc"),
}


def category_of(source: str) -> Category | None:
    """Category of a source or host name in lower case; None when the table does not know it.

    >>> category_of("m.weibo.cn")
    <Category.SOCIAL: 'social'>
    """
    labels = source.split(".")
    # The longest suffix wins: v.qq.com is video though qq.com is not.
    for start in range(len(labels)):
        found = SOURCES.get(".".join(labels[start:]))
        if found is not None and (start == 0 or start < len(labels) - 1):
            return found
    return None
