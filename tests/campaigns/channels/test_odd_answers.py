"""What no vendor documents and any of them, or a proxy before them, may answer one day."""

import gzip
from datetime import timedelta
from typing import Final

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import Accepted, AccountConfig, Refused, Unavailable, Unknown
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.scripted import answers
from tests.campaigns.channels.vendors import PHONE, VENDORS

ODD: Final = (
    b"<html><body>Gateway login</body></html>",
    b"null",
    b"[null]",
    b'{"id": "x", "mess',
    b'{"id": "\xff\xfe"}',
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b'{"code": 1e400, "sid": NaN}',
    (
        b'{"errcode": [], "code": {}, "Code": [], "error": [], "results": {}, "Response": [],'
        b' "status": [], "msg_id": {}, "name": [], "sid": {}}'
    ),
    (
        b'{"error": {"code": [], "details": [[], {"errorCode": 3, "fieldViolations": [3]}]},'
        b' "Response": {"Error": {"Code": 3}, "SendStatusSet": [1, [], {}]}, "errcode": "x",'
        b' "Messages": [{}], "ErrorCode": "x", "results": [[], {"key": []}]}'
    ),
)


@pytest.mark.parametrize("name", VENDORS)
async def test_an_answer_that_cannot_be_read_is_an_outcome_and_never_a_yes(name: str) -> None:
    for body in ODD:
        outcome = await VENDORS[name].hear(answers(200, body))

        assert not isinstance(outcome, Accepted), body[:80]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (name, status)
        for name in VENDORS
        for status in (402, 403, 404, 425, 500)
        # Of a push service 404 means that the browser has unsubscribed.
        if (name, status) != ("webpush", 404)
    ],
)
async def test_a_page_with_an_error_refuses_no_message_for_ever(name: str, status: int) -> None:
    outcome = await VENDORS[name].hear(answers(status, b"<html>Error</html>"))

    assert isinstance(outcome, Unknown if status == 500 else Unavailable)


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 206, 226])
@pytest.mark.parametrize("name", VENDORS)
async def test_a_2xx_without_the_vendors_yes_is_no_refusal(name: str, status: int) -> None:
    """It may have gone; refused ones are sent again by whoever sends the failed ones again."""
    for body in (b"", b"<html>ok</html>", b"{}", b'{"ok": true}'):
        outcome = await VENDORS[name].hear(answers(status, b"" if status == 204 else body))

        assert isinstance(outcome, Unknown | Accepted), body
        # What its own documents take for one.
        yes = (name, status) in {("sendgrid", 202), ("webpush", status)} or name == "webhook"
        assert yes or isinstance(outcome, Unknown), body


@pytest.mark.parametrize("status", [400, 407, 421])
@pytest.mark.parametrize("name", VENDORS)
async def test_what_a_proxy_says_refuses_no_message_for_ever(name: str, status: int) -> None:
    outcome = await VENDORS[name].hear(answers(status, b"<html>The plain HTTP request</html>"))

    assert isinstance(outcome, Unavailable)


@pytest.mark.parametrize(
    ("name", "status", "told", "code"),
    [
        ("twilio", 400, {"code": "21610", "message": "m"}, "21610"),
        ("twilio", 500, {"code": 20500, "message": "m"}, "20500"),
        ("jpush", 400, {"error": {"code": "1011", "message": "m"}}, "1011"),
        ("wecom", 200, {"errcode": "81013", "errmsg": "m"}, "81013"),
        (
            "aliyun",
            200,
            {"Code": "isv.CUSTOMER_REFUSED", "Message": "退订"},
            "isv.CUSTOMER_REFUSED",
        ),
    ],
)
@pytest.mark.parametrize("form", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_code_is_read_as_text_or_number_in_whatever_charset(
    name: str, status: int, told: object, code: str, form: str
) -> None:
    body = orjson.dumps(told).replace(b'"m"', '"错误"'.encode()).decode().encode(form)
    outcome = await VENDORS[name].hear(answers(status, body))

    assert isinstance(outcome, Refused | Unknown)
    assert outcome.code == code


@pytest.mark.parametrize("form", ["utf-8-sig", "gb18030"])
async def test_a_yes_in_another_charset_is_one(form: str) -> None:
    body = '{"Code": "OK", "BizId": "9", "Message": "成功"}'.encode(form)

    assert isinstance(await VENDORS["aliyun"].hear(answers(200, body)), Accepted)


@pytest.mark.parametrize("status", [400, 413, 500])
@pytest.mark.parametrize("name", VENDORS)
async def test_the_words_of_a_yes_under_the_status_of_an_error_are_none(
    name: str, status: int
) -> None:
    body = (
        b'{"error": {"code": "7"}, "errcode": 0, "errmsg": "ok", "Code": "OK", "BizId": "1",'
        b' "msg_id": "1", "msgid": "1", "sid": "SM1", "id": "1", "name": "projects/p/messages/1",'
        b' "messageId": "1", "MessageID": "1", "ErrorCode": 0, "status": "accepted"}'
    )

    assert not isinstance(await VENDORS[name].hear(answers(status, body)), Accepted)


async def test_a_push_with_an_error_nobody_can_read_is_in_doubt() -> None:
    outcome = await VENDORS["jpush"].hear(answers(200, {"msg_id": "1", "error": ["queued"]}))

    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize(
    "when",
    [
        "99999999999999999999",
        "-5",
        "\u00b2",
        "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
        "Wed, 21 Oct 2026 07:28:00 +9999999999999",
        "Wed, 31 Dec 9999 23:59:59 -2300",
    ],
)
async def test_a_time_to_wait_that_no_calendar_has_is_at_most_a_day(name: str, when: str) -> None:
    async def later(_request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": when, "X-Rate-Limit-Reset": when})

    outcome = await VENDORS[name].hear(later)

    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after is None or timedelta() <= outcome.retry_after <= timedelta(days=1)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_code_twilio_added_since_is_the_accounts_fault_where_it_says_no_right(
    status: int,
) -> None:
    outcome = await VENDORS["twilio"].hear(answers(status, {"code": 20008, "message": "test"}))

    assert isinstance(outcome, Unavailable)
    assert outcome.code == "unauthorised"


async def test_a_number_of_segments_no_machine_can_read_counts_as_told_or_one() -> None:
    told = {"sid": "SM1", "num_segments": "9" * 6000}

    assert isinstance(await VENDORS["twilio"].hear(answers(201, told)), Accepted)


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("fcm", 404, {"error": {"details": [{"errorCode": "UNREGISTERED"}]}}),
        (
            "fcm",
            400,
            {
                "error": {
                    "status": "INVALID_ARGUMENT",
                    "details": [
                        {"errorCode": "INVALID_ARGUMENT"},
                        {"fieldViolations": [{"field": "message.token"}]},
                    ],
                }
            },
        ),
        ("jpush", 400, {"error": {"code": 1011, "message": "cannot find user by this audience"}}),
        ("webpush", 404, {}),
        ("webpush", 410, {}),
    ],
)
async def test_a_device_that_is_gone_is_a_dead_address(
    name: str, status: int, told: object
) -> None:
    outcome = await VENDORS[name].hear(answers(status, told))

    assert isinstance(outcome, Refused)
    assert outcome.is_address_dead


