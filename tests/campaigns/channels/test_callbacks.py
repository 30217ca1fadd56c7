"""Whatever a vendor's callback holds, reading it ends in receipts or one clear error."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.base import AccountConfig, Provider, Receipt, ReceiptKind
from campaigns.channels.callbacks import TARGET_HEADER, china_time
from campaigns.channels.errors import ReceiptError
from campaigns.channels.receipts import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    read_signed_receipts,
    sign,
)
from campaigns.channels.registry import build_provider
from campaigns.channels.sms.twilio_signature import signature

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECRETS = ("access_key_id", "access_key_secret", "secret_id", "secret_key", "account_sid")
OPTIONS = ("template_code", "sign_name", "sdk_app_id", "template_id", "from")
FIELDS = st.sampled_from(
    [
        "phone_number",
        "content",
        "send_time",
        "report_time",
        "success",
        "err_code",
        "biz_id",
        "out_id",
        "sequence_id",
        "mobile",
        "nationcode",
        "text",
        "time",
        "sid",
        "report_status",
        "user_receive_time",
        "errmsg",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from(["SUCCESS", "FAIL", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "TD"])
)
ITEMS = st.lists(st.dictionaries(FIELDS, SCALARS | st.lists(SCALARS, max_size=2)) | SCALARS)


def provider(vendor: str) -> Provider:
    secrets = dict.fromkeys((*SECRETS, "auth_token", "receipt_token"), "secret")
    options = dict.fromkeys(OPTIONS, "x") | {"receipts_url": "https://example.com/hooks/a/"}
    base = "https://vendor.example"
    return build_provider(
        AccountConfig(key="a", vendor=vendor, base_url=base, secrets=secrets, options=options)
    )


@pytest.mark.parametrize("vendor", ["aliyun", "tencent"])
@given(items=ITEMS)
def test_any_json_array_gives_one_storable_receipt_for_each_item(
    vendor: str, items: list[object]
) -> None:
    headers = {"x-request-target": "/hooks/a/?token=secret"}

    receipts = provider(vendor).read_receipts(headers, orjson.dumps(items), NOW)

    assert len(receipts) == len(items)
    assert all(is_storable(receipt) for receipt in receipts)


@pytest.mark.parametrize("vendor", ["aliyun", "tencent", "twilio"])
@given(body=st.binary(max_size=200), target=st.text(max_size=60))
def test_any_octets_end_in_receipts_or_a_receipt_error(
    vendor: str, body: bytes, target: str
) -> None:
    for headers in ({"X-Request-Target": target}, {"X-Receipt-Token": "secret"}):
        with suppress(ReceiptError):
            receipts = provider(vendor).read_receipts(headers, body, NOW)
            assert all(is_storable(receipt) for receipt in receipts)


@given(
    form=st.dictionaries(
        st.sampled_from(["MessageSid", "MessageStatus", "Body", "From", "OptOutType", "ErrorCode"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
        | st.sampled_from(["delivered", "STOP", "undelivered"]),
    )
)
def test_any_form_twilio_signs_is_read(form: dict[str, str]) -> None:
    url = "https://example.com/hooks/a/"
    headers = {"X-Twilio-Signature": signature("secret", url, sorted(form.items()))}

    receipts = provider("twilio").read_receipts(headers, urlencode(form).encode(), NOW)

    assert all(is_storable(receipt) for receipt in receipts)


def test_a_nul_in_a_form_or_query_reaches_no_table() -> None:
    form = {"MessageSid": "S\0M", "MessageStatus": "delivered", "ErrorCode": "\0"}
    target = "/hooks/a/?key=%00abc"
    url = f"https://example.com{target}"
    headers = {
        "X-Twilio-Signature": signature("secret", url, sorted(form.items())),
        "X-Request-Target": target,
    }

    [receipt] = provider("twilio").read_receipts(headers, urlencode(form).encode(), NOW)

    assert (receipt.provider_id, receipt.key, receipt.detail) == ("SM", "abc", "")


@pytest.mark.parametrize(
    ("vendor", "posted"),
    [
        (
            "aliyun",
            [{"phone_number": "13800000001", "content": "退订", "sequence_id": "1"}],
        ),
        ("tencent", {"mobile": "13800000001", "nationcode": "86", "text": "退订", "time": 1}),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_stop_is_heard_in_whichever_charset_the_gateway_writes(
    vendor: str, posted: object, encoding: str
) -> None:
    body = json.dumps(posted, ensure_ascii=False).encode(encoding)

    [receipt] = provider(vendor).read_receipts(
        {TARGET_HEADER: "/hooks/a/?token=secret"}, body, datetime.now(UTC)
    )

    assert (receipt.kind, receipt.detail) == (ReceiptKind.UNSUBSCRIBED, "退订")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_our_own_form_is_signed_over_the_octets_in_whatever_charset(encoding: str) -> None:
    now = datetime.now(UTC)
    told = [
        {"id": "1", "event": "replied", "at": now.isoformat(), "text": "退订", "address": "+1"},
        "坏的一条",
        {"id": "2", "event": "delivered", "at": now.isoformat(), "key": "0" * 32},
    ]
    body = json.dumps(told, ensure_ascii=False).encode(encoding)
    config = AccountConfig(
        key="a", vendor="http_sms", base_url="https://a.example", secrets={"receipt_secret": "s"}
    )
    stamp = int(now.timestamp())
    headers = {
        TIMESTAMP_HEADER: str(stamp),
        SIGNATURE_HEADER: sign(secret="s", timestamp=stamp, body=body),
    }

    receipts = read_signed_receipts(config=config, headers=headers, body=body, now=now)

    assert [receipt.kind for receipt in receipts] == [
        ReceiptKind.UNSUBSCRIBED,
        ReceiptKind.UNREADABLE,
        ReceiptKind.DELIVERED,
    ]


@pytest.mark.parametrize("text", ["", "0001-01-01 00:00:00", "soon", "2026-13-01", "9" * 50])
def test_a_time_that_is_none_is_now(text: str) -> None:
    assert china_time(text, NOW) == NOW


def is_storable(receipt: Receipt) -> bool:
    texts = (receipt.provider_event_id, receipt.detail, receipt.address, receipt.key or "")
    short = all("\x00" not in text and len(text) <= 500 for text in texts)
    return short and bool(receipt.provider_event_id) and receipt.at.tzinfo is not None
