#!/usr/bin/env python3
"""Holds our reading of OCI profiles against libseccomp: random profiles, made into a filter by both, and compared for every call.

    filter/peers/random_profiles.py [--from SEED] [--to SEED] [--everycall PATH]

Needs Debian's python3-seccomp and a build of `everycall`. A difference is put down to libseccomp where one of two things shows
it: its program compares the architecture with numbers (`everycall filter prove` tells `arch-confused`), or its own pseudo filter
code, executed here, does with the counterexample what we do. Exit status 1 if a difference is left.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import seccomp

COMPARISONS = {
    "SCMP_CMP_NE": seccomp.NE,
    "SCMP_CMP_LT": seccomp.LT,
    "SCMP_CMP_LE": seccomp.LE,
    "SCMP_CMP_EQ": seccomp.EQ,
    "SCMP_CMP_GE": seccomp.GE,
    "SCMP_CMP_GT": seccomp.GT,
    "SCMP_CMP_MASKED_EQ": seccomp.MASKED_EQ,
}
ACTIONS = {
    "SCMP_ACT_ALLOW": seccomp.ALLOW,
    "SCMP_ACT_KILL": seccomp.KILL,
    "SCMP_ACT_ERRNO": seccomp.ERRNO(1),
    "SCMP_ACT_LOG": seccomp.LOG,
    "SCMP_ACT_TRAP": seccomp.TRAP,
    "SCMP_ACT_KILL_PROCESS": seccomp.KILL_PROCESS,
}
ARCHES = {
    "SCMP_ARCH_X86_64": seccomp.Arch.X86_64,
    "SCMP_ARCH_X32": seccomp.Arch.X32,
    "SCMP_ARCH_AARCH64": seccomp.Arch.AARCH64,
    "SCMP_ARCH_ARM": seccomp.Arch.ARM,
}
# Plain calls, calls that some ABIs lack or have under another name, multiplexed ones, and none.
NAMES = """read write open openat socket connect accept accept4 recv send sendto shmget semop semctl umount umount2 clone clone3
personality ioctl fadvise64 fadvise64_64 arm_fadvise64_64 arch_prctl set_thread_area _llseek lseek mmap mmap2 select _newselect
pselect6 getrlimit ugetrlimit fstatat64 newfstatat nonsense futex_waitv faccessat2 stat64 socketcall ipc sync_file_range
sync_file_range2 arm_sync_file_range sendfile64 recvmmsg sendmmsg prctl""".split()
VALUES = [0, 1, 2, 0xFF, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_FFFF_FFFF, 2**64 - 1]
X86_64 = 0xC000_003E
X32_BIT = 0x4000_0000


def condition(chance):
    value = chance.choice([*VALUES, chance.getrandbits(64), chance.randint(0, 100)])
    made = {"index": chance.randint(0, 5), "value": value, "op": chance.choice(list(COMPARISONS))}
    if made["op"] == "SCMP_CMP_MASKED_EQ":
        made["valueTwo"] = chance.choice([value, 0, value & chance.getrandbits(64), chance.getrandbits(8)])
    return made


def profile(seed):
    chance = random.Random(seed)
    default = chance.choice(list(ACTIONS))
    others = [arch for arch in ARCHES if arch != "SCMP_ARCH_X86_64" and chance.random() < 0.5]
    same = chance.random() < 0.5
    action = chance.choice([action for action in ACTIONS if action != default])
    calls = []
    for _ in range(chance.randint(1, 8)):
        args = [condition(chance) for _ in range(chance.randint(1, 3))] if chance.random() < 0.6 else []
        names = chance.sample(NAMES, chance.randint(1, 5))
        calls.append({"names": names, "action": action if same else chance.choice(list(ACTIONS)), "args": args})
    return {"defaultAction": default, "architectures": ["SCMP_ARCH_X86_64", *others], "syscalls": calls}


def by_libseccomp(made):
    """What runc does with a profile."""
    filters = seccomp.SyscallFilter(ACTIONS[made["defaultAction"]])
    for arch in made["architectures"][1:]:
        filters.add_arch(ARCHES[arch])
    for call in made["syscalls"]:
        if call["action"] == made["defaultAction"]:
            continue
        args = [
            seccomp.Arg(arg["index"], COMPARISONS[arg["op"]], arg["value"], *([arg["valueTwo"]] if "valueTwo" in arg else []))
            for arg in call["args"]
        ]
        twice = len({arg["index"] for arg in call["args"]}) < len(args)
        for name in call["names"]:
            if seccomp.resolve_syscall(seccomp.Arch(), name) == -1:
                continue
            for rule in [[arg] for arg in args] if twice else [args]:
                filters.add_rule(ACTIONS[call["action"]], name, *rule)
    return filters


class Pseudo:
    """libseccomp's pseudo filter code, executed for one call."""

    def __init__(self, text, call):
        self.nr, self.args = call["nr"], [int(word, 0) for word in call["args"]]
        self.arch = int(call["arch"], 0)
        x32 = self.arch == X86_64 and self.nr & X32_BIT
        self.lines = []
        for part in re.split(r"(?=^# filter for arch )", text, flags=re.MULTILINE):
            head = part.split("\n", 1)[0]
            if f"({self.arch})" in head and ("arch x32 " in head) == bool(x32):
                lines = [line for line in part.splitlines() if line.strip() and not line.strip().startswith("#")]
                self.lines = [(len(line) - len(line.lstrip()), line.strip()) for line in lines]

    def value(self, text):
        word = re.fullmatch(r"\$a(\d)(\.hi32|\.lo32)?", text)
        if word:
            whole = self.args[int(word[1])]
            return whole >> 32 if word[2] == ".hi32" else whole & 0xFFFF_FFFF
        return {"$arch": self.arch, "$syscall": self.nr}.get(text) if text.startswith("$") else int(text, 0)

    def holds(self, text):
        left, mask, how, right = re.fullmatch(r"if \((\S+)(?: & (\S+))? (==|>=|>) (\S+)\)", text).groups()
        left, right = self.value(left), self.value(right)
        left = left & self.value(mask) if mask else left
        return {"==": left == right, ">=": left >= right, ">": left > right}[how]

    def run(self, at=0):
        """The action from a line on, among those that stand as deep, or None."""
        depth = self.lines[at][0] if at < len(self.lines) else 0
        chosen = None
        while at < len(self.lines) and self.lines[at][0] >= depth:
            here, line = self.lines[at]
            if here == depth and line.startswith("action "):
                return line[len("action ") :].rstrip(";")
            if here == depth:
                chosen = not chosen if line == "else" else self.holds(line)
                inside = at + 1 < len(self.lines) and self.lines[at + 1][0] > depth
                action = self.run(at + 1) if chosen and inside else None
                if action:
                    return action
            at += 1
        return None


