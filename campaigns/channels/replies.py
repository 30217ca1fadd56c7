"""What a customer's reply by SMS asks for."""

import re
import unicodedata

from campaigns.channels.base import ReceiptKind

# Chinese operators teach T, TD, R and 退订; STOP and its kin are CTIA's keywords.
_OPT_OUT = frozenset(
    {
        "t", "td", "tdd", "n", "r", "qx", "0000", "退", "退订", "退訂", "取消", "拒收", "不要再发",
        "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke", "arret",
    }
)  # fmt: skip
# 回T, 回复TD come from people who type the instruction itself.
_ECHO = re.compile(r"^回(?:复|覆)?")
_NOISE = re.compile(r"[\W_]+")


def reply_kind(text: str) -> ReceiptKind:
    """Return UNSUBSCRIBED when the whole reply is an opt-out word, else REPLIED.

    Width, case, blanks and punctuation do not matter: `ＴＤ`, ` t d ` and `TD。`
    all withdraw.

    >>> reply_kind("TD。").value
    'unsubscribed'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    word = _ECHO.sub("", _NOISE.sub("", folded))
    # 退订此短信 and 我要退订 are as plain.
    if word in _OPT_OUT or (len(word) <= 12 and ("退订" in word or "退訂" in word)):
        return ReceiptKind.UNSUBSCRIBED
    return ReceiptKind.REPLIED
