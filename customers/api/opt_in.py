"""``/c/<token>``: the page that confirms a consent. GET changes nothing; POST confirms."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from compliance.queries import clock_now
from customers.actions.opt_in import confirm, pending_of


# The signed token is the permission, wherever the page is opened.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_consent(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is to be confirmed, or confirm it."""
    now = clock_now()
    pending = pending_of(token, now=now)
    if pending is None:
        raise Http404
    outcome = confirm(pending=pending, now=now) if request.method == "POST" else None
    return render(
        request, "customers/opt_in.html", {"channel": pending.channel, "outcome": outcome}
    )
