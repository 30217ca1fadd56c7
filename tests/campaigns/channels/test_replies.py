"""Which replies withdraw consent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.base import ReceiptKind
from campaigns.channels.replies import reply_kind
from campaigns.channels.sms.numbers import from_vendor, is_e164


@pytest.mark.parametrize(
    "text",
    [
        "T",
        "td",
        " t d ",
        "TD。",
        "\uff34\uff24",
        "R",
        "退订",
        "回T退订",
        "Stop!",
        "退 訂",
        "stopall",
        "N",
        "拒收",
        "回复TD",
        "T\u200bD",
    ],
)
def test_an_opt_out_word_withdraws_however_it_is_typed(text: str) -> None:
    assert reply_kind(text) is ReceiptKind.UNSUBSCRIBED


@pytest.mark.parametrize("text", ["", "Thanks", "好的", "please stop by on Friday", "收到 TDX"])
def test_other_replies_are_only_replies(text: str) -> None:
    assert reply_kind(text) is ReceiptKind.REPLIED


@given(st.text(max_size=300))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert reply_kind(text) in (ReceiptKind.REPLIED, ReceiptKind.UNSUBSCRIBED)


def test_a_long_story_that_mentions_the_word_is_no_opt_out() -> None:
    assert reply_kind("请问如果我以后想退订的话要怎么操作呢") is ReceiptKind.REPLIED


@given(st.from_regex(r"\+86 ?1[0-9]{10}", fullmatch=True))
def test_a_mainland_number_is_the_same_in_every_spelling(number: str) -> None:
    plain = number.removeprefix("+86").strip()
    spellings = {from_vendor(s) for s in (number, plain, f"86{plain}", f"0086{plain}")}

    assert spellings == {f"+86{plain}"}
    assert is_e164(f"+86{plain}")
