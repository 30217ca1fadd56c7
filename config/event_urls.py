"""The addresses of the short way (`config.wsgi`): one is found among ten and not among hundreds."""

from django.urls import URLResolver, include, path

from config.urls import handler400 as handler400
from config.urls import handler403 as handler403
from config.urls import handler404 as handler404
from config.urls import handler500 as handler500

urlpatterns: list[URLResolver] = [path("v1/", include("customers.api.urls"))]
