"""An account that a person saves is read to its last option."""

from dataclasses import replace
from typing import Final

import pytest

from campaigns.channels.base import AccountConfig
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.registry import build_strictly
from tests.campaigns.channels.vendors import VENDORS

COMMON: Final = {"lookup_url": "https://relay.example/lookup", "settle_seconds": "60"}
DOCUMENTED: Final = {
    "http_sms": {"account": "a", "honours_key": "true", "settle_seconds": "60"},
    "aliyun": {**COMMON, "template_variable": "content", "batch": "true", "concurrency": "4"},
    "tencent": {**COMMON, "region": "ap-guangzhou", "concurrency": "4"},
    "twilio": {**COMMON, "receipts_url": "https://crm.example/hooks/t/", "concurrency": "4"},
    "webhook": {**COMMON, "honours_key": "true", "concurrency": "4"},
    "wecom": {**COMMON, "duplicate_check_seconds": "60", "kind": "message", "concurrency": "4"},
    "fcm": {**COMMON, "honours_key": "true", "concurrency": "4"},
    "jpush": {**COMMON, "batch": "true", "honours_key": "true", "apns_production": "false"},
    "webpush": {**COMMON, "push_services": "push.example", "ttl_seconds": "60"},
    "mailgun": {**COMMON, "sender_domain": "mg.example.com", "concurrency": "4"},
    "postmark": {**COMMON, "message_stream": "broadcast"},
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_option_is_read_and_another_is_told(name: str) -> None:
    vendor = VENDORS[name]
    config = AccountConfig(
        key="odd",
        vendor=vendor.name,
        base_url="https://vendor.example",
        secrets={**vendor.secrets, "lookup_secret": "s"},
        options={**vendor.options, **DOCUMENTED[name], "deadline_seconds": "5"},
    )

    assert build_strictly(config).name == vendor.name
    with pytest.raises(AccountInvalid, match="settle_second"):
        build_strictly(replace(config, options={**config.options, "settle_second": "1"}))


@pytest.mark.parametrize(
    "name", ["http_sms", "aliyun", "tencent", "twilio", "fcm", "jpush", "wecom"]
)
@pytest.mark.parametrize(
    "url", ["https://vendor.example?x=1", "https://vendor.example/v1?", "https://vendor.example/#a"]
)
def test_a_base_url_that_goes_on_behind_its_path_is_one_clear_error(name: str, url: str) -> None:
    """What is put behind it would become a part of its query."""
    vendor = VENDORS[name]
    config = AccountConfig(
        key="odd", vendor=name, base_url=url, secrets=vendor.secrets, options=vendor.options
    )

    with pytest.raises(AccountInvalid, match="base URL"):
        build_strictly(config)


@pytest.mark.parametrize("name", ["twilio", "webhook"])
def test_a_password_in_an_address_is_refused_and_not_repeated(name: str) -> None:
    vendor = VENDORS[name]
    url = "https://ops:hunter2@vendor.example/"
    config = AccountConfig(
        key="odd", vendor=name, base_url=url, secrets=vendor.secrets, options=vendor.options
    )

    with pytest.raises(AccountInvalid, match="secrets") as refused:
        build_strictly(config)
    assert "hunter2" not in str(refused.value)


def test_a_door_of_the_house_may_have_a_query() -> None:
    vendor = VENDORS["webhook"]
    config = AccountConfig(
        key="door",
        vendor="webhook",
        base_url="https://door.example/in?tenant=1",
        secrets=vendor.secrets,
        options=vendor.options,
    )

    assert build_strictly(config).name == "webhook"


def test_twilios_callbacks_need_a_door_without_a_query() -> None:
    vendor = VENDORS["twilio"]
    config = AccountConfig(
        key="tw",
        vendor="twilio",
        base_url="https://api.twilio.com",
        secrets=vendor.secrets,
        options={**vendor.options, "receipts_url": "https://crm.example/hooks/tw/?a=1"},
    )

    with pytest.raises(AccountInvalid, match="base URL"):
        build_strictly(config)
