"""Prints what junitparser reads in a junit.xml, as JSON."""

import json
import sys

from junitparser import JUnitXml

report = JUnitXml.fromfile(sys.argv[1])


def of_case(case):
    results = list(case.result)
    return {
        "name": case.name,
        "classname": case.classname,
        "result": type(results[0]).__name__ if results else "passed",
        "message": results[0].message if results else None,
        "output": case.system_out,
    }


suites = [{"name": suite.name, "tests": suite.tests, "cases": [of_case(case) for case in suite]} for suite in report]
for suite in suites:
    assert suite["tests"] == len(suite["cases"]), suite
print(json.dumps({"tests": report.tests, "failures": report.failures, "errors": report.errors, "skipped": report.skipped, "suites": suites}))
