"""What an access token may be used for. A scope never gives more than the person has whose token it is."""

from enum import StrEnum


class Scope(StrEnum):
    METRICS_READ = "metrics:read"
    REPORTS_READ = "reports:read"
    RECORDS_READ = "records:read"

    @property
    def explanation(self) -> str:
        return _EXPLAINED[self]


_EXPLAINED = {
    Scope.METRICS_READ: "the catalogue of metrics: names, units, formulas",
    Scope.REPORTS_READ: "figures of reports, as JSON and as files, and frozen runs",
    Scope.RECORDS_READ: "what is behind a figure: records, with the names that you may see",
}
