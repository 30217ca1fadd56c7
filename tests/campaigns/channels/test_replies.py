"""Which replies withdraw consent."""

import time

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
        "STOPP",
        "take me off your list",
        "No more!",
        "no more texts please",
        "拉黑",
        "停",
        "N",
        "拒收",
        "回复TD",
        "T\u200bD",
        "TD退订",
        "td td",
        "t谢谢",
        "ｔｄ，谢谢！",
        "不要再发",
        "不要再发了！！",
        "请不要再给我发短信了",
        "別再發了",
        "请勿打扰",
        "我要退订",
        "马上取消订阅",
        "麻烦退订此类短信，谢谢",
        "取消訂閱",
        "拒收短信",
        "不想再收到你们的短信",
        "停止发送",
        "ＳＴＯＰ",
        "S T O P.",
        "Stop all",
        "please unsubscribe me",
        "UNSUBSCRIBE!!!",
        "opt-out",
        "Stop sending me messages",
        "0000",
        "\tN\n",
        "退订T",
        "退订 TD",
        "T退",
        "拒收请回复R",
        "退订回T",
        "拒绝",
        "谢绝推销",
        "停止短信",
        "关闭推送",
        "請停止發送短訊",
        "退訂短訊",
        "不接收",
        "别烦我",
        "勿扰",
        "屏蔽",
        "STOP STOP STOP",
        "STOPSTOP",
        "stop spam",
        "Stop calling me!",
        "STOP PROMOTIONS",
        "UNSUBSCRIBE me from this list",
        "Remove me from your list.",
        "don\u2019t text me",
        "Do not contact me again",
        "no more messages",
        "ARRÊT",
        "tuì dìng",
        "\u0422D",
        "\u0405\u0422\u041e\u0420",
        "TD\u3000",
        "T\U0001f64f",
        "\U0001f143\U0001f133",
        "\U0001d413\U0001d403",
        "求退订",
        "别来烦我",
        "退\U0001f6ab订",
        "谢谢，退订",
        "好的，退订",
        "OK 退订",
        "取消全部",
        "STOP 短信",
        "\U0001f183\U0001f173",
    ],
)
def test_an_opt_out_word_withdraws_however_it_is_typed(text: str) -> None:
    assert reply_kind(text) is ReceiptKind.UNSUBSCRIBED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thanks",
        "好的",
        "please stop by on Friday",
        "收到 TDX",
        "不退订",
        "TD12",
        "别来了",
        "我不想退订",
        "没有退订",
        "怎么退订",
        "退订了吗？",
        "退订费用是多少",
        "取消预约",
        "取消今天的交易",
        "别取消",
        "don't stop",
        "do not unsubscribe",
        "The end of the month?",
        "No",
        "Need help",
        "Tomorrow",
        "stop loss at 12",
        "don't stop the alerts",
        "do not cancel",
        "no more than 5",
        "take me off hold",
        "停车",
        "拒付怎么办",
        "拒绝交易怎么回事",
        "别停止发送",
        "不要取消",
        "关闭账户需要什么",
        "停止扣款",
        "终止合同",
        "不屏蔽",
        "T恤",
        "N次",
        "R2产品",
        "我的快递拒收了怎么办",
        "发我一份",
        "请给我发短信",
        "要",
        "我",
    ],
)
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


@pytest.mark.parametrize(
    "text", ["给我" * 250, "请" * 500, "td" * 250, "please" * 80 + "x", "不要再" * 160]
)
def test_a_reply_made_to_be_slow_is_judged_at_once(text: str) -> None:
    started = time.thread_time()

    reply_kind(text)

    assert time.thread_time() - started < 0.1
