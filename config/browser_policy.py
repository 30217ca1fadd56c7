"""What a browser may do with our pages (Content-Security-Policy), whatever stands in them.

Scripts come from our own files alone: none inside a page, in an attribute or from elsewhere. The
console's framework (Alpine in Unfold) makes functions of the expressions in its own attributes,
which needs 'unsafe-eval' there; nothing else gets it. Styles may stand in elements. Pictures may
come by https, since a template's preview shows an e-mail as it will look.
"""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

HEADER: Final = "Content-Security-Policy"
_ALWAYS: Final = "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_OURS: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:;"
    f" font-src 'self' data:; {_ALWAYS}"
)
CONSOLE: Final = f"script-src 'self' 'unsafe-eval'; {_OURS}"
DOCUMENTS: Final = f"script-src 'self'; {_OURS}"
BARE: Final = f"default-src 'none'; style-src 'unsafe-inline'; {_ALWAYS}"
"""Of pages without any script: those that customers see, and refusals."""


def browser_policy(
    answer: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the policy of the place, in every answer."""

    def answer_with_policy(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.headers.setdefault(HEADER, _policy_of(request.path))
        return response

    return answer_with_policy


def _policy_of(path: str) -> str:
    if path.startswith("/admin/"):
        return CONSOLE
    return DOCUMENTS if path.startswith("/api/docs/") else BARE
