"""What this service refuses, in CodePipeline's own words."""


class CodePipelineError(Exception):
    """An error of the API: `code` is the exception's name there, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StructureError(Exception):
    """A pipeline that is wrong, or asks for something that the rehearsal does not offer."""


class ActionError(Exception):
    """An action failed. `code` is what `errorDetails.code` shows, the text its message."""

    def __init__(self, message: str, code: str = "JobFailed") -> None:
        super().__init__(message)
        self.code = code


def not_found(name: str) -> CodePipelineError:
    """There is no such pipeline in the caller's account."""
    return CodePipelineError(
        "PipelineNotFoundException", f"Account does not have a pipeline with name '{name}'"
    )
