"""What is wrong with a rule."""


class RuleError(ValueError):
    """The rule cannot be used; the message names the place and what to write."""
