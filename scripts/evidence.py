#!/usr/bin/env python3
"""How often does the gate raise a false alarm, and what does it find? Takes the trials, and writes the table of docs/ci.md.

    scripts/evidence.py                       all parts, on a calm machine only; how long each takes is said as it goes
    scripts/evidence.py --only trials,same    these parts alone
    scripts/evidence.py --only table          nothing is run: the table of what there is
    scripts/evidence.py --binary PATH         another binary than target/release/pushbench

The parts, in their order:

  trials   runs of one trial each of the same binary and scenario, one after the other
  resample comparisons of the same with the same: pairs of neighbours among these trials are drawn at random, and which of the two is the
           base; each is judged by `pushbench compare`. The draws are independent given the trials: the bound is one of the draw, not of other days
  same     `pushbench ab` of a binary and itself, by turns of the smoke test and of the busy server of `slower`
  slower   `pushbench ab` against a busy server that takes a tenth more CPU (PUSHBENCH_HANDICAP), judged on cpu.server.per_1000_updates
  single   one run against one run: with payloads 5 % longer, and with one request more per update

May be stopped and started again: what was measured stays in the folder (reports/evidence), and the rest goes on; within a part, what another
binary or another scenario has measured does not count. The parts take longer together than a machine may be had: what came of each is kept
in ci/evidence.json, with its day, binary and machine, and the table is made of that. Bounds are one-sided ones of 95 % (Clopper and Pearson).
Needs Python 3.9 and nothing else.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import math
import os
import pathlib
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ["trials", "resample", "same", "slower", "single", "table"]
PAIRS = 10
# Of the smoke test: no null and idle trials, which would take longer than what is judged, and a window in which a server uses enough CPU.
CHANGES = [
    ('timeout = "1s" ', 'timeout = "500ms" '),
    ("repeats = 2 ", "baseline = false\nrepeats = 1 "),
    ('span = "2s" ', 'span = "4s" '),
    ("updates_per_active_topic = 2 ", "updates_per_active_topic = 4 "),
]
CPU = "cpu.server.per_1000_updates"
RULES = f'\n[compare.margin]\n"{CPU}" = 0.05                # judged besides what is gated anyway\n'
# How often an alarm is false hangs on the error that is allowed, not on the number of pairs. These are the fewest that times are judged of.
SAME_PAIRS = 6
# Of a server that is hardly busy, CPU for an update varies by more than a tenth from trial to trial; of this one, in four seconds, by 3 to 9 %. One
# question is asked, so that the error need not be shared, and so many pairs answer it even then.
BUSY_PAIRS = 14
BUSY = f"""# Two hundred subscribers who ask for twenty topics four times a second: 16,000 requests a second keep a quarter of a core busy.
title = "A busy server"
baseline = false
repeats = 1

[workload]
topology = "fan-out"
topics = 20
updates_per_active_topic = 40
span = "4s"
warm_up = "250ms"
compression = 1
payload = "256 B"
arrivals = "poisson"
semantics = "state"
timeout = "500ms"
seed = 7

[subscribers]
count = 200
connections = 1

[[contender]]
use = "rest-poll"
interval = "250ms"

