"""Figures of a device beside its roofs and peers: table.py LINES.json OUT.json"""
import datetime
import json
import sys

lines = [json.loads(line) for line in open(sys.argv[1]) if line.strip()]
figures = {(x["who"], x["case"]): x for x in lines}


def value(who, case):
    found = figures.get((who, case))
    return found["value"] if found else None


# The roof of a case, and how far ours is from it.
roofs = {"w7g/f32": "gather/512", "w7g/bf16": "gather/256"}
# The goals of each case: what has to hold, in words, and whether it does.
goals = []


def goal(words, case, holds):
    goals.append({"goal": words, "case": case, "holds": holds})


for case, roof in roofs.items():
    if value("ours", case) and value("roof", roof):
        share = value("ours", case) / value("roof", roof)
        goal("gather and mean: at least 80 % of the gather roof", f"{case}: {share:.0%}", share >= 0.8)
if value("ours", "w2g/8192"):
    goal("sampling: at least 1 Gedge/s", f"w2g/8192: {value('ours', 'w2g/8192'):.2f}", value("ours", "w2g/8192") >= 1)
for kind in ("f32", "bf16"):
    ours = value("ours", f"w8g/graph_alone/{kind}")
    for who, times in (("torch eager", 10), ("torch.compile", 3)):
        peer = value(who, f"w8g/{kind}")
        if ours and peer:
            goal(f"step: at least {times} times {who}", f"w8g/{kind}: {peer / ours:.1f}", peer / ours >= times)
for case in [c for w, c in figures if w == "ours" and c.startswith("w11g/")]:
    peer = value("torch matmul+topk", case)
    if peer:
        ratio = value("ours", case) / peer
        goal("search: at least 3 times torch's matmul and topk", f"{case}: {ratio:.1f}", ratio >= 3)

print(f"{'case':28} {'who':20} {'value':>12} unit")
for x in sorted(lines, key=lambda x: (x["case"], x["who"])):
    print(f"{x['case']:28} {x['who']:20} {x['value']:12.4g} {x['unit']}")
for g in goals:
    print(f"{'holds' if g['holds'] else 'MISSED':7} {g['goal']} ({g['case']})")
with open(sys.argv[2], "w") as out:
    json.dump({"date": datetime.date.today().isoformat(), "figures": lines, "goals": goals}, out, indent=1)
