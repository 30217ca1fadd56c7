"""A template that says what may not be advertised goes to nobody for approval."""

from datetime import UTC, datetime

import pytest

from campaigns.actions.templates import save_template, submit_template
from campaigns.channels.base import Channel
from campaigns.errors import TemplateError
from compliance.models import Review
from tests.factories import NOW, make_staff, with_way_out

pytestmark = pytest.mark.django_db
HARMLESS = {"subject": "你好", "from": "news@example.com", "html": "<p>你好</p>", "text": "你好"}


def submit(channel: Channel, parts: dict[str, str], now: datetime = NOW) -> Review:
    maker = make_staff().marketer
    version = save_template(
        key="hello", name="Hello", channel=channel, parts=parts, maker=maker, now=now
    )
    return submit_template(version=version, maker=maker, now=now)


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("subject", "本产品保本"),
        ("text", "保{{ customer.name }}本"),
        ("text", "{{ '保' }}本"),
        ("text", "{% if customer.name %}保{% endif %}本"),
        ("html", "<p>保<b>本</b></p>"),
        ("html", '<img alt="稳赚" src="cid:x">'),
        ("from", "保本理财 <news@example.com>"),
    ],
)
def test_a_forbidden_word_in_any_part_is_refused_in_words(part: str, source: str) -> None:
    with pytest.raises(TemplateError, match="广告法25") as refusal:
        submit(Channel.EMAIL, HARMLESS | {part: source})

    assert (refusal.value.code, refusal.value.path) == ("wording", part)
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["本产品为非保本产品", "宝本产品", "Dear customer, the new collection has arrived", "最好的"],
)
def test_what_a_person_has_to_judge_goes_to_the_second_person(text: str) -> None:
    review = submit(Channel.SMS, {"text": text})

    assert review.verdict == Review.Verdict.PENDING


def test_rules_count_from_their_first_day_in_the_institutions_time_zone() -> None:
    eve = datetime(2026, 9, 29, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    midnight = datetime(2026, 9, 29, 16, 0, tzinfo=UTC)

    assert submit(Channel.SMS, {"text": "低门槛"}, eve).verdict == Review.Verdict.PENDING
    with pytest.raises(TemplateError):
        submit(Channel.SMS, {"text": "低门槛理财"}, midnight)


@pytest.mark.parametrize("part", ["html", "text"])
def test_an_advertisement_without_a_way_out_in_each_part_is_not_put_before_a_reviewer(
    part: str,
) -> None:
    with pytest.raises(TemplateError) as refused:
        submit(Channel.EMAIL, {**with_way_out(HARMLESS), part: "<p>你好</p>"})

    assert (refused.value.code, refused.value.path) == ("no_way_out", part)
    assert not Review.objects.exists()
