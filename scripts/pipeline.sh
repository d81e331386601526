#!/usr/bin/env bash
# One step of a pipeline: runs a scenario, compares it with a recording of before, and with a build of before in turn. Exits with the gravest code.
#
#   scripts/pipeline.sh SCENARIO [--out DIR] [--base RECORDING] [--base-program BIN] [--program BIN] [--pairs N]
#
#   --out DIR            folder for everything that is made; pushbench-report unless set. It must not be there yet
#   --base RECORDING     a recording of before: counts are compared with it, and times where it was made on this machine
#   --base-program BIN   a pushbench of before: measured in turn with the new one, so that times can be compared
#   --program BIN        the new pushbench; the one on the path unless set
#   --pairs N            pairs with --base-program; 10 unless set
#
# Where GITHUB_STEP_SUMMARY is set, what came out is added to it; where GITHUB_ACTIONS is, annotations are printed.
set -euo pipefail

usage() { echo "error: $1; see --help" >&2; exit 2; }

scenario= out=pushbench-report base= base_program= program=pushbench pairs=10
while [ $# -gt 0 ]; do
  case "$1" in
    --out | --base | --base-program | --program | --pairs)
      [ $# -gt 1 ] || usage "$1 wants a value"
      case "$1" in
        --out) out=$2 ;;
        --base) base=$2 ;;
        --base-program) base_program=$2 ;;
        --program) program=$2 ;;
        --pairs) pairs=$2 ;;
      esac
      shift 2
      ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) usage "unknown option '$1'" ;;
    *) [ -z "$scenario" ] || usage "one scenario at a time, not '$1' as well"; scenario=$1; shift ;;
  esac
done
[ -n "$scenario" ] || usage "which scenario?"
[ ! -e "$out" ] || usage "$out is there already"

formats=terminal,md,json,junit
[ -z "${GITHUB_ACTIONS:-}" ] || formats=$formats,github
worst=0
# graver CODE: keeps the graver of two exit codes, 130, 3, 2, 1, 4, 0. A 1 of any step is of figures that were trusted; a 4 of another takes nothing of it back.
graver() {
  local code
  for code in 130 3 2 1 4; do
    if [ "$1" -eq "$code" ] || [ "$worst" -eq "$code" ]; then worst=$code; return; fi
  done
  [ "$1" -eq 0 ] || worst=$1
}
# step NAME PAGE COMMAND...: runs it, keeps its code, adds its page to the summary of the job.
step() {
  local name=$1 page=$2 code=0
  shift 2
  printf '\n== %s\n' "$name"
  "$@" || code=$?
  graver "$code"
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$page" ]; then cat "$page" >> "$GITHUB_STEP_SUMMARY"; fi
  return "$code"
}

if step "Run: budgets" /dev/null "$program" run "$scenario" --recording-only --ui plain --out "$out/run" || [ -f "$out/run/recording.json" ]; then
  step "Figures" "$out/run/summary.md" "$program" report "$out/run" --format "$formats" || true
  if [ -n "$base" ]; then
    step "Compared with $base" "$out/compared/compare.md" "$program" compare "$base" "$out/run" --out "$out/compared" --format "$formats" || true
  fi
fi
if [ -n "$base_program" ]; then
  step "In turn with $base_program" "$out/in-turn/compare.md" "$program" ab "$scenario" --base "$base_program" --new "$program" --pairs "$pairs" --out "$out/in-turn" || true
fi
exit "$worst"
