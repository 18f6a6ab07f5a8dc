"""What an installation may choose: `cdk.json`, context "tap", read once and strictly.

The one reader of that file. Whoever needs a setting asks here: the pipeline that is synthesized,
the gates that judge it, the account owners' templates and the rehearsal.
"""

from settings.environments import Environment
from settings.reader import Problem, Reader
from settings.settings import CONTEXT_KEY, REGIONS, Settings, SettingsError
from settings.source import CodeCommitSource, ConnectionSource, S3Source, Source
from settings.windows import DeploymentWindow

__all__ = [
    "CONTEXT_KEY",
    "REGIONS",
    "CodeCommitSource",
    "ConnectionSource",
    "DeploymentWindow",
    "Environment",
    "Problem",
    "Reader",
    "S3Source",
    "Settings",
    "SettingsError",
    "Source",
]
