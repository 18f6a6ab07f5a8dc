"""CloudFormation: the ReportGroup type, and the Project settings that the emulator drops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import codebuild as emulated
from ministack.services.cloudformation import provisioners

from embedded_aws import registry
from embedded_aws.codebuild import report_groups
from embedded_aws.codebuild.record import BuildError

_DROPPED = {
    "LogsConfig": "logsConfig",
    "SecondarySources": "secondarySources",
    "SecondaryArtifacts": "secondaryArtifacts",
    "EncryptionKey": "encryptionKey",
    "Cache": "cache",
}
"""EncryptionKey only on update; the emulator takes it on create."""


def install() -> None:
    """Registers both types."""
    registry.register_resource_type(
        "AWS::CodeBuild::ReportGroup",
        create=_create_group,
        update=_update_group,
        delete=_delete_group,
    )
    registry.after_each("AWS::CodeBuild::Project", _keep)


def _keep(name: str, props: Mapping[str, Any]) -> None:
    project = emulated._projects[name]
    for property_name, key in _DROPPED.items():
        if property_name in props:
            project[key] = provisioners._codebuild_cfn_to_api(props[property_name])
        elif key != "encryptionKey":
            project.pop(key, None)


def _create_group(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
    name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=128)
    try:
        group = report_groups.create_report_group(_group(name, props))["reportGroup"]
    except BuildError as error:
        raise ValueError(error.message) from error
    return group["arn"], {"Arn": group["arn"]}


def _update_group(
    physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack_name: str
) -> Any:
    if old.get("Name") != new.get("Name") or old.get("Type") != new.get("Type"):
        return _create_group(physical_id.rpartition("/")[2], new, stack_name)
    report_groups.update_report_group({"arn": physical_id, **_group("", new)})
    return physical_id, {"Arn": physical_id}


def _delete_group(physical_id: str, props: Mapping[str, Any]) -> None:
    report_groups.delete_report_group(
        {"arn": physical_id, "deleteReports": str(props.get("DeleteReports")).lower() == "true"}
    )


def _group(name: str, props: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "type": props["Type"],
        "exportConfig": provisioners._pascal_to_camel(props["ExportConfig"]),
        "tags": [{"key": tag["Key"], "value": tag["Value"]} for tag in props.get("Tags", [])],
    }
