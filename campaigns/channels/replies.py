"""What a customer's reply by SMS asks for."""

import re
import unicodedata
from string import ascii_lowercase
from typing import Final

from campaigns.channels.base import ReceiptKind

# A reply that says more than this says something else, too, and a person reads it.
_LONGEST: Final = 30
# Chinese operators teach T, TD, R, N and 退订; STOP and its kin are CTIA's keywords.
_CODE: Final = r"(?:tdd|td|t|r|n|qx|tuiding|0000)"
_POLITE: Final = (
    r"(?:我|本人|请|求|麻烦|帮|给|要求|要|想|需要|申请|希望|立即|立刻|马上|现在|赶紧|快|全部|都|以后|今后"
    r"|一律|直接|确认|务必|你们|你|您|好的|好|嗯|谢谢|多谢|ok|回|复|覆|发送|发)*"
)
_VERB: Final = (
    r"(?:退订|退定|取消订阅|取消接收|取消推送|取消|拒收|拒绝接收|拒绝|谢绝|停发|停止发送|停止推送"
    r"|停止接收|停止|终止|关闭|屏蔽|拉黑|勿扰"
    r"|不再接收|不接收|不(?:想|愿意|愿|要|需要)(?:再|继续)?(?:接收|收到|收)"
    r"|(?:不要|别|勿|不准|不许|禁止|停止|终止)(?:再|继续|给|向|我|老|总|乱|来)*"
    r"(?:发送|发|推送|打扰|骚扰|烦))"
)
_REST: Final = (
    r"(?:回|复|请|了|吧|啊|呀|哈|谢谢|多谢|给|我|你们|的|此|这|该|本|类|种|条|些|个|所有|任何|一切|全部|到|来|短信"
    r"|短讯|信息|消息|广告|营销|推广|推销|推送|通知|服务|业务|订阅|邮件|手机|号码)*"
)
_ENGLISH: Final = (
    r"(?:please|pls|kindly|just)*"
    r"(?:(?:stop|stopp|stopall|unsubscribe|unsub|cancel|end|quit|optout|optmeout|revoke|removeme|takemeoff|nomore|arret)+"
    r"|(?:donot|dont)(?:send|text|message|contact|sms))"
    r"(?:all|any|more|again|me|now|please|pls|thanks|thankyou|it|sending|texting|messaging|calling"
    r"|contacting|spam|ads|promotions|marketing|sms|texts|text|messages|message|these|this|from"
    r"|your|the|list|短信)*"
)
_OPT_OUT: Final = re.compile(
    rf"[退停拒]|{_POLITE}(?P<code>{_CODE})(?P=code)*退?{_REST}"
    rf"|{_POLITE}{_CODE}?{_POLITE}(?:{_VERB})+{_REST}{_CODE}?{_REST}|{_ENGLISH}"
)
_NOISE: Final = re.compile(r"[\W_]+")
# A keyboard of Cyrillic or Greek types letters that look like those of T, N and STOP, one of
# pictures white letters in a black circle or square, which NFKD leaves as they are.
_LOOKS_LIKE: Final = str.maketrans(
    "\u0442\u03c4\u03bd\u0455\u043e\u03bf\u0440\u03c1"
    + "".join(chr(first + place) for first in (0x1F150, 0x1F170) for place in range(26)),
    "ttnsoopp" + ascii_lowercase * 2,
)
# Of the traditional characters only those that the words above are written with.
_SIMPLIFIED: Final = str.maketrans(
    "請煩幫給馬現趕緊務們發復覆訂絕繼續擾騷別準許該類種條個來廣銷推業閱郵機號碼總亂謝訊終關閉",
    "请烦帮给马现赶紧务们发复复订绝继续扰骚别准许该类种条个来广销推业阅邮机号码总乱谢讯终关闭",
)


def reply_kind(text: str) -> ReceiptKind:
    """Return UNSUBSCRIBED when the whole reply asks for no more messages, else REPLIED.

    Width, case, accents, blanks and punctuation do not matter, nor do polite words around: `ＴＤ`,
    ` t d `, `TD。` and 请不要再发短信了 all withdraw. A negation (不退订), a question (怎么退订) or
    a word inside another sentence (取消预约) does not.

    >>> reply_kind("TD。").value
    'unsubscribed'
    """
    # NFKD parts accents from their letters, as marks that are noise, and makes capitals of 🅃 and 𝐓.
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LOOKS_LIKE)
    word = _NOISE.sub("", folded).translate(_SIMPLIFIED)
    if len(word) <= _LONGEST and _OPT_OUT.fullmatch(word):
        return ReceiptKind.UNSUBSCRIBED
    return ReceiptKind.REPLIED