def compare(everycall, seed, folder):
    made = profile(seed)
    ours, theirs = folder / "profile.json", folder / "libseccomp.bpf"
    ours.write_text(json.dumps(made))
    filters = by_libseccomp(made)
    with theirs.open("wb") as file:
        filters.export_bpf(file)
    run = lambda *words: subprocess.run([everycall, "filter", *map(str, words)], capture_output=True, text=True)
    found = run("diff", ours, theirs, "--no-stub", "--abi", "x86_64", "--format", "json")
    if found.returncode == 0:
        return "equal", None
    if found.returncode != 1:
        return "not read", found.stderr
    if "libseccomp puts them" in found.stderr:
        return "order of rules that libseccomp does not define", None
    if "arch-confused" in run("prove", theirs).stdout:
        return "libseccomp forgot to load the number", None
    example = json.loads(found.stdout)["example"]
    with (folder / "pseudo").open("w+") as file:
        filters.export_pfc(file)
    pseudo = Pseudo((folder / "pseudo").read_text(), example["call"]).run()
    if (pseudo or "").split("(")[0] == example["from"]["text"].split("(")[0].removesuffix("_THREAD"):
        return "libseccomp's program contradicts its pseudo filter code, which agrees with ours", None
    return "different", json.dumps(example)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="SEED")
    parser.add_argument("--to", type=int, default=200, metavar="SEED")
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--everycall", default=root / "target/debug/everycall", metavar="PATH")
    args = parser.parse_args()
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(args.first, args.to):
            try:
                what, detail = compare(args.everycall, seed, pathlib.Path(folder))
            except RuntimeError as error:
                what, detail = "libseccomp refuses", str(error)
            counts[what] += 1
            if what in ("different", "not read"):
                print(f"seed {seed}: {what}: {detail}")
    for what, count in counts.most_common():
        print(f"{count:5}  {what}")
    return 1 if counts["different"] or counts["not read"] else 0


if __name__ == "__main__":
    sys.exit(main())
