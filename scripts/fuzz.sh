#!/usr/bin/env bash
# Fuzzes every parser that reads from a socket or a file (src/fuzzing), one after the other, and writes down what came of it.
#
#   scripts/fuzz.sh [SECONDS] [TARGET…]   so long for each target (60), all targets unless some are named
#   scripts/fuzz.sh --table               only writes docs/reliability.md from fuzz/results.csv
#
# Needs a C++ compiler, and nothing else: libFuzzer comes with the crate libfuzzer-sys. Ctrl-C ends it; what is done is written down target by
# target, and another call goes on from the corpus. An input that breaks something goes to fuzz/artifacts/TARGET (what an earlier call found, to
# fuzz/artifacts/earlier/TARGET); once it is mended it belongs into fuzz/regressions/TARGET, where `cargo test` holds it. At the end the corpus is cut down
# to what reaches something of its own. An input may take 30 s (machines are busy), 1 GiB in all and 64 MiB at once (fuzz/src/lib.rs); more is a finding,
# and so is a target that ends with anything but 0, whatever it was. Seconds are the clock's, from a target's start to its end.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

results=results.csv
header=target,date,toolchain,cores,seconds,executions,edges,features,corpus,findings

table() {
  python3 - "$results" ../docs/reliability.md <<'PYTHON'
import csv, sys
results, page = sys.argv[1:]
reads = {}
for line in open("../src/fuzzing/mod.rs"):
    if "Target { name: " in line:
        parts = line.split('"')
        reads[parts[1]] = parts[3]
sums = {}
for row in csv.DictReader(open(results)):
    sums.setdefault(row["target"], []).append(row)
lines = ["| target | what is read | seconds | executions | edges | inputs kept | findings |", "|---|---|---|---|---|---|---|"]
totals = [0, 0, 0, 0]
for target, text in reads.items():
    runs = sums.get(target)
    if not runs:
        lines.append(f"| `{target}` | {text} | not run | | | | |")
        continue
    counts = [sum(int(row[key]) for row in runs) for key in ("seconds", "executions", "findings")]
    kept = int(runs[-1]["corpus"])
    edges = max(int(row["edges"]) for row in runs)
    totals = [total + count for total, count in zip(totals, [*counts[:2], kept, counts[2]])]
    lines.append(f"| `{target}` | {text} | {counts[0]:,} | {counts[1]:,} | {edges:,} | {kept:,} | {counts[2]} |")
lines.append(f"| all | | {totals[0]:,} | {totals[1]:,} | | {totals[2]:,} | {totals[3]} |")
text = open(page).read()
begin = text.index("<!-- table fuzzing:")
start = text.index("-->\n", begin) + 4
end = text.index("<!-- end fuzzing -->", start)
open(page, "w").write(text[:start] + "\n".join(lines) + "\n" + text[end:])
PYTHON
}

seconds=60
case "${1:-}" in
  -h | --help) sed -n '2,12s/^# \{0,1\}//p' "../scripts/$(basename "$0")"; exit 0 ;;
  --table) table; exit 0 ;;
  '' | *[!0-9]*) ;;
  *) seconds=$1; shift ;;
esac
known=$(sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | grep -v '^pushbench-fuzz$')
targets=${*:-$known}
for target in $targets; do
  grep -qx "$target" <<<"$known" || { echo "error: no target '$target'; there are: $(tr '\n' ' ' <<<"$known")" >&2; exit 2; }
done
command -v c++ >/dev/null || { echo "error: no C++ compiler, which libFuzzer needs; on Debian: apt-get install g++" >&2; exit 3; }

binaries=()
for target in $targets; do binaries+=(--bin "$target"); done
RUSTC_WRAPPER="$PWD/instrument.sh" cargo build --locked --target-dir target "${binaries[@]}"
[ -f "$results" ] || echo "$header" >"$results"

# A dictionary serves several targets: that of the language that they read.
dictionary() {
  case "$1" in
    http_* | websocket_handshake) echo dictionaries/http ;;
    xmpp_* | sasl_* | bosh_*) echo dictionaries/xmpp ;;
    websub_* | event_stream | change_feed) echo dictionaries/web ;;
    websocket_*) echo dictionaries/websocket ;;
    mqtt_*) echo dictionaries/mqtt ;;
    scenario | units) echo dictionaries/scenario ;;
    recording | side_protocol | history) echo dictionaries/json ;;
  esac
}

broken=0
for target in $targets; do
  mkdir -p "corpus/$target" "artifacts/$target" "artifacts/earlier/$target" "work/$target"
  # The same finding has the same name: only in an empty folder is it seen again.
  find "artifacts/$target" -type f -exec mv -t "artifacts/earlier/$target" {} +
  options=(-max_total_time="$seconds" -max_len=4096 -len_control=0 -timeout=30 -rss_limit_mb=1024 -print_final_stats=1 -use_value_profile=1
    -artifact_prefix="artifacts/$target/")
  [ "$target" != recording ] || options+=(-max_len=20000)
  words=$(dictionary "$target")
  [ -z "$words" ] || options+=(-dict="$words")
  echo "== $target, $seconds s"
  log="work/$target.log"
  # What is found goes to the work folder; the corpus that is kept is made of both below.
  status=0
  begun=$SECONDS
  nice -n 15 "target/debug/$target" "${options[@]}" "work/$target" "corpus/$target" >"$log" 2>&1 || status=$?
  spent=$((SECONDS - begun))
  # libFuzzer hears Ctrl-C as well, and ends with a status of its own.
  case "$status" in 72 | 130) echo "ended by hand"; exit 130 ;; esac
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  # A run that ends with a finding has no statistics: the last line of progress has them.
  [ -n "$executions" ] || executions=$(sed -n 's/^#\([0-9]*\).*cov:.*/\1/p' "$log" | tail -1)
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
  features=$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$log" | tail -1)
  findings=$(find "artifacts/$target" -type f | wc -l)
  # One that could not even begin has left nothing behind, and is no good news.
  [ "$status" -eq 0 ] || [ "$findings" -gt 0 ] || findings=1
  # Cut down: what adds an edge of its own, smallest first; by edges alone, since values would keep thousands. And no more than there were, or 25: what is
  # cloned and replayed by everybody does not grow for ever.
  rm -rf "work/$target.small"
  mkdir "work/$target.small"
  "target/debug/$target" -set_cover_merge=1 -use_counters=0 -max_len=20000 -timeout=30 "work/$target.small" "corpus/$target" "work/$target" >>"$log" 2>&1 || true
  if [ -n "$(ls -A "work/$target.small")" ]; then
    had=$(find "corpus/$target" -type f | wc -l)
    rm -rf "corpus/$target"
    # Whole recordings are large: a few will do.
    find "work/$target.small" -size +8k | sort | tail -n +4 | xargs -r rm
    find "work/$target.small" -type f -printf '%s %p\n' | sort -n | tail -n +$((had > 25 ? had + 1 : 26)) | cut -d ' ' -f 2- | xargs -r rm
    mv "work/$target.small" "corpus/$target"
  fi
  echo "$target,$(date -u +%F),$(rustc --version | cut -d' ' -f2),$(nproc),$spent,${executions:-0},${edges:-0},${features:-0},$(find "corpus/$target" -type f | wc -l),$findings" >>"$results"
  tail -1 "$results"
  table
  if [ "$findings" -gt 0 ]; then
    broken=1
    echo "$target: exit $status; $(find "artifacts/$target" -type f | head -3 | tr '\n' ' ')see fuzz/$log" >&2
  fi
done
exit "$broken"
