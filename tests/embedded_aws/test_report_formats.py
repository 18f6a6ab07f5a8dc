"""Each report format that CodeBuild reads, from a smallest file of it.

Proves names, outcomes, durations and messages of tests, and covered lines and branches. The files
are written here after each format's own documentation; the tools that make them did not run.
"""

from __future__ import annotations

import json

import pytest

from embedded_aws.codebuild import coverage_files, report_files
from embedded_aws.codebuild.record import BuildError

JUNIT = """<testsuites><testsuite name="s"><testcase name="good" time="1.5"/>
<testcase name="bad"><failure>boom
</failure></testcase><testcase name="left"><skipped message="why"/></testcase>
</testsuite></testsuites>"""
NUNIT = """<test-results><test-suite><results>
<test-case name="good" result="Success" time="1.5"/>
<test-case name="bad" result="Failure"><failure><message>boom</message></failure></test-case>
<test-case name="left" result="Ignored"><reason><message>why</message></reason></test-case>
</results></test-suite></test-results>"""
NUNIT3 = """<test-run><test-suite><test-case name="good" result="Passed" duration="1.5"/>
<test-case name="bad" result="Failed"><failure><message>boom</message></failure></test-case>
<test-case name="left" result="Skipped"><reason><message>why</message></reason></test-case>
</test-suite></test-run>"""
TESTNG = """<testng-results><suite><test><class name="c">
<test-method name="setUp" status="PASS" is-config="true"/>
<test-method name="good" status="PASS" duration-ms="1500"/>
<test-method name="bad" status="FAIL"><exception><message>boom</message></exception></test-method>
<test-method name="left" status="SKIP"><exception><message>why</message></exception></test-method>
</class></test></suite></testng-results>"""
TRX = """<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
<UnitTestResult testName="good" outcome="Passed" duration="00:00:01.5000000"/>
<UnitTestResult testName="bad" outcome="Failed"><Output><ErrorInfo><Message>boom</Message>
</ErrorInfo></Output></UnitTestResult>
<UnitTestResult testName="left" outcome="NotExecuted"><Output>why</Output></UnitTestResult>
</Results></TestRun>"""
PASSED = {"result": {"status": "passed", "duration": 1_500_000_000}}
CUCUMBER = json.dumps(
    [
        {
            "name": "feature",
            "elements": [
                {"name": "good", "steps": [PASSED]},
                {
                    "name": "bad",
                    "steps": [{"result": {"status": "failed", "error_message": "boom"}}],
                },
                {
                    "name": "left",
                    "steps": [{"result": {"status": "undefined", "error_message": "why"}}],
                },
            ],
        }
    ]
)
TESTS = {
    "JUNITXML": JUNIT,
    "NUNITXML": NUNIT,
    "NUNIT3XML": NUNIT3,
    "TESTNGXML": TESTNG,
    "VISUALSTUDIOTRX": TRX,
    "CUCUMBERJSON": CUCUMBER,
}
COBERTURA = """<coverage><packages><package><classes><class filename="a.py"><lines>
<line number="1" hits="2"/><line number="2" hits="1" condition-coverage="50% (1/2)"/>
<line number="3" hits="1"/><line number="4" hits="0"/></lines></class></classes></package>
</packages></coverage>"""
CLOVER = """<coverage><project><metrics statements="4" coveredstatements="3" conditionals="2"
coveredconditionals="1"/></project></coverage>"""
JACOCO = """<report><package><counter type="LINE" missed="9" covered="9"/></package>
<counter type="LINE" missed="1" covered="3"/><counter type="BRANCH" missed="1" covered="1"/>
</report>"""
SIMPLECOV = json.dumps(
    {
        "RSpec": {
            "coverage": {
                "a.rb": {
                    "lines": [1, None, 2, 0],
                    "branches": {"[:if, 0]": {"[:then, 1]": 1, "[:else, 2]": 0}},
                },
                "b.rb": [5, None],
            }
        }
    }
)
COVERAGES = {
    "COBERTURAXML": COBERTURA,
    "CLOVERXML": CLOVER,
    "JACOCOXML": JACOCO,
    "SIMPLECOV": SIMPLECOV,
}


def test_every_format_of_the_reference_is_here() -> None:
    assert report_files.TESTS.keys() == TESTS.keys()
    assert coverage_files.COVERAGES.keys() == COVERAGES.keys()


@pytest.mark.parametrize("file_format", sorted(TESTS))
def test_results_become_test_cases(file_format: str) -> None:
    cases = report_files.test_cases(TESTS[file_format].encode(), "results", file_format)
    assert [(c["name"], c["status"], c["message"]) for c in cases] == [
        ("good", "SUCCEEDED", ""),
        ("bad", "FAILED", "boom"),
        ("left", "SKIPPED", "why"),
    ]
    assert report_files.summary(cases)["durationInNanoSeconds"] == 1_500_000_000


@pytest.mark.parametrize("file_format", sorted(COVERAGES))
def test_coverage_becomes_its_summary(file_format: str) -> None:
    files = {"coverage": COVERAGES[file_format].encode()}
    assert coverage_files.summary(files, file_format) == {
        "lineCoveragePercentage": 75.0,
        "linesCovered": 3,
        "linesMissed": 1,
        "branchCoveragePercentage": 50.0,
        "branchesCovered": 1,
        "branchesMissed": 1,
    }


@pytest.mark.parametrize("file_format", sorted(TESTS))
def test_another_file_is_refused_by_its_name(file_format: str) -> None:
    with pytest.raises(BuildError, match=f"r cannot be read as {file_format}"):
        report_files.test_cases(b"no such thing", "r", file_format)


def test_entities_are_refused() -> None:
    document = b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>'
    with pytest.raises(BuildError, match="entity"):
        report_files.test_cases(document, "r.xml", "JUNITXML")


@pytest.mark.parametrize(
    ("file_format", "document"),
    [
        ("JUNITXML", '<testsuite><testcase name="a" time="NaN"/></testsuite>'),
        ("JUNITXML", '<testsuite><testcase name="a" time="inf"/></testsuite>'),
        ("CUCUMBERJSON", '{"a": 1}'),
        ("CUCUMBERJSON", "[null]"),
        ("CUCUMBERJSON", '[{"elements": [{"steps": [{"result": null}]}]}]'),
        ("CUCUMBERJSON", 20_000 * "["),
    ],
)
def test_what_only_looks_like_the_format_is_refused_by_its_name(
    file_format: str, document: str
) -> None:
    with pytest.raises(BuildError, match=f"r cannot be read as {file_format}"):
        report_files.test_cases(document.encode(), "r", file_format)


def test_coverage_of_another_shape_is_refused_by_its_name() -> None:
    with pytest.raises(BuildError, match="r cannot be read as SIMPLECOV"):
        coverage_files.summary({"r": b"[]"}, "SIMPLECOV")
