"""Pieces of content that templates name: in versions, reviewed, and never gone while in use."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.content import TemplateVersion


class Snippet(models.Model):
    """A piece of content by name; templates get the newest approved version of it."""

    key = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("snippet")
        verbose_name_plural = _("snippets")

    def __str__(self) -> str:
        return self.name


class SnippetVersion(models.Model):
    """The text (Liquid), as page and as MJML if it differs there: ``{"text", "html", "mjml"}``."""

    snippet = models.ForeignKey(Snippet, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    forms = models.JSONField(_("content"))
    # What reads otherwise in other languages, by locale.
    variants = models.JSONField(_("language variants"), default=dict, blank=True)
    content_hash = models.CharField(_("content hash"), max_length=64)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("snippet version")
        verbose_name_plural = _("snippet versions")
        constraints = [
            models.UniqueConstraint(fields=["snippet", "number"], name="snippetversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.snippet_id} v{self.number}"


class SnippetUse(models.Model):
    """A snippet version that stands in a template version, or that another snippet names.

    Whatever stands somewhere stays: the database refuses to delete it.
    """

    used = models.ForeignKey(SnippetVersion, on_delete=models.PROTECT, related_name="uses")
    in_template = models.ForeignKey(
        TemplateVersion, on_delete=models.CASCADE, null=True, related_name="snippet_uses"
    )
    in_snippet = models.ForeignKey(
        SnippetVersion, on_delete=models.CASCADE, null=True, related_name="snippet_uses"
    )

    class Meta:
        verbose_name = _("use of a snippet")
        verbose_name_plural = _("uses of snippets")
        constraints = [
            models.CheckConstraint(
                condition=Q(in_template__isnull=True) ^ Q(in_snippet__isnull=True),
                name="snippetuse_in_one",
            ),
            models.UniqueConstraint(
                fields=["used", "in_template", "in_snippet"],
                nulls_distinct=False,
                name="snippetuse_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.used_id} in {self.in_template_id or self.in_snippet_id}"
