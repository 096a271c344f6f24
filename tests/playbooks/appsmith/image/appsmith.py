#!/usr/bin/python3 -BSE
"""A stand-in of Appsmith's one container, in what matters to an upgrade: entrypoint, appsmithctl, supervisorctl and MongoDB's tools, by the name it is called.

It behaves as entrypoint.sh, mongodb-fixer.sh and the server of the releases do: docker.env is made on the first boot and rewritten by 2.x; MongoDB refuses data
of a feature compatibility version that it does not know, before any migration; Mongock migrates before the schema is looked at, so that a skipped checkpoint
has changed data when it stops; a server that stops leaves its container up, for supervisord and MongoDB go on; `/` answers 200 all the time; health comes
before the data is raised. Its "MongoDB" is a JSON file, of which mongodump makes true archives (mongo_archive.py), and of JavaScript it knows the questions
that the playbook asks. One password is stored, as Appsmith's own encryptor gave it: in its old scheme, and from 1.9 on in the new one.

STAND_IN_STACKS, STAND_IN_PORT and STAND_IN_INFO say where it lives when it is no container.
"""
import json, os, re, signal, sys

STACKS = os.environ.get("STAND_IN_STACKS", "/appsmith-stacks")
# "s3cr3t-db-password" under the password and salt of first_boot, by EncryptionServiceCEImpl of v1.8 and EncryptionHelper of v1.9.
ENCRYPTED = {1: "ac5a029a684d28df8c57a4cad54516edf356079924e1c31a9b1b3412ea780eff",
             2: "8b217d8af0fe2eb399789a3eadc51bae237ae92911aec8dc53b9871d4c1d5d465635219e57ce2ba0a5bb963a193f8848ba01"}
PASSWORD, SALT = "Xk3PqLm92aBcD", "Zt7RwYh41eFgH"
ENV = STACKS + "/configuration/docker.env"
STOPPED = STACKS + "/../.backend-stopped" if "STAND_IN_STACKS" in os.environ else "/tmp/backend-stopped"  # goes with the container
info = json.load(open(os.environ.get("STAND_IN_INFO", "/opt/appsmith/info.json")))
release = tuple(int(part) for part in info["version"].lstrip("v").split("."))
state = {"well": False}


def say(line):
    print(line, flush=True)


def settings():
    """docker.env, the container's own environment before it."""
    found = dict(line.rstrip("\n").split("=", 1) for line in open(ENV) if "=" in line) if os.path.exists(ENV) else {}
    return {**found, **{name: value for name, value in os.environ.items() if name.startswith("APPSMITH_")}}


def is_embedded():
    return re.search("localhost|127[.]0[.]0[.]1", settings().get("APPSMITH_DB_URL", "localhost")) is not None


def database():
    """Where the data is: below the stacks, or in a folder of its own, which stands for another server."""
    return STACKS + "/data/mongodb/db.json" if is_embedded() else os.environ["STAND_IN_ELSEWHERE"]


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
    return json.load(open(database()))


def save(data):
    path = database()
    with open(path + ".new", "w") as out:
        json.dump(data, out)
    os.replace(path + ".new", path)


def first_boot(version):
    for folder in ("data/mongodb", "data/redis", "data/backup", "configuration", "git-storage", "logs"):
        os.makedirs(STACKS + "/" + folder, exist_ok=True)
    if not os.path.exists(ENV):
        with open(ENV, "w") as out:
            out.write("APPSMITH_DB_URL=mongodb://appsmith:x9KzQ2mLp0sTv@localhost:27017/appsmith\nAPPSMITH_ENCRYPTION_PASSWORD=%s\n"
                      "APPSMITH_ENCRYPTION_SALT=%s\nAPPSMITH_REDIS_URL=redis://127.0.0.1:6379\nAPPSMITH_MAIL_HOST=\n" % (PASSWORD, SALT))
        os.chmod(ENV, 0o600)
    if not os.path.exists(database()):
        seeded = os.environ.get("STAND_IN_FRESH_FCV", version)
        save({"fcv": seeded, "schema": 1 if release < (1, 9) else 2, "failed": [], "changes": ["seed"], "enterprise": False, "locked": False,
              "rows": {"workspace": 1, "application": 2, "newPage": 3, "newAction": 4, "datasource": 5}})


