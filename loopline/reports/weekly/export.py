"""The weekly table as a file of any form that reports have."""

import json
from collections.abc import Mapping
from typing import Any

from loopline.reports.weekly.book import weekly_xlsx
from loopline.reports.weekly.file import weekly_csv, weekly_parquet


def weekly_exported(told: Mapping[str, Any], form: str) -> bytes:
    """`told`: the JSON of the table; `form`: one of `export.FORMS`."""
    match form:
        case "csv":
            return weekly_csv(told).encode()
        case "json":
            return json.dumps(told, ensure_ascii=False, indent=1).encode()
        case "xlsx":
            return weekly_xlsx(told)
        case _:
            return weekly_parquet(told)
