# A stand-in of an Appstrate of tier 0: holds its "PGlite" folder open while it runs, whose pg_control tells so; migrates as the release that is checked out
# (release.txt), and answers /health as the real one does. A release "crash" ends once it has migrated.
import http.server, os, signal, struct, sys

release = open("release.txt").read().strip()
folder = "data/pglite"
held = open(folder + "/PG_VERSION")


def state(number):
    with open(folder + "/global/pg_control", "r+b") as control:
        control.seek(16)
        control.write(struct.pack("<I", number))


def stop(*_):
    state(1)  # shut down
    os._exit(0)


state(6)  # in production
signal.signal(signal.SIGTERM, stop)
with open(folder + "/migrations", "a") as table:
    if release not in open(folder + "/migrations").read().split():
        table.write(release + "\n")
if release.endswith("crash"):
    sys.exit("error: Module failed to initialize")


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"status":"healthy","version":{"app":"dev"}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(open("port").read())), Answers).serve_forever()
