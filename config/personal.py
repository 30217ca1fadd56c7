"""The copy of everything that is kept of one person: the chapters of all floors."""

from typing import Final

from attribution.reports.personal import attribution_chapters
from campaigns.queries.personal import campaign_chapters
from segments.queries.personal import segment_chapters

CHAPTERS: Final = (segment_chapters, campaign_chapters, attribution_chapters)
