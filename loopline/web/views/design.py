"""The living page of the design system: every component in every state."""

from datetime import timedelta

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.web.access import PageRequest, allow


class SampleForm(forms.Form):
    name = forms.CharField(label="Name", help_text="As it should stand on the report.")
    channel = forms.ChoiceField(label="Channel", choices=[("email", "Email"), ("event", "Event")])
    amount = forms.DecimalField(label="Budget", required=False)
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    is_running = forms.BooleanField(label="Running", required=False)


@allow(Permission.ADMINISTER)
def design(request: PageRequest) -> HttpResponse:
    now = utc_now()
    rows = [
        {
            "name": "Spring webinar series",
            "channel": "Event",
            "cost": 1840000,
            "leads": 412,
            "revenue": 16430000,
            "romi": 793,
            "tone": "good",
        },
        {
            "name": "LinkedIn · ops leaders",
            "channel": "Paid Social",
            "cost": 2790000,
            "leads": 204,
            "revenue": 3105000,
            "romi": 11,
            "tone": "warn",
        },
        {
            "name": "Trade fair Lyon",
            "channel": "Event",
            "cost": 2200000,
            "leads": 96,
            "revenue": 890000,
            "romi": -60,
            "tone": "bad",
        },
    ]
    sample = {
        "rows": rows,
        "largest": 16430000,
        "form": SampleForm({"name": "", "channel": "email", "amount": "12,5"}),
        "soon": now + timedelta(hours=1, minutes=12),
        "late": now - timedelta(minutes=20),
        "later": now + timedelta(hours=5),
        "now": now,
    }
    return render(request, "design/design.html", sample)
