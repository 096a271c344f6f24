#!/usr/bin/python3 -IS
"""The demo shop: a real HTTP server on a real SQLite database that migrates itself when it starts, as self-hosted applications do.

One file holds all of its releases; DEMO_VERSION in .env says which one it is. 1.0, 1.1 and 1.2 are good. 2.0 damages the amounts and then
fails; 2.1 says that it is well and has lost orders. `ctl` starts it; the instance is the folder above the one that holds this file.
"""
import hashlib
import hmac
import http.server
import json
import os
import re
import signal
import socketserver
import sqlite3
import sys
import threading
import time

# --- migrations: number n is the n-th of a release's list; PRAGMA user_version of the database says how many it has had ---------------------


def create_shop(db):
    db.execute("""CREATE TABLE orders (id INTEGER PRIMARY KEY, placed_at TEXT NOT NULL, customer TEXT, item TEXT NOT NULL,
                  amount_cents INTEGER NOT NULL, note TEXT)""")
    db.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)")


def add_customers(db):
    db.execute("ALTER TABLE orders ADD COLUMN currency TEXT NOT NULL DEFAULT 'EUR'")
    db.execute("CREATE TABLE customers (name TEXT PRIMARY KEY, since TEXT NOT NULL)")
    db.execute("INSERT INTO customers SELECT customer, min(placed_at) FROM orders WHERE customer IS NOT NULL GROUP BY customer")


def add_refunds(db):
    db.execute("CREATE TABLE refunds (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, amount_cents INTEGER NOT NULL)")
    db.execute("CREATE INDEX orders_by_customer ON orders (customer)")


def round_amounts(db):
    """The damage of 2.0: whole euros, committed before the step that cannot work."""
    db.execute("UPDATE orders SET amount_cents = amount_cents / 100 * 100")
    db.execute("COMMIT")
    db.execute("INSERT INTO monthly_totals SELECT substr(placed_at, 1, 7), sum(amount_cents) FROM orders GROUP BY 1")


def require_customers(db):
    """The damage of 2.1: an inner join, and the orders of customers who gave no name are gone. Everything still answers."""
    db.execute("""CREATE TABLE new_orders (id INTEGER PRIMARY KEY, placed_at TEXT NOT NULL, customer TEXT NOT NULL REFERENCES customers,
                  item TEXT NOT NULL, amount_cents INTEGER NOT NULL, note TEXT, currency TEXT NOT NULL DEFAULT 'EUR')""")
    db.execute("""INSERT INTO new_orders SELECT o.id, o.placed_at, c.name, o.item, o.amount_cents, o.note, o.currency
                  FROM orders o JOIN customers c ON c.name = o.customer""")
    db.execute("DROP TABLE orders")
    db.execute("ALTER TABLE new_orders RENAME TO orders")
    db.execute("CREATE INDEX orders_by_customer ON orders (customer)")


RELEASES = {
    "1.0": [create_shop],
    "1.1": [create_shop, add_customers],
    "1.2": [create_shop, add_customers, add_refunds],
    "2.0": [create_shop, add_customers, add_refunds, round_amounts],
    "2.1": [create_shop, add_customers, add_refunds, require_customers],
}


def migrate(db, version, delay=0.0):
    """Brings the database to the schema of the release, each migration with its number in one transaction (if it keeps to that)."""
    for number, migration in list(enumerate(RELEASES[version], start=1))[schema_of(db):]:
        db.execute("BEGIN IMMEDIATE")
        migration(db)
        time.sleep(delay)
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
        log(f"migration {number} ({migration.__name__}) done")


# --- the database and the settings ----------------------------------------------------------------------------------------------------------


class Refused(Exception):
    """The application does not start, and says why."""


