"""Which built-in field a column's name says, as files of institutions name them."""

import pytest

from customers.importing.mapping import known_field


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("birth_on", ["birthday", "Birth Date", "DOB", "date_of_birth", "出生日期", "生日"]),
        ("email", ["email", "E-mail", "Email Address", "邮箱", "电子邮件"]),
        ("name", ["name", "Full Name", "customer_name", "姓名", "客户姓名"]),
        (
            "phone",
            ["phone", "Phone Number", "mobile", "MOBILE NO.", "手机", "手机号码", "移动电话"],
        ),
        ("risk_level", ["risk_level", "Risk Level", "风险等级", "风险承受能力等级"]),
        ("gender", ["gender", "Sex", "性别"]),
        ("total_asset", ["total_asset", "AUM", "总资产"]),
    ],
)
def test_a_usual_name_says_the_field(field: str, columns: list[str]) -> None:
    assert {column: known_field(column) for column in columns} == dict.fromkeys(columns, field)


@pytest.mark.parametrize("column", ["branch", "电话费", "last_email_opened", "phone_model"])
def test_another_name_becomes_an_attribute(column: str) -> None:
    assert known_field(column) is None
