"""An application-only commit leaves the pipeline as it is.

CodePipeline rolls back only to an execution that started in the pipeline's current structure, so a
pipeline that changed with every commit could never roll back. Proves that a changed Lambda function
changes assets and not the pipeline's template, and that a changed pipeline does change it, so that
the first is not equal for want of looking.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.synthesis import Assembly, copy_checkout, share_staged_assets, synthesize

# One in the stack, one in a stack nested in it.
HANDLERS = ("services/requests/runtime/handler.py", "services/files/runtime/images/handler.py")


def assets(assembly: Assembly) -> set[str]:
    return {path.name for path in assembly.directory.glob("asset.*")}


def template(assembly: Assembly) -> str:
    return (assembly.directory / "TapPipelineStack.template.json").read_text()


def edit(checkout: Path, name: str, old: str, new: str) -> None:
    text = (checkout / name).read_text()
    assert old in text
    (checkout / name).write_text(text.replace(old, new, 1))


def test_a_changed_function_leaves_the_pipeline_alone(assembly: Assembly, tmp_path: Path) -> None:
    """Neither one in the stack nor one in a stack nested in it, changed by one commit."""
    checkout = copy_checkout(tmp_path / "checkout")
    for handler in HANDLERS:
        with (checkout / handler).open("a") as code:
            code.write("\nCHANGED = True\n")
    changed = synthesize(checkout, tmp_path / "cdk.out")
    assert len(assets(changed) - assets(assembly)) == len(HANDLERS)
    assert template(changed) == template(assembly)


def test_a_changed_pipeline_does_not(assembly: Assembly, tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    share_staged_assets(checkout)
    edit(checkout, "pipeline/promotion.py", "smoke tests passed in", "smoke tests went well in")
    changed = synthesize(checkout, tmp_path / "cdk.out")
    assert assets(changed) == assets(assembly)
    assert template(changed) != template(assembly)
