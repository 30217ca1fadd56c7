"""What vendors post, in the forms that their documents show, and the ways in which it comes askew.

Sources: Alibaba Cloud SMS, "SmsReport" and "SmsUp" (HTTP batch push) and its receipts' error codes
(help.aliyun.com/document_detail/101347.html); Tencent Cloud SMS, "SMS Sending Status Notification"
(document 382/43547), "SMS Reply Notification" and "Error codes for status"; Twilio, "Message
resource", status values.
"""

from datetime import UTC, datetime
from typing import Final

import orjson
import pytest

from campaigns.channels.base import AccountConfig, Receipt, ReceiptKind
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.vendors import VENDORS

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN: Final = {"X-Request-Target": "/hooks/a/?token=t"}
SMS_REPORT: Final = {
    "phone_number": "13811110000",
    "send_time": "2017-01-01 00:00:00",
    "report_time": "2017-01-01 00:00:00",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "12345",
    "out_id": "67890",
}
SMS_UP: Final = {
    "phone_number": "13811110000",
    "content": "内容",
    "send_time": "2017-09-01 11:00:00",
    "dest_code": "12345",
    "sign_name": "示例",
    "sequence_id": 1234567890,
}
TENCENT_STATUS: Final = {
    "user_receive_time": "2015-10-17 08:03:04",
    "nationcode": "86",
    "mobile": "13811110000",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "xxxxxxx",
}
TENCENT_REPLY: Final = {
    "extend": "",
    "mobile": "13811110000",
    "nationcode": "86",
    "sign": "示例",
    "text": "用户回复的内容",
    "time": 1457336869,
}
FAIL: Final = {"report_status": "FAIL"}
FAILED: Final = {"success": False, "err_msg": "m"}
DELIVERED, NO, GONE, LOST, REPLIED, ODD = (
    ReceiptKind.DELIVERED,
    ReceiptKind.UNSUBSCRIBED,
    ReceiptKind.UNDELIVERABLE,
    ReceiptKind.FAILED,
    ReceiptKind.REPLIED,
    ReceiptKind.UNREADABLE,
)


def read(vendor: str, posted: object) -> list[Receipt]:
    known = VENDORS[vendor]
    provider = build_provider(
        AccountConfig(
            key="a",
            vendor=vendor,
            base_url="https://vendor.example",
            secrets=known.secrets,
            options=known.options,
        )
    )
    return provider.read_receipts(TOKEN, orjson.dumps(posted), NOW)


@pytest.mark.parametrize(
    ("vendor", "posted", "kinds"),
    [
        ("aliyun", [SMS_REPORT], [DELIVERED]),
        ("aliyun", SMS_REPORT, [DELIVERED]),
        ("aliyun", [], []),
        ("aliyun", [SMS_REPORT, SMS_REPORT | FAILED | {"err_code": "MK:0001"}], [DELIVERED, GONE]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": "MOBILE_SEND_LIMIT"}], [LOST]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": "MOBILE_TERMINAL_ERROR"}], [LOST]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": "MOBILE_NOT_ON_SERVICE"}], [LOST]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": "USER_REJECT"}], [LOST, NO]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": "MOBILE_IN_BLACK"}], [LOST, NO]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": "isv.CUSTOMER_REFUSED"}], [LOST, NO]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": None}], [LOST]),
        ("aliyun", [SMS_REPORT | {"success": "true"}], [ODD]),
        ("aliyun", [SMS_REPORT | {"biz_id": None}], [ODD]),
        ("aliyun", [SMS_UP], [REPLIED]),
        ("aliyun", [SMS_UP | {"content": "回复R就可以退订吗"}, SMS_REPORT], [REPLIED, DELIVERED]),
        ("aliyun", [SMS_UP | {"content": " r "}], [NO]),
        ("aliyun", [None, "x", 3, SMS_REPORT], [ODD, ODD, ODD, DELIVERED]),
        ("tencent", [TENCENT_STATUS], [DELIVERED]),
        ("tencent", TENCENT_STATUS, [DELIVERED]),
        ("tencent", [TENCENT_STATUS | {"report_status": "FAIL", "errmsg": "MK:0001"}], [GONE]),
        ("tencent", [TENCENT_STATUS | {"report_status": "FAIL", "errmsg": "EXPIRED"}], [LOST]),
        ("tencent", [TENCENT_STATUS | FAIL | {"errmsg": "XL:169"}], [GONE]),
        # Also of a phone that is switched off: its owner may be written to again.
        ("tencent", [TENCENT_STATUS | FAIL | {"errmsg": "MN:0001"}], [LOST]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": "MN:0001"}], [LOST]),
        ("aliyun", [SMS_REPORT | FAILED | {"err_code": "CB:0001"}], [LOST]),
        ("tencent", [TENCENT_STATUS | FAIL | {"errmsg": "MX:0012"}], [LOST, NO]),
        ("tencent", [TENCENT_STATUS | FAIL | {"errmsg": "TUIDING"}], [LOST, NO]),
        ("tencent", [TENCENT_STATUS | FAIL | {"errmsg": "DB:0141"}], [LOST, NO]),
        ("tencent", [TENCENT_STATUS | {"errmsg": "MX:0012"}], [DELIVERED]),
        ("tencent", [TENCENT_STATUS | {"report_status": "PENDING"}], [ODD]),
        ("tencent", [TENCENT_STATUS | {"sid": ""}], [ODD]),
        ("tencent", [TENCENT_REPLY], [REPLIED]),
        ("tencent", TENCENT_REPLY | {"text": "TD"}, [NO]),
        ("tencent", TENCENT_REPLY | {"text": "退订", "time": "1457336869"}, [NO]),
    ],
)
def test_a_post_is_read_item_by_item(vendor: str, posted: object, kinds: list[ReceiptKind]) -> None:
    assert [receipt.kind for receipt in read(vendor, posted)] == kinds


@pytest.mark.parametrize(
    ("vendor", "posted"),
    [
        ("aliyun", SMS_REPORT | FAILED | {"err_code": "USER_REJECT"}),
        ("aliyun", SMS_REPORT | {"out_id": "batch-1", "sms_size": 1}),
        ("aliyun", SMS_UP),
        ("tencent", TENCENT_STATUS),
        ("tencent", TENCENT_REPLY),
    ],
)
def test_what_is_posted_again_has_the_ids_it_had(vendor: str, posted: object) -> None:
    first, again = read(vendor, [posted]), read(vendor, posted)

    ids = [receipt.provider_event_id for receipt in first]
    assert ids == [receipt.provider_event_id for receipt in again]
    assert len(set(ids)) == len(ids)


def test_times_without_a_zone_are_those_of_china() -> None:
    [report] = read("tencent", TENCENT_STATUS)
    [reply] = read("tencent", TENCENT_REPLY)

    assert report.at == datetime(2015, 10, 17, 0, 3, 4, tzinfo=UTC)
    assert reply.at == datetime(2016, 3, 7, 7, 47, 49, tzinfo=UTC)


def test_a_eight_digit_number_abroad_is_no_number_of_the_mainland() -> None:
    [reply] = read("tencent", TENCENT_REPLY | {"nationcode": "852", "mobile": "61234567"})

    assert reply.address == "+85261234567"


@pytest.mark.parametrize("nationcode", ["86", "+86", ""])
def test_a_number_told_whole_is_not_given_its_country_twice(nationcode: str) -> None:
    [reply] = read(
        "tencent", TENCENT_REPLY | {"nationcode": nationcode, "mobile": "+8613800138000"}
    )

    assert reply.address == "+8613800138000"
