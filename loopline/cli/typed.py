"""What was typed wrongly on the command line, named as it was typed."""

_OTHERWISE = {"key": "KEY", "since": "--changed-since"}
"""Fields that the command line calls something else than an address does."""


def at_option(field: str, words: str) -> str:
    """`--half-life: …` before the words of an OptionError about `half_life`; the bare words where no field is known."""
    return f"{_OTHERWISE.get(field, f'--{field}'.replace('_', '-'))}: {words}" if field else words
