#!/usr/bin/python3
"""A stand-in of Appsmith's one container, in what matters to an upgrade: entrypoint and appsmithctl.

It behaves as entrypoint.sh, mongodb-fixer.sh and the server of the releases do: docker.env is made on the first boot and rewritten by 2.x; MongoDB refuses data
of a feature compatibility version that it does not know, before any migration; Mongock migrates before the schema is looked at, so that a skipped checkpoint
has changed data when it stops; `/` answers 200 all the time; health comes before the data is raised. Its "MongoDB" is a JSON file, and of JavaScript it knows
the questions that the playbook asks. One password is stored, as Appsmith's own encryptor gave it: in its old scheme, and from 1.9 on in the new one.
"""
import http.server, json, os, re, signal, sys, threading, time

STACKS = "/appsmith-stacks"
# "s3cr3t-db-password" under the password and salt of first_boot, by EncryptionServiceCEImpl of v1.8 and EncryptionHelper of v1.9.
ENCRYPTED = {1: "ac5a029a684d28df8c57a4cad54516edf356079924e1c31a9b1b3412ea780eff",
             2: "8b217d8af0fe2eb399789a3eadc51bae237ae92911aec8dc53b9871d4c1d5d465635219e57ce2ba0a5bb963a193f8848ba01"}
DATABASE = STACKS + "/data/mongodb/db.json"
ENV = STACKS + "/configuration/docker.env"
info = json.load(open("/opt/appsmith/info.json"))
release = tuple(int(part) for part in info["version"].lstrip("v").split("."))
state = {"well": False}


def say(line):
    print(line, flush=True)


def mongodb():
    if release < (1, 9):
        return "4.4", ["4.2", "4.4"], None
    if release < (1, 9, 41):
        return "5.0", ["4.4", "5.0"], None
    if release < (1, 67):
        return "5.0", ["4.4", "5.0"], "5.0"
    if release < (1, 96):
        return "6.0", ["5.0", "6.0"], "5.0"
    if release < (2, 0):
        return "6.0", ["5.0", "6.0"], "6.0"
    return "7.0", ["6.0", "7.0"], "7.0" if release >= (2, 2) else None


def load():
    return json.load(open(DATABASE))


def save(data):
    with open(DATABASE + ".new", "w") as out:
        json.dump(data, out)
    os.replace(DATABASE + ".new", DATABASE)


class Answers(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        status, body = 200, "<html>loading</html>"
        if self.path == "/info":
            body = json.dumps(info)
        elif self.path == "/api/v1/health":
            status = 200 if state["well"] else 503
            body = json.dumps({"responseMeta": {"status": status}, "data": "All systems are Up" if state["well"] else None})
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())


def first_boot(version):
    for folder in ("data/mongodb", "data/redis", "data/backup", "configuration", "git-storage", "logs"):
        os.makedirs(STACKS + "/" + folder, exist_ok=True)
    if not os.path.exists(ENV):
        with open(ENV, "w") as out:
            out.write("APPSMITH_DB_URL=mongodb://appsmith:x9KzQ2mLp0sTv@localhost:27017/appsmith\nAPPSMITH_ENCRYPTION_PASSWORD=Xk3PqLm92aBcD\n"
                      "APPSMITH_ENCRYPTION_SALT=Zt7RwYh41eFgH\nAPPSMITH_REDIS_URL=redis://127.0.0.1:6379\nAPPSMITH_MAIL_HOST=\n")
        os.chmod(ENV, 0o600)
    if not os.path.exists(DATABASE):
        save({"fcv": version, "schema": 1 if release < (1, 9) else 2, "failed": [], "changes": ["seed"], "enterprise": False, "locked": False,
              "rows": {"workspace": 1, "application": 2, "newPage": 3, "newAction": 4, "datasource": 5}})


def entrypoint():
    say(json.dumps(info))
    version, opens, raises = mongodb()
    first_boot(version)
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    data = load()
    if data["fcv"] not in opens:
        say("ERROR: Embedded MongoDB %s failed to start on the existing data. Its feature compatibility version is %s." % (version, data["fcv"]))
        sys.exit(1)
    if release >= (2, 0) and "APPSMITH_REDIS_PASSWORD" not in open(ENV).read():
        with open(ENV, "a") as out:
            out.write("APPSMITH_REDIS_PASSWORD=r3d1s\nAPPSMITH_REDIS_URL=redis://:r3d1s@127.0.0.1:6379\n")
    if data["enterprise"] and release >= (2, 2) and "-ee" not in info["commitUrl"]:
        say("APPSMITH STARTUP ABORTED  [APPSMITH-EE-DOWNGRADE-BLOCKED]")
        sys.exit(1)
    for change in data["changes"]:
        say("PASSED OVER - {'id': '%s'}" % change)
    data["changes"].append("change-of-" + info["version"])
    save(data)
    if info.get("fails"):
        data["failed"].append("change-of-" + info["version"])
        data["rows"]["newAction"] -= 1
        save(data)
        say("FAILED OVER - {'id': 'change-of-%s'}" % info["version"])
        say("Error in mongock process. ABORTED MIGRATION")
        sys.exit(1)
    say("APPLIED - {'id': 'change-of-%s'}" % info["version"])
    if release >= (1, 9, 3) and data["schema"] != 2:
        say("Looks like you skipped some required update(s), please go back to the mandatory upgrade path [v1.9.2]")
        sys.exit(1)
    if (1, 9) <= release <= (1, 9, 2):
        data["schema"] = 2
        save(data)
    state["well"] = True
    say("Please open http://localhost:80 in your browser to experience Appsmith!")
    if raises and float(raises) > float(data["fcv"]):
        say("mongodb-fixer: Ensuring MongoDB featureCompatibilityVersion is at least " + raises)
        time.sleep(0.5)
        data["fcv"] = raises
        save(data)
        say("mongodb-fixer: MongoDB featureCompatibilityVersion floor of %s confirmed" % raises)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def appsmithctl(arguments):
    if arguments[:1] == ["version"]:
        print(info["version"])
    elif arguments[:1] == ["mongo-eval"] and "playbook: facts" in arguments[1]:
        data = load()
        data["changes"] = len(data["changes"])
        print("Connecting to the database")
        print(json.dumps(data))
    elif arguments[:1] == ["mongo-eval"] and "playbook: secrets" in arguments[1]:
        print("Connecting to the database")
        print(json.dumps({"place": "datasourceStorage.datasourceConfiguration.authentication.password", "id": "507f1f77bcf86cd799439011",
                          "text": ENCRYPTED[load()["schema"]]}))
    else:
        sys.exit("appsmithctl: the stand-in does not know " + " ".join(arguments))


if os.path.basename(sys.argv[0]) == "appsmithctl":
    appsmithctl(sys.argv[1:])
else:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    entrypoint()