def open_database(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    db = sqlite3.connect(path, timeout=5, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    return db


def schema_of(db):
    return db.execute("PRAGMA user_version").fetchone()[0]


def key_check(secret):
    return hmac.new(secret.encode(), b"this is the key of the shop", hashlib.sha256).hexdigest()


def check_key(db, secret):
    """A receipt can be checked only with the key that it was signed with: another key is another shop."""
    db.execute("INSERT OR IGNORE INTO settings VALUES ('key_check', ?)", [key_check(secret)])
    if db.execute("SELECT value FROM settings WHERE name = 'key_check'").fetchone()[0] != key_check(secret):
        raise Refused("DEMO_SECRET is not the one that this database was made with")


def read_env(path):
    """KEY=value, KEY='literal value', KEY="value with \\" and \\\\"; a # after white space begins a comment."""
    settings = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            found = re.match(r"""\s*(?:export\s+)?(\w+)\s*=\s*(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|((?:(?!\s#).)*))""", line)
            if found:
                name, literal, quoted, plain = found.groups()
                settings[name] = literal if literal is not None else re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain.strip()
    return settings


def log(text):
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, file=sys.stderr, flush=True)


# --- the application ------------------------------------------------------------------------------------------------------------------------


class Shop:
    def __init__(self, folder):
        settings = read_env(os.path.join(folder, ".env"))
        for name in ("DEMO_VERSION", "DEMO_PORT", "DEMO_SECRET"):
            if not settings.get(name):
                raise Refused(f".env does not set {name}")
        self.version = settings["DEMO_VERSION"]
        self.port = int(settings["DEMO_PORT"])
        self.secret = settings["DEMO_SECRET"]
        self.delay = float(settings.get("DEMO_MIGRATION_SECONDS", "0"))
        self.path = os.path.join(folder, "data", "app.db")
        self.status, self.error = "starting", None

        if self.version not in RELEASES:
            raise Refused(f"release {self.version} does not exist; known are {', '.join(RELEASES)}")
        self.schema, known = schema_of(open_database(self.path)), len(RELEASES[self.version])
        if self.schema > known:
            raise Refused(f"the database is at schema {self.schema}, release {self.version} knows {known}")

    def prepare(self):
        """Runs while the server already answers 503."""
        db = open_database(self.path)
        try:
            migrate(db, self.version, self.delay)
            check_key(db, self.secret)
        except (sqlite3.Error, Refused) as error:
            self.error = str(error)
        self.schema = schema_of(db)
        self.status = "failed" if self.error else "ok"  # last: whoever reads it reads the others as they are now
        log(f"release {self.version}, schema {self.schema}: {self.error or 'ready'}")

    def health(self):
        report = {"status": self.status, "version": self.version, "schema": self.schema}
        if self.error:
            report["error"] = self.error
        return {"ok": 200, "starting": 503, "failed": 500}[report["status"]], report

    def receipt(self, order):
        signed = f"{order['id']} {order['amount_cents']}"
        return hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()[:16]

    def orders(self):
        db = open_database(self.path)
        db.row_factory = sqlite3.Row
        orders = [dict(row) for row in db.execute("SELECT * FROM orders ORDER BY id")]
        for order in orders:
            order["receipt"] = self.receipt(order)
        return 200, {"count": len(orders), "total_cents": sum(order["amount_cents"] for order in orders), "orders": orders}

    def place(self, order):
        try:
            values = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), order.get("customer"), str(order["item"]),
                      int(order["amount_cents"]), order.get("note")]
        except (AttributeError, KeyError, TypeError, ValueError):
            return 400, {"error": "an order has an item, an amount_cents, and may have a customer and a note"}
        db = open_database(self.path)
        if self.schema >= 2 and values[1] is not None:
            db.execute("INSERT OR IGNORE INTO customers VALUES (?, ?)", [values[1], values[0]])
        row = db.execute("INSERT INTO orders (placed_at, customer, item, amount_cents, note) VALUES (?, ?, ?, ?, ?)", values)
        return 201, {"id": row.lastrowid, "receipt": self.receipt({"id": row.lastrowid, "amount_cents": values[3]})}


class Server(http.server.ThreadingHTTPServer):
    server_bind = socketserver.TCPServer.server_bind  # the inherited one asks the name service for this machine's name


def handler_for(shop):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/health":
                self.answer(*shop.health())
            elif self.path == "/orders":
                self.answer(*(shop.orders() if shop.status == "ok" else shop.health()))
            else:
                self.answer(404, {"error": f"{self.path} does not exist; known are /health and /orders"})

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path != "/orders":
                self.answer(404, {"error": f"nothing can be posted to {self.path}"})
            elif shop.status != "ok":
                self.answer(*shop.health())
            else:
                try:
                    order = json.loads(body)
                except ValueError:
                    order = None
                self.answer(*shop.place(order))

        def answer(self, status, value):
            body = json.dumps(value).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def main():
    """Prints `listening` on standard output once it does, or why it does not; then nothing more goes there."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        shop = Shop(folder)
        server = Server(("127.0.0.1", shop.port), handler_for(shop))
    except (Refused, OSError, ValueError, sqlite3.Error) as error:
        log(f"not started: {error}")
        print(f"not started: {error}")
        return 1
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    print("listening", flush=True)
    os.dup2(2, 1)

    threading.Thread(target=shop.prepare, daemon=True).start()
    log(f"stopped by {signal.Signals(signal.sigwait({signal.SIGTERM, signal.SIGINT})).name}")
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