[compare]
gate = ["{CPU}"]
margin = {{ "{CPU}" = 0.03 }}         # well below what is to be found
"""
BUSY_LOAD = "200 subscribers who ask for 20 topics each four times a second"
HANDICAPS = {"payload": "payload=0.05", "request": "requests=1"}
# Of the table, by the parts that they come from.
ROWS = {"drawn": ["trials"], "single-same": ["trials"], "same": ["same"], "slower": ["slower"]}
ROWS.update({f"single-{name}": ["single-base", f"single-{name}"] for name in HANDICAPS})
MARKS = ("<!-- table evidence: made by scripts/evidence.py -->\n", "<!-- end evidence -->")


def scenario():
    """The text of ci-smoke, with what is changed for this."""
    text = (ROOT / "scenarios/ci-smoke.toml").read_text()
    for before, after in CHANGES:
        if text.count(before) != 1:
            sys.exit(f"scenarios/ci-smoke.toml has not one {before!r}; mend this script")
        text = text.replace(before, after)
    return text + RULES


class Bench:
    """A binary, the scenarios, and the folder for what they have measured."""

    def __init__(self, binary, folder):
        self.binary = binary.resolve()
        text = scenario()
        digest = hashlib.sha256(self.binary.read_bytes())
        self.binary_digest = digest.hexdigest()
        key = hashlib.sha256(digest.digest() + (text + BUSY).encode()).hexdigest()[:12]
        self.folder = folder.resolve() / key
        self.folder.mkdir(parents=True, exist_ok=True)
        self.scenario, self.busy = self.folder / "ci-smoke.toml", self.folder / "busy.toml"
        self.scenario.write_text(text)
        self.busy.write_text(BUSY)

    def digest(self, part):
        """Of the scenarios that a part is of."""
        scenarios = {"slower": [self.busy], "same": [self.scenario, self.busy]}.get(part, [self.scenario])
        return hashlib.sha256(b"".join(scenario.read_bytes() for scenario in scenarios)).hexdigest()

    def handicapped(self, handicap):
        """A program that is the binary with a handicap."""
        path = self.folder / f"with-{handicap.replace('=', '-')}"
        path.write_text(f'#!/bin/sh\nPUSHBENCH_HANDICAP="{handicap}" exec "{self.binary}" "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def once(self, name, program, arguments, allowed):
        """Runs a program with --out, unless that is done already; its exit code and folder."""
        out = self.folder / name
        done = out / "exit"
        if not done.exists():
            shutil.rmtree(out, ignore_errors=True)
            out.parent.mkdir(parents=True, exist_ok=True)
            environment = {key: value for key, value in os.environ.items() if key != "PUSHBENCH_HANDICAP"}
            with open(out.with_name(out.name + ".log"), "w") as log:
                code = ended([program, *arguments, "--out", out], stdout=log, stderr=log, cwd=ROOT, env=environment)
            if code not in allowed:
                sys.exit(f"{program} {' '.join(map(str, arguments))}: exit {code}; see {log.name}")
            done.write_text(str(code))
        return int(done.read_text()), out

    def run(self, name, program=None):
        """A run of one trial of each contender; a broken budget is no matter."""
        return self.once(name, program or self.binary, ["run", self.scenario, "--recording-only", "--ui", "plain"], (0, 1, 4))

    def ab(self, name, program, scenario, pairs):
        """Pairs of the binary and a program in turn."""
        return self.once(name, self.binary, ["ab", scenario, "--base", self.binary, "--new", program, "--pairs", str(pairs)], (0, 1, 4))

    def compare(self, base, new):
        """Figures of a comparison."""
        with tempfile.TemporaryDirectory() as out:
            command = [self.binary, "compare", "--base", *base, "--new", *new, "--format", "json", "--out", out]
            ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if ended.returncode not in (0, 1, 4):
                sys.exit(f"{' '.join(map(str, command))}: exit {ended.returncode}: {ended.stderr}")
            return figures(pathlib.Path(out))


def ended(command, **surroundings):
    """Exit code of a command. Interrupted, it is told so and waited for: no part of it is left running."""
    process = subprocess.Popen(command, start_new_session=True, **surroundings)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        raise


def figures(folder):
    """Of a comparison: (contender, metric) to all that is told of it."""
    told = json.loads((folder / "compare.json").read_text())
    return {(figure["contender"], figure["metric"]): figure for figure in told["figures"]}


def verdicts(told, wanted):
    """The figures with a verdict, by name."""
    return sorted(f"{metric} of {contender}" for (contender, metric), figure in told.items() if figure["verdict"] == wanted)


def steps(what, names, measure):
    """Measures one after the other, and says how long the rest will take."""
    begun, measured = time.monotonic(), 0
    for place, name in enumerate(names, 1):
        before = time.monotonic()
        measure(name)
        measured += time.monotonic() - before > 0.5
        if measured:
            left = (time.monotonic() - begun) / measured * (len(names) - place) / 60
            print(f"{what}: {place} of {len(names)}, about {left:.0f} minutes to go", file=sys.stderr, flush=True)


def neighbours(trials):
    """Pairs of trials that ran one after the other, from their exit codes by number: those of which one is not trusted are left out."""
    return [(first, first + 1) for first in range(1, len(trials), 2) if 4 not in (trials[first], trials[first + 1])]


def draw(pairs, count, number):
    """So many of these pairs, and which of each is the base: the same for the same number."""
    chance = random.Random(f"comparison {number}")
    chosen = [pair if chance.random() < 0.5 else pair[::-1] for pair in chance.sample(pairs, count)]
    return [base for base, _ in chosen], [new for _, new in chosen]


def at_most(found, of):
    """Upper 95 % bound of a share of which so many were found: C. J. Clopper and E. S. Pearson, Biometrika 26, 1934."""
    if found >= of:
        return 1.0
    low, high = found / of, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if so_few(found, of, middle) > 0.05:
            low = middle
        else:
            high = middle
    return high


def at_least(found, of):
    """Lower 95 % bound, likewise."""
    return 1.0 - at_most(of - found, of)


def so_few(found, of, share):
    """Probability of no more than so many, where each has this share."""
    if share in (0.0, 1.0):
        return float(share == 0.0 or found >= of)
    ways = (math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * math.log(share) + (of - k) * math.log1p(-share) for k in range(found + 1))
    return math.fsum(map(math.exp, ways))


def percent(share):
    return f"{100 * share:.1f} %"


def name_of(part, number):
    return f"{part}/{number:03}"


def exit_codes(bench, part, most):
    """Exit codes of what was measured of a part, by number, up to the first that is missing."""
    codes = {}
    for number in range(1, most + 1):
        done = bench.folder / name_of(part, number) / "exit"
        if not done.exists():
            break
        codes[number] = int(done.read_text())
    return codes


def resample(bench, wanted, most):
    """Compares drawn pairs until there are so many comparisons; a line of JSON for each."""
    codes = exit_codes(bench, "trials", most)
    pairs = neighbours(codes)
    if len(pairs) < 2 * PAIRS:
        sys.exit(f"{len(pairs)} pairs of neighbours that are trusted are too few to draw {PAIRS} from; take more trials")
    # What was drawn from fewer trials is another sample.
    file = bench.folder / f"resampled-{len(codes)}.jsonl"
    known = {json.loads(line)["number"] for line in file.read_text().splitlines()} if file.exists() else set()

    def one(number):
        base, new = ([bench.folder / name_of("trials", trial) for trial in side] for side in draw(pairs, PAIRS, number))
        told = bench.compare(base, new)
        counts = collections.Counter(figure["verdict"] for figure in told.values())
        return {"number": number, "regressed": verdicts(told, "regressed"), "improved": verdicts(told, "improved"), "verdicts": counts}

    missing = [number for number in range(1, wanted + 1) if number not in known]
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    try:
        with open(file, "a") as results:
            for done, result in enumerate(pool.map(one, missing), 1):
                results.write(json.dumps(result) + "\n")
                results.flush()
                if done % 50 == 0:
                    print(f"resample: {done} of {len(missing)}", file=sys.stderr, flush=True)
    finally:
        pool.shutdown(cancel_futures=True)


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if len(ordered) % 2 else sum(ordered[len(ordered) // 2 - 1 : len(ordered) // 2 + 1]) / 2


class Table:
    """Rows by their names, each with what is not as it should be, notes, and where and when it was measured."""

    def __init__(self, bench, kept=None):
        self.bench, self.rows = bench, dict(kept or {})

    def add(self, name, what, comparisons, found, bound):
        cells = [what, f"{comparisons:,}", found, bound]
        self.rows[name] = {"cells": cells, "failed": [], "notes": [], "scenario": self.bench.digest(ROWS[name][0]), "measured": measured(self.bench, ROWS[name])}

    def hold(self, name, holds, what):
        if not holds:
            self.rows[name]["failed"].append(what)

    def note(self, name, which, what):
        """Which figures were called regressed, and how often."""
        if which:
            self.rows[name]["notes"].append(f"{what} were of " + ", ".join(f"`{figure}` ({count})" for figure, count in which.most_common()) + ".")

    def failed(self):
        return [what for name in ROWS if name in self.rows for what in self.rows[name]["failed"]]


def of_trials(bench, table, most):
    codes = exit_codes(bench, "trials", most)
    pairs = neighbours(codes)
    file = bench.folder / f"resampled-{len(codes)}.jsonl"
    if file.exists():
        all_drawn = [json.loads(line) for line in file.read_text().splitlines()]
        alarms = [drawn for drawn in all_drawn if drawn["regressed"]]
        changes = sum(bool(drawn["regressed"] or drawn["improved"]) for drawn in all_drawn)
        bound = at_most(len(alarms), len(all_drawn))
        drawn = f"drawn from the {len(pairs)} pairs of neighbours that are both trusted, of {len(codes)} trials"
        told = f"{len(alarms)} raised an alarm; {changes} took anything for a change, better or worse"
        table.add("drawn", f"the same against the same, {PAIRS} pairs, {drawn}", len(all_drawn), told, f"alarms: {percent(len(alarms) / len(all_drawn))}, at most {percent(bound)}")
        table.hold("drawn", bound <= 0.05, f"false alarms of drawn comparisons: up to {percent(bound)}")
        which = collections.Counter(figure for drawn in alarms for figure in drawn["regressed"])
        table.note("drawn", which, "Alarms of drawn comparisons")
    if pairs:
        told = [verdicts(bench.compare(*([bench.folder / name_of("trials", trial)] for trial in pair)), "regressed") for pair in pairs]
        alarms = [figures for figures in told if figures]
        bound = at_most(len(alarms), len(told))
        what = "the same against the same, one run each: counts, taken at their word"
        table.add("single-same", what, len(told), f"{len(alarms)} raised an alarm", f"alarms: {percent(len(alarms) / len(told))}, at most {percent(bound)}")
        which = collections.Counter(figure for figures in alarms for figure in figures)
        table.note("single-same", which, "Alarms of single runs")


def of_same(bench, table, most):
    codes = exit_codes(bench, "same", most)
    if not codes:
        return
    judged = {number: code for number, code in codes.items() if code != 4}
    failed = sum(code == 1 for code in judged.values())
    first = sum((bench.folder / name_of("same", number) / "confirmation").exists() for number in codes)
    told = f"{failed} failed; {first} raised an alarm at first"
    if len(judged) < len(codes):
        told += f"; {len(codes) - len(judged)} were not to be trusted"
    bound = at_most(failed, len(judged)) if judged else 1.0
    busy = len(codes) // 2
    what = f"`pushbench ab` of the same and the same, {SAME_PAIRS} pairs, confirmed: {len(codes) - busy} of `ci-smoke`, {busy} of the busy server"
    table.add("same", what, len(codes), told, f"failures: at most {percent(bound)}")
    table.hold("same", failed == 0, f"{failed} of {len(codes)} real comparisons of the same and the same failed")
    table.hold("same", len(judged) >= 0.9 * len(codes), f"only {len(judged)} of {len(codes)} real comparisons of the same and the same were trusted")


def of_slower(bench, table, most):
    codes = exit_codes(bench, "slower", most)
    if not codes:
        return
    found, by_contender = 0, collections.defaultdict(list)
    for number in codes:
        told = figures(bench.folder / name_of("slower", number))
        mine = {contender: figure for (contender, metric), figure in told.items() if metric == CPU}
        found += any(figure["verdict"] == "regressed" for figure in mine.values())
        for contender, figure in mine.items():
            by_contender[contender].append(figure)
    each = []
    for contender, all_figures in by_contender.items():
        hits = sum(figure["verdict"] == "regressed" for figure in all_figures)
        changes = [math.expm1(figure["change"]) for figure in all_figures if figure["change"] is not None]
        each.append(f"{contender} in {hits}" + (f", a median of +{percent(median(changes))}" if changes else ""))
    what = f"`pushbench ab` of a busy server, {BUSY_PAIRS} pairs, confirmed: one that takes 10 % more CPU, on `{CPU}`"
    table.add("slower", what, len(codes), f"found in {found} ({'; '.join(each)})", f"found: at least {percent(at_least(found, len(codes)))}")
    table.hold("slower", found >= 0.9 * len(codes), f"the slower server was found in {found} of {len(codes)} alone")


def of_single(bench, table, most):
    questions = {
        "payload": ("payloads 5 % longer, one run each, on `bytes.payload.per_update` and `bytes.protocol.per_update`", ["bytes.payload.per_update", "bytes.protocol.per_update"]),
        "request": ("one request more per update, one run each, on `requests.per_update`", ["requests.per_update"]),
    }
    for handicap, (what, metrics) in questions.items():
        found, untrusted, changes = [], 0, collections.defaultdict(list)
        numbers = [number for number in exit_codes(bench, f"single-{handicap}", most) if (bench.folder / name_of("single-base", number) / "exit").exists()]
        for number in numbers:
            told = bench.compare([bench.folder / name_of("single-base", number)], [bench.folder / name_of(f"single-{handicap}", number)])
            mine = {key: figure for key, figure in told.items() if key[1] in metrics}
            if any(figure["verdict"] == "untrusted" for figure in mine.values()):
                untrusted += 1
                continue
            found.append(bool(mine) and all(figure["verdict"] == "regressed" for figure in mine.values()))
            for (contender, metric), figure in mine.items():
                if figure["change"] is not None:
                    changes[f"`{metric}` of {contender}"].append(math.expm1(figure["change"]))
        if not found:
            continue
        each = "; ".join(f"{figure} +{percent(median(values))}" for figure, values in changes.items())
        told = f"found in {sum(found)}, in every figure of every contender ({each})" + (f"; {untrusted} more were not to be trusted" if untrusted else "")
        table.add(f"single-{handicap}", what, len(found), told, f"found: at least {percent(at_least(sum(found), len(found)))}")
        table.hold(f"single-{handicap}", all(found), f"{what}: found in {sum(found)} of {len(found)} alone")


def measured(bench, parts):
    """When, with what and where recordings of these parts were taken."""
    paths = [path for part in parts for pattern in ("[0-9]*/recording.json", "[0-9]*/base/*/recording.json") for path in (bench.folder / part).glob(pattern)]
    recordings = [json.loads(path.read_text()) for path in paths]
    days = sorted(recording["started"][:10] for recording in recordings)
    if not days:
        return None
    machine = recordings[-1]["machine"]
    program = f"pushbench {recordings[-1]['tool_version']} (`{bench.binary_digest[:12]}`)"
    where = f"{machine['cpu_model']}, {machine['cores']} cores, Linux {machine['kernel']}"
    return {"from": days[0], "to": days[-1], "program": program, "machine": where}


def days(row):
    first, last = row["measured"]["from"], row["measured"]["to"]
    return first if first == last else f"{first} to {last}"


def conditions(table):
    """With what, and where: below the table."""
    changes = ", ".join(f"`{line}`" for _, after in CHANGES for line in after.strip().splitlines())
    places = dict.fromkeys(f"{row['measured']['program']} on {row['measured']['machine']}" for row in map(table.rows.get, ROWS) if row)
    return (
        f"Of `ci-smoke` with {changes}; the busy server is one of {BUSY_LOAD}; `{CPU}` is gated there alone, at 3 %, and at 5 % with all else in `ci-smoke`; by {'; '.join(places)}; in brackets the beginning of the binary's SHA-256. "
        "Bounds are one-sided ones of 95 % (Clopper and Pearson); those of drawn comparisons hold for draws from these trials, not for other days."
    )


def kept(bench, file):
    """Rows of earlier times; those of another scenario do not count."""
    rows = json.loads(file.read_text()) if file.exists() else {}
    return {name: row for name, row in rows.items() if name in ROWS and row["scenario"] == bench.digest(ROWS[name][0])}


def keep(table, file):
    rows = {name: table.rows[name] for name in ROWS if name in table.rows}
    file.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def not_measured(table):
    """Parts that have no row yet."""
    own = {"drawn": "resample", "single-same": "trials"}
    parts = dict.fromkeys(own.get(name, name.split("-")[0]) for name in ROWS if name not in table.rows)
    return [part for part in PARTS if part in parts]


def write(table, foot, page):
    """Puts the table between its marks."""
    header = ["what was compared", "comparisons", "what came of it", "95 % bound", "measured"]
    rows = [table.rows[name] for name in ROWS if name in table.rows]
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ["---", "--:", "---", "---", "---"], *([*row["cells"], days(row)] for row in rows))]
    notes = [note for row in rows for note in row["notes"]]
    if missing := not_measured(table):
        notes.append(f"Not measured yet: {', '.join(f'`{part}`' for part in missing)}.")
    text = "\n".join(lines) + "\n\n" + "\n".join([foot, *notes]) + "\n"
    before, rest = page.read_text().split(MARKS[0])
    page.write_text(before + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1], 1)[1])
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: text.split(","), default=PARTS, metavar="PARTS", help=", ".join(PARTS))
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/release/pushbench")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "reports/evidence")
    parser.add_argument("--trials", type=int, default=120, help="runs of one trial each, at least 60")
    parser.add_argument("--comparisons", type=int, default=1000, help="drawn from them")
    parser.add_argument("--same", type=int, default=20, help="runs of `pushbench ab` of the same and the same")
    parser.add_argument("--slower", type=int, default=10, help="runs of `pushbench ab` against the slower server")
    parser.add_argument("--single", type=int, default=20, help="single pairs of each kind")
    arguments = parser.parse_args()
    unknown = set(arguments.only) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if arguments.trials < 60:
        parser.error("fewer than 60 trials are too few to draw from")
    if not arguments.binary.exists():
        parser.error(f"{arguments.binary} is missing; build it with: cargo build --release --locked")
    bench = Bench(arguments.binary, arguments.folder)
    numbers = {part: range(1, most + 1) for part, most in vars(arguments).items() if part in ("trials", "same", "slower", "single")}
    # Whoever ends this ends what it runs, and finds it where it was.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if "trials" in arguments.only:
            steps("trials", numbers["trials"], lambda number: bench.run(name_of("trials", number)))
        if "resample" in arguments.only:
            resample(bench, arguments.comparisons, arguments.trials)
        if "same" in arguments.only:
            # Another file, so that it counts as another program.
            other = bench.folder / "the-same"
            other.unlink(missing_ok=True)
            other.symlink_to(bench.binary)
            steps("same", numbers["same"], lambda number: bench.ab(name_of("same", number), other, (bench.busy, bench.scenario)[number % 2], SAME_PAIRS))
        if "slower" in arguments.only:
            slower = bench.handicapped("server-cpu=0.1")
            steps("slower", numbers["slower"], lambda number: bench.ab(name_of("slower", number), slower, bench.busy, BUSY_PAIRS))
        if "single" in arguments.only:
            programs = {"base": bench.binary, **{name: bench.handicapped(handicap) for name, handicap in HANDICAPS.items()}}
            for name in programs:
                (bench.folder / f"single-{name}").mkdir(exist_ok=True)

            def round_of(number):
                for name, program in programs.items():
                    bench.run(name_of(f"single-{name}", number), program)

            steps("single", numbers["single"], round_of)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where this one was", file=sys.stderr)
        sys.exit(130)
    if "table" in arguments.only:
        file = ROOT / "ci/evidence.json"
        table = Table(bench, kept(bench, file))
        of_trials(bench, table, arguments.trials)
        of_same(bench, table, arguments.same)
        of_slower(bench, table, arguments.slower)
        of_single(bench, table, arguments.single)
        if not table.rows:
            sys.exit("nothing is measured yet: there is no table")
        keep(table, file)
        print(write(table, conditions(table), ROOT / "docs/ci.md"))
        for failed in table.failed():
            print(f"NOT PASSED: {failed}", file=sys.stderr)
        sys.exit(bool(table.failed()))


if __name__ == "__main__":
    main()
