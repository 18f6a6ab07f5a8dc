"""What a pipeline's later actions are told of the page, a value a line.

Nothing of it is a text that a stranger wrote: it stands in the question to the approver. The values
of an action's configuration have 1,000 characters at most ("Quotas in AWS CodePipeline"), of which
the question's own words take 300.
"""

from __future__ import annotations

from typing import Final

from ops.verdicts import Level
from promotion.report import Report

NOTHING: Final = "nothing"
"""What runs where nothing does: no commit's id."""
LONGEST: Final = 500
"""Characters of the sentence."""


def lines(report: Report) -> str:
    """Would anything change (true, false)? The digest. The commit that runs. A sentence."""
    changes = "false" if report.nothing_to_deploy else "true"
    return "\n".join([changes, report.release.digest, running(report), said(report), ""])


def running(report: Report) -> str:
    """The commit that the page was made against, or `NOTHING`."""
    return report.running.commit if report.running else NOTHING


def said(report: Report) -> str:
    """The release and what was found, in few words: `calm-otter: 1 red (data), 2 notes. …`."""
    reds = [verdict.about for verdict in report.verdicts if verdict.level is Level.RED]
    about = f" ({', '.join(dict.fromkeys(reds))})" if reds else ""
    against = f"{len(reds)} RED{about}" if reds else "nothing speaks against it"
    notes = report.count(Level.NOTE)
    text = f"{report.release.name}: {against}, {notes} good to know. {report.done}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
