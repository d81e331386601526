#!/usr/bin/env python3
"""A soak: `news-ticker` for twenty minutes at half of what this machine holds, ten of polling and ten of pushing.

    scripts/soak.py                     searches what the machine holds, then soaks; about half an hour, on a calm machine only
    scripts/soak.py --minutes 60        so long for each of the two
    scripts/soak.py --binary PATH       another binary than target/release/pushbench

For each of the two contenders a load grows until a run of ten seconds is not trusted any more or loses something; three halvings
of the last step narrow it down. Half of the greatest load that was held is then held for the given minutes. Memory of each side
is averaged over each minute but the first (allocators warm up), and a straight line put through the averages: its slope and 95 %
interval (Student's t; neighbouring minutes are taken as independent, which steps of an allocator are not quite).

Two figures of memory: *resident* is what a side's pages take up (VmRSS), *allocated* what it has asked the kernel for (VmData of
proc(5): heap, mappings and stack of its own), whether or not it has been touched. The first can only grow up to the second, and a
leak grows in both: whether memory is flat is judged by the second, which is sampled here and not by the harness.

May be stopped and started again: what was found stays in the folder (reports/soak), and the rest goes on; what another binary or
another scenario has found does not count. At the end it prints a table, writes it into docs/reliability.md, and keeps figures per minute in
reports/samples/soak/. Needs Python 3.9 and nothing else.
"""

import argparse
import csv
import functools
import hashlib
import json
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What grows: readers where each of them asks, updates where each goes to all readers. (key, start, unit of the load)
CONTENDERS = {
    "conditional-1s": ("count = 500 ", "count = {} ", 1_000, "readers, each asking for 10 tickers a second"),
    "xmpp-pubsub": ("updates_per_active_topic = 3 ", "updates_per_active_topic = {} ", 60, "updates a second of all 10 tickers together, each to 500 readers"),
}
STEPS_OF_HALVING = 3
SIDES = ("server", "publisher", "subscriber")
SAMPLED_EVERY = 5  # seconds


def scenario(contender, load, seconds):
    """The text of news-ticker with this load and window."""
    text = (ROOT / "scenarios/news-ticker.toml").read_text()
    old, new, _, _ = CONTENDERS[contender]
    # The key counts updates of each of ten tickers in the window.
    value = round(load * seconds / 10) if contender == "xmpp-pubsub" else load
    title = 'title = "A news ticker: 500 readers of 10 tickers"'
    changes = [(old, new.format(value)), (title, f'title = "News ticker, {contender} at a load of {load}"'), ('span = "30s"', f'span = "{seconds}s"'), ("repeats = 2 ", "baseline = false\nrepeats = 1 ")]
    if contender != "xmpp-pubsub":
        changes.append(("updates_per_active_topic = 3 ", f"updates_per_active_topic = {round(3 * seconds / 30)} "))
    for before, after in changes:
        if text.count(before) != 1:
            sys.exit(f"scenarios/news-ticker.toml has not one {before!r}; mend this script")
        text = text.replace(before, after)
    return text


@functools.lru_cache(maxsize=None)
def digest(binary, written):
    """Of a binary's content, as it was written last."""
    return hashlib.sha256(binary.read_bytes()).digest()


def run(binary, contender, load, seconds, folder):
    """Runs it once; exit code and report folder. A run that is there already, of the same binary and scenario, is not repeated."""
    text = scenario(contender, load, seconds)
    key = hashlib.sha256(digest(binary, binary.stat().st_mtime_ns) + text.encode()).hexdigest()[:12]
    name = f"{contender}-{load}-{seconds}s-{key}"
    out = folder / name
    done = out / "exit"
    if not done.exists():
        shutil.rmtree(out, ignore_errors=True)
        file = folder / f"{name}.toml"
        file.write_text(text)
        command = [binary, "run", file, "--only", contender, "--ui", "plain", "--out", out]
        with open(folder / f"{name}.log", "w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
            allocated = watch(process)
            code = process.returncode
        if code not in (0, 1, 3, 4):
            sys.exit(f"{' '.join(map(str, command))}: exit {code}; see {log.name}")
        out.mkdir(exist_ok=True)
        (out / "allocated.json").write_text(json.dumps(allocated))
        done.write_text(str(code))
    return int(done.read_text()), out


def allocated_by(process):
    """Bytes that each side of a run has asked the kernel for, in the order of their start: server, publisher, subscriber."""
    sides = []
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            behind_name = (place / "stat").read_text().rsplit(")", 1)[1].split()
            if int(behind_name[1]) == process.pid:
                lines = (place / "status").read_text().splitlines()
                data = next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))
                sides.append((int(behind_name[19]), int(place.name), data * 1024))
        except (OSError, StopIteration):
            continue  # It ended while it was looked at.
    return [data for _, _, data in sorted(sides)]


