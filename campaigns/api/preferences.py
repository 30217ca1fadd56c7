"""``/u/<token>``: the page behind "unsubscribe". GET changes nothing; POST withdraws (RFC 8058).

A POST that says ``personalisation=off`` refuses personalisation instead (PIPL 24).
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.actions.preferences import stop_personalising, touch_of, unsubscribe
from compliance.queries import clock_now


# Mail programs post here without a cookie or a CSRF token; the signed token is the permission.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Show what can be withdrawn, or withdraw it."""
    touch = touch_of(token)
    if touch is None:
        raise Http404
    asks_plain = request.POST.get("personalisation") == "off"
    if request.method == "POST" and asks_plain:
        stop_personalising(touch=touch, now=clock_now())
    elif request.method == "POST":
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        unsubscribe(touch=touch, how="one-click" if one_click else "page", now=clock_now())
    return render(
        request,
        "campaigns/preferences.html",
        {
            "channel": touch.channel,
            "is_done": request.method == "POST" and not asks_plain,
            "is_plain": asks_plain,
        },
    )
