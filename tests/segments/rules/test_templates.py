"""Every template is a rule that can be run, with the numbers it starts with and with others."""

import pytest
from django.db import connection

from segments.errors import RuleError
from segments.rules.check import check
from segments.rules.compile import compile_rule
from segments.rules.parse import parse
from segments.rules.templates import TEMPLATES, Template, filled
from tests.factories import NOW
from tests.segments.rules.worlds import CATALOG, KNOWN


@pytest.mark.django_db
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
@pytest.mark.parametrize("bound", ["value", "low", "high"])
def test_template_parses_checks_and_runs(template: Template, bound: str) -> None:
    rule = filled(template.rule, {gap.key: getattr(gap, bound) for gap in template.gaps})

    checked = check(parse(rule), catalog=CATALOG, references=KNOWN)

    fragment = compile_rule(checked, now=NOW, zone="Asia/Shanghai")
    with connection.cursor() as cursor:
        cursor.execute(fragment.sql, dict(fragment.params))
        assert cursor.fetchall() == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
def test_template_is_no_rule_before_it_is_filled(template: Template) -> None:
    if template.gaps:
        with pytest.raises(RuleError):
            parse(template.rule)
    assert all(gap.low <= gap.value <= gap.high for gap in template.gaps)


def test_keys_of_templates_are_their_own() -> None:
    assert len({template.key for template in TEMPLATES}) == len(TEMPLATES) >= 12
