"""What Tencent Cloud SMS answers, and what it means.

Source: Tencent Cloud, "SMS API 3.0 error codes" (cloud.tencent.com/document/api/382/59177), "Common
error codes" (…/382/38780) and the error codes of its SDK (sms v20210111), compared on 28 November
2026.  Codes of signatures and templates that are applied for are left out.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from campaigns.channels.meanings import IN_A_MINUTE, IN_AN_HOUR, LATER_THAT_DAY, Meaning

MEANINGS: Final[Mapping[str, Meaning]] = {
    "FailedOperation.ContainSensitiveWord": Meaning.REFUSED,
    # Unsubscribed from this sender, or on the operator's own list of those who want none.
    "FailedOperation.PhoneNumberInBlacklist": Meaning.OPTED_OUT,
    "FailedOperation.PhoneNumberOnBlacklist": Meaning.OPTED_OUT,
    # We give one variable, a text: the template of the account wants more of them, or a code.
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": Meaning.SENDER_REFUSED,
    "InvalidParameterValue.TemplateParameterFormatError": Meaning.SENDER_REFUSED,
    "FailedOperation.PhoneNumberParseFail": Meaning.NO_SUCH_ADDRESS,
    "FailedOperation.MarketingSendTimeConstraint": Meaning.RETRY,
    "FailedOperation.InsufficientBalanceInSmsPackage": Meaning.OUT_OF_SERVICE,
    "FailedOperation.SignatureIncorrectOrUnapproved": Meaning.SENDER_REFUSED,
    "FailedOperation.TemplateIncorrectOrUnapproved": Meaning.SENDER_REFUSED,
    "FailedOperation.TemplateUnapprovedOrNotExist": Meaning.SENDER_REFUSED,
    "FailedOperation.TemplateIdNotExist": Meaning.SENDER_REFUSED,
    "FailedOperation.MissingTemplateList": Meaning.SENDER_REFUSED,
    "FailedOperation.MissingSignature": Meaning.SENDER_REFUSED,
    "FailedOperation.MissingSignatureList": Meaning.SENDER_REFUSED,
    "FailedOperation.SignIdNotExist": Meaning.SENDER_REFUSED,
    "FailedOperation.NotEnterpriseCertification": Meaning.UNAUTHORISED,
    "FailedOperation.ProhibitSubAccountUse": Meaning.UNAUTHORISED,
    "FailedOperation.JsonParseFail": Meaning.REFUSED,
    "FailedOperation.FailResolvePacket": Meaning.REFUSED,
    "InvalidParameter": Meaning.REFUSED,
    "InvalidParameter.AppidAndBizId": Meaning.UNAUTHORISED,
    "InvalidParameterValue": Meaning.REFUSED,
    "InvalidParameterValue.IncorrectPhoneNumber": Meaning.NO_SUCH_ADDRESS,
    "InvalidParameterValue.SdkAppIdNotExist": Meaning.UNAUTHORISED,
    "InvalidParameterValue.SignNameLengthTooLong": Meaning.SENDER_REFUSED,
    "MissingParameter": Meaning.REFUSED,
    "UnknownParameter": Meaning.REFUSED,
    "InvalidRequest": Meaning.REFUSED,
    "RequestSizeLimitExceeded": Meaning.REFUSED,
    # Also where the number's own country is meant (UnsupportedRegion): others may be written to.
    "UnsupportedOperation": Meaning.REFUSED,
    "UnauthorizedOperation": Meaning.UNAUTHORISED,
    "UnauthorizedOperation.ServiceSuspendDueToArrears": Meaning.OUT_OF_SERVICE,
    "UnauthorizedOperation.SerivceSuspendDueToArrears": Meaning.OUT_OF_SERVICE,  # so until 2022
    "AuthFailure": Meaning.UNAUTHORISED,
    "IpInBlacklist": Meaning.UNAUTHORISED,
    "IpNotInWhitelist": Meaning.UNAUTHORISED,
    "ActionOffline": Meaning.OUT_OF_SERVICE,
    "InvalidAction": Meaning.OUT_OF_SERVICE,
    "NoSuchProduct": Meaning.OUT_OF_SERVICE,
    "NoSuchVersion": Meaning.OUT_OF_SERVICE,
    "UnsupportedProtocol": Meaning.OUT_OF_SERVICE,
    "UnsupportedRegion": Meaning.OUT_OF_SERVICE,  # of the API, named in the account
    "RequestLimitExceeded": Meaning.RETRY,
    # Of the account's day nothing is left: it is raised in the vendor's console, or ends at night.
    "LimitExceeded": Meaning.OUT_OF_SERVICE,
    "LimitExceeded.DeliveryFrequencyLimit": Meaning.RECIPIENT_LIMIT,
    "LimitExceeded.PhoneNumberThirtySecondLimit": Meaning.RECIPIENT_LIMIT,
    "LimitExceeded.PhoneNumberOneHourLimit": Meaning.RECIPIENT_LIMIT,
    "LimitExceeded.PhoneNumberDailyLimit": Meaning.RECIPIENT_LIMIT,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": Meaning.RECIPIENT_LIMIT,
    "LimitExceeded.AppCountryOrRegionInBlacklist": Meaning.REFUSED,
    "LimitExceeded.AppCountryOrRegionDailyLimit": Meaning.RETRY,
    "LimitExceeded.PhoneNumberCountLimit": Meaning.REFUSED,
    "InternalError": Meaning.UNKNOWN,
    # Checked before anything is sent: nobody has to be asked.
    "InternalError.SigFieldMissing": Meaning.UNAUTHORISED,
    "InternalError.SigVerificationFail": Meaning.UNAUTHORISED,
    "InternalError.RequestTimeException": Meaning.UNAUTHORISED,
    "InternalError.RestApiInterfaceNotExist": Meaning.OUT_OF_SERVICE,
    "InternalError.JsonParseFail": Meaning.REFUSED,
}
WAITS: Final[Mapping[str, timedelta]] = {
    "FailedOperation.MarketingSendTimeConstraint": LATER_THAT_DAY,
    "LimitExceeded.DeliveryFrequencyLimit": IN_A_MINUTE,
    "LimitExceeded.PhoneNumberThirtySecondLimit": IN_A_MINUTE,
    "LimitExceeded.PhoneNumberOneHourLimit": IN_AN_HOUR,
    "LimitExceeded.PhoneNumberDailyLimit": LATER_THAT_DAY,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": LATER_THAT_DAY,
    "LimitExceeded.AppCountryOrRegionDailyLimit": LATER_THAT_DAY,
}
