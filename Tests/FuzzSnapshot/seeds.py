"""Writes seeds for the snapshot fuzzer: the single objects of the fixtures' snapshots, and the bad inputs.

    python3 seeds.py FIXTURES FOLDER
"""

import json
import pathlib
import sys

fixtures, folder = map(pathlib.Path, sys.argv[1:])
snapshots = [fixtures / "demo/cluster.json", *sorted(fixtures.glob("conformance/small-0[0-4]*/snapshot.json"))]
objects = [item for path in snapshots for item in json.loads(path.read_bytes())["items"]]
seeds = [json.dumps(item).encode() for item in objects]
seeds += [path.read_bytes() for path in sorted(fixtures.glob("invalid/*/*.json"))]
for number, seed in enumerate(seeds):
    if len(seed) <= 6000:
        (folder / f"{number:05}").write_bytes(seed)
