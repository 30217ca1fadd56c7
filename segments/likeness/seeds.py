"""Which lists may be a seed: those of people we may know, and by a lawful basis."""

from enum import StrEnum
from typing import Final

from compliance.sentences import Sentence

LEAST_SEED: Final = 100
LEAST_OTHERS: Final = 20
"""Of fewer people outside the seed no share of the judging could hold some (five folds)."""
LEAST_STATED: Final = 10


class Origin(StrEnum):
    """Where a list comes from, as whoever asks states it."""

    OWN = "own"  # our own customers, by what they did with us
    PARTNER = "partner"  # handed over by a partner
    COMPETITOR = "competitor"  # of another institution's customers: never


class Basis(StrEnum):
    """Why it may be used so (Personal Information Protection Law, Art. 13)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    NONE = "none"


COMPETITOR: Final = Sentence(
    code="competitor_list",
    en="A list of a competitor's customers cannot be a seed. The attempt is on record.",
    zh="竞争对手的客户名单不能作为种子人群，本次尝试已记录。",
)
NO_BASIS: Final = Sentence(
    code="no_lawful_basis",
    en="Without a lawful basis, and a sentence on it, the list cannot be a seed.",
    zh="缺少合法性基础及其说明，该名单不能作为种子人群。",
)
TOO_SMALL: Final = Sentence(
    code="seed_too_small",
    en="The seed has {count} members who may be used; it needs {least}.",
    zh="种子人群可用成员 {count} 人，至少需要 {least} 人。",
)
TOO_FEW_OTHERS: Final = Sentence(
    code="too_few_others",
    en="Only {count} people outside the seed may be ranked; it needs {least}. Take a smaller seed.",
    zh="种子人群之外可排序的客户仅 {count} 人，至少需要 {least} 人。请选择更小的种子人群。",
)
NO_FEATURES: Final = Sentence(
    code="no_features",
    en="No field is left to compare by once those of the seed's own rule are excluded.",
    zh="排除种子规则自身使用的字段后，没有可用于比较的字段。",
)
REFUSALS: Final = {
    sentence.code: sentence
    for sentence in (COMPETITOR, NO_BASIS, TOO_SMALL, TOO_FEW_OTHERS, NO_FEATURES)
}


def objection(origin: Origin, basis: Basis, statement: str) -> Sentence | None:
    """Why a list of this origin may not be a seed; None: it may."""
    if origin is Origin.COMPETITOR:
        return COMPETITOR
    if basis is Basis.NONE or len(statement.strip()) < LEAST_STATED:
        return NO_BASIS
    return None
