"""Every vendor's documented error codes, each in the form in which its API answers them.

Sources: Alibaba Cloud SMS "API error codes" (help.aliyun.com/document_detail/101346.html); Tencent
Cloud SMS "SendSms", section 6, and the error codes of its SDK (sms v20210111); Twilio "Error and
warning dictionary" (twilio.com/docs/api/errors); Firebase "FCM error codes" and "Best practices
when sending FCM messages at scale"; WeCom "全局错误码"; JPush "推送 API".  Compared row by row on
28 November 2026.  The codes that end in "AddedSince", 29999, 1999 and 99999 are no vendor's.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import (
    Outcome,
    Outgoing,
    Unavailable,
)
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.scripted import Handler, answers, class_of, scripted
from tests.campaigns.channels.vendors import VENDORS

MINUTE, HOUR, LONG = timedelta(minutes=1), timedelta(hours=1), timedelta(hours=6)


def aliyun(code: str, message: str = "m") -> Handler:
    return answers(200, {"Code": code, "Message": message, "RequestId": "r"})


def tencent(code: str) -> Handler:
    """A verdict on the one number, as SendStatusSet holds it."""
    status = {"PhoneNumber": "+8613800138000", "Code": code, "Message": "m", "SerialNo": ""}
    return answers(200, {"Response": {"SendStatusSet": [status], "RequestId": "r"}})


def twilio(code: int, status: int = 400) -> Handler:
    return answers(status, {"code": code, "message": "m", "status": status})


def fcm(status: int, code: str) -> Handler:
    kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    details = [{"@type": kind, "errorCode": code}]
    return answers(status, {"error": {"code": status, "message": "m", "details": details}})


def google(status: int, name: str) -> Handler:
    return answers(status, {"error": {"code": status, "message": "m", "status": name}})


def jpush(status: int, code: int) -> Handler:
    return answers(status, {"error": {"code": code, "message": "m"}})


def wecom(code: int) -> Handler:
    return answers(200, {"errcode": code, "errmsg": "m"})


CODES: Final[tuple[tuple[str, Handler, str], ...]] = (
    ("aliyun", aliyun("isv.MOBILE_NUMBER_ILLEGAL"), "dead"),
    ("aliyun", aliyun("isv.BLACK_KEY_CONTROL_LIMIT"), "refused"),
    ("aliyun", aliyun("isv.CUSTOMER_REFUSED"), "opted out"),
    ("aliyun", aliyun("isv.INVALID_PARAMETERS"), "refused"),
    ("aliyun", aliyun("isv.SMS_TEST_NUMBER_LIMIT"), "refused"),
    ("aliyun", aliyun("isv.BUSINESS_LIMIT_CONTROL"), "recipient"),
    ("aliyun", aliyun("isv.DAY_LIMIT_CONTROL"), "account"),
    ("aliyun", aliyun("isv.MONTH_LIMIT_CONTROL"), "account"),
    ("aliyun", aliyun("isv.SECURITY_FROZEN_ACCOUNT"), "account"),
    ("aliyun", aliyun("isv.SMS_SIGN_NAME_ILLEGAL"), "account"),
    ("aliyun", aliyun("isv.SMS_TEST_SIGN_TEMPLATE_LIMIT"), "account"),
    ("aliyun", aliyun("InvalidTimeStamp.Expired"), "account"),
    ("aliyun", aliyun("InvalidAction.NotFound"), "account"),
    ("aliyun", aliyun("Throttling.User"), "retry"),
    ("aliyun", aliyun("SignatureNonceUsed"), "retry"),
    ("aliyun", aliyun("isp.GATEWAY_ERROR"), "ambiguous"),
    ("aliyun", aliyun("isp.ADDED_SINCE"), "ambiguous"),
    ("aliyun", aliyun("isv.ADDED_SINCE"), "retry"),
    ("aliyun", aliyun("ADDED_SINCE"), "ambiguous"),
    ("aliyun", answers(400, {"Code": "IncompleteSignature"}), "account"),
    ("aliyun", answers(400, {"Code": "InvalidSecurityToken.Expired"}), "account"),
    ("aliyun", answers(400, {"Code": "InvalidProtocol.NeedSsl"}), "account"),
    ("aliyun", answers(403, {"Code": "Forbidden.RAM"}), "account"),
    ("aliyun", answers(400, {"Code": "InsufficientBalance"}), "account"),
    ("aliyun", answers(404, {"Code": "InvalidApi.NotFound"}), "account"),
    ("aliyun", answers(404, {"Code": "InvalidAccessKeyId.NotFound"}), "account"),
    ("aliyun", answers(400, {"Code": "Throttling.User"}), "retry"),
    ("aliyun", answers(503, {"Code": "ServiceUnavailable"}), "retry"),
    ("aliyun", answers(500, {"Code": "InternalError"}), "ambiguous"),
    ("aliyun", aliyun("isv.UNSUPPORTED_CONTENT"), "refused"),
    ("aliyun", aliyun("isv.TEMPLATE_PARAMS_ILLEGAL"), "refused"),
    ("aliyun", aliyun("isv.TEMPLATE_MISSING_PARAMETERS"), "account"),
    ("aliyun", aliyun("isv.PHONENUMBERS_OVER_LIMIT"), "refused"),
    ("aliyun", aliyun("isv.EXTEND_CODE_ERROR"), "account"),
    ("aliyun", aliyun("isv.ONE_CODE_MULTIPLE_SIGN"), "account"),
    ("tencent", tencent("InvalidParameterValue.IncorrectPhoneNumber"), "dead"),
    ("tencent", tencent("FailedOperation.PhoneNumberParseFail"), "dead"),
    ("tencent", tencent("FailedOperation.PhoneNumberInBlacklist"), "opted out"),
    ("tencent", tencent("InvalidParameter.DirtyWordFound"), "refused"),
    ("tencent", tencent("LimitExceeded.AppCountryOrRegionInBlacklist"), "refused"),
    ("tencent", tencent("UnsupportedOperation.GlobalTemplateToChineseMainlandPhone"), "refused"),
    ("tencent", tencent("LimitExceeded.PhoneNumberThirtySecondLimit"), "recipient"),
    ("tencent", tencent("LimitExceeded.PhoneNumberOneHourLimit"), "recipient"),
    ("tencent", tencent("LimitExceeded.PhoneNumberDailyLimit"), "recipient"),
    ("tencent", tencent("LimitExceeded.PhoneNumberSameContentDailyLimit"), "recipient"),
    ("tencent", tencent("LimitExceeded.AppDailyLimit"), "account"),
    ("tencent", tencent("LimitExceeded.AppMainlandChinaDailyLimit"), "account"),
    ("tencent", tencent("UnauthorizedOperation.ServiceSuspendDueToArrears"), "account"),
    ("tencent", tencent("UnauthorizedOperation.RequestIpNotInWhitelist"), "account"),
    ("tencent", tencent("InternalError.SigVerificationFail"), "account"),
    ("tencent", tencent("InternalError.RequestTimeException"), "account"),
    ("tencent", tencent("FailedOperation.MarketingSendTimeConstraint"), "retry"),
    ("tencent", tencent("InternalError.SendAndRecvFail"), "ambiguous"),
    ("tencent", tencent("InternalError.Timeout"), "ambiguous"),
    ("tencent", tencent("InternalError.ParseBackendResponseFail"), "ambiguous"),
    ("tencent", tencent("FailedOperation.OtherError"), "ambiguous"),
    ("tencent", tencent("FailedOperation.AddedSince"), "ambiguous"),
    ("tencent", tencent("FailedOperation.PhoneNumberOnBlacklist"), "opted out"),
    ("tencent", tencent("FailedOperation.TemplateIdNotExist"), "account"),
    ("tencent", tencent("FailedOperation.MissingSignatureList"), "account"),
    ("tencent", tencent("FailedOperation.ProhibitSubAccountUse"), "account"),
    ("tencent", tencent("UnauthorizedOperation.SerivceSuspendDueToArrears"), "account"),
    ("tencent", tencent("UnsupportedOperation.UnsupportedRegion"), "refused"),
    ("tencent", tencent("NoSuchVersion"), "account"),
    ("tencent", tencent("IpNotInWhitelist"), "account"),
    ("tencent", tencent("RequestSizeLimitExceeded"), "refused"),
    ("tencent", tencent("InvalidParameterValue.TemplateParameterLengthLimit"), "refused"),
    ("tencent", tencent("InvalidParameterValue.TemplateParameterFormatError"), "account"),
    ("tencent", tencent("FailedOperation.TemplateParamSetNotMatchApprovedTemplate"), "account"),
    ("tencent", tencent("FailedOperation.TemplateIncorrectOrUnapproved"), "account"),
    ("twilio", twilio(10001), "account"),
    ("twilio", twilio(21609), "account"),
    ("twilio", twilio(21211), "dead"),
    ("twilio", twilio(21610), "opted out"),
    ("twilio", twilio(21704), "account"),
    ("twilio", twilio(21705), "account"),
    ("twilio", twilio(21703), "refused"),
    ("twilio", twilio(20429, 429), "retry"),
    ("twilio", twilio(21730), "retry"),
    ("twilio", twilio(21635), "dead"),
    ("twilio", twilio(21265), "refused"),
    ("twilio", twilio(21617), "refused"),
    ("twilio", twilio(21608), "refused"),
    ("twilio", twilio(21659), "account"),
    ("twilio", twilio(21660), "account"),
    ("twilio", twilio(21661), "account"),
    ("twilio", twilio(20404, 404), "account"),
    ("twilio", twilio(63038, 429), "account"),
    ("twilio", twilio(29999), "refused"),
    ("twilio", twilio(29999, 429), "retry"),
    ("fcm", fcm(404, "UNREGISTERED"), "dead"),
    ("fcm", fcm(403, "SENDER_ID_MISMATCH"), "refused"),
    ("fcm", fcm(401, "APNS_AUTH_ERROR"), "account"),
    # Google's own words where FCM adds no code: of a project, a right, a quota.
    ("fcm", google(404, "NOT_FOUND"), "retry"),
    ("fcm", google(403, "PERMISSION_DENIED"), "account"),
    ("fcm", google(429, "RESOURCE_EXHAUSTED"), "retry"),
    ("fcm", google(503, "UNAVAILABLE"), "retry"),
    ("fcm", google(400, "INVALID_ARGUMENT"), "refused"),
    ("fcm", google(500, "INTERNAL"), "ambiguous"),
    ("fcm", google(504, "DEADLINE_EXCEEDED"), "ambiguous"),
    ("fcm", google(409, "ABORTED"), "ambiguous"),
    ("fcm", fcm(429, "QUOTA_EXCEEDED"), "retry"),
    ("fcm", fcm(503, "UNAVAILABLE"), "retry"),
    ("fcm", fcm(401, "THIRD_PARTY_AUTH_ERROR"), "account"),
    ("fcm", fcm(500, "INTERNAL"), "ambiguous"),
    ("fcm", fcm(400, "INVALID_ARGUMENT"), "refused"),
    ("fcm", fcm(400, "UNSPECIFIED_ERROR"), "refused"),
    ("fcm", fcm(500, "UNSPECIFIED_ERROR"), "ambiguous"),
    ("jpush", jpush(400, 1011), "dead"),
    ("jpush", jpush(400, 1005), "refused"),
    ("jpush", jpush(401, 1004), "account"),
    ("jpush", jpush(429, 2002), "retry"),
    ("jpush", jpush(503, 1030), "ambiguous"),
    ("jpush", jpush(500, 1000), "ambiguous"),
    ("jpush", jpush(404, 1020), "account"),
    ("jpush", jpush(405, 1001), "account"),
    ("jpush", jpush(403, 2003), "account"),
    ("jpush", jpush(403, 2005), "recipient"),
    ("jpush", jpush(400, 1999), "refused"),
    ("jpush", jpush(403, 2999), "account"),
    ("jpush", jpush(503, 1999), "ambiguous"),
    # Windows' word for "too many", meant for its own browsers.
    ("webpush", answers(406, {}), "recipient"),
    ("webpush", answers(429, {}), "retry"),
    ("webpush", answers(413, {}), "refused"),
    ("webpush", answers(410, {}), "dead"),
    ("wecom", wecom(81013), "refused"),
    ("wecom", wecom(701008), "refused"),
    ("wecom", wecom(41048), "refused"),
    ("wecom", wecom(43004), "refused"),
    ("wecom", wecom(84061), "refused"),
    ("wecom", wecom(60020), "account"),
    ("wecom", wecom(84074), "account"),
    ("wecom", wecom(301002), "account"),
    ("wecom", wecom(45009), "retry"),
    ("wecom", wecom(41001), "account"),
    ("wecom", wecom(43009), "account"),
    ("wecom", wecom(46004), "refused"),
    ("wecom", wecom(48004), "account"),
    ("wecom", wecom(48006), "account"),
    ("wecom", wecom(50002), "refused"),
    ("wecom", wecom(50003), "account"),
    ("wecom", wecom(60021), "refused"),
    ("wecom", wecom(82004), "refused"),
    ("wecom", wecom(84084), "refused"),
    ("wecom", wecom(84085), "account"),
    ("wecom", wecom(85002), "refused"),
    ("wecom", wecom(92000), "refused"),
    ("wecom", wecom(301042), "account"),
    ("wecom", wecom(610004), "account"),
    ("wecom", wecom(99999), "ambiguous"),
)


@pytest.mark.parametrize(("vendor", "handler", "meant"), CODES)
async def test_a_documented_code_means_what_the_vendor_says(
    vendor: str, handler: Handler, meant: str
) -> None:
    assert class_of(await VENDORS[vendor].hear(handler)) == meant


@pytest.mark.parametrize(
    ("vendor", "handler", "wait"),
    [
        ("aliyun", aliyun("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"), MINUTE),
        ("aliyun", aliyun("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5"), HOUR),
        ("aliyun", aliyun("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10"), LONG),
        ("aliyun", aliyun("isv.BUSINESS_LIMIT_CONTROL", "业务限流"), HOUR),
        ("tencent", tencent("LimitExceeded.PhoneNumberThirtySecondLimit"), MINUTE),
        ("tencent", tencent("LimitExceeded.PhoneNumberOneHourLimit"), HOUR),
        ("tencent", tencent("LimitExceeded.PhoneNumberDailyLimit"), LONG),
        ("fcm", fcm(429, "QUOTA_EXCEEDED"), MINUTE),
        ("webpush", answers(406, {}), HOUR),
    ],
)
async def test_a_limit_is_waited_for_as_long_as_it_lasts(
    vendor: str, handler: Handler, wait: timedelta
) -> None:
    outcome = await VENDORS[vendor].hear(handler)

    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after == wait


async def test_a_number_at_its_limit_holds_up_nobody_else_in_the_batch() -> None:
    async def limited(request: web.Request) -> web.Response:
        form = await request.post()
        numbers = form.get("PhoneNumberJson") or request.query.get("PhoneNumbers", "")
        if "13800000042" in str(numbers):
            said = {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发小时级流控Permits:5"}
            return web.Response(body=orjson.dumps(said))
        return web.Response(body=orjson.dumps({"Code": "OK", "BizId": "9"}))

    outcomes = await sent_by("aliyun", limited, [f"+86138000000{n:02d}" for n in range(100)])

    classes = [class_of(outcome) for outcome in outcomes.values()]
    assert (classes.count("accepted"), class_of(outcomes["42"])) == (99, "recipient")


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("InvalidParameterValue.IncorrectPhoneNumber", "dead"),
        ("FailedOperation.PhoneNumberInBlacklist", "opted out"),
        ("LimitExceeded.PhoneNumberDailyLimit", "recipient"),
        ("UnsupportedOperation.UnsupportedRegion", "refused"),
    ],
)
async def test_an_error_of_a_whole_request_to_tencent_is_said_of_nobody_else(
    code: str, meant: str
) -> None:
    async def refused(request: web.Request) -> web.Response:
        numbers = orjson.loads(await request.read())["PhoneNumberSet"]
        if "+8613800000042" in numbers:
            told: dict[str, object] = {"Error": {"Code": code, "Message": "m"}}
        else:
            told = {
                "SendStatusSet": [
                    {"PhoneNumber": number, "Code": "Ok", "SerialNo": f"s{number}", "Fee": 1}
                    for number in numbers
                ]
            }
        return web.Response(body=orjson.dumps({"Response": told}))

    outcomes = await sent_by("tencent", refused, [f"+86138000000{n:02d}" for n in range(100)])

    classes = [class_of(outcome) for outcome in outcomes.values()]
    assert (classes.count("accepted"), class_of(outcomes["42"])) == (99, meant)


@pytest.mark.parametrize(
    ("status", "code", "meant"),
    [(400, 1011, "dead"), (400, 1005, "refused"), (400, 1003, "refused")],
)
async def test_an_error_of_a_whole_batch_to_jpush_is_said_of_no_other_device(
    status: int, code: int, meant: str
) -> None:
    async def refused(request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        pushes = body.get("pushlist") or {body["cid"]: {"target": body["audience"]}}
        if any("device-42" in str(push["target"]) for push in pushes.values()):
            return web.Response(
                status=status, body=orjson.dumps({"error": {"code": code, "message": "m"}})
            )
        return web.Response(body=orjson.dumps({cid: {"msg_id": f"m{cid}"} for cid in pushes}))

    devices = [f"device-{n}" for n in range(100)]
    outcomes = await sent_by("jpush", refused, devices, batch="true")

    classes = [class_of(outcome) for outcome in outcomes.values()]
    assert (classes.count("accepted"), class_of(outcomes["42"])) == (99, meant)


async def sent_by(
    vendor: str, handler: Handler, addresses: list[str], **options: str
) -> Mapping[str, Outcome]:
    """What became of one message to each address, by its place."""
    known = VENDORS[vendor]
    async with scripted(handler) as url:
        provider = build_provider(known.account(url, options))
        batch = [
            Outgoing(key=str(place), address=address, content=known.content)
            for place, address in enumerate(addresses)
        ]
        outcomes = await provider.send(batch)
        await provider.aclose()
    return {outcome.key: outcome for outcome in outcomes}
