"""API keys from the command line."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.models import AuditEntry
from customers.models import Source
from customers.queries.sources import source_by_key


@pytest.mark.django_db
@pytest.mark.parametrize("scope", ["ingest", "read", "manage"])
def test_key_is_shown_once_and_kept_only_as_a_hash(scope: str) -> None:
    out = StringIO()

    call_command("create_api_key", "--name", "网站", "--scope", scope, "--json", stdout=out)

    told = json.loads(out.getvalue())
    stored = Source.objects.get()
    assert source_by_key(told["key"]) == stored
    assert told["key"] not in str(list(Source.objects.values_list()))
    assert (stored.name, stored.scope) == ("网站", scope)
    entry = AuditEntry.objects.get(action="source.create", subject=stored.key)
    assert entry.actor.startswith("command:")
    assert told["key"] not in str(entry.detail)


@pytest.mark.django_db
def test_key_without_a_name_is_refused() -> None:
    with pytest.raises(CommandError, match="needs a name"):
        call_command("create_api_key", "--name", " ", "--scope", "read")
