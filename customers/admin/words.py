"""What the closed sets of a customer's page are called, and the tones of their badges."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from compliance.console.shown import Tone
from customers.reports.portrait import Quality
from customers.vocabulary import (
    AccountKind,
    AssetQuality,
    Block,
    ConsentState,
    IdentityKind,
    TagSource,
)

FIELD_WORDS: Final = {
    "name": _("full name"),
    "gender": _("gender"),
    "birth_on": _("date of birth"),
    "city": _("city"),
    "region": _("region"),
    "locale": _("locale"),
    "time_zone": _("time zone"),
    "phone": _("Phone"),
    "email": _("E-mail"),
}
FILE_KIND_WORDS: Final = {
    "customers": _("Customers"),
    "accounts": _("Accounts"),
    "products": _("Products"),
    "prices": _("Prices"),
    "assets": _("Assets by day"),
    "positions": _("Positions by day"),
    "trades": _("Trades"),
    "cash_flows": _("Cash flows"),
    "risk_assessments": _("Risk assessments"),
    "kyc": _("KYC"),
    "corporate_actions": _("Corporate actions"),
    "tags": _("Tags"),
}
KIND_WORDS: Final = {
    IdentityKind.CUSTOMER_NO.value: _("Customer number"),
    IdentityKind.USER_ID.value: _("User id"),
    IdentityKind.ANONYMOUS_ID.value: _("Anonymous id"),
    IdentityKind.PHONE.value: _("Phone"),
    IdentityKind.EMAIL.value: _("E-mail"),
    IdentityKind.DEVICE.value: _("Push token"),
    IdentityKind.OPENID.value: _("WeChat OpenID"),
    IdentityKind.UNIONID.value: _("WeChat UnionID"),
}
CONSENT_WORDS: Final = {
    ConsentState.GRANTED.value: _("Granted"),
    ConsentState.WITHDRAWN.value: _("Withdrawn"),
    ConsentState.PENDING.value: _("To be confirmed"),
    ConsentState.VOID.value: _("Nothing said"),
}
CONSENT_TONES: Final = {
    ConsentState.GRANTED.value: Tone.GOOD,
    ConsentState.WITHDRAWN.value: Tone.BAD,
}
CHANNEL_WORDS: Final = {
    "sms": _("SMS"),
    "email": _("E-mail"),
    "push": _("Push"),
    "wecom": _("WeCom"),
    "in_app": _("In-app message"),
    "task": _("Advisor task"),
    "phone": _("Phone call"),
}
PURPOSE_WORDS: Final = {
    "marketing": _("Marketing"),
    "service": _("Service"),
    "statutory": _("Statutory"),
    "education": _("Investor education"),
}
BLOCK_WORDS: Final = {
    Block.ASSETS: _("Assets"),
    Block.RISK: _("Risk"),
    Block.PREFERENCE: _("Preference"),
    Block.BEHAVIOUR: _("Behaviour"),
}
QUALITY_WORDS: Final = {
    Quality.OK: _("Good"),
    Quality.STALE: _("Stale"),
    Quality.EXPIRED: _("Expired"),
    Quality.DOUBTFUL: _("Doubtful"),
    Quality.MISSING: _("Nothing known"),
}
QUALITY_TONES: Final = {
    Quality.OK: Tone.GOOD,
    Quality.STALE: Tone.WARN,
    Quality.EXPIRED: Tone.BAD,
    Quality.DOUBTFUL: Tone.WARN,
    Quality.MISSING: Tone.PLAIN,
}
TAG_SOURCE_WORDS: Final[dict[str, Any]] = {
    TagSource.FILE: _("File"),
    TagSource.API: _("API"),
    TagSource.RULE: _("Rule"),
    TagSource.STATISTIC: _("Statistic"),
    TagSource.MODEL: _("Model"),
}
ACCOUNT_WORDS: Final = {
    AccountKind.CASH: _("Cash account"),
    AccountKind.MARGIN: _("Margin account"),
    AccountKind.OPTION: _("Options account"),
    AccountKind.BANK: _("Bank account"),
    AccountKind.WEALTH: _("Wealth account"),
}
ASSET_WORDS: Final = {
    AssetQuality.OK: _("Good"),
    AssetQuality.GAP_ESTIMATED: _("A missing day was bridged"),
    AssetQuality.FLOW_UNMATCHED: _("Not explained by what flowed"),
    AssetQuality.SHORT_HISTORY: _("Short history"),
    AssetQuality.NEG_BASE: _("Nothing to measure by"),
}
