"""Rendering a message, read back by the standard library's parser."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.base import Outgoing
from campaigns.channels.email.mime import Unmailable, read_address, render

KEY = "0123456789abcdef0123456789abcdef"
CONTENT = {
    "subject": "Hello",
    "from": "Touchstone <news@example.com>",
    "html": "<p>Hello</p>",
    "text": "Hello",
    "date": "2026-03-02T12:00:00+08:00",
}
EXPECTED_HEADERS = {
    "message-id", "date", "from", "to", "subject", "mime-version", "x-touchstone-key",
    "content-type",
}  # fmt: skip


def rendered(address: str = "c@example.com", **content: str) -> bytes:
    return render(Outgoing(key=KEY, address=address, content=CONTENT | content))


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_text_comes_first_and_html_second_and_the_key_names_the_message() -> None:
    message = parsed(rendered())

    parts = [part.get_content_type() for part in message.walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]
    assert message["Message-ID"] == f"<{KEY}@example.com>"
    assert message["X-Touchstone-Key"] == KEY
    assert message["Date"] == "Mon, 02 Mar 2026 12:00:00 +0800"


def test_the_same_message_gives_the_same_bytes() -> None:
    assert rendered() == rendered()


def test_one_click_unsubscribe_is_offered_only_over_http() -> None:
    one_click = parsed(rendered(unsubscribe_url="https://example.com/u/1"))
    by_mail = parsed(rendered(unsubscribe_url="mailto:u@example.com"))

    assert one_click["List-Unsubscribe"] == "<https://example.com/u/1>"
    assert one_click["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert by_mail["List-Unsubscribe-Post"] is None


@given(st.text(max_size=300), st.text(max_size=40))
def test_no_subject_or_sender_name_adds_a_header_or_a_long_line(subject: str, name: str) -> None:
    try:
        raw = rendered(subject=subject, **{"from": f'"{name}" <news@example.com>'})
    except Unmailable:
        return

    head = raw[: raw.index(b"\r\n\r\n")]
    assert {header.lower() for header in parsed(raw)} == EXPECTED_HEADERS
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert head.isascii()


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200))
def test_a_subject_reads_back_as_it_was_written(subject: str) -> None:
    assert parsed(rendered(subject=subject))["Subject"] == subject


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=2000))
def test_a_text_body_reads_back_but_for_its_line_ends(text: str) -> None:
    raw = rendered(text=text)

    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert said(body(parsed(raw), "plain")) == said(text)


def said(text: str) -> list[str]:
    """The lines; blank ones at the end belong to the boundary that follows a part."""
    lines = text.splitlines()
    while lines and not lines[-1]:
        lines.pop()
    return lines


def test_lines_over_the_limit_of_smtp_are_wrapped_in_transit() -> None:
    html = "<p>" + "x" * 5000 + "</p>"

    raw = rendered(html=html)

    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert body(parsed(raw), "html").strip() == html


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "@b.c", "a@", "a b@c.d", "a@b c", "a@b\r\nRCPT TO:<x@y.z>", "a\x00@b.c", "a@-b.c",
        "<a@b.c>", "a@b.c>", "a..b@c.d", ".a@b.c", "a.@b.c", "a@b..c", "用户@b.c",
        "x" * 65 + "@b.c", "a@" + "b" * 64 + ".c", "a@" + "b." * 130 + "c",
    ],
)  # fmt: skip
def test_what_is_not_a_mailbox_is_not_mailed(address: str) -> None:
    with pytest.raises(Unmailable):
        rendered(address=address)


def test_an_international_domain_goes_out_in_ascii() -> None:
    assert read_address("a@例子.example") == "a@xn--fsqu00a.example"


@pytest.mark.parametrize(
    "content",
    [
        {"from": ""},
        {"from": "nobody"},
        {"from": "A <a@b.c>\r\nBcc: x@y.z"},
        {"reply_to": "a@b.c\nX: y"},
        {"unsubscribe_url": "https://example.com/>\r\nX: y"},
        {"unsubscribe_url": "javascript:alert(1)"},
        {"date": "today"},
    ],
)
def test_content_that_cannot_stand_in_a_header_is_refused(content: dict[str, str]) -> None:
    with pytest.raises(Unmailable):
        rendered(**content)
