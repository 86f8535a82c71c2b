"""Writes seeds for the fuzzer of nft's JSON: the fixtures' listings, cut into lists of a few objects.

    python3 seeds.py FIXTURES FOLDER
"""

import json
import pathlib
import sys

fixtures, folder = map(pathlib.Path, sys.argv[1:])
number = 0
for text in sorted(fixtures.glob("nft-pairs/*/printed-*.json")):
    objects = json.loads(text.read_text())["nftables"]
    heads = [entry for entry in objects if "metainfo" in entry or "table" in entry]
    rest = [entry for entry in objects if entry not in heads]
    for start in range(0, len(rest), 4):
        (folder / f"{number:05}").write_text(json.dumps({"nftables": heads[:2] + rest[start : start + 4]}))
        number += 1
