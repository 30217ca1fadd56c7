"""Every way in which Twilio documents to sign a post, and none beside them.

Origins: the vectors of Twilio's own libraries (`RequestValidator` for Python, 12345 as token);
the rest by the rule they prove.
"""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson
import pytest

from campaigns.channels.base import AccountConfig, Receipt, ReceiptKind
from campaigns.channels.callbacks import TARGET_HEADER
from campaigns.channels.errors import BadSignature, MalformedReceipt
from campaigns.channels.registry import build_provider
from campaigns.channels.sms.twilio_signature import SETTINGS_HEADER, SIGNATURE_HEADER, signature

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DOOR = "https://crm.example.com/hooks/tw/"
FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+12025550123"}
# The vectors' own form and body hold no message: they are kept as unreadable, once verified.
EXAMPLE = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
JSON = b'{"property": "value", "boolean": true}'
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


def account(door: str = DOOR, **secrets: str) -> AccountConfig:
    return AccountConfig(
        key="tw",
        vendor="twilio",
        base_url="https://api.twilio.com",
        secrets={"account_sid": "AC1", "auth_token": "12345", **secrets},
        options={"from": "+12025550123", "receipts_url": door},
    )


def read(
    config: AccountConfig, signed: str, target: str, body: bytes, settings: str = ""
) -> list[Receipt]:
    headers = {SIGNATURE_HEADER: signed, TARGET_HEADER: target}
    if settings:
        headers[SETTINGS_HEADER] = settings
    return build_provider(config).read_receipts(headers, body, NOW)


@pytest.mark.parametrize(
    ("door", "signed"),
    [
        ("https://mycompany.com/myapp.php", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:443/myapp.php", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:1234/myapp.php", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("http://mycompany.com:1234/myapp.php", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ],
)
def test_a_form_is_known_by_its_url_whatever_the_port(door: str, signed: str) -> None:
    [receipt] = read(account(door), signed, "/myapp.php?foo=1&bar=2", urlencode(EXAMPLE).encode())

    assert receipt.detail == "no_sid"


def test_json_is_known_by_its_hash_in_the_url() -> None:
    target = f"/myapp.php?foo=1&bar=2&bodySHA256={JSON_HASH}"
    door = account("https://mycompany.com/myapp.php")

    [receipt] = read(door, "a9nBmqA0ju/hNViExpshrM61xv4=", target, JSON)

    assert receipt.detail == "unknown_event"


@pytest.mark.parametrize("body", [JSON + b" ", b"", b"MessageSid=SM1&MessageStatus=delivered"])
def test_another_body_under_the_hash_is_refused(body: bytes) -> None:
    target = f"/myapp.php?foo=1&bar=2&bodySHA256={JSON_HASH}"
    door = account("https://mycompany.com/myapp.php")

    with pytest.raises(BadSignature):
        read(door, "a9nBmqA0ju/hNViExpshrM61xv4=", target, body)


def test_a_hash_in_a_url_nobody_signed_is_refused() -> None:
    target = f"/hooks/tw/?bodySHA256={hashlib.sha256(JSON).hexdigest()}"

    with pytest.raises(BadSignature):
        read(account(), signature("12345", DOOR, ()), target, JSON)


@pytest.mark.parametrize(
    ("settings", "algorithm"),
    [
        ("key=sk_1,algorithm=HMAC_SHA256", "sha256"),
        ("algorithm=HMAC_SHA1, key=sk_1", "sha1"),
    ],
)
@pytest.mark.parametrize("key", ["shared-key", "shared-key-before"])
def test_a_shared_key_signs_in_place_of_the_token(settings: str, algorithm: str, key: str) -> None:
    config = account(webhook_key="shared-key", webhook_key_previous="shared-key-before")
    signed = signature(key, f"{DOOR}?key=00ff", list(FORM.items()), algorithm)

    [receipt] = read(
        config, signed, "/hooks/tw/?key=00ff", urlencode(FORM).encode(), settings=settings
    )

    assert (receipt.key, receipt.kind) == ("00ff", ReceiptKind.DELIVERED)


@pytest.mark.parametrize(
    ("key", "algorithm", "settings"),
    [
        ("12345", "sha256", "key=sk_1,algorithm=HMAC_SHA256"),
        ("12345", "sha1", "key=sk_1,algorithm=HMAC_SHA1"),
        ("12345", "sha256", ""),
        ("shared-key", "sha256", ""),
        ("shared-key", "sha1", ""),
        ("shared-key", "sha1", "key=sk_1,algorithm=HMAC_SHA256"),
        ("shared-key", "md5", "key=sk_1,algorithm=HMAC_MD5"),
        ("shared-key", "sha256", "key=sk_1"),
        ("shared-key", "sha256", "HMAC_SHA256"),
        ("", "sha256", "key=sk_1,algorithm=HMAC_SHA256"),
    ],
)
def test_a_key_counts_only_in_the_way_it_is_used(key: str, algorithm: str, settings: str) -> None:
    signed = signature(key, DOOR, list(FORM.items()), algorithm)

    with pytest.raises(BadSignature):
        read(
            account(webhook_key="shared-key"),
            signed,
            "/hooks/tw/",
            urlencode(FORM).encode(),
            settings=settings,
        )


def test_an_account_without_a_shared_key_knows_none() -> None:
    signed = signature("", DOOR, list(FORM.items()), "sha256")

    with pytest.raises(BadSignature):
        read(
            account(),
            signed,
            "/hooks/tw/",
            urlencode(FORM).encode(),
            settings="key=sk_1,algorithm=HMAC_SHA256",
        )


def test_a_relay_may_take_off_a_part_of_the_path() -> None:
    door = "https://edge.example.com/crm/hooks/tw/"
    signed = signature("12345", f"{door}?key=00ff", list(FORM.items()))

    [receipt] = read(account(door), signed, "/hooks/tw/?key=00ff", urlencode(FORM).encode())

    assert receipt.key == "00ff"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.com/hooks/tw/?key=00ff",
        "http://crm.example.com/hooks/tw/?key=00ff",
        "https://crm.example.com:8443/hooks/tw/?key=00ff",
        "https://crm.example.com/hooks/other/?key=00ff",
        "https://crm.example.com/hooks/tw/?key=00fe",
        "https://crm.example.com/hooks/tw/",
    ],
)
def test_a_post_signed_for_another_url_is_refused(url: str) -> None:
    signed = signature("12345", url, list(FORM.items()))

    with pytest.raises(BadSignature):
        read(account(), signed, "/hooks/tw/?key=00ff", urlencode(FORM).encode())


