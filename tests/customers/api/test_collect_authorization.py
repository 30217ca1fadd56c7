"""Whatever stands in the Authorization header, the answer is 401 and not a server error."""

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["Basic \xff", "Basic", "Basic ====", "Basic AA==", "Bearer x"])
def test_a_header_that_holds_no_key_is_unknown(said: str) -> None:
    answer = Client().post(
        "/v1/track", b"{}", content_type="application/json", headers={"authorization": said}
    )

    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
