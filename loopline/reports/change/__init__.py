"""Why a report changed between two moments."""
