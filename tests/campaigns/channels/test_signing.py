"""Signatures against the examples the vendors publish, and what their own libraries make."""

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from campaigns.channels.signing import acs3_headers, rfc3986_query, tc3_headers


def test_acs3_gives_the_signature_of_alibaba_clouds_example() -> None:
    headers = acs3_headers(
        action="RunInstances",
        version="2014-05-26",
        host="ecs.cn-shanghai.aliyuncs.com",
        query={
            "RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        },
        body=b"",
        content_type="",
        key_id="YourAccessKeyId",
        secret="YourAccessKeySecret",
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )

    assert headers["Authorization"].endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_tc3_gives_the_signature_of_tencent_clouds_example() -> None:
    body = (
        b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    )
    headers = tc3_headers(
        service="cvm",
        host="cvm.tencentcloudapi.com",
        body=body,
        secret_id="AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        secret_key="Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
        at=datetime.fromtimestamp(1551113065, UTC),
    )

    assert headers["Authorization"].endswith(
        "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


@pytest.mark.parametrize(
    ("action", "query", "form", "signature"),
    [
        (
            "SendSms",
            {
                "OutId": "0" * 32,
                "PhoneNumbers": "13800000001",
                "SignName": "示例",
                "TemplateCode": "SMS_1",
                "TemplateParam": '{"content":"a b+c~*退/="}',
            },
            {},
            "d38bf5111c49c27432e3990c3d9a79d4fc2519376dd45518d09ead43d0b715d7",
        ),
        (
            "SendBatchSms",
            {"OutId": "batch-0123456789abcdef", "TemplateCode": "SMS_1"},
            {
                "PhoneNumberJson": '["13800000001","13800000002"]',
                "SignNameJson": '["示例","示例"]',
                "TemplateParamJson": '[{"content":"a b+c~*退"},{"content":"x"}]',
            },
            "aae2f1aaf0f9d17a782f8c973dd8b84522626d86fd5db98301873333022d5c74",
        ),
    ],
)
def test_acs3_gives_what_alibaba_clouds_library_gives(
    action: str, query: dict[str, str], form: dict[str, str], signature: str
) -> None:
    """Origin: `get_authorization` of alibabacloud-openapi-util 0.2.4."""
    headers = acs3_headers(
        action=action,
        version="2017-05-25",
        host="dysmsapi.aliyuncs.com",
        query=query,
        body=urlencode(form).encode(),
        content_type="application/x-www-form-urlencoded" if form else "",
        key_id="testid",
        secret="testsecret",
        at=datetime(2026, 11, 28, 12, tzinfo=UTC),
        nonce="0123456789abcdef0123456789abcdef",
    )

    assert headers["Authorization"].endswith(f"Signature={signature}")


def test_tc3_gives_what_tencent_clouds_library_gives() -> None:
    """Origin: tencentcloud-sdk-python-common 3.1.195, with the content type of the documents."""
    told = {
        "PhoneNumberSet": ["+8613800000001"],
        "SmsSdkAppId": "1400006666",
        "TemplateId": "1110",
        "SignName": "腾讯云",
        "TemplateParamSet": ["余额 100.00 元，退订回T"],
        "SessionContext": "k",
    }
    headers = tc3_headers(
        service="sms",
        host="sms.tencentcloudapi.com",
        body=json.dumps(told).encode(),
        secret_id="AKIDEXAMPLE",
        secret_key="SECRETEXAMPLE",
        at=datetime.fromtimestamp(1795867200, UTC),
    )

    assert headers["Authorization"] == (
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2026-11-28/sms/tc3_request,"
        " SignedHeaders=content-type;host,"
        " Signature=18b62e8fd8cfa3cc72e32ca4b659d37b267943ce9f0217b89dfd5f28d4b87231"
    )


def test_a_query_is_encoded_as_rfc_3986_says() -> None:
    assert rfc3986_query({"b": "a b*~", "a": "退/+"}) == "a=%E9%80%80%2F%2B&b=a%20b%2A~"
