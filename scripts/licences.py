#!/usr/bin/env python3
"""Checks the licence of every crate in the tree against the list in deny.toml, and prints what there is.

For machines without cargo-deny. Exit code 1 where a crate cannot be used under the list.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def holds(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be satisfied: `AND`, `OR`, brackets, `/` for an old `OR`; an exception only widens."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    words = []
    skip = False
    for token in tokens:
        if skip:
            skip = False
        elif token == "WITH":
            skip = True
        elif token in ("(", ")"):
            words.append(token)
        elif token in ("AND", "OR"):
            words.append(token.lower())
        else:
            words.append(str(token in allowed))
    return bool(words) and eval(" ".join(words), {"__builtins__": {}})  # only brackets, and, or, True, False get here


def main() -> int:
    allowed = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])
    metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--locked"], cwd=ROOT))
    found = collections.Counter()
    refused = []
    for package in metadata["packages"]:
        licence = package["license"] or ""
        found[licence or "none"] += 1
        if not holds(licence, allowed):
            refused.append(f"{package['name']} {package['version']}: {licence or 'no licence'}")
    for licence, crates in found.most_common():
        print(f"{crates:4}  {licence}")
    for line in refused:
        print(f"not allowed by deny.toml: {line}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
