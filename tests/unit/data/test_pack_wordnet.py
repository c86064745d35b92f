"""The script that packs WordNet, on lines of its database: it gives what is shipped.

The lines are of WordNet 3.0; notice and licence: llmx/data/shipped/wordnet.LICENSE.
"""

import lzma
import subprocess
import sys
from pathlib import Path

from llmx.data.pairs.wordnet import PACKED

SCRIPT = Path(__file__).parents[3] / "scripts" / "pack_wordnet.py"
FILES = {
    "noun": """  1 This software and database is being provided to you, the LICENSEE, by
00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 ~ 00002137 n 0000 ~ 04424418 n 0000 | that which is perceived or known or inferred to have its own distinct existence (living or nonliving)\x20\x20
00001930 03 n 01 physical_entity 0 002 @ 00001740 n 0000 ~ 00002452 n 0000 | an entity that has physical existence\x20\x20
00002137 03 n 02 abstraction 0 abstract_entity 0 003 @ 00001740 n 0000 + 00692347 v 0101 ~ 00023100 n 0000 | a general concept formed by extracting common features from specific examples\x20\x20
""",  # noqa: E501
    "verb": """00002573 29 v 01 respire 2 002 $ 00001740 v 0000 @ 00001740 v 0000 01 + 02 00 | breathe easily again, as after exertion or anxiety\x20\x20
""",  # noqa: E501
    "adj": """00019731 00 s 02 handy 0 ready_to_hand(p) 0 002 & 00019131 a 0000 + 04718999 n 0101 | easy to reach; "found a handy spot for the can opener"\x20\x20
""",  # noqa: E501
    "adv": """00001740 02 r 01 a_cappella 0 000 | without musical accompaniment; "they performed a cappella"\x20\x20
""",  # noqa: E501
}


def test_the_script_packs_lines_as_they_are_shipped(tmp_path):
    for name, text in FILES.items():
        (tmp_path / f"data.{name}").write_text(text)
    out = tmp_path / "out.xz"
    subprocess.run([sys.executable, str(SCRIPT), str(tmp_path), str(out)], check=True)
    packed = lzma.decompress(out.read_bytes()).decode().splitlines()
    assert len(packed) == 6
    shipped = lzma.decompress(PACKED.read_bytes()).decode().splitlines()
    assert packed[:3] == shipped[:3], "links within the sample, as distances"
    whole = {tuple(line.split("\t")[:3] + line.split("\t")[4:]) for line in shipped}
    assert {tuple(line.split("\t")[:3] + line.split("\t")[4:]) for line in packed} <= whole
    assert [line.split("\t")[3] for line in packed] == ["", "-1", "-2", "", "", ""]
