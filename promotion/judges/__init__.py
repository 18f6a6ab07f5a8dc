"""What speaks against a release, a file a question. Each answers verdicts, worst first in itself.

None of them decides: RED makes the approver think again, NOTE tells.
"""
