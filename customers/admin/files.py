"""Files that came in."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console import ReadOnlyAdmin, Tone, badge
from customers.models import ImportJob


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """Files that came in, how far they are, what was refused."""

    list_display = ("file_name", "progress", "rows_ok", "rows_bad", "started_by", "started_at")
    list_filter = ("state",)
    list_select_related = ("source",)
    ordering = ("-id",)

    @display(description=_("state"), ordering="state")
    def progress(self, job: ImportJob) -> SafeString:
        """The state in words."""
        tones = {"running": Tone.BUSY, "done": Tone.GOOD, "rejected": Tone.BAD}
        return badge(ImportJob.State(job.state).label, tones[job.state])
