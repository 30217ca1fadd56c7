"""Signatures against the examples the vendors publish."""

from datetime import UTC, datetime

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


def test_a_query_is_encoded_as_rfc_3986_says() -> None:
    assert rfc3986_query({"b": "a b*~", "a": "退/+"}) == "a=%E9%80%80%2F%2B&b=a%20b%2A~"
