"""The behaviours that a delivery relies on, each with what would show it.

Keep this list beside `embedded_aws/corrections/`: every correction has a behaviour here. What the
emulator does not do, whatever is delivered, stands in `limits.py`.
"""

from __future__ import annotations

from rehearsal.behaviour import Behaviour
from rehearsal.behaviour import emulated as _emulated
from rehearsal.behaviour import shown as _shown
from rehearsal.behaviour import tested as _tested
from rehearsal.behaviour import unshown as _unshown
from rehearsal.file_behaviours import FILES
from rehearsal.limits import LIMITS
from rehearsal.metric_behaviours import METRICS
from rehearsal.rollout_behaviours import ROLLOUTS

_ONLY_THE_CORRECTION = "no action calls for it; the correction has a test of its own"

_PIPELINE = (
    _shown(
        "a commit of the connection's repository becomes the source artifact", "action:Source/*"
    ),
    _shown(
        "the deployed pipeline compares a commit's guards with those it was made from",
        "action:Compare/Compare",
    ),
    _emulated(
        "a commit that changes a guard waits for a person before anything of it runs",
        "delivery/test_whole_delivery.py"
        "::test_a_commit_that_empties_a_gate_waits_and_rejected_leaves_all_as_it_was",
    ),
    _shown("the gates judge what is deployed in a build of their own", "action:Build/Gates"),
    _shown("the synth buildspec runs, unmodified, as its service role", "action:Build/Synth"),
    _shown(
        "builds see nothing of this machine but its system, and leave nothing running",
        "isolation:*",
        "action:Build/Synth",
    ),
    _shown(
        "the pipeline deploys its own definition with the real CDK CLI", "action:UpdatePipeline/*"
    ),
    _shown(
        "the real cdk-assets publishes to every account, as publishing roles", "action:Assets/*"
    ),
    _shown(
        "change sets are made and executed across accounts, as the deployment roles",
        "action:{stage}/*Prepare",
        "action:{stage}/*Deploy",
    ),
    _shown(
        "what a build exports is in later actions' configurations, and in what a person is asked",
        "action:Preview/Page",
        "action:Promote/Approve",
        "action:{last}/*Entry",
    ),
    _shown(
        "a stage is entered only when the build says so that its condition asks, with artifacts and"
        " variables of earlier actions",
        "action:{last}/*Entry",
        "action:{last}/*Prepare",
    ),
    _shown(
        "the last environment waits for the approval action",
        "action:Promote/Approve",
        "action:{last}/*Deploy",
    ),
    _shown("smoke tests run between the stages", "action:{stage}/Smoke"),
    _tested(
        "a commit to the application alone leaves the pipeline's template unchanged",
        "template/test_pipeline_changes.py::test_a_changed_function_leaves_the_pipeline_alone",
    ),
    _tested(
        "every tool that a build installs is pinned",
        "gates/test_hostile_edits.py::test_the_delivery_as_it_is_breaks_no_rule",
    ),
    _tested(
        "the artifact bucket is encrypted, private, and expires what it holds",
        "template/test_pipeline_artifacts.py"
        "::test_artifacts_are_encrypted_private_and_do_not_stay_forever",
    ),
    _emulated(
        "a stage rolls back (RollbackStage, OnFailure)",
        "embedded_aws/test_stage_rollback.py"
        "::test_a_rollback_runs_only_its_stage_with_the_targets_results",
    ),
    _emulated(
        "prod comes back by itself from a release that passes dev and fails there, data kept",
        "delivery/test_bad_prod_version.py::test_the_old_release_serves_again_without_anybody",
    ),
    _emulated(
        "a held environment is not entered until a person lifts that with a reason",
        "delivery/test_bad_prod_version.py"
        "::test_prod_is_held_and_the_next_push_stays_out_until_somebody_lifts_that",
    ),
    _emulated(
        "an alarm that goes off after the deployment, while an environment bakes, takes it back",
        "promotion/test_watched_alarms.py"
        "::test_an_alarm_that_goes_off_after_the_deployment_takes_the_release_back",
    ),
    _emulated(
        "a stage is entered, skipped or failed as its condition says",
        "embedded_aws/test_stage_conditions.py"
        "::test_a_skipped_stage_runs_nothing_and_the_execution_goes_on",
    ),
    _emulated(
        "CodePipeline tells EventBridge of every state of executions, stages and actions",
        "embedded_aws/test_pipeline_events.py"
        "::test_a_delivery_tells_its_stages_and_actions_from_the_outside_in_and_back",
    ),
    _emulated(
        "people are told that an approval waits, and how a delivery ended",
        "ops/test_notifications.py::test_a_release_is_told_when_it_waits_and_when_it_is_delivered",
        correction="sent_messages",
    ),
    _tested(
        "the functions that tell people, and look for drift, may do what their code calls",
        "template/test_pipeline_notifications.py"
        "::test_the_teller_may_do_what_its_code_calls_and_no_more",
    ),
    *LIMITS["of the pipeline"],
)