def stream(*events: object) -> list[Receipt]:
    body = orjson.dumps(list(events))
    target = f"/hooks/tw/?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signed = signature("12345", f"https://crm.example.com{target}", ())
    return read(account(), signed, target, body)


def event(kind: str, **data: object) -> dict[str, object]:
    return {"specversion": "1.0", "type": f"com.twilio.messaging.{kind}", "id": "EZ1", "data": data}


def test_an_event_stream_tells_what_became_of_messages_and_what_was_replied() -> None:
    delivered = event("message.delivered", messageSid="SM1", messageStatus="DELIVERED")
    landline = event(
        "message.undelivered", messageSid="SM2", messageStatus="UNDELIVERED", errorCode=30005
    )
    queued = event("message.queued", messageSid="SM3", messageStatus="QUEUED")
    # "from" is a word of the language.
    reply = event(
        "inbound-message.received",
        **{"messageSid": "SM4", "from": "+14158675309", "body": "STOP"},
    )

    receipts = stream(delivered, landline, queued, reply)

    assert [(one.kind, one.provider_id, one.address) for one in receipts] == [
        (ReceiptKind.DELIVERED, "SM1", ""),
        (ReceiptKind.UNDELIVERABLE, "SM2", ""),
        (ReceiptKind.UNSUBSCRIBED, None, "+14158675309"),
    ]


def test_an_event_and_a_callback_about_one_thing_are_one_receipt() -> None:
    [told] = stream(event("message.delivered", messageSid="SM1", messageStatus="DELIVERED"))
    signed = signature("12345", DOOR, list(FORM.items()))

    [called] = read(account(), signed, "/hooks/tw/", urlencode(FORM).encode())

    assert told.provider_event_id == called.provider_event_id


@pytest.mark.parametrize(
    "bad",
    [
        event("link.clicked", messageSid="SM1", **{"from": "+14158675309", "body": "STOP"}),
        {"type": "com.twilio.messaging.message.delivered", "data": "SM1"},
        {"type": ["com.twilio.messaging.message.delivered"], "data": {"messageSid": "SM1"}},
        event("message.delivered", messageStatus="DELIVERED"),
        event("message.delivered", messageSid=["SM1"], messageStatus="DELIVERED"),
        event("message.pondered", messageSid="SM1", messageStatus="PONDERED"),
        event("message.delivered", messageSid="SM1"),
        "delivered",
        None,
    ],
)
def test_an_event_that_says_nothing_we_know_is_kept_beside_its_neighbours(bad: object) -> None:
    good = event("message.delivered", messageSid="SM1", messageStatus="DELIVERED")

    kinds = [receipt.kind for receipt in stream(bad, good)]

    assert kinds == [ReceiptKind.UNREADABLE, ReceiptKind.DELIVERED]


def test_a_url_with_too_many_fields_is_one_clear_error() -> None:
    target = "/hooks/tw/?" + "&".join(f"f{number}=1" for number in range(60))

    with pytest.raises(MalformedReceipt):
        read(account(), "guess", target, urlencode(FORM).encode())