def watch(process):
    """Waits for the end; what each side had allocated, every few seconds: pairs of Unix seconds and bytes by side."""
    samples = []
    while process.poll() is None:
        sides = allocated_by(process)
        if len(sides) == len(SIDES):
            samples.append((time.time(), sides))
        try:
            process.wait(SAMPLED_EVERY)
        except subprocess.TimeoutExpired:
            pass
    return samples


def value(out, metric):
    summary = json.loads((out / "summary.json").read_text())
    return summary["cells"][0]["metrics"][metric]["value"]


def holds(binary, contender, load, folder):
    code, out = run(binary, contender, load, 10, folder)
    held = code == 0 and value(out, "lost") == 0
    print(f"{contender}: {load} {'held' if held else 'not held'} (exit {code})", file=sys.stderr, flush=True)
    return held


def greatest(binary, contender, folder):
    """The greatest load tried that the machine holds."""
    load = CONTENDERS[contender][2]
    if not holds(binary, contender, load, folder):
        sys.exit(f"{contender}: not even {load} is held; this machine is too small or not calm (`pushbench doctor`)")
    while holds(binary, contender, 2 * load, folder):
        load *= 2
    step = load
    for _ in range(STEPS_OF_HALVING):
        step //= 2
        if holds(binary, contender, load + step, folder):
            load += step
    return load


def student(freedom):
    """The 97.5 % quantile of Student's t: Cornish and Fisher's expansion, right to 0.5 % from 4 degrees of freedom on."""
    z = statistics.NormalDist().inv_cdf(0.975)
    terms = [z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384]
    return sum(term / freedom**power for power, term in enumerate(terms))


def line(values):
    """Slope of values a minute apart, and half of its 95 % interval."""
    count, middle, mean = len(values), (len(values) - 1) / 2, statistics.fmean(values)
    spread = sum((x - middle) ** 2 for x in range(count))
    slope = sum((x - middle) * (y - mean) for x, y in enumerate(values)) / spread
    rest = sum((y - mean - slope * (x - middle)) ** 2 for x, y in enumerate(values))
    return slope, student(count - 2) * (rest / (count - 2) / spread) ** 0.5