async def test_an_argument_other_than_the_token_leaves_the_device_alive() -> None:
    violation = {"fieldViolations": [{"field": "message.notification.title"}]}
    told = {"error": {"status": "INVALID_ARGUMENT", "details": [violation]}}

    outcome = await VENDORS["fcm"].hear(answers(400, told))

    assert isinstance(outcome, Refused)
    assert not outcome.is_address_dead


@pytest.mark.parametrize(
    "said",
    [
        (
            b"the VAPID credentials in the authorization header do not correspond to the"
            b" credentials used to create the subscriptions."
        ),
        b'{"reason":"VapidPkHashMismatch"}',
    ],
)
async def test_one_browser_of_another_key_does_not_stop_the_others(said: bytes) -> None:
    outcome = await VENDORS["webpush"].hear(answers(403, said))

    assert isinstance(outcome, Unavailable)
    assert outcome.code == "vapid_mismatch"


@pytest.mark.parametrize(
    "told",
    [
        {"success": False},
        {"error": {"code": 7}},
        {"status": "queued-maybe"},
    ],
)
async def test_a_door_of_the_house_that_answers_200_with_an_error_said_no_yes(
    told: object,
) -> None:
    assert isinstance(await VENDORS["webhook"].hear(answers(200, told)), Unknown)


@pytest.mark.parametrize("told", [b"", {}, {"status": "accepted"}, {"id": 9007199254740993}])
async def test_a_door_of_the_house_says_yes_as_documented(told: object) -> None:
    assert isinstance(await VENDORS["webhook"].hear(answers(200, told)), Accepted)


async def test_a_compressed_answer_is_read() -> None:
    async def zipped(_request: web.Request) -> web.Response:
        body = gzip.compress(orjson.dumps({"sid": "SM1"}))
        return web.Response(status=201, body=body, headers={"Content-Encoding": "gzip"})

    assert isinstance(await VENDORS["twilio"].hear(zipped), Accepted)


async def test_a_small_answer_that_swells_ends_at_the_limit() -> None:
    async def bomb(_request: web.Request) -> web.Response:
        body = gzip.compress(b" " * 30_000_000)
        return web.Response(status=201, body=body, headers={"Content-Encoding": "gzip"})

    outcome = await VENDORS["twilio"].hear(bomb)

    assert isinstance(outcome, Unknown)
    assert "longer than" in outcome.message


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("name", ["http_sms", "tencent"])
async def test_two_verdicts_on_one_message_that_differ_are_none(name: str, order: int) -> None:
    async def both(request: web.Request) -> web.Response:
        sent = orjson.loads(await request.read())
        if name == "tencent":
            yes = {"PhoneNumber": PHONE, "Code": "Ok", "SerialNo": "1", "Fee": 1}
            no = {"PhoneNumber": PHONE, "Code": "FailedOperation.PhoneNumberInBlacklist"}
            told: object = {"Response": {"SendStatusSet": [yes, no][::order]}}
        else:
            key = sent["messages"][0]["key"]
            yes = {"key": key, "status": "accepted", "id": "1"}
            no = {"key": key, "status": "refused", "code": "x"}
            told = {"results": [yes, no][::order]}
        return web.Response(body=orjson.dumps(told))

    assert isinstance(await VENDORS[name].hear(both), Unknown)


def test_pushes_that_may_travel_together_do() -> None:
    def built(batch: str) -> int:
        config = AccountConfig(
            key="j",
            vendor="jpush",
            base_url="https://api.jpush.cn",
            secrets=VENDORS["jpush"].secrets,
            options={"batch": batch},
        )
        return build_provider(config).limits.per_request

    assert (built("true"), built("false")) == (1000, 1)
