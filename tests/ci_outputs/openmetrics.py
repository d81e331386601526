"""Prints what the parser of prometheus_client reads in an OpenMetrics text, as JSON; it is strict about names, units, order and the end."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    families = list(text_string_to_metric_families(file.read()))
found = {}
for family in families:
    samples = [{"name": sample.name, "labels": sample.labels, "value": str(sample.value)} for sample in family.samples]
    found[family.name] = {"type": family.type, "unit": family.unit, "help": family.documentation, "samples": samples}
print(json.dumps(found))