def serve():
    import http.server, threading

    class Answers(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            status, body = 200, "<html>loading</html>"
            if self.path == "/info" and release >= (1, 10):
                body = json.dumps(info)
            elif self.path == "/api/v1/health":
                well = state["well"] and not os.path.exists(STOPPED)
                status = 200 if well else 503
                body = json.dumps({"responseMeta": {"status": status}, "data": "All systems are Up" if well else None})
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

    http.server.ThreadingHTTPServer.allow_reuse_address = True
    server = http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("STAND_IN_PORT", "80"))), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def stay():
    """What supervisord does while the server is down."""
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    os._exit(0)


def entrypoint():
    if release >= (1, 10):
        say(json.dumps(info))
    if os.path.exists(STACKS + "/data/says"):
        say(open(STACKS + "/data/says").read().rstrip())  # what a test wants to be said
    version, opens, raises = mongodb()
    if os.path.exists(STOPPED):
        os.remove(STOPPED)
    first_boot(version)
    serve()
    data = load()
    if is_embedded() and data["fcv"] not in opens:
        say("ERROR: Embedded MongoDB %s failed to start on the existing data. Its feature compatibility version is %s." % (version, data["fcv"]))
        sys.exit(1)
    if release >= (2, 0) and "APPSMITH_REDIS_PASSWORD" not in open(ENV).read():
        with open(ENV, "a") as out:
            out.write("APPSMITH_REDIS_PASSWORD=r3d1s\nAPPSMITH_REDIS_URL=redis://:r3d1s@127.0.0.1:6379\n")
    if data["enterprise"] and release >= (2, 2) and "-ee" not in info["commitUrl"]:
        say("APPSMITH STARTUP ABORTED  [APPSMITH-EE-DOWNGRADE-BLOCKED]")
        stay()
    mine = "change-of-" + info["version"]
    for change in data["changes"]:
        number = change[len("change-of-v"):]
        if change == "seed" or tuple(int(part) for part in number.split(".")) <= release:  # a release knows the changes of those before it
            say("PASSED OVER - {'id': '%s'}" % change)
    if mine not in data["changes"]:
        data["changes"].append(mine)
        save(data)
        if info.get("fails"):
            data["failed"].append(mine)
            data["rows"]["newAction"] -= 1
            data["rows"]["newer"] = 1
            save(data)
            say("FAILED OVER - {'id': '%s'}" % mine)
            say("Error in mongock process. ABORTED MIGRATION")
            stay()
        for change in data["failed"]:
            say("RE-APPLIED - {'id': '%s'}" % change)  # by a release that has mended it
        data["failed"] = []
        save(data)
        say("APPLIED - {'id': '%s'}" % mine)
    elif data["failed"]:
        say("Error in mongock process. ABORTED MIGRATION")
        stay()
    if "-ee" in info["commitUrl"] and not data["enterprise"]:
        data["enterprise"] = True
        save(data)
        say("APPLIED - {'id': 'first-of-the-business-edition'}")
    if release >= (1, 9, 3) and data["schema"] != 2:
        say("Looks like you skipped some required update(s), please go back to the mandatory upgrade path [v1.9.2]")
        stay()
    if (1, 9) <= release <= (1, 9, 2):
        data["schema"] = 2
        save(data)
    given = settings()
    if (given.get("APPSMITH_ENCRYPTION_PASSWORD"), given.get("APPSMITH_ENCRYPTION_SALT")) != (PASSWORD, SALT):
        say("java.lang.IllegalStateException: Unable to invoke Cipher due to bad padding")  # it serves all the same
    state["well"] = True
    say("Please open http://localhost:80 in your browser to experience Appsmith!")
    if is_embedded() and raises and float(raises) > float(data["fcv"]):
        say("mongodb-fixer: Ensuring MongoDB featureCompatibilityVersion is at least " + raises)
        data["fcv"] = raises
        save(data)
        say("mongodb-fixer: MongoDB featureCompatibilityVersion floor of %s confirmed" % raises)
    stay()


