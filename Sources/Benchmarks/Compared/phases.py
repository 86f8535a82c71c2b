"""Counts the instructions of each phase of a run of `kubechains render` with valgrind's callgrind.

    phases.py TITLE KUBECHAINS ARGUMENT...

The binary must have its symbols. A phase's instructions are those of its outermost function and of all that it calls, of
both threads.
"""

import re
import subprocess
import sys
import tempfile

# The demangled names of the functions in which each phase's work is done, on either thread.
PHASES = {
    "read": [r"ItemsAhead\.read\(", r"^ClusterSnapshot\.init\(reading:with:\)"],
    "plan": [r"PlannedServices\.init\(", r"ServiceSlices\.init\(", r"PlanDecisions\.init\("],
    "hash": [r"ChainHashes\.init[(<]"],
    "write": [r"^IptablesPlan\.writeRestore\(", r"closure #\d+ in IptablesPlan\.eachServicePort\("],
}


def run(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options).stdout


def main():
    title, command = sys.argv[1], sys.argv[2:]
    with tempfile.NamedTemporaryFile() as profile:
        run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + profile.name, *command])
        listing = run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", "--auto=no", profile.name])
    listing = run(["swift", "demangle", "--simplified"], input=listing)
    functions = {}
    total = 0
    for line in listing.splitlines():
        match = re.match(r"\s*([\d,]+) \([\d .]+%\)\s+(.*?)(?: \[.*\])?$", line)
        if not match:
            continue
        count, place = int(match[1].replace(",", "")), match[2]
        if place == "PROGRAM TOTALS":
            total = count
            continue
        # One function stands once for each file that was inlined into it; the largest figure is that of all of it.
        name = re.sub(r"^(specialized |static |partial apply for )+", "", place.split(":", 1)[-1])
        name = re.sub(r"^static ", "", name)
        functions[name] = max(functions.get(name, 0), count)
    print(f"{title}: {total / 1e6:.0f} million instructions")
    for phase, patterns in PHASES.items():
        counts = [max((c for n, c in functions.items() if re.search(p, n)), default=0) for p in patterns]
        print(f"  {phase}: {sum(counts) / 1e6:.0f} million")


main()
