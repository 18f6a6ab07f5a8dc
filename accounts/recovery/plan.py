"""What a recovery would do, in order, and doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from accounts.recovery.errors import RefusedError
from accounts.recovery.history import Left, Stack, find, left_behind
from accounts.recovery.stores import KINDS, Clients, exists

_MOVING: Final = "_IN_PROGRESS"
_GONE: Final = "DELETE_COMPLETE"


@dataclass(frozen=True)
class Plan:
    """stack: as it was found; stores: what it left that its deletion may leave, too."""

    stack: Stack
    stores: tuple[Left, ...]

    def __str__(self) -> str:
        return "\n".join(f"  {number}. {step}" for number, step in enumerate(self._steps(), 1))

    def _steps(self) -> Iterator[str]:
        if self.stack.protected:
            yield f"take the termination protection from the stack {self.stack.name}"
        if self.stack.status != _GONE:
            yield f"delete the stack {self.stack.name} ({self.stack.status}, never complete)"
        for store in self.stores:
            yield f"delete the {store.type} {store.name}, which is empty, if it is still there"


def make(clients: Clients, name: str) -> Plan | None:
    """The plan for the stack called `name`; None where nothing is left of it.

    Raises `RefusedError`.
    """
    stack = find(clients("cloudformation"), name)
    if stack is None:
        return None
    if stack.status.endswith(_MOVING) and stack.status != "REVIEW_IN_PROGRESS":
        raise RefusedError(f"{name} is {stack.status}: wait until CloudFormation has finished")
    left = left_behind(clients("cloudformation"), stack)
    stores = tuple(s for s in left if s.type in KINDS and exists(clients, s.type, s.name))
    for store in stores:
        if KINDS[store.type].holds(clients, store.name):
            raise RefusedError(
                f"the {store.type} {store.name} is not empty: look at what it holds, and empty it "
                "yourself if nobody needs that"
            )
    return Plan(stack, stores) if stores or stack.status != _GONE else None


def carry_out(clients: Clients, plan: Plan) -> Iterator[str]:
    """Does it, and says each step once it is done. Can be repeated after whatever interrupts it."""
    cloudformation = clients("cloudformation")
    if plan.stack.protected:
        cloudformation.update_termination_protection(
            StackName=plan.stack.name, EnableTerminationProtection=False
        )
        yield f"{plan.stack.name} may be deleted"
    if plan.stack.status != _GONE:
        cloudformation.delete_stack(StackName=plan.stack.name)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=plan.stack.id, WaiterConfig={"Delay": 2, "MaxAttempts": 900}
        )
        yield f"{plan.stack.name} deleted"
    for store in plan.stores:
        if exists(clients, store.type, store.name):
            KINDS[store.type].remove(clients, store.name)
            yield f"{store.name} deleted"
