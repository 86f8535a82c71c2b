"""Writes seeds for the fuzzer of nft's texts: the fixtures' listings, cut into tables of one object, and commands.

    python3 seeds.py FIXTURES FOLDER
"""

import pathlib
import sys

fixtures, folder = map(pathlib.Path, sys.argv[1:])
number = 0
for text in sorted(fixtures.glob("nft-pairs/*/printed-*.txt")):
    for part in text.read_text().split("\n\n"):
        head = "" if part.startswith("table") else "table ip kube-proxy {\n"
        tail = "" if part.endswith("}\n}\n") else "\n}\n"
        (folder / f"{number:05}").write_text(head + part + tail)
        number += 1
for text in sorted(fixtures.glob("nft-pairs/*/loaded.nft")):
    (folder / f"{number:05}").write_text(text.read_text()[:4000])
    number += 1
