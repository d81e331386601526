#!/usr/bin/env bash
# How often do doubts cry wolf? (How often comparisons do: scripts/evidence.py.) Runs the smoke scenario again and again on a calm machine, counts the doubts by cause and grade,
# and prints a table in Markdown. 30 runs take about seven minutes.
#
#   scripts/false-alarms.sh               30 runs of target/release/pushbench (built where it is missing)
#   scripts/false-alarms.sh 10 BINARY     so many runs of another binary
#
# What a short run on few cores must raise is told apart from alarms: too few samples, one of two cores for two sides, the split
# of CPU on loopback, no null trial. Every other doubt of a clean run is either true (the machine was not calm) or a false alarm.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  -h | --help) sed -n '2,10s/^# \{0,1\}//p' scripts/false-alarms.sh; exit 0 ;;
esac
runs=${1:-30}
binary=${2:-target/release/pushbench}
[ -x "$binary" ] || cargo build --locked --release

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Half a second is time enough for an answer on one machine, and each trial waits for the timeout after its window. Null and idle
# trials would take longer than what is tried; that they are missing is an expected note.
sed -e 's/^timeout = "1s" /timeout = "500ms" /' -e 's/^repeats = 2 /baseline = false\nrepeats = 2 /' scenarios/ci-smoke.toml >"$folder/smoke.toml"
for run in $(seq "$runs"); do
  status=0
  "$binary" run "$folder/smoke.toml" --ui plain --seed "$run" --out "$folder/$run" >"$folder/log" 2>&1 || status=$?
  # 0: clean or notes; 4: untrusted; 1: a budget. Anything else is no run.
  case "$status" in
    0 | 1 | 4) printf '.' >&2 ;;
    *) cat "$folder/log" >&2; exit "$status" ;;
  esac
done
printf '\n' >&2

python3 - "$folder" "$runs" <<'PYTHON'
import collections, json, os, pathlib, platform, sys

folder, runs = pathlib.Path(sys.argv[1]), int(sys.argv[2])
# True of any run of this scenario: 2 s are too short for a p99, and with two cores publishers and subscribers share one.
EXPECTED = {"samples", "loopback-split", "no-null"} | ({"shared-cores"} if len(os.sched_getaffinity(0)) < 3 else set())
counts, figures = collections.Counter(), {}
cells = alarmed = 0
for run in range(1, runs + 1):
    summary = json.loads((folder / str(run) / "summary.json").read_text())
    cells += len(summary["cells"])
    names = [cell["contender"] for cell in summary["cells"]]
    own = [doubt for doubt in summary["doubts"] if doubt["cause"] not in EXPECTED]
    alarmed += sum(any(doubt["contender"] in (None, name) for doubt in own) for name in names)
    for doubt in summary["doubts"]:
        key = (doubt["cause"], doubt["grade"])
        # A doubt of all concerns each contender.
        counts[key] += 1 if doubt["contender"] else len(names)
        figures.setdefault(key, f'run {run}: {doubt["text"]}')
machine = json.loads((folder / "1" / "recording.json").read_text())["machine"]
print(f'{runs} runs of `ci-smoke`, two contenders of two repeats each: {cells} chances for each doubt. '
      f'{machine["cpu_model"]}, {machine["cores"]} cores, Linux {machine["kernel"]}.\n')
print("| cause | grade | raised | of | kind |\n|---|---|--:|--:|---|")
for (cause, grade), count in sorted(counts.items(), key=lambda item: (item[0][0] not in EXPECTED, -item[1])):
    print(f"| `{cause}` | {grade} | {count} | {cells} | {'expected' if cause in EXPECTED else 'alarm'} |")
untrusted = sum(count for (cause, grade), count in counts.items() if grade == "untrusted" and cause not in EXPECTED)
print(f"\nOf {cells} results {alarmed} had an alarm ({100 * alarmed / cells:.1f} %); alarms of grade untrusted: {untrusted}.")
for (cause, grade), figure in figures.items():
    if cause not in EXPECTED:
        print(f"\n- first `{cause}` ({grade}), {figure}")
PYTHON
