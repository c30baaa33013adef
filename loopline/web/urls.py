"""The sitemap. The name of a route is the name of its view and the stem of its template."""

from django.urls import include, path

from loopline.web.views import account, design, find, today

handler400 = "loopline.web.views.errors.bad_request"
handler403 = "loopline.web.views.errors.permission_denied"
handler404 = "loopline.web.views.errors.page_not_found"
handler500 = "loopline.web.views.errors.server_error"

urlpatterns = [
    # Today and what every page has
    path("", today.today, name="today"),
    path("find/", find.find, name="find"),
    path("theme/", account.theme, name="theme"),
    path("design/", design.design, name="design"),
    # Access
    path("account/", include("allauth.account.urls")),
    path("account/", include("allauth.mfa.urls")),
    # Arrive · visitors
    # Arrive · campaigns, costs, imports
    # Arrive · content & forms
    # Hand over · leads
    # Hand over · people and companies
    # Win · pipeline, interactions, tasks
    # Count · reports
    # Learn · huddle, lead definition
    # Settings
]