def appsmithctl(arguments):
    if arguments[:1] == ["version"]:
        print(info["version"])
    elif arguments[:1] == ["backup"]:
        back_up(arguments[1:])
    else:
        sys.exit("appsmithctl: the stand-in does not know " + " ".join(arguments))


def back_up(options):
    """As appsmithctl backup of 2.x does it without a terminal: docker.env without its keys and addresses, no encryption."""
    import io, tarfile, time, mongo_archive
    name = "appsmith-backup-" + time.strftime("%Y-%m-%dT%H-%M-%S.000Z", time.gmtime())
    below = "./" + name + "/" if "--old-layout" in options else "./"
    left_out = ("APPSMITH_ENCRYPTION", "APPSMITH_MONGODB", "APPSMITH_DB_URL=", "APPSMITH_REDIS")
    if "--with-keys" in options:  # as one that will be encrypted has them
        left_out = left_out[1:]
    kept = "".join(line for line in open(ENV) if not line.startswith(left_out))
    database_name = "other" if "--other-database" in options else "appsmith"
    members = {"manifest.json": json.dumps({"appsmithVersion": info["version"], "dbName": database_name}).encode(),
               "mongodb-data.gz": mongo_archive.dump(documents(load())), "docker.env": kept.encode()}
    path = STACKS + "/data/backup/" + name + ".tar.gz"
    with tarfile.open(path, "w:gz") as out:
        for member, content in members.items():
            entry = tarfile.TarInfo(below + member)
            entry.size = len(content)
            out.addfile(entry, io.BytesIO(content))
        out.add(STACKS + "/git-storage", below + "git-storage")
    print("Backup done: " + path)
    archives = sorted(name for name in os.listdir(STACKS + "/data/backup") if name.startswith("appsmith-backup-"))
    for name in archives[:-int(os.environ.get("APPSMITH_BACKUP_ARCHIVE_LIMIT", "4"))]:
        os.remove(STACKS + "/data/backup/" + name)


# The documents of its database, and the database of documents --------------------------------------------------------------------------------------------


def documents(data):
    """Collection -> documents, as an Appsmith would have them."""
    found = {name: [{"_id": "%s-%d" % (name, number), "name": "one"} for number in range(count)] for name, count in data["rows"].items()}
    found["config"] = [{"_id": "c1", "name": "schemaVersion", "config": {"value": data["schema"]}}]
    found["user"] = [{"_id": "u1", "email": "ann@example.com"}]
    found["mongockChangeLog"] = [
        {"_id": change, "changeId": change, "state": "FAILED" if change in data["failed"] else "EXECUTED",
         "changeLogClass": "com.appsmith.server.migrations.db." + ("" if data["enterprise"] else "ce.") + "Migration"} for change in data["changes"]]
    found["datasourceStorage"] = [{"_id": "507f1f77bcf86cd799439011",
                                   "datasourceConfiguration": {"authentication": {"password": ENCRYPTED[data["schema"]]}}}]
    return found


def restored(data, collections):
    """What mongorestore --drop makes of it: collections of the dump are replaced, others stay."""
    for name, found in collections.items():
        if name == "config":
            data["schema"] = next(one["config"]["value"] for one in found if one["name"] == "schemaVersion")
        elif name == "mongockChangeLog":
            data["changes"] = [one["changeId"] for one in found]
            data["failed"] = [one["changeId"] for one in found if one["state"] == "FAILED"]
            data["enterprise"] = any(".ce." not in one["changeLogClass"] for one in found)
        elif name not in ("user", "datasourceStorage"):
            data["rows"][name] = len(found)
    return data


