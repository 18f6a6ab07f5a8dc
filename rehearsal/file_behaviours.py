"""The behaviours that uploads and their processing rely on, each with what would show it."""

from __future__ import annotations

from rehearsal.behaviour import emulated, shown, tested, unshown

_PHOTO = "check:{environment}/test_a_photo_becomes_derivatives_that_tell_nothing_about_it"
_TABLE = "check:{environment}/test_a_table_becomes_rows_and_a_profile"
_SERVICE = "rehearsal/test_file_service.py"
_EVENTS = "embedded_aws/test_file_events.py"

FILES = (
    shown("an upload's event fires its rule, which runs its function", _PHOTO, _TABLE),
    shown(
        "an EventBridge rule has the function's permission to invoke it",
        _PHOTO,
        _TABLE,
        correction="rule_invokes",
    ),
    shown("an upload's event names its version", _PHOTO, _TABLE, correction="object_version"),
    shown("results are downloaded by links that a function signed", _PHOTO, _TABLE),
    shown(
        "native libraries run as the assets ship them, on the settings' architecture",
        _PHOTO,
        _TABLE,
    ),
    shown("a nested stack is deployed with its parent", "action:{stage}/*Deploy", _PHOTO),
    shown(
        "poison ends rejected", "check:{environment}/test_a_page_that_is_called_a_photo_is_rejected"
    ),
    shown(
        "S3 holds a form's upload to the size, type and key of its policy",
        "check:{environment}/test_a_form_refuses_a_larger_file",
        "check:{environment}/test_a_form_refuses_what_it_was_not_made_for*",
    ),
    emulated(
        "a form's upload has its checksum",
        f"{_SERVICE}::test_the_form_refuses_all_but_the_announced_file",
        "post_checksum",
    ),
    emulated(
        "rules match suffixes in any case, and keys with spaces, +, % and unicode",
        f"{_SERVICE}::test_an_upload_through_the_form_is_processed",
    ),
    emulated(
        "an event that comes again changes nothing",
        f"{_SERVICE}::test_an_event_that_comes_again_changes_nothing",
    ),
    emulated(
        "an event that fails is tried again, then kept as it was with its error",
        f"{_SERVICE}::test_the_event_of_a_broken_deployment_is_kept_as_it_was_and_given_back",
        "async_invokes",
    ),
    emulated(
        "a dead letter is given back, and deleted when that succeeded",
        f"{_SERVICE}::test_a_version_that_failed_three_times_is_mended_by_the_redrive",
    ),
    emulated(
        "queues and limits of functions (DeadLetterConfig, ReservedConcurrentExecutions)",
        f"{_SERVICE}::test_each_processor_has_its_own_queue_and_a_share_of_concurrency",
        "function_settings",
    ),
    emulated(
        "events beyond a function's reserved concurrency wait",
        f"{_EVENTS}::test_a_throttled_event_waits_and_is_not_lost",
    ),
    emulated(
        "a large result is uploaded in parts (multipart upload)",
        "rehearsal/test_file_stores.py::test_a_large_result_is_uploaded_in_parts",
    ),
    emulated(
        "a page of another origin may upload by a form (CORS of buckets)",
        f"{_SERVICE}::test_a_page_may_upload_by_a_form_and_no_other_page_may",
    ),
    emulated(
        "a function's local disk is its own (/tmp)",
        "embedded_aws/test_own_disk.py::test_two_environments_of_a_function_do_not_share_a_disk",
        "own_disk",
    ),
    emulated(
        "all environments of the same code read one tree",
        "embedded_aws/test_shared_code.py::test_environments_share_the_tree_of_their_own_code",
        "shared_code",
    ),
    emulated(
        "a nested stack is updated in place, and what did not change keeps its attributes",
        "embedded_aws/test_nested_stacks.py::test_what_an_update_leaves_alone_keeps_its_attributes",
        "nested_attributes",
    ),
    emulated(
        "a nested stack that is deleted leaves what its template keeps",
        "embedded_aws/test_nested_stacks.py::test_a_deleted_nested_stack_leaves_what_its_template_keeps",
        "nested_retention",
    ),
    emulated(
        "a custom resource whose function fails is tried again, then fails with the error",
        "embedded_aws/test_custom_resources.py"
        "::test_a_custom_resource_is_tried_again_and_what_answered_counts",
        "failed_resources",
    ),
    emulated(
        "functions of Node find clients of the AWS SDK, and are told which are not here",
        "embedded_aws/test_custom_resources.py"
        "::test_a_function_of_node_has_the_sdk_as_far_as_it_is_here",
        "node_sdk",
    ),
    tested(
        "assets hold the wheels of the settings' architecture, and import nothing else",
        "files/core/test_assets.py::test_an_asset_imports_alone",
    ),
    unshown(
        "events that EventBridge cannot hand over end in the rule's dead-letter queue",
        "the emulator drops them",
    ),
    unshown(
        "pauses between attempts (minutes), and how long events are kept (6 hours, 14 days)",
        "the emulator's pauses are fractions of a second, and a rehearsal lasts minutes",
    ),
    unshown("events that S3 repeats, reorders or delays", "the emulator sends each once, at once"),
    unshown("a form or a link that has expired", "they are valid for longer than a run takes"),
)
