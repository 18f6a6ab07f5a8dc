"""What tools of others find in the pipeline's template of a delivery with other settings.

The environments' templates are not looked at: settings change nothing in them but names, and
tests/template/test_gates_are_clean.py has them judged.
"""

from __future__ import annotations

from pathlib import Path

from gates.acknowledgements import judge, load
from gates.dead_letters import without_false_alarms
from gates.delivery import Delivery
from gates.finding import Finding, deduplicated
from gates.tools.copies import Copies, write

PIPELINE = "TapPipelineStack.template.json"


def pipeline_copy(delivery: Delivery, folder: Path) -> Copies:
    """The copy of the pipeline's template for the tools, written into `folder`."""
    written = write(delivery, folder).by_file.items()
    copies = Copies({file: template for file, template in written if template.file == PIPELINE})
    assert len(copies.files) == 1
    return copies


def unexplained(found: list[Finding], delivery: Delivery) -> list[Finding]:
    """What nobody acknowledged of it. Raises AssertionError where nobody had anything to."""
    judged = judge(
        without_false_alarms(deduplicated(found), delivery), load(), delivery.intended.settings
    )
    assert judged.accepted
    # Of one template, most acknowledgements cover nothing.
    return [each for each in judged.remaining if each.rule != "ACK-3"]