def mongodump():
    import mongo_archive
    sys.stdout.buffer.write(mongo_archive.dump(documents(load())))


def mongorestore(options):
    import mongo_archive
    found = mongo_archive.read(sys.stdin.buffer.read())
    if "--dryRun" in options:
        return
    if os.path.exists(STACKS + "/data/restore-fails"):
        save(restored(load(), dict(list(found.items())[:2])))
        sys.exit("Failed: appsmith.newPage: error restoring from archive: connection closed")
    save(restored(load(), found))


def shell(script):
    """A script of MongoDB's shell, which connects first."""
    text, data = open(script).read(), load()
    if "STAND_IN_STACKS" not in os.environ and not re.match(r'db = connect\("mongodb://[^"]+"\);', text):
        sys.exit("MongoNetworkError: no address")
    if "playbook: facts" in text:
        del data["changes"]
        print(json.dumps({"server": mongodb()[0] + ".3", "replicated": True, **data}))
    elif "playbook: changes" in text:
        print(json.dumps({"ids": data["changes"]}))
    elif "playbook: secrets" in text:
        if data["schema"]:
            print(json.dumps({"place": "datasourceStorage.datasourceConfiguration.authentication.password", "id": "507f1f77bcf86cd799439011",
                              "text": ENCRYPTED[data["schema"]]}))
    elif "playbook: raise" in text:
        wanted = re.search(r'setFeatureCompatibilityVersion: "([0-9.]+)"', text).group(1)
        if wanted not in mongodb()[1]:
            sys.exit("MongoServerError: Invalid featureCompatibilityVersion document")
        save({**data, "fcv": wanted})
        print('{"ok":1}')
    elif "db.dropDatabase()" in text:
        save({"fcv": data["fcv"], "schema": None, "failed": [], "changes": [], "enterprise": False, "locked": False, "rows": {}})
    else:
        sys.exit("mongosh: the stand-in does not know " + text)


def mongosh():
    if sys.argv[-1].endswith(".js"):
        return shell(sys.argv[-1])
    if "PLAYBOOK_MONGODB_KEPT" in os.environ:
        data, kept = load(), json.loads(os.environ["PLAYBOOK_MONGODB_KEPT"])
        for name in [name for name in data["rows"] if "appsmith." + name not in kept]:
            del data["rows"][name]
            print("dropped appsmith." + name)
        return save(data)
    found = documents(load())
    for name in json.loads(os.environ["PLAYBOOK_MONGODB_COLLECTIONS"]):
        print(name, len(found.get(name.split(".", 1)[1], [])))


def supervisorctl(words):
    if words[:1] == ["stop"]:
        open(STOPPED, "w").close()
    elif words[:1] == ["start"] and os.path.exists(STOPPED):
        os.remove(STOPPED)
    if words == ["status"]:
        failed = open(STACKS + "/data/fatal").read().split() if os.path.exists(STACKS + "/data/fatal") else []
        for program in ("backend", "mongodb", "postgres", "redis", "rts"):
            print("%-32s %s" % (program, "FATAL     Exited too quickly (process log may have details)" if program in failed
                                else "STOPPED   Nov 21 07:13 AM" if os.path.exists(STOPPED) and program in ("backend", "rts")
                                else "RUNNING   pid 42, uptime 0:01:00"))
        sys.exit(3 if failed else 0)
    for program in words[1:]:
        print(program + ": " + ("stopped" if words[0] == "stop" else "started"))


called = os.path.basename(sys.argv[0])
if called == "appsmithctl":
    appsmithctl(sys.argv[1:])
elif called == "supervisorctl":
    supervisorctl(sys.argv[1:])
elif called == "mongodump":
    mongodump()
elif called == "mongorestore":
    mongorestore(sys.argv[1:])
elif called in ("mongosh", "mongo"):
    mongosh()
else:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    entrypoint()
