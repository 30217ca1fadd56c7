"""Signed receipts: who is believed, and what is made of the body."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.accounts import secrets_in_force
from campaigns.channels.base import AccountConfig, Receipt, ReceiptKind
from campaigns.channels.errors import BadSignature, MalformedReceipt, StaleReceipt
from campaigns.channels.receipts import MOST_BYTES, read_signed_receipts, sign

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())
GOOD = {"id": "wh-1", "key": "k1", "event": "delivered", "at": "2026-03-02T11:59:00+00:00"}


def read(
    body: bytes, *, signature: str | None = None, stamp: str = str(STAMP), secret: str = "new"
) -> list[Receipt]:
    headers: Mapping[str, str] = {
        "x-receipt-timestamp": stamp,
        "X-RECEIPT-SIGNATURE": signature or sign(secret=secret, timestamp=STAMP, body=body),
    }
    both = config({"receipt_secret": "new", "receipt_secret_previous": "old"})
    return read_signed_receipts(config=both, headers=headers, body=body, now=NOW)


def config(secrets: Mapping[str, str]) -> AccountConfig:
    return AccountConfig(key="a", vendor="v", base_url="", secrets=secrets)


def test_a_signed_receipt_is_read_and_its_unknown_fields_are_dropped() -> None:
    body = orjson.dumps([GOOD | {"id_card": "110101199003070011"}])

    [receipt] = read(body)

    assert receipt == Receipt(
        provider_event_id=receipt.provider_event_id,
        key="k1",
        provider_id=None,
        kind=ReceiptKind.DELIVERED,
        at=datetime(2026, 3, 2, 11, 59, tzinfo=UTC),
        detail="",
    )


def test_the_previous_secret_and_one_good_signature_among_several_are_believed() -> None:
    body = orjson.dumps([GOOD])
    good = sign(secret="new", timestamp=STAMP, body=body)

    assert read(body, secret="old")
    assert read(body, signature=f"v1=bad v1={good}")
    assert read(body, signature=f"v1,bad v1,{good}")


@pytest.mark.parametrize("signature", ["", "x", "é", "v1=", "\x00", "bad " * 50])
def test_anything_else_is_not_believed(signature: str) -> None:
    body = orjson.dumps([GOOD])

    with pytest.raises(BadSignature):
        read(body, signature=signature or " ")


def test_upper_case_hex_and_the_signature_of_another_body_are_not_believed() -> None:
    body = orjson.dumps([GOOD])
    for signature in (
        sign(secret="new", timestamp=STAMP, body=body).upper(),
        sign(secret="new", timestamp=STAMP, body=body + b" "),
        sign(secret="new", timestamp=STAMP + 1, body=body),
    ):
        with pytest.raises(BadSignature):
            read(body, signature=signature)


def test_an_account_without_a_secret_believes_nobody() -> None:
    body = orjson.dumps([GOOD])
    headers = {
        "X-Receipt-Timestamp": str(STAMP),
        "X-Receipt-Signature": sign(secret="", timestamp=STAMP, body=body),
    }
    bare = AccountConfig(key="a", vendor="v", base_url="")

    with pytest.raises(BadSignature):
        read_signed_receipts(config=bare, headers=headers, body=body, now=NOW)


@pytest.mark.parametrize("stamp", ["", "1" + "0" * 400, "-5", "1e9", "١٢٣", "12.5", "now"])
def test_a_time_that_is_not_whole_seconds_is_refused_before_any_arithmetic(stamp: str) -> None:
    with pytest.raises(BadSignature):
        read(b"[]", stamp=stamp)


@pytest.mark.parametrize("seconds", [-301, 301, 36_000])
def test_a_signed_time_outside_the_window_is_stale(seconds: int) -> None:
    body = orjson.dumps([GOOD])
    stamp = STAMP + seconds
    signature = sign(secret="new", timestamp=stamp, body=body)

    with pytest.raises(StaleReceipt):
        read(body, stamp=str(stamp), signature=signature)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_signed_time_at_the_windows_edge_is_taken(seconds: int) -> None:
    body = orjson.dumps([GOOD])
    stamp = STAMP + seconds

    assert read(body, stamp=str(stamp), signature=sign(secret="new", timestamp=stamp, body=body))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"[", b"\xff", b"[" * 5000, orjson.dumps([GOOD] * 501)],
    ids=["empty", "object", "null", "cut", "not-utf8", "deep", "too-many"],
)
def test_a_signed_body_that_is_no_array_of_receipts_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedReceipt):
        read(body)


def test_a_body_over_the_limit_is_malformed() -> None:
    with pytest.raises(MalformedReceipt):
        read(b" " * (MOST_BYTES + 1))


@pytest.mark.parametrize(
    "bad",
    [
        7,
        None,
        {},
        GOOD | {"event": None},
        GOOD | {"event": "exploded"},
        GOOD | {"event": "unreadable"},
        GOOD | {"id": ""},
        GOOD | {"id": 1.5},
        GOOD | {"at": "yesterday"},
        GOOD | {"at": 10**15},
        GOOD | {"at": "0001-01-01T00:00:00+14:00"},
    ],
    ids=repr,
)
def test_one_bad_item_is_kept_as_unreadable_beside_its_good_neighbour(bad: object) -> None:
    first, second = read(orjson.dumps([bad, GOOD | {"id": "wh-2"}]))

    assert first.kind is ReceiptKind.UNREADABLE
    assert first.detail
    assert first.provider_event_id
    assert second.kind is ReceiptKind.DELIVERED


def test_a_reply_brings_its_text_and_what_it_asks_for() -> None:
    texts = ("谢谢", "退订")
    thanks, stop = read(orjson.dumps([GOOD | {"event": "inbound", "text": t} for t in texts]))

    assert (thanks.kind, thanks.detail) == (ReceiptKind.REPLIED, "谢谢")
    assert (stop.kind, stop.detail) == (ReceiptKind.UNSUBSCRIBED, "退订")


def test_a_report_that_is_numbered_anew_is_the_same_report() -> None:
    first, again, other = read(
        orjson.dumps([GOOD, GOOD | {"id": "wh-2"}, GOOD | {"event": "failed"}])
    )

    assert first.provider_event_id == again.provider_event_id != other.provider_event_id


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"event": "bounce_hard"}, ReceiptKind.UNDELIVERABLE),
        ({"event": "bounce_soft"}, ReceiptKind.BOUNCED),
        ({"event": "bounced", "detail": "550 5.1.1 no such mailbox"}, ReceiptKind.UNDELIVERABLE),
        ({"event": "bounced", "detail": "552 5.2.2 mailbox full"}, ReceiptKind.BOUNCED),
        ({"event": "bounced", "detail": "host 10.5.1.1 is down"}, ReceiptKind.BOUNCED),
    ],
)
def test_a_bounce_says_whether_it_is_for_good(changes: dict[str, str], kind: ReceiptKind) -> None:
    assert read(orjson.dumps([GOOD | changes]))[0].kind is kind


@pytest.mark.parametrize(
    ("until", "is_believed"),
    [
        ("", True),
        ((NOW + timedelta(hours=36)).isoformat(), True),
        (NOW.isoformat(), False),
        ("next week", False),
    ],
)
def test_the_previous_secret_counts_until_its_end(until: str, is_believed: bool) -> None:
    secrets = {
        "receipt_secret": "new",
        "receipt_secret_previous": "old",
        "receipt_secret_previous_until": until,
    }

    assert ("old" in secrets_in_force(config(secrets), "receipt_secret", NOW)) is is_believed


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
fields = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("id", "key", "provider_id", "event", "at", "text"), json_values),
)


@given(st.lists(fields | json_values, max_size=5))
def test_every_item_of_any_signed_array_comes_back_as_one_bounded_receipt(
    items: list[object],
) -> None:
    try:
        body = orjson.dumps(items)
    except TypeError:
        return  # lone surrogates are no JSON

    receipts = read(body)

    assert len(receipts) == len(items)
    assert all(len(r.provider_event_id) <= 200 and len(r.detail) <= 500 for r in receipts)
    assert all(r.at.utcoffset() == timedelta(0) for r in receipts)
