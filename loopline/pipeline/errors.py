"""What the pipeline refuses."""


class PipelineError(ValueError):
    """The record is not in a state that allows this, or a value cannot be; the message is fit to show."""
