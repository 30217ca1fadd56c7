"""What the categories of the lexicon are called, in both languages.

A row of the lexicon, and an officer's rule, keep a category as the starter lexicon writes it: its
code and a name half Chinese, half English. A reader is told one of the two.
"""

from collections.abc import Mapping
from typing import Final

from compliance.sentences import Language, Said, Sentence


def _named(code: str, en: str, zh: str) -> Sentence:
    return Sentence(code=code, en=f"{code} {en}", zh=f"{code} {zh}")


_NAMES: Final[Mapping[str, Sentence]] = {
    name.code: name
    for name in (
        _named("A1", "Guaranteed principal or return", "保本保收益"),
        _named("A2", "No-risk claims", "无风险"),
        _named("A3", "Forecasts of returns", "收益预测/预期收益"),
        _named("A4", "Certain market calls", "确定性判断"),
        _named("A5", "Inside information, manipulation", "内幕/操纵"),
        _named("A6", "Promises in English", "英文承诺收益"),
        _named("A7", "Promises in other words", "改写的承诺"),
        _named("B1", "Enticing words in online marketing", "网络营销诱导性用语"),
        _named("B2", "Misleading comfort words of public funds", "公募基金诱导/片面用语"),
        _named("B3", "Sales pressure", "饥饿营销"),
        _named("B4", "Superlatives", "绝对化用语"),
        _named("B5", "Praise of performance, which needs evidence", "业绩褒扬（须有证据）"),
        _named("B6", "Endorsements", "代言/推荐"),
        _named("B7", "False assurance by regulators or owners", "监管/背景增信"),
        _named("B8", "Disparagement of competitors", "诋毁同业"),
        _named("B9", "Likened to deposits or insurance", "混淆存款/保险"),
        _named("C1", "Fees and inducements", "费用/佣金误导"),
        _named("C2", "Loan marketing", "信贷营销"),
        _named("D1", "Advice without a clause", "软提示"),
        _named("D2", "Pending draft", "未生效草案"),
        _named("E1", "Coaching the risk questionnaire", "测评辅导"),
    )
}


def category_named(category: str, language: Language) -> str:
    """A category in one language; one that is not known stays as it was written.

    >>> category_named("A2 无风险 no-risk claims", "zh"), category_named("Z1 x", "zh")
    ('A2 无风险', 'Z1 x')
    """
    name = _NAMES.get(category.partition(" ")[0])
    return Said(sentence=name).in_language(language) if name else category