_ACCESS = (
    _shown(
        "a signed request passes: smoke project, smoke role, API, function",
        "check:{environment}/test_a_signed_request_is_accepted",
    ),
    _shown(
        "an unsigned request is refused with 403",
        "check:{environment}/test_an_unsigned_call_is_refused",
        correction="api_owner",
    ),
    _shown(
        "a principal of another account without permission is refused with 403",
        "check:{environment}/test_a_principal_without_permission_is_refused",
        correction="api_owner",
    ),
    _emulated(
        "an API refuses with its own gateway responses, first what has no route",
        "embedded_aws/test_gateway_answers.py"
        "::test_a_route_that_is_not_there_says_so_whoever_calls",
        correction="gateway_answers",
    ),
    _emulated(
        "an answer, a gateway response and the function's log name one id for a request",
        "embedded_aws/test_gateway_answers.py"
        "::test_the_answers_ids_are_those_that_the_function_saw",
        correction="request_ids",
    ),
    _shown(
        "API Gateway has the function's permission to invoke it",
        "check:{environment}/test_a_signed_request_is_accepted",
        correction="api_invokes",
    ),
    _shown(
        "the function reaches its stores with its role's permissions",
        "check:{environment}/test_an_accepted_request_is_completed_in_every_store",
    ),
    _shown(
        "the state machine reaches tables and functions with its role's permissions",
        "check:{environment}/test_an_accepted_request_is_completed_in_every_store",
        correction="machine_role",
    ),
    _shown(
        "deployments read the artifact bucket from another account, as its policy allows",
        "action:{stage}/*Deploy",
        correction="bucket_policy",
    ),
    _shown(
        "deployment roles read artifacts of other accounts' buckets only",
        "action:{stage}/*Prepare",
        correction="bucket_owner",
    ),
    _shown(
        "builds write their own log streams with the permissions of their roles",
        "action:{stage}/Smoke",
        correction="log_streams",
    ),
    _shown(
        "self-mutation may assume the bootstrap's roles only, told by their tags",
        "action:UpdatePipeline/*",
        correction="role_tags",
    ),
    _shown(
        "the accounts' bootstrapped roles are taken by the pipeline's roles only, told by name",
        "action:Assets/*",
        "action:{stage}/*Deploy",
        correction="principal_arn",
    ),
    _shown(
        "a role may be given change sets of its own names, and no others",
        "action:Preview/Page",
        correction="change_set_name",
    ),
    _shown(
        "roles keep within the permissions boundary that the bootstrap makes",
        "action:UpdatePipeline/*",
        "check:{environment}/test_an_accepted_request_is_completed_in_every_store",
    ),
    _tested(
        "what CloudFormation's execution role may do is what the templates' resource types need",
        "template/test_bootstrap_permissions.py"
        "::test_cloudformation_may_do_all_that_the_stacks_need_and_nothing_else",
    ),
    _shown("buckets that refuse plain HTTP are served over TLS", "action:Assets/*"),
    _unshown("browsers' CORS preflights are answered", _ONLY_THE_CORRECTION, "api_owner"),
    _unshown("the guardrail's hook refuses templates in its account", "the emulator has no hooks"),
    *LIMITS["of signatures and permissions"],
)

_APPLICATION = (
    _shown(
        "a form that a function signed uploads with the function's rights",
        "check:{environment}/test_a_photo_becomes_derivatives_that_tell_nothing_about_it",
        correction="form_signer",
    ),
    _shown(
        "a request is completed in every store",
        "check:{environment}/test_an_accepted_request_is_completed_in_every_store",
    ),
    _shown(
        "a replay with the same key does nothing twice",
        "check:{environment}/test_a_replay_answers_the_same_ids",
    ),
    _shown(
        "a bad body is a 400 without internals",
        "check:{environment}/test_a_bad_body_is_refused*",
    ),
    _tested(
        "whatever runs has alarms, on one encrypted topic, on the dashboard and in the runbook",
        "template/test_application_monitoring.py"
        "::test_everything_that_runs_has_the_alarms_of_its_kind",
    ),
    _tested(
        "nothing that callers send or are answered is ever logged",
        "unit/test_requests_logs.py::test_nothing_that_was_sent_or_answered_is_ever_printed",
    ),
    _unshown("a repeated StartExecution", _ONLY_THE_CORRECTION, "same_execution"),
    _unshown(
        "a template above 51,200 bytes is deployed by its URL", _ONLY_THE_CORRECTION, "template_url"
    ),
    _emulated(
        "a change set says what changes in nested stacks, too",
        "embedded_aws/test_nested_stacks.py"
        "::test_a_change_set_says_what_changes_in_nested_stacks_too",
        "nested_change_sets",
    ),
    _emulated(
        "a bucket that the wrong account owns is not taken for one's own",
        "embedded_aws/test_corrections.py"
        "::test_a_bucket_of_another_account_than_expected_is_refused",
        "expected_owner",
    ),
    _emulated(
        "what somebody changed by hand is found (drift)",
        "ops/test_commands.py::test_what_was_changed_by_hand_is_told",
    ),
    _unshown(
        "what somebody changed by hand in an API, a workflow, a role's policies or an alarm",
        "the emulator's drift detection does not look at resources of these types",
    ),
    _unshown(
        "whether a change of an API, a workflow, a key or a policy replaces the resource",
        "the emulator does not know these types' properties, and says that it may",
    ),
    _unshown("a function's uncaught error stays inside", _ONLY_THE_CORRECTION, "lambda_error"),
    _unshown(
        "a failed stack's buckets are emptied by their tag", _ONLY_THE_CORRECTION, "bucket_tags"
    ),
    _emulated(
        "a failed first creation leaves a way back: taken names, protected tables",
        "accounts/test_recovery.py::test_a_failed_creation_is_removed_and_the_next_one_succeeds",
        correction="taken_tables",
    ),
    *LIMITS["of the application"],
)

GROUPS: dict[str, tuple[Behaviour, ...]] = {
    "of the pipeline": _PIPELINE,
    "of signatures and permissions": _ACCESS,
    "of the application": _APPLICATION,
    "of the file service": FILES,
    "of metrics and alarms": METRICS,
    "of gradual deployments": ROLLOUTS,
    "of assets": LIMITS["of assets"],
    "that the emulator ignores": LIMITS["that the emulator ignores"],
}
"""Behaviours by what they are behaviours of, in words that follow a number of them."""

BEHAVIOURS: tuple[Behaviour, ...] = tuple(each for group in GROUPS.values() for each in group)
