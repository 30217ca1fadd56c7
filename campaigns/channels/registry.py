"""Which vendor name builds which provider."""

from collections.abc import Callable, Mapping
from typing import Final

from campaigns.channels import in_app, task, webhook
from campaigns.channels.base import AccountConfig, Provider
from campaigns.channels.email import anymail, smtp
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.push import apns, fcm, jpush, webpush
from campaigns.channels.sms import aliyun, generic_http, smpp, tencent, twilio
from campaigns.channels.wecom import wecom
from compliance.sentences import Sentence

_UNKNOWN_VENDOR: Final = Sentence(
    code="account_invalid",
    en="There is no vendor “{vendor}”; known are {known}.",
    zh="没有名为“{vendor}”的服务商；可用的有 {known}。",
)
VENDORS: Final[Mapping[str, Callable[[AccountConfig], Provider]]] = {
    "aliyun": aliyun.build,
    "anymail": anymail.build,
    "apns": apns.build,
    "fcm": fcm.build,
    "http_sms": generic_http.build,
    "inbox": in_app.build,
    "jpush": jpush.build,
    "smpp": smpp.build,
    "smtp": smtp.build,
    "tencent": tencent.build,
    "twilio": twilio.build,
    "webhook": webhook.build,
    "webpush": webpush.build,
    "wecom": wecom.build,
    "workbench": task.build,
}


def build_provider(config: AccountConfig) -> Provider:
    """Build the account's provider.  Raises AccountInvalid."""
    factory = VENDORS.get(config.vendor)
    if factory is None:
        known = ", ".join(sorted(VENDORS))
        raise AccountInvalid(_UNKNOWN_VENDOR, vendor=config.vendor, known=known)
    return factory(config)
