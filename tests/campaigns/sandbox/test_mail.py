"""The sandbox's reader against mail made by the standard library."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from campaigns.sandbox.mail import links, read_mail


def mail(text: str, html: str = "", *, encoding: str = "base64") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "您的报告 – 三月"
    message["From"] = "Desk <desk@example.com>"
    message["List-Unsubscribe"] = "<https://example.com/u/" + "x" * 100 + ">"
    message.set_content(text, cte=encoding)
    if html:
        message.add_alternative(html, subtype="html", cte=encoding)
    return message


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_text_html_links_and_headers_read_back(encoding: str) -> None:
    message = mail(
        "看 https://example.com/t.", "<a href='https://e.cn/?a=1&amp;b=2'>看</a>", encoding=encoding
    )

    read = read_mail(message.as_bytes())

    assert read["subject"] == message["Subject"]
    assert str(read["text"]).strip() == "看 https://example.com/t."
    assert read["links"] == ["https://e.cn/?a=1&b=2", "https://example.com/t"]
    assert read["unsubscribe_url"] == "https://example.com/u/" + "x" * 100


def test_parts_within_parts_are_found() -> None:
    message = mail("hello", "<a href='https://e.cn/'>x</a>")
    message.add_attachment(b"data", maintype="application", subtype="pdf", filename="a.pdf")

    assert read_mail(message.as_bytes())["links"] == ["https://e.cn/"]


def test_html_alone_gives_its_text_and_no_body_gives_nothing() -> None:
    message = EmailMessage(policy=SMTP)
    message.set_content("<p>a &amp; b</p>", subtype="html")

    assert str(read_mail(message.as_bytes())["text"]).strip() == "a & b"
    assert read_mail(b"")["text"] == ""


def test_links_are_listed_once_and_other_schemes_not_at_all() -> None:
    html = "<a href='https://e.cn/a'></a><a href='mailto:x@e.cn'></a>"

    assert links("https://e.cn/a, https://e.cn/b", html) == ["https://e.cn/a", "https://e.cn/b"]