def per_minute(out):
    """Mean resident and mean allocated memory per minute of the window, by side, bytes."""
    trial = json.loads((out / "recording.json").read_text())["trials"][0]
    minutes = {}
    for second in trial["timeline"]:
        if second["second"] >= 0:
            minutes.setdefault(second["second"] // 60, []).append(second["memory"])
    # The drain's last, broken minute says little.
    whole = [samples for _, samples in sorted(minutes.items()) if len(samples) == 60]
    resident = {side: [statistics.fmean(sample[side] for sample in samples) for samples in whole] for side in SIDES}
    # The samples end with the trial: the window's minutes are counted from its end, which is good to some seconds.
    samples = json.loads((out / "allocated.json").read_text())
    end = samples[-1][0]
    by_minute = {}
    for at, sides in samples:
        by_minute.setdefault(len(whole) - 1 - int((end - at) // 60), []).append(sides)
    allocated = {side: [statistics.fmean(sides[place] for sides in by_minute[minute]) for minute in range(len(whole))] for place, side in enumerate(SIDES)}
    return {side: (resident[side], allocated[side]) for side in SIDES}


def foot(minutes, machine, untrusted):
    """What stands below the table: how it came about, and for which causes `run` itself does not trust the figures."""
    units = "; ".join(f"`{contender}`: {unit}" for contender, (_, _, _, unit) in CONTENDERS.items())
    causes = "; ".join(f"`{contender}`: {', '.join(f'`{cause}`' for cause in causes) or 'nothing'}" for contender, causes in untrusted.items())
    how = f"{minutes} minutes each. Loads are {units}. {machine['cpu_model']}, {machine['cores']} cores, Linux {platform.release()}."
    return f"{how}\nNot to be trusted, by the [doubts](doubts.md) of each run: {causes}.\n"


def kib(number):
    return f"{number / 1024:,.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10, help="of each contender, at least 6")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/release/pushbench")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "reports/soak")
    arguments = parser.parse_args()
    if arguments.minutes < 6:
        parser.error("a slope needs at least 6 minutes")
    if not arguments.binary.exists():
        parser.error(f"{arguments.binary} is missing; build it with: cargo build --release --locked")
    arguments.folder.mkdir(parents=True, exist_ok=True)

    kept = ROOT / "reports/samples/soak"
    kept.mkdir(parents=True, exist_ok=True)
    rows, minutes_csv, failed, untrusted = [], [], [], {}
    machine = None
    for contender, (_, _, _, unit) in CONTENDERS.items():
        most = greatest(arguments.binary, contender, arguments.folder)
        load = most // 2
        print(f"{contender}: holds {most} {unit}; soaking at {load}", file=sys.stderr, flush=True)
        code, out = run(arguments.binary, contender, load, arguments.minutes * 60, arguments.folder)
        if code == 3:
            sys.exit(f"{contender}: the soak ended early; see {arguments.folder}")
        recording = json.loads((out / "recording.json").read_text())
        machine = recording["machine"]
        expected, delivered, lost = (int(value(out, name)) for name in ("expected", "delivered", "lost"))
        coalesced = int(value(out, "coalesced"))
        failures = recording["trials"][0]["failed_requests"]
        untrusted[contender] = sorted({doubt["cause"] for doubt in json.loads((out / "summary.json").read_text())["doubts"] if doubt["grade"] == "untrusted"})
        if lost or failures or expected != delivered + coalesced:
            failed.append(f"{contender}: {lost} lost, {failures} requests failed")
        for side, figures in per_minute(out).items():
            cells = []
            for values in figures:
                slope, half = line(values[1:])
                mean = statistics.fmean(values[1:])
                cells += [kib(mean), f"{kib(slope)} ± {kib(half)}"]
            # Of the last figure, what is allocated. Flat: no growth to be seen, or one that an hour would not carry past 1 % of what is there.
            flat = slope - half <= 0 or (slope + half) * 60 < mean / 100
            if not flat:
                failed.append(f"{contender}: memory of {side} grows")
            rows.append([f"`{contender}`", f"{most:,}", f"{load:,}", f"{delivered:,}", f"{coalesced:,}", str(lost), side, *cells, "yes" if flat else "NO"])
            minutes_csv += [[contender, load, side, minute, round(resident), round(allocated)] for minute, (resident, allocated) in enumerate(zip(*figures))]
        print(f"{contender}: exit {code}, untrusted: {', '.join(untrusted[contender]) or 'nothing'}", file=sys.stderr, flush=True)
        shutil.copy(out / "summary.csv", kept / f"{contender}-summary.csv")

    with open(kept / "memory-per-minute.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["contender", "load", "side", "minute", "resident", "allocated"], *minutes_csv])
    header = ["contender", "held at most", "soaked at", "delivered", "coalesced", "lost", "side", "resident, KiB", "slope, KiB a minute (95 %)", "allocated, KiB", "slope, KiB a minute (95 %)", "flat"]
    table = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]
    text = "\n".join(table) + "\n\n" + foot(arguments.minutes, machine, untrusted)
    print(text)
    page = ROOT / "docs/reliability.md"
    before, rest = page.read_text().split("<!-- table soak: made by scripts/soak.py -->\n")
    page.write_text(f"{before}<!-- table soak: made by scripts/soak.py -->\n{text}<!-- end soak -->{rest.split('<!-- end soak -->')[1]}")
    for failure in failed:
        print(f"NOT PASSED: {failure}", file=sys.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
