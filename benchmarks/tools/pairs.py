"""Programs that answer requests, and taking turns: every round measures ours and each peer once, under a gate that asks
whether anybody else was using the processor."""
import json
import os
import statistics
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
FOREIGN, STEAL = 0.10, 0.05  # of a core
PAGES = ("glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=34359738368:"
         "glibc.malloc.top_pad=67108864")


def cores_for(threads):
    """The last cores, so that the first is left to the system."""
    cores = sorted(os.sched_getaffinity(0))
    return set(cores[-threads:])


class Program:
    """A process on fixed cores that answers one line with one line of JSON."""

    def __init__(self, words, threads, preload="", log=None):
        environment = dict(os.environ, GLIBC_TUNABLES=PAGES, DGLBACKEND="pytorch")
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment[name] = str(threads)
        if preload:
            environment["LD_PRELOAD"] = preload
        cores = cores_for(threads)
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                        env=environment, preexec_fn=lambda: os.sched_setaffinity(0, cores))

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            return {"failed": f"the program ended with status {self.process.poll()}"}
        return json.loads(answer)

    def cpu_seconds(self):
        """Of all its threads so far."""
        try:
            fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / TICK
        except OSError:
            return 0.0

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except BrokenPipeError:
            self.process.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def machine_seconds():
    fields = [int(x) / TICK for x in open("/proc/stat").readline().split()[1:]]
    return fields[0] + fields[1] + fields[2] + fields[5] + fields[6], fields[7]


class Entrant:
    """One who takes part in a case: how it is asked, and what it answered."""

    def __init__(self, who, variant, program, request, idiomatic=False, compare=None):
        self.who, self.variant, self.program, self.request = who, variant, program, request
        self.idiomatic, self.compare = idiomatic, compare
        self.wall, self.cpu, self.quiet, self.work = [], [], [], {}
        self.rejected, self.failed, self.checked = 0, None, None

    def measure(self):
        """(answer, whether the machine was quiet meanwhile)"""
        busy, stolen, own, begin = *machine_seconds(), self.program.cpu_seconds(), time.perf_counter()
        answer = self.program.ask(self.request)
        length = time.perf_counter() - begin
        busy_after, stolen_after = machine_seconds()
        foreign = (busy_after - busy - (self.program.cpu_seconds() - own)) / length
        return answer, foreign < FOREIGN and (stolen_after - stolen) / length < STEAL

    def warm(self):
        """Twice: memory that the first call finds too small is laid out anew in the second."""
        for _ in range(2):
            if not self.failed:
                self.failed = self.measure()[0].get("failed")

    def round(self, tries):
        """One measurement; those that others disturbed are taken again, and the last of them is kept."""
        for _ in range(tries):
            answer, quiet = self.measure()
            if "failed" in answer:
                self.failed = answer["failed"]
                return
            if quiet:
                break
            self.rejected += 1
            time.sleep(0.05)
        self.wall.append(answer["seconds"])
        self.cpu.append(answer["cpu"])
        self.quiet.append(quiet)
        self.work = answer["work"]


def take_turns(entrants, pairs, tries=3):
    """Rounds over all entrants. Returns True where at least five rounds (all, if fewer) of everyone were quiet."""
    for e in entrants:
        e.warm()
    for _ in range(pairs):
        for e in entrants:
            if not e.failed:
                e.round(tries)
    enough = min(5, pairs)
    return all(sum(e.quiet) >= enough for e in entrants if not e.failed)


def figures(e, gated):
    """Seconds by which an entrant is judged, one for each round that counts: wall clock of quiet rounds, or where the
    gate did not open process CPU time of all."""
    return {i: (e.wall if gated else e.cpu)[i] for i in range(len(e.wall)) if not gated or e.quiet[i]}


def ratio(peer, ours):
    """(median, least, most) over the rounds that both have of peer / ours."""
    both = [peer[i] / ours[i] for i in peer if i in ours]
    return (statistics.median(both), min(both), max(both)) if both else None
