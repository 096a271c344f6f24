#!/usr/bin/python3 -IS
"""The benchmark table: bench.py PLAYBOOK [--ansible]. Every line is a ratio to something that is measured in the same run, on the same disk.

--ansible adds the same fifty trivial steps by ansible-playbook, which must be installed.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

STEPS = 300  # of the durable run; enough that start-up does not matter
REPLAYED = 1000

EMPTY = """return require("playbook").define { name = "bench/empty", summary = "Nothing.", run = function() end }"""

# Removing a file that is not there is a change that changes nothing: what remains is what the journal costs.
DURABLE = """return require("playbook").define { name = "bench/durable", summary = "Changes.", params = { count = { type = "integer", required = true } },
  run = function(p) for i = 1, p.count do file.remove("absent") end end }"""

SPAWNING = """return require("playbook").define { name = "bench/spawning", summary = "Children.", params = { count = { type = "integer", required = true } },
  run = function(p) for i = 1, p.count do process.run({ "true" }, { repeat_safe = true }) end end }"""

# Without a terminal the question suspends the run; each resume replays all that is before it.
QUESTION = """return require("playbook").define { name = "bench/question", summary = "Replay.", params = { count = { type = "integer", required = true } },
  run = function(p) for i = 1, p.count do file.remove("absent") end confirm("Go on?") end }"""

ANSIBLE = """- hosts: localhost
  gather_facts: false
  tasks:
""" + "".join(f"    - command: 'true'\n      name: step {i}\n" for i in range(50))


def median(values):
    return sorted(values)[len(values) // 2]


def run(*arguments, status=0, folder=None):
    """Milliseconds, resident KiB, standard output."""
    began = time.monotonic()
    child = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = child.stdout.read(), child.stderr.read()
    _, code, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(code)
    took = (time.monotonic() - began) * 1000
    if child.returncode != status:
        sys.exit(f"bench: {' '.join(arguments)}: exit {child.returncode}, expected {status}\n{output.decode()}{errors.decode()}")
    return took, usage.ru_maxrss, output.decode()


def alternating(count, *commands):
    """Medians of several commands that take turns, so that a slow moment hits all of them."""
    times = [[] for _ in commands]
    for _ in range(count):
        for command, into in zip(commands, times):
            into.append(command())
    return [median(each) for each in times]


class Bench:
    def __init__(self, playbook, folder):
        self.playbook = os.path.abspath(playbook)
        self.folder = folder
        self.instance = os.path.join(folder, "instance")
        os.mkdir(self.instance)
        for name, text in (("empty", EMPTY), ("durable", DURABLE), ("spawning", SPAWNING), ("question", QUESTION)):
            with open(self.file(name), "w", encoding="utf-8") as out:
                out.write(text)

    def file(self, name):
        return os.path.join(self.folder, name + ".lua")

    def play(self, name, *arguments, status=0):
        return run(self.playbook, "run", self.file(name), "-C", self.instance, *arguments, status=status)

    def start_up(self):
        self.play("empty")  # makes the state folder
        ours, luajit = alternating(20, lambda: self.play("empty")[0], lambda: run("luajit", "-e", "")[0])
        return "start-up of an empty playbook", f"{ours:.1f} ms", f"luajit -e '' {luajit:.1f} ms", ours / luajit, "at most 10 ms", ours <= 10

    def per_step(self, name, count):
        with_steps, without = alternating(3, lambda: self.play(name, "--count", str(count))[0], lambda: self.play(name, "--count", "0")[0])
        return (with_steps - without) / count

    def two_commits(self):
        db = sqlite3.connect(os.path.join(self.instance, "commits.db"), isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE IF NOT EXISTS action (id INTEGER PRIMARY KEY, path TEXT, outcome TEXT)")
        began = time.monotonic()
        for _ in range(STEPS):
            row = db.execute("INSERT INTO action (path) VALUES ('Upgrade#1/file.remove#1')").lastrowid
            db.execute("UPDATE action SET outcome = 'ok' WHERE id = ?", [row])
        took = (time.monotonic() - began) * 1000 / STEPS
        db.close()
        return took

    def durable_step(self):
        ours, commits = alternating(3, lambda: self.per_step("durable", STEPS), self.two_commits)
        return "a durable step", f"{ours:.2f} ms", f"two SQLite commits {commits:.2f} ms", ours / commits, "at most 1.5 times", ours / commits <= 1.5

    def spawning_step(self):
        spawn = median([run("true")[0] for _ in range(50)])
        ours, commits = self.per_step("spawning", 50), self.two_commits()
        ratio = ours / (commits * 1.5 + spawn)
        return "a durable step that runs a program", f"{ours:.2f} ms", f"1.5 times the commits and a spawn {commits * 1.5 + spawn:.2f} ms", ratio, "at most 1 time", ratio <= 1

    def memory(self):
        ours = max(self.play("durable", "--count", str(STEPS))[1] for _ in range(3)) / 1024
        luajit = run("luajit", "-e", "")[1] / 1024
        return "resident memory", f"{ours:.1f} MiB", f"luajit -e '' {luajit:.1f} MiB", ours / luajit, "at most 20 MB", ours * 1.048576 <= 20

    def replay(self):
        first = self.play("question", "--count", str(REPLAYED), status=5)[0]
        replays, whole = [], []
        for _ in range(5):
            took, _, output = run(self.playbook, "resume", "-C", self.instance, "--json", status=5)
            replays += [event["ms"] for event in map(json.loads, output.splitlines()) if event["event"] == "run.replayed"]
            whole.append(took)
        ours = median(whole)
        return (f"replay of {REPLAYED} actions, the whole resume", f"{ours:.0f} ms (the replay {median(replays):.0f})", f"doing them {first:.0f} ms",
                ours / first, "at most 50 ms", ours <= 50)

    def ansible(self):
        book = os.path.join(self.folder, "fifty.yml")
        with open(book, "w", encoding="utf-8") as out:
            out.write(ANSIBLE)
        ours, theirs = alternating(3, lambda: self.play("spawning", "--count", "50")[0],
                                   lambda: run("ansible-playbook", "-i", "localhost,", "-c", "local", book)[0])
        return "50 trivial steps", f"{ours:.0f} ms", f"Ansible {theirs:.0f} ms", ours / theirs, "80 times faster", theirs / ours >= 80


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = tempfile.mkdtemp(prefix="playbook-bench-", dir=os.path.dirname(os.path.abspath(sys.argv[1])))
    try:
        bench = Bench(sys.argv[1], folder)
        lines = [bench.start_up, bench.durable_step, bench.spawning_step, bench.memory, bench.replay]
        if "--ansible" in sys.argv:
            lines.append(bench.ansible)
        print("| what | playbook | beside it | ratio | goal | |\n|---|---|---|---|---|---|")
        for line in lines:
            what, ours, other, ratio, goal, met = line()
            print(f"| {what} | {ours} | {other} | {ratio:.2f} | {goal} | {'met' if met else 'missed'} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
