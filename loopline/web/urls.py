"""The sitemap. The name of a route is the name of its view and the stem of its template."""

from django.urls import include, path

from loopline.web.views import (
    account,
    audit_log,
    design,
    entrance,
    find,
    incoming,
    interactions,
    internal,
    opportunities,
    pipeline,
    public_form,
    settings,
    tasks,
    today,
    users,
    write_keys,
)

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
    path("welcome/", entrance.welcome, name="welcome"),
    path("setup/<str:token>/", entrance.setup, name="setup"),
    path("join/<str:token>/", entrance.join, name="join"),
    path("account/demo/", entrance.demo_sign_in, name="demo_sign_in"),
    path("account/login/", entrance.account_login, name="account_login"),
    path("account/email/", entrance.account_email, name="account_email"),
    path("account/password/reset/", entrance.account_reset_password, name="account_reset_password"),
    path("account/", include("allauth.account.urls")),
    path("account/", include("allauth.mfa.urls")),
    # Arrive · visitors
    # Arrive · campaigns, costs, imports
    # Arrive · content & forms
    path("f/<slug:slug>", public_form.public_form, name="public_form"),
    path("f/<slug:slug>/embed.js", public_form.public_form_embed, name="public_form_embed"),
    # Hand over · leads
    # Hand over · people and companies
    # Win · pipeline, interactions, tasks
    path("pipeline/", pipeline.pipeline, name="pipeline"),
    path("pipeline/list/", pipeline.pipeline_list, name="pipeline_list"),
    path("pipeline/new/", opportunities.opportunity_new, name="opportunity_new"),
    path("leads/<uuid:lead_id>/convert/", opportunities.lead_convert, name="lead_convert"),
    path("pipeline/<uuid:opportunity_id>/", opportunities.opportunity, name="opportunity"),
    path("pipeline/<uuid:opportunity_id>/edit/", opportunities.opportunity_edit, name="opportunity_edit"),
    path("pipeline/<uuid:opportunity_id>/stage/", opportunities.opportunity_stage, name="opportunity_stage"),
    path("pipeline/<uuid:opportunity_id>/help/", opportunities.opportunity_help, name="opportunity_help"),
    path("pipeline/<uuid:opportunity_id>/win/", opportunities.opportunity_win, name="opportunity_win"),
    path("pipeline/<uuid:opportunity_id>/lose/", opportunities.opportunity_lose, name="opportunity_lose"),
    path("pipeline/<uuid:opportunity_id>/reopen/", opportunities.opportunity_reopen, name="opportunity_reopen"),
    path("pipeline/<uuid:opportunity_id>/refund/", opportunities.opportunity_refund, name="opportunity_refund"),
    path("pipeline/<uuid:opportunity_id>/contacts/", opportunities.opportunity_contact, name="opportunity_contact"),
    path(
        "pipeline/<uuid:opportunity_id>/contacts/<uuid:person_id>/",
        opportunities.opportunity_contact_change,
        name="opportunity_contact_change",
    ),
    path("interactions/new/", interactions.interaction_new, name="interaction_new"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/new/", tasks.task_new, name="task_new"),
    path("tasks/<uuid:task_id>/done/", tasks.task_done, name="task_done"),
    path("tasks/<uuid:task_id>/reopen/", tasks.task_reopen, name="task_reopen"),
    # Count · reports
    # Learn · huddle, lead definition
    # For the command line
    path("internal/events", internal.internal_events, name="internal_events"),
    # Settings
    path("settings/", settings.settings, name="settings"),
    path("settings/organisation/", settings.organisation, name="organisation"),
    path("settings/units/", settings.units, name="units"),
    path("settings/units/<uuid:unit_id>/", settings.unit, name="unit"),
    path("settings/users/", users.users, name="users"),
    path("settings/users/invite/", users.user_invite, name="user_invite"),
    path("settings/users/<uuid:user_id>/", users.user, name="user"),
    path("settings/users/<uuid:user_id>/link/", users.user_link, name="user_link"),
    path("settings/users/<uuid:user_id>/shut-out/", users.user_shut_out, name="user_shut_out"),
    path("settings/users/<uuid:user_id>/let-in/", users.user_let_in, name="user_let_in"),
    path("settings/rates/", settings.exchange_rates, name="exchange_rates"),
    path("settings/rates/<int:rate_id>/remove/", settings.exchange_rate_remove, name="exchange_rate_remove"),
    path("settings/keys/", write_keys.write_keys, name="write_keys"),
    path("settings/keys/<str:key_id>/revoke/", write_keys.write_key_revoke, name="write_key_revoke"),
    path("settings/incoming/", incoming.incoming, name="incoming"),
    path("settings/incoming/replay/", incoming.incoming_replay, name="incoming_replay"),
    path("settings/audit/", audit_log.audit_log, name="audit_log"),
]
