"""What is answered where the database ended one of two acts that waited for each other."""

import pytest
from django.db import DatabaseError, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from compliance.models import Product
from config.command_line import _failure
from config.refusals import OneOfTwo
from tests.beside import Beside
from tests.factories import make_product

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ended() -> Exception:
    """As the database raises it."""
    make_product("A")
    make_product("B")

    def touch(*codes: str) -> None:
        for code in codes:
            Product.objects.select_for_update().get(code=code)

    def other() -> None:
        with transaction.atomic():
            touch("B", "A")

    try:
        with transaction.atomic():
            touch("A")
            beside = Beside(other)
            beside.waits()
            touch("B")
    except DatabaseError as error:
        beside.end()
        return error
    assert beside.end().error is not None
    return beside.error


def test_a_program_is_told_to_send_it_again_and_a_person_what_to_do(ended: Exception) -> None:
    door = OneOfTwo(lambda _request: HttpResponse())

    told = door.process_exception(RequestFactory().put("/api/v1/segments/a"), ended)
    page = door.process_exception(RequestFactory().post("/admin/"), ended)

    assert told is not None
    assert page is not None
    assert (told.status_code, told["Retry-After"]) == (503, "1")
    assert told["Content-Type"] == "application/problem+json"
    assert "send it again" in page.content.decode()
    assert door.process_exception(RequestFactory().get("/"), ValueError()) is None


def test_a_command_says_so_in_one_sentence(ended: Exception) -> None:
    failure = _failure(ended)

    assert failure is not None
    assert (failure.code, "run it again" in failure.message) == ("database_busy", True)
