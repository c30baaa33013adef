"""What the command line asks the running server, below `/internal/`."""

from django.urls import path

from loopline.web.views import (
    fitted_score,
    internal,
    internal_backup,
    internal_erasures,
    internal_experiments,
    internal_report,
)

urlpatterns = [
    path("events", internal.internal_events, name="internal_events"),
    path("backup/hold", internal_backup.internal_backup_hold, name="internal_backup_hold"),
    path("backup/hold/<str:name>", internal_backup.internal_backup_held, name="internal_backup_held"),
    path("fit", fitted_score.internal_fit, name="internal_fit"),
    path("experiments", internal_experiments.internal_experiments, name="internal_experiments"),
    path("erase/preview", internal_erasures.internal_erase_preview, name="internal_erase_preview"),
    path("erase", internal_erasures.internal_erase, name="internal_erase"),
    path("erasures/<uuid:erasure_id>", internal_erasures.internal_erasure, name="internal_erasure"),
    path("report", internal_report.internal_report, name="internal_report"),
]
