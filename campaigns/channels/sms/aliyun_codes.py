"""What Alibaba Cloud SMS answers, and what it means.

Source: Alibaba Cloud SMS, "API error codes" (help.aliyun.com/document_detail/101346.html), compared
on 28 November 2026.  Codes of signatures, templates and short links applied for are left out: no
message is sent by those calls.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from campaigns.channels.meanings import IN_A_MINUTE, IN_AN_HOUR, LATER_THAT_DAY, Meaning

MEANINGS: Final[Mapping[str, Meaning]] = {
    # By whose fault it is: what the caller got wrong was not carried out, what befell the vendor
    # may have been.
    "isv": Meaning.RETRY,
    "isp": Meaning.UNKNOWN,
    "isv.MOBILE_NUMBER_ILLEGAL": Meaning.NO_SUCH_ADDRESS,
    "isv.MOBILE_COUNT_OVER_LIMIT": Meaning.REFUSED,
    "isv.PHONENUMBERS_OVER_LIMIT": Meaning.REFUSED,
    "isv.BLACK_KEY_CONTROL_LIMIT": Meaning.REFUSED,
    "isv.UNSUPPORTED_CONTENT": Meaning.REFUSED,
    "isv.SMS_CONTENT_ILLEGAL": Meaning.REFUSED,
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": Meaning.REFUSED,
    # We give one variable, named in the account: the template of the account wants others.
    "isv.TEMPLATE_MISSING_PARAMETERS": Meaning.SENDER_REFUSED,
    "isv.TEMPLATE_PARAMS_ILLEGAL": Meaning.REFUSED,
    "isv.PARAM_LENGTH_LIMIT": Meaning.REFUSED,
    "isv.PARAM_NOT_SUPPORT_URL": Meaning.REFUSED,
    "isv.INVALID_JSON_PARAM": Meaning.REFUSED,
    "isv.INVALID_PARAMETERS": Meaning.REFUSED,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": Meaning.REFUSED,
    "isv.CUSTOMER_REFUSED": Meaning.OPTED_OUT,
    "isv.SMS_TEST_NUMBER_LIMIT": Meaning.REFUSED,
    "isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL": Meaning.REFUSED,
    "isv.BUSINESS_LIMIT_CONTROL": Meaning.RECIPIENT_LIMIT,
    "Throttling": Meaning.RETRY,
    # Each request has a nonce of its own: one that is known did not count a second time.
    "SignatureNonceUsed": Meaning.RETRY,
    # The ceilings that the account's owner set: raised in the vendor's console.
    "isv.DAY_LIMIT_CONTROL": Meaning.OUT_OF_SERVICE,
    "isv.MONTH_LIMIT_CONTROL": Meaning.OUT_OF_SERVICE,
    "isv.BILLING_DEDUCTION_ERROR": Meaning.OUT_OF_SERVICE,
    "InvalidAction": Meaning.OUT_OF_SERVICE,
    "InvalidVersion": Meaning.OUT_OF_SERVICE,
    "isv.OUT_OF_SERVICE": Meaning.OUT_OF_SERVICE,
    "isv.AMOUNT_NOT_ENOUGH": Meaning.OUT_OF_SERVICE,
    "isv.PRODUCT_UN_SUBSCRIPT": Meaning.OUT_OF_SERVICE,
    "isv.PRODUCT_UNSUBSCRIBE": Meaning.OUT_OF_SERVICE,
    "isv.ACCOUNT_NOT_EXISTS": Meaning.UNAUTHORISED,
    "isv.ACCOUNT_ABNORMAL": Meaning.UNAUTHORISED,
    "isv.SECURITY_FROZEN_ACCOUNT": Meaning.UNAUTHORISED,
    "isv.DENY_IP_RANGE": Meaning.UNAUTHORISED,
    "isp.RAM_PERMISSION_DENY": Meaning.UNAUTHORISED,
    "InvalidAccessKeyId": Meaning.UNAUTHORISED,
    "SignatureDoesNotMatch": Meaning.UNAUTHORISED,
    # Of the gateway in front of all its products ("Client error codes", document 51132, and "Public
    # errors"), most with HTTP 400.
    "ActionUnauthorized": Meaning.UNAUTHORISED,
    "IllegalTimestamp": Meaning.UNAUTHORISED,
    "InvalidSignatureMethod": Meaning.UNAUTHORISED,
    "InsufficientBalance": Meaning.OUT_OF_SERVICE,
    "NoSuchVersion": Meaning.OUT_OF_SERVICE,
    "IncompleteSignature": Meaning.UNAUTHORISED,
    "InvalidSecurityToken": Meaning.UNAUTHORISED,
    "MissingSecurityToken": Meaning.UNAUTHORISED,
    "Forbidden": Meaning.UNAUTHORISED,
    "NoPermission": Meaning.UNAUTHORISED,
    "InvalidApi": Meaning.OUT_OF_SERVICE,
    "InvalidProtocol": Meaning.OUT_OF_SERVICE,
    "UnsupportedHTTPMethod": Meaning.OUT_OF_SERVICE,
    "ServiceUnavailable": Meaning.RETRY,
    # Our clock: the vendor takes a request for fifteen minutes.
    "InvalidTimeStamp": Meaning.UNAUTHORISED,
    "isv.SMS_SIGNATURE_ILLEGAL": Meaning.SENDER_REFUSED,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": Meaning.SENDER_REFUSED,
    "isv.SMS_SIGN_ILLEGAL": Meaning.SENDER_REFUSED,
    "isv.SMS_SIGN_NAME_ILLEGAL": Meaning.SENDER_REFUSED,
    "isv.SIGN_NAME_ILLEGAL": Meaning.SENDER_REFUSED,
    "isv.SMS_SIGN_EMOJI_ILLEGAL": Meaning.SENDER_REFUSED,
    "isv.SIGN_SOURCE_ILLEGAL": Meaning.SENDER_REFUSED,
    "isv.EXTEND_CODE_ERROR": Meaning.SENDER_REFUSED,
    "isv.ONE_CODE_MULTIPLE_SIGN": Meaning.SENDER_REFUSED,
    "isv.CODE_EXCEED_LIMIT": Meaning.SENDER_REFUSED,
    "isv.CODE_ERROR": Meaning.SENDER_REFUSED,
    "SIGNATURE_BLACKLIST": Meaning.SENDER_REFUSED,
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": Meaning.SENDER_REFUSED,
    "isv.SIGN_STATE_ILLEGAL": Meaning.SENDER_REFUSED,
    "isv.SMS_TEMPLATE_ILLEGAL": Meaning.SENDER_REFUSED,
}
# The one code for a number's limits says in words which of them: 触发小时级流控Permits:5.
_FLOW: Final = re.compile("触发(?P<span>分钟|小时|天)级流控")
_SPANS: Final = {"分钟": IN_A_MINUTE, "小时": IN_AN_HOUR, "天": LATER_THAT_DAY}


def flow_wait(message: str) -> timedelta | None:
    """Return how long a number's limit lasts, where the message tells."""
    span = _FLOW.search(message)
    return _SPANS[span["span"]] if span else None
