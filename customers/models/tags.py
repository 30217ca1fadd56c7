"""What the dictionary above says of tags: who else may give them, and which are worth a look."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TagTerm(models.Model):
    """A tag that files and systems may give, and for how long; the dictionary above keeps it."""

    tag = models.CharField(_("tag"), max_length=64, primary_key=True)
    source = models.CharField(_("source"), max_length=10)
    ttl_days = models.PositiveIntegerField(_("term (days)"))

    class Meta:
        verbose_name = _("term of a tag")
        verbose_name_plural = _("terms of tags")
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=["api", "file"]), name="tagterm_of_others"
            )
        ]

    def __str__(self) -> str:
        return self.tag


class TagRank(models.Model):
    """How useful a tag was found to be; whose tags are shown shows the most useful first."""

    tag = models.CharField(_("tag"), max_length=64, primary_key=True)
    usefulness = models.FloatField(_("usefulness"))

    class Meta:
        verbose_name = _("rank of a tag")
        verbose_name_plural = _("ranks of tags")

    def __str__(self) -> str:
        return f"{self.tag}: {self.usefulness:.4f}"
