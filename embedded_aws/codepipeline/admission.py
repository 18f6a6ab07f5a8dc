"""Who is in a stage, who waits before it, and who gives way: rules 1 to 3 of `engine`."""

from __future__ import annotations

from embedded_aws.codepipeline.executions import Execution, StageRun, now
from embedded_aws.codepipeline.model import Stage
from embedded_aws.codepipeline.state import Pipeline, State


class Admission:
    """Lets executions into the stages of their pipeline. Every method takes the state's lock."""

    def __init__(self, state: State) -> None:
        self._changed = state.changed

    def arrive(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> None:
        """The execution comes to wait before a stage: rule 3."""
        with self._changed:
            waiting = pipeline.stage_state(stage.name).waiting
            if pipeline.structure.mode == "SUPERSEDED":
                newest = max([*waiting, execution], key=lambda e: e.number)
                for other in [*waiting, execution]:
                    if other is not newest:
                        other.end("Superseded", f"Superseded by {newest.id}")
                waiting[:] = [newest]
            else:
                waiting.append(execution)
            self._changed.notify_all()

    def withdraw(self, pipeline: Pipeline, execution: Execution) -> bool:
        """Takes an execution that waits out of the queue; False when it is inside a stage."""
        with self._changed:
            for state in pipeline.stages.values():
                if execution in state.waiting:
                    state.waiting.remove(execution)
                    return True
            return False

    def enter(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> bool:
        """Waits for the stage: rules 1 and 2. False when the execution ended while it waited."""
        state = pipeline.stage_state(stage.name)

        def settled() -> bool:
            if state.current is execution or execution not in state.waiting:
                return True
            disabled = stage.name in pipeline.structure.disabled_transitions
            return state.current is None and state.waiting[0] is execution and not disabled

        with self._changed:
            self._changed.wait_for(settled)
            if state.current is not execution:
                if execution not in state.waiting:
                    return False
                state.waiting.remove(execution)
                self.occupy(pipeline, execution, stage)
            return True

    def occupy(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> None:
        """The execution is inside the stage from now on."""
        with self._changed:
            state = pipeline.stage_state(stage.name)
            state.current = state.latest = execution
            execution.stages.setdefault(stage.name, StageRun(stage)).status = "InProgress"
            execution.updated = now()
            self._changed.notify_all()
