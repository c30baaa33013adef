"""Static files found once a process: each client of a test makes the middleware anew, which looked for all of them."""

from typing import Any, ClassVar

from whitenoise.middleware import WhiteNoiseMiddleware


class FoundOnce(WhiteNoiseMiddleware):
    _found: ClassVar[dict[str, Any] | None] = None

    def add_files_from_finders(self) -> None:
        if FoundOnce._found is None:
            super().add_files_from_finders()
            FoundOnce._found = self.files
        self.files = FoundOnce._found
