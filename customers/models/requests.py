"""Writes of the open API that may come again."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AnsweredRequest(models.Model):
    """What a write was answered, by the key its client gave it; kept for a day.

    ``key_hash`` is SHA-256 of the key, ``request_hash`` of what was asked. ``answer_cipher`` is the
    JSON of the answer, sealed: it may tell of a customer.
    """

    source_id = models.BigIntegerField()
    key_hash = models.BinaryField(max_length=32)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    answer_cipher = models.BinaryField()
    answered_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("answered request")
        constraints = [
            models.UniqueConstraint(fields=["source_id", "key_hash"], name="answeredrequest_once")
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.status}"
