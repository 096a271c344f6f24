"""A stand-in of an Umbraco site: it boots as the real one does in what matters here. Premigrations run before anybody asks whether it may migrate; the state
is written after every step; it logs compact JSON with Serilog's templates; until 17.2 nothing answers before it is done, from 17.3 on 503; a failed boot
answers 500 for ever. It migrates no content. Variables of its environment win over its files; an image names its release there. `site.json`: port, table
(the states), fail (a state at which it fails), dies (it ends there), only_live (it fails only where no variable names the database), lose (true: a value is
gone after the boot), lie (ready says Degraded at first), address (at which it listens).
"""
import http.server, json, os, re, sqlite3, threading, time

settings = json.load(open("site.json"))
table = json.load(open(settings["table"]))
release = os.environ.get("STAND_IN_RELEASE") or open("out/release").read().strip()
named = re.search("Data Source=([^;]+)", os.environ.get("ConnectionStrings__umbracoDbDSN", ""))
path = named.group(1).replace("|DataDirectory|", "umbraco/Data") if named else "umbraco/Data/Umbraco.sqlite.db"
port = int(os.environ["ASPNETCORE_URLS"].rsplit(":", 1)[1]) if "ASPNETCORE_URLS" in os.environ else settings["port"]
if named and settings.get("only_live"):
    del settings["fail"]
site = {"level": "boot", "asked": 0}
PREFIX = "Umbraco.Core.Upgrader.State+Umbraco.Core"


def number(version):
    return tuple(int(part) for part in version.split("."))


def log(template, level=None, **values):
    os.makedirs("umbraco/Logs", exist_ok=True)
    line = {"@t": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "@mt": template, **values}
    if level:
        line["@l"] = level
    with open("umbraco/Logs/UmbracoTraceLog.STANDIN.20261121.json", "a") as out:
        out.write(json.dumps(line) + "\n")


def way(plan, state):
    plan = table["plans"][plan]
    at = state.strip("{}").upper()[:8]
    aside = {pair[0]: pair[1] for pair in plan.get("side", [])}
    steps = []
    while at not in plan["chain"]:
        if at not in aside:
            raise RuntimeError('The migration plan does not support migrating from state "%s".' % state)
        at = aside[at]
        steps.append(at)
    return steps + plan["chain"][plan["chain"].index(at) + 1:]


def migrate(database, plan, key, fallback):
    row = database.execute('select value from umbracoKeyValue where "key" = ?', (key,)).fetchone()
    state = row[0] if row else fallback
    log("Starting '{MigrationName}'...", MigrationName=key)
    for step in way(plan, state):
        known = table["states"][step]
        log("Execute {MigrationType}", MigrationType=known["class"])
        if step == settings.get("fail"):
            log("Plan {PlanName} failed at step {TargetState}", "Error", PlanName=key, TargetState=known["state"])
            if settings.get("dies"):
                os._exit(134)
            raise RuntimeError("An error occurred while running the unattended upgrade.")
        with database:
            database.execute('insert into umbracoKeyValue("key", value) values (?, ?) on conflict("key") do update set value = excluded.value', (key, known["state"]))
        log("At {OrigState}", OrigState=known["state"])
    log("Done")


def boot():
    database = sqlite3.connect(path, timeout=10)
    plans = table["releases"][release]
    if plans.get("pre_plan"):
        migrate(database, plans["pre_plan"], PREFIX + ".Premigrations", "")
    migrate(database, plans["core_plan"], PREFIX, table["states"][table["plans"][plans["core_plan"]]["chain"][0]]["state"])
    if settings.get("lose"):
        with database:
            database.execute("delete from umbracoPropertyData where id = 1")
    database.close()


class Answers(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        status, body = 200, "a page"
        if site["level"] == "failed":
            status, body = 500, "Boot failed"
        elif site["level"] == "boot":
            status, body = 503, "upgrading"
        elif self.path == "/umbraco/api/health/ready":
            site["asked"] += 1
            body = "Degraded" if settings.get("lie") and site["asked"] < 3 else "Healthy"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())


def try_boot():
    try:
        boot()
        site["level"] = "run"
    except Exception as error:
        log("Boot failed", "Error", **{"@x": str(error)})
        site["level"] = "failed"


if number(release) < (17, 3):
    try_boot()
    server = http.server.ThreadingHTTPServer((settings.get("address", "127.0.0.1"), port), Answers)
else:
    server = http.server.ThreadingHTTPServer((settings.get("address", "127.0.0.1"), port), Answers)
    threading.Thread(target=try_boot, daemon=True).start()
server.serve_forever()
