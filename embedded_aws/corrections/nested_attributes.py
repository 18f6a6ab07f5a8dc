"""A nested stack that is updated still knows the attributes of what did not change in it.

AWS answers `Fn::GetAtt` of a resource that an update left alone as before ("Nested stacks", AWS
CloudFormation User Guide, and "Fn::GetAtt"). MiniStack forgets the attributes of every resource of
a nested stack that an update passes over, so the first reference to one fails the update: no nested
stack with an API could be delivered twice.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners


def install() -> None:
    """Wraps the update of a nested stack's resource; a top-level stack's has a way of its own."""
    original = provisioners._update_resource

    @functools.wraps(original)
    def update(kind: str, physical_id: str, *change: Any) -> tuple[str, dict[str, Any]]:
        _, _, stack, logical_id = change
        known = cloudformation._stacks[stack]["_resources"][logical_id]["Attributes"]
        name, attributes = original(kind, physical_id, *change, dict(known))
        # What was replaced has attributes of its own; an update in place may answer only some.
        return name, {**known, **attributes} if name == physical_id else attributes

    provisioners._update_resource = update
