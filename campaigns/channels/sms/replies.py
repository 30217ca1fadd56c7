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
_NOISE = re.compile(r"[\W_]+")


def reply_kind(text: str) -> ReceiptKind:
    """Return UNSUBSCRIBED when the whole reply is an opt-out word, else REPLIED.

    Width, case, blanks and punctuation do not matter: `ＴＤ`, ` t d ` and `TD。`
    all withdraw.

    >>> reply_kind("TD。").value
    'unsubscribed'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    word = _NOISE.sub("", folded)
    # 回T退订 and 退订此短信 come from people who type the instruction itself.
    if word in _OPT_OUT or (len(word) <= 12 and ("退订" in word or "退訂" in word)):
        return ReceiptKind.UNSUBSCRIBED
    return ReceiptKind.REPLIED
