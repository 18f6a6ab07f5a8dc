"""The behaviours that gradual deployments of functions rely on (CodeDeploy, aliases, versions)."""

from __future__ import annotations

from rehearsal.behaviour import Behaviour
from rehearsal.behaviour import emulated as _emulated
from rehearsal.behaviour import unshown as _unshown
from rehearsal.pace import MINUTE_SECONDS

_ROLLOUTS = "embedded_aws/test_lambda_rollouts.py"
_ALIASES = "embedded_aws/test_lambda_aliases.py"
_TYPES = ("AWS::CodeDeploy::*",)

ROLLOUTS: tuple[Behaviour, ...] = (
    _emulated(
        "a changed version is a deployment of CodeDeploy, which CloudFormation waits for",
        f"{_ROLLOUTS}::test_a_version_takes_over_between_its_hooks_and_a_new_alias_asks_nobody",
    ),
    _emulated(
        "traffic is shared by weight until the deployment ends or is stopped",
        f"{_ROLLOUTS}::test_traffic_is_shared_by_weight_until_a_stop_takes_it_back",
    ),
    _emulated(
        "a version that a hook refuses is taken back, and the stack with it",
        f"{_ROLLOUTS}::test_a_version_that_its_last_hook_refuses_is_taken_back",
    ),
    _emulated(
        "an active alarm stops the deployment and takes the version back",
        f"{_ROLLOUTS}::test_an_alarm_stops_a_deployment_and_the_old_version_has_everything_again",
    ),
    _emulated(
        "an alias sends calls to the version that its weights say, whoever calls",
        f"{_ALIASES}::test_who_calls_by_the_aliass_arn_comes_to_that_version_too",
        correction="weighted_aliases",
    ),
    _emulated(
        "a version keeps the code and the environment that it was published with",
        f"{_ALIASES}::test_each_version_has_the_code_and_the_environment_that_it_was_published_with",
    ),
    _emulated(
        "a function's reserved concurrency holds for its versions and aliases",
        f"{_ALIASES}::test_a_function_that_is_held_back_is_held_back_by_every_name",
        correction="shared_concurrency",
    ),
    _emulated(
        "an alias's own settings say how often a failed event is tried, and where it ends",
        f"{_ALIASES}::test_an_alias_has_its_own_settings_for_what_fails",
        correction="async_invokes",
    ),
    _emulated(
        "permission to call an alias, or to change it, is about the alias",
        f"{_ALIASES}::test_permission_to_use_an_alias_is_about_the_alias",
        correction="lambda_permissions",
    ),
    _emulated(
        "a deployment group that changes together with its alias changes first",
        f"{_ROLLOUTS}::test_a_group_that_comes_with_a_version_deploys_that_version",
        correction="policy_references",
    ),
    _emulated(
        "an alias comes to a running application without an outage, and no deployment",
        "rehearsal/test_rollout.py::test_an_alias_comes_to_a_running_function_while_it_serves",
    ),
    _emulated(
        "another commit moves every function of a service, though its template is the same",
        "rehearsal/test_rollout.py::test_another_commit_moves_every_function_of_the_service",
    ),
    _emulated(
        "a version that fails its check gets no call, and the whole update is taken back",
        "rehearsal/test_rollout.py"
        "::test_a_version_that_fails_its_check_gets_no_call_and_takes_the_update_back",
    ),
    _emulated(
        "a version that answers 500 is stopped by its own count, and no release that goes back is",
        "rehearsal/test_rollout.py"
        "::test_a_version_that_answers_500_is_taken_back_and_the_release_that_goes_back_is_let_in",
    ),
    _emulated(
        "a bad version that serves does not keep out the one that repairs it",
        "rehearsal/test_rollout.py"
        "::test_a_version_that_nobody_called_in_time_does_not_keep_out_what_repairs_it",
    ),
    _unshown(
        "how long a metric in a log line takes until an alarm sees it",
        "AWS promises no time; here a part of a second",
        types=("AWS::CloudWatch::Alarm",),
    ),
    _unshown(
        "how long a deployment waits between two shifts, and whether an alarm goes off meanwhile",
        f"a rehearsal waits for {MINUTE_SECONDS:g} s where AWS waits for a minute",
        types=_TYPES,
    ),
    _unshown(
        "how often CodeDeploy looks at alarms, and what it does about one that is missing",
        "AWS does not say; here every second, and a missing one fails the deployment",
        types=_TYPES,
    ),
    _unshown(
        "the shifts of a deployment that takes an alias back",
        "AWS does not say; here a rollback of CodeDeploy's is at once and without hooks",
        types=_TYPES,
    ),
    _unshown(
        "provisioned concurrency, and how it follows the shifts",
        "the embedded AWS refuses it",
        types=("AWS::Lambda::*",),
    ),
)
