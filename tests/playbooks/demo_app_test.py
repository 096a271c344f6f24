#!/usr/bin/python3
"""The demo shop behaves as a real application does: what the demo playbooks, the tour and the crash tests rely on."""
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest

APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "playbooks", "demo", "app")


class Instance:
    def __init__(self, folder, *arguments):
        self.folder = folder
        subprocess.run([os.path.join(APP, "new"), folder, *arguments], check=True)
        self.port = int(re.search(r"DEMO_PORT=(\d+)", self.read(".env")).group(1))

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def set(self, name, value):
        edited = re.sub(rf"(?m)^{name}=.*$\n?", "", self.read(".env")) + f"{name}={value}\n"
        with open(self.path(".env"), "w", encoding="utf-8") as file:
            file.write(edited)

    def ctl(self, verb):
        done = subprocess.run([self.path("ctl"), verb], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout.strip()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def settled(self):
        """The first /health that is not `starting`."""
        while True:
            status, health = self.ask("GET", "/health")
            if health["status"] != "starting":
                return status, health

    def query(self, sql):
        db = sqlite3.connect(self.path("data/app.db"))
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def rows(self):
        return self.query("SELECT id, placed_at, customer, item, amount_cents, note FROM orders ORDER BY id")


class DemoApp(unittest.TestCase):
    def instance(self, *arguments):
        folder = tempfile.TemporaryDirectory(prefix="playbook-test-")
        self.addCleanup(folder.cleanup)
        app = Instance(os.path.join(folder.name, "shop"), *arguments)
        self.addCleanup(lambda: app.ctl("stop"))
        return app

    def test_start_returns_when_it_listens_and_stop_when_it_has_exited(self):
        app = self.instance()
        self.assertEqual(app.ctl("status"), (3, "stopped"))
        self.assertEqual(app.ctl("start"), (0, "listening"))
        self.assertEqual(app.ctl("status"), (0, "running"))
        self.assertEqual(app.settled(), (200, {"status": "ok", "version": "1.0", "schema": 1}))
        self.assertEqual(app.ctl("start"), (0, "already running"))
        self.assertEqual(app.ctl("stop"), (0, "stopped"))
        with self.assertRaises(ConnectionRefusedError):
            app.ask("GET", "/health")
        self.assertEqual(app.ctl("status"), (3, "stopped"))
        self.assertEqual(app.ctl("stop"), (0, "already stopped"))

    def test_a_killed_shop_is_stopped_whatever_its_pid_file_says_and_starts_again(self):
        app = self.instance()
        app.ctl("start")
        app.settled()
        status, placed = app.ask("POST", "/orders", json.dumps({"item": "lamp", "amount_cents": 1999}))
        self.assertEqual((status, placed["id"]), (201, 201))
        os.kill(int(app.read("app.pid")), signal.SIGKILL)
        subprocess.run(["flock", app.path("app.pid"), "true"], check=True)  # until the kernel has let go of its lock
        self.assertEqual(app.ctl("status"), (3, "stopped"))
        self.assertEqual(app.ctl("start"), (0, "listening"))
        app.settled()
        self.assertEqual(app.ask("GET", "/orders")[1]["count"], 201)

    def test_starts_at_the_same_time_make_one_shop(self):
        app = self.instance()
        said = []
        starters = [threading.Thread(target=lambda: said.append(app.ctl("start"))) for _ in range(4)]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join()
        self.assertEqual(sorted(said), [(0, "already running")] * 3 + [(0, "listening")])

    def test_good_releases_migrate_themselves_and_keep_every_row(self):
        app = self.instance("--rows", "50")
        before = app.rows()
        self.assertEqual(len(before), 50)
        for version, schema in (("1.1", 2), ("1.2", 3)):
            app.set("DEMO_VERSION", version)
            self.assertEqual(app.ctl("start"), (0, "listening"))
            self.assertEqual(app.settled(), (200, {"status": "ok", "version": version, "schema": schema}))
            self.assertEqual(app.ctl("stop"), (0, "stopped"))
            self.assertEqual(app.rows(), before)

    def test_it_says_that_it_is_starting_while_it_migrates(self):
        app = self.instance()
        app.set("DEMO_VERSION", "1.1")
        lock = sqlite3.connect(app.path("data/app.db"), isolation_level=None)
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        self.assertEqual(app.ctl("start"), (0, "listening"))
        starting = (503, {"status": "starting", "version": "1.1", "schema": 1})
        self.assertEqual(app.ask("GET", "/health"), starting)
        self.assertEqual(app.ask("GET", "/orders"), starting)
        lock.execute("COMMIT")
        self.assertEqual(app.settled()[1]["status"], "ok")

    def test_release_2_0_damages_the_amounts_and_fails(self):
        app = self.instance("--version", "1.1")
        before = app.rows()
        app.set("DEMO_VERSION", "2.0")
        app.ctl("start")
        self.assertEqual(app.settled(), (500, {"status": "failed", "version": "2.0", "schema": 3, "error": "no such table: monthly_totals"}))
        after = app.rows()
        self.assertEqual([row[0] for row in after], [row[0] for row in before])
        self.assertNotEqual(sum(row[4] for row in after), sum(row[4] for row in before))

    def test_release_2_1_loses_rows_and_says_that_it_is_well(self):
        app = self.instance("--version", "1.1")
        app.set("DEMO_VERSION", "2.1")
        app.ctl("start")
        self.assertEqual(app.settled(), (200, {"status": "ok", "version": "2.1", "schema": 4}))
        self.assertEqual(app.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(len(app.rows()), 160)

    def test_what_it_refuses_to_start_with(self):
        said = "not started: "
        for setting, value, refusal in (
            ("DEMO_VERSION", "9.9", said + "release 9.9 does not exist; known are 1.0, 1.1, 1.2, 2.0, 2.1"),
            ("DEMO_VERSION", "1.0", said + "the database is at schema 2, release 1.0 knows 1"),
            ("DEMO_SECRET", "", said + ".env does not set DEMO_SECRET"),
        ):
            with self.subTest(refusal):
                app = self.instance("--version", "1.1")
                app.set(setting, value)
                self.assertEqual(app.ctl("start"), (1, refusal))
                self.assertEqual(app.ctl("status"), (3, "stopped"))
                self.assertIn(refusal, app.read("app.log"))

    def test_another_secret_is_found_out(self):
        app = self.instance()
        app.set("DEMO_SECRET", "'another'")
        app.ctl("start")
        self.assertEqual(app.settled()[1]["error"], "DEMO_SECRET is not the one that this database was made with")

    def test_a_secret_with_quotes_dollar_and_hash_is_read_as_it_stands(self):
        app = self.instance()
        self.assertIn("""DEMO_SECRET='it is "quoted", costs $5 & ends in #1'  # single""", app.read(".env"))
        app.set("DEMO_SECRET", r'"it is \"quoted\", costs $5 & ends in #1" # the same in the other quotes')
        app.ctl("start")
        self.assertEqual(app.settled()[1]["status"], "ok")

    def test_a_wrong_order_is_refused_and_not_placed(self):
        app = self.instance("--rows", "1")
        app.ctl("start")
        app.settled()
        for body in ("", "[]", "{}", '{"item": "lamp", "amount_cents": "much"}'):
            self.assertEqual(app.ask("POST", "/orders", body)[0], 400, body)
        self.assertEqual(len(app.rows()), 1)


if __name__ == "__main__":
    # The filter of ./dev test is one of Catch2's; a plain name with stars works here as well.
    pattern = os.environ.get("PLAYBOOK_TEST_FILTER", "")
    suite = unittest.TestLoader()
    suite.testNamePatterns = [f"*{pattern.replace(' ', '_')}*"] if pattern else None
    result = unittest.TextTestRunner().run(suite.loadTestsFromModule(sys.modules["__main__"]))
    sys.exit(not result.wasSuccessful())
