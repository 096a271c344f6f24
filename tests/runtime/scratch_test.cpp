// scratch.copy and scratch.serve: a folder once more, and a server that lives no longer than it is looked at.
#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"
#include "runtime/process/children.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

TEST_CASE("a scratch copy holds the folder, its database with what stands in the WAL, and no link that leads out of it") {
  PrimitiveFixture here;
  fs::create_directories(here.instance / "media/a");
  fs::create_directories(here.instance / "data");
  replace_file(here.instance / "media/a/big", "big");
  replace_file(here.instance / "Shop.csproj",
               "<Project><ItemGroup><PackageReference Include=\"A\" Version=\"1.0\" /></ItemGroup></Project>");
  replace_file(here.instance / "run.sh", "#!/bin/sh\n", 0755);
  fs::create_symlink("run.sh", here.instance / "inside");
  fs::create_symlink("/etc", here.instance / "outside");
  fs::create_symlink("../elsewhere", here.instance / "above");
  Sqlite writer(here.instance / "data/shop.db", Sqlite::Mode::create);
  writer.script("pragma journal_mode = wal; create table t(a); insert into t values (1)");

  const Json args{{"folder", "."},
                  {"except", {"media", "data"}},
                  {"files", {{{"from", "media/a/big"}, {"to", "run.sh.old"}}}},
                  {"databases", {{{"from", "data/shop.db"}, {"to", "data/shop.db"}, {"sql", "insert into t values (2)"}}}},
                  {"projects", {{{"file", "Shop.csproj"}, {"package", "A"}, {"value", "2.0"}}}}};
  const fs::path copy = here.call("scratch.copy", args).get<std::string>();
  CHECK(copy == here.environment.run_folder / "scratch/copy");
  CHECK(Sqlite(copy / "data/shop.db", Sqlite::Mode::read).scalar("select sum(a) from t") == 3);
  CHECK(writer.scalar("select sum(a) from t") == 1);
  CHECK_THAT(read_file(copy / "Shop.csproj"), ContainsSubstring("Version=\"2.0\""));
  CHECK_THAT(read_file(here.instance / "Shop.csproj"), ContainsSubstring("Version=\"1.0\""));
  CHECK((fs::status(copy / "run.sh").permissions() & fs::perms::owner_exec) != fs::perms::none);
  CHECK(read_file(copy / "run.sh.old") == "big");
  CHECK(fs::read_symlink(copy / "inside") == "run.sh");
  for (const char* name : {"media", "outside", "above"}) CHECK_FALSE(fs::exists(fs::symlink_status(copy / name)));
  REQUIRE(here.logged.size() == 2);
  CHECK(here.probe().state == Probe::State::not_done);
  CHECK(here.call("scratch.copy", args) == copy.string());  // over what an attempt left
  here.undo();
  CHECK_FALSE(fs::exists(copy));
  for (const char* path : {"../other", "/etc", ".."})
    CHECK(error_of([&] {
            here.call("scratch.copy", {{"folder", "."}, {"except", {path}}});
          }).message() == std::string("scratch.copy: ") + path + " is not a path inside the copy");
}

namespace {

/// Answers `status` with what FACE says, and says on which port on its standard error.
constexpr const char* kServer = R"(
import http.server, os, sys
class Answers(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.end_headers(); self.wfile.write(os.environ["FACE"].encode())
open("pid", "w").write(str(os.getpid()))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
)";

struct Serving : PrimitiveFixture {
  std::unique_ptr<Children> real = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
  Serving() {
    environment.children = real.get();
    replace_file(instance / "server.py", kServer);
    replace_file(instance / "site.env", "FACE=from a file\n");
  }
  Json serve(const std::string& status, Json more = Json::object()) {
    more["argv"] = {"python3", "server.py", "{port}", status};
    more["url"] = "http://127.0.0.1:{port}/";
    return call("scratch.serve", more);
  }
  bool is_gone() const { return !fs::exists("/proc/" + read_file(instance / "pid")); }
};

}  // namespace

TEST_CASE("a scratch server is waited for on a port of its own, and is gone when it has answered") {
  Serving here;
  CHECK(here.serve("200", {{"env_files", {"site.env"}}, {"body", "from a file"}})["ready_after_ms"].get<int>() >= 0);
  CHECK(here.is_gone());
  CHECK(here.serve("404", {{"env_files", {"site.env"}}, {"env", {{"FACE", "on port {port}"}}}, {"statuses", {200, 404}}}).is_object());
  CHECK(here.is_gone());
}

TEST_CASE("a scratch server that ends, gives up or does not answer as expected in time is an error, and is gone") {
  Serving here;
  const Json env{{"FACE", "Degraded"}};
  Error error = error_of([&] { here.serve("500", {{"env", env}, {"give_up_on", {500}}}); });
  CHECK(error.message() == "python3 server.py '{port}' 500 answers status 500, Degraded, which ends the waiting");
  CHECK(here.is_gone());
  error = error_of([&] { here.serve("200", {{"env", env}, {"body", "Healthy"}, {"deadline", 3}}); });
  CHECK(error.message() == "python3 server.py '{port}' 200 did not answer as expected within 3.0s; last: status 200, Degraded");
  CHECK(here.is_gone());
  error = error_of([&] {
    here.call("scratch.serve", {{"argv", {"sh", "-c", "echo no such library >&2; exit 3"}}, {"url", "http://127.0.0.1:{port}/"}});
  });
  CHECK(error.message() == "sh -c 'echo no such library >&2; exit 3' ended with status 3 before it answered: no such library");
  error = error_of([&] { here.call("scratch.serve", {{"argv", {"no-such-program"}}, {"url", "http://127.0.0.1:{port}/"}}); });
  CHECK(error.code() == Code::process_missing);
}
