"""Which vendor name builds which provider."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
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
    zh="没有名为“{vendor}”的供应商；可用的有 {known}。",
)
_UNUSED_OPTION: Final = Sentence(
    code="account_invalid",
    en="The option “{name}” changes nothing: as it is set up, {vendor} reads {known}.",
    zh="选项“{name}”不起作用：按目前的设置，{vendor} 读取的选项有 {known}。",
)
# Read by the console's test message, whatever the vendor.
_OF_THE_CONSOLE: Final = frozenset({"test_from"})
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


def build_strictly(config: AccountConfig) -> Provider:
    """Build the provider of an account that a person saves.

    An option that nobody reads is a typing error.  Raises AccountInvalid.
    """
    provider, read = _build_noting(config)
    unused = sorted(set(config.options) - read - _OF_THE_CONSOLE)
    if unused:
        known = ", ".join(sorted(read))
        raise AccountInvalid(_UNUSED_OPTION, name=unused[0], vendor=config.vendor, known=known)
    return provider


def options_read(config: AccountConfig) -> list[str]:
    """Return the names of the options that the vendor reads, as the account is set up.

    Raises AccountInvalid.
    """
    return sorted(_build_noting(config)[1])


def _build_noting(config: AccountConfig) -> tuple[Provider, set[str]]:
    noted = _Noted(config.options)
    return build_provider(replace(config, options=noted)), noted.asked


class _Noted(Mapping[str, str]):
    """Options that remember which of them were asked for."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = options
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)
