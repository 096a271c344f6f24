// file.* and dotenv.*: what they do, plan, undo, and know after a crash.
#include <sys/stat.h>

#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
namespace fs = std::filesystem;
using playbook::testing::ContainsSubstring;
using playbook::testing::error_of;
using playbook::testing::PrimitiveFixture;

namespace {

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

// Ends the work at one instant by an exception, as a crash that a test survives. What destructors do happens too, unlike in a real crash.
struct Crash {};
class CrashAt : public Faults {
 public:
  explicit CrashAt(std::string instant) : instant_(std::move(instant)) {}
  void reach(std::string_view instant) override {
    if (instant == instant_) throw Crash{};
  }

 private:
  std::string instant_;
};

struct Edit {
  const char* name;
  Json args;
  std::optional<std::string> before, after;
};

std::vector<Edit> edits() {
  return {
      {"dotenv.set", {{"path", ".env"}, {"key", "A"}, {"value", "2"}}, "A=1\nB=x\n", "A=2\nB=x\n"},
      {"dotenv.unset", {{"path", ".env"}, {"key", "A"}}, "A=1\nB=x\n", "B=x\n"},
      {"file.write", {{"path", ".env"}, {"content", "new\n"}}, "old\n", "new\n"},
      {"file.write", {{"path", ".env"}, {"content", "new\n"}}, std::nullopt, "new\n"},
      {"file.write", {{"path", ".env"}, {"content", ""}}, std::nullopt, ""},
      {"file.remove", {{"path", ".env"}}, "A=1\n", std::nullopt},
  };
}

void put(const fs::path& path, const std::optional<std::string>& content) {
  fs::remove(path);
  if (!content) return;
  replace_file(path, *content);
  fs::permissions(path, fs::perms(0640));
}

}  // namespace

TEST_CASE("an edit of a file does it, knows that it stands, and is undone whole") {
  for (const Edit& edit : edits()) {
    PrimitiveFixture fixture;
    fs::path path = fixture.instance / ".env";
    INFO(edit.name);
    put(path, edit.before);
    CHECK(fixture.call(edit.name, edit.args) == true);
    CHECK(try_read_file(path) == edit.after);
    CHECK_FALSE(fixture.drift());
    CHECK(fixture.probe().state == Probe::State::done);
    CHECK(fixture.probe().result == true);
    fixture.undo();
    CHECK(try_read_file(path) == edit.before);
    if (edit.before) CHECK(mode_of(path) == 0640);
    fixture.undo();
    CHECK(try_read_file(path) == edit.before);
  }
}

TEST_CASE("after a crash at any instant the probe knows where the file stands, and both ways lead on") {
  for (const Edit& edit : edits())
    for (const char* instant : {"file.temporary", "file.synced", "file.renamed", "file.removing", "file.removed"})
      for (bool forward : {true, false}) {
        PrimitiveFixture fixture;
        fs::path path = fixture.instance / ".env";
        put(path, edit.before);
        fixture.begin(edit.name, edit.args);
        CrashAt crash(instant);
        fixture.environment.faults = &crash;
        try {
          Context context(fixture.environment, fixture.environment.run_id + "/1", nullptr, nullptr);
          fixture.registry.at(edit.name).run(context, fixture.record.args, fixture.record.prepared);
        } catch (const Crash&) {
        }
        fixture.environment.faults = nullptr;
        INFO(edit.name << " at " << instant);
        Probe probe = fixture.probe();
        CHECK(probe.state == (try_read_file(path) == edit.after ? Probe::State::done : Probe::State::not_done));
        if (!forward) fixture.undo();
        if (forward && probe.state == Probe::State::not_done) {
          Context context(fixture.environment, fixture.environment.run_id + "/1", nullptr, nullptr);
          CHECK(fixture.registry.at(edit.name).run(context, fixture.record.args, fixture.record.prepared) == true);
        }
        CHECK(try_read_file(path) == (forward ? edit.after : edit.before));
      }
}

TEST_CASE("what a killed process left beside the file is swept when the outcome is asked for") {
  PrimitiveFixture fixture;
  put(fixture.instance / ".env", "A=1\n");
  fixture.begin("dotenv.set", {{"path", ".env"}, {"key", "A"}, {"value", "2"}});
  fixture.instance_folder.write("..env.playbook-aB3xYz", "A=2\n");
  CHECK(fixture.probe().state == Probe::State::not_done);
  CHECK_FALSE(fs::exists(fixture.instance / "..env.playbook-aB3xYz"));
}

TEST_CASE("an undo that dies can be called again") {
  for (const Edit& edit : edits())
    for (const char* instant : {"file.undoing", "file.temporary", "file.renamed", "file.undone"}) {
      PrimitiveFixture fixture;
      fs::path path = fixture.instance / ".env";
      put(path, edit.before);
      fixture.call(edit.name, edit.args);
      CrashAt crash(instant);
      fixture.environment.faults = &crash;
      try {
        fixture.undo();
      } catch (const Crash&) {
      }
      fixture.environment.faults = nullptr;
      fixture.undo();
      INFO(edit.name << " at " << instant);
      CHECK(try_read_file(path) == edit.before);
      if (edit.before) CHECK(mode_of(path) == 0640);
    }
}

TEST_CASE("a file that another hand changed is left as it is") {
  for (const Edit& edit : edits()) {
    PrimitiveFixture fixture;
    fs::path path = fixture.instance / ".env";
    INFO(edit.name);
    put(path, edit.before);
    fixture.call(edit.name, edit.args);
    replace_file(path, "X=edited by hand\n");
    CHECK(fixture.drift() == path.string() + " is not as " + edit.name + " left it");
    Probe probe = fixture.probe();
    CHECK(probe.state == Probe::State::unknown);
    CHECK(probe.explanation == path.string() + " is neither as it was before nor as " + edit.name + " would have left it");
    Error error = error_of([&] { fixture.undo(); });
    CHECK(error.code() == Code::file_changed);
    CHECK(error.message() == path.string() + " is neither as it was before this run changed it nor as the run left it; it stays as it is");
    CHECK(read_file(path) == "X=edited by hand\n");
  }
}

TEST_CASE("an edit between prepare and run is noticed") {
  PrimitiveFixture fixture;
  put(fixture.instance / ".env", "A=1\n");
  fixture.begin("dotenv.set", {{"path", ".env"}, {"key", "A"}, {"value", "2"}});
  replace_file(fixture.instance / ".env", "A=1\nB=by hand\n");
  Context context(fixture.environment, "1", nullptr, nullptr);
  Error error = error_of([&] { fixture.registry.at("dotenv.set").run(context, fixture.record.args, fixture.record.prepared); });
  CHECK(error.code() == Code::file_changed);
  CHECK(read_file(fixture.instance / ".env") == "A=1\nB=by hand\n");
}

TEST_CASE("the preimage is private and the record holds digests, no content") {
  PrimitiveFixture fixture;
  put(fixture.instance / ".env", "A=hunter2\n");
  fixture.call("dotenv.set", {{"path", ".env"}, {"key", "A"}, {"value", "2"}});
  fs::path kept = fixture.run_folder.path() / fixture.record.prepared["kept"].get<std::string>();
  CHECK(mode_of(kept) == 0600);
  CHECK(read_file(kept) == "A=hunter2\n");
  CHECK(fixture.record.prepared["before"] == sha256("A=hunter2\n"));
  CHECK(fixture.record.prepared["after"] == sha256("A=2\n"));
  CHECK(fixture.record.prepared.dump().find("hunter2") == std::string::npos);
}

TEST_CASE("an edit that changes nothing touches nothing") {
  PrimitiveFixture fixture;
  put(fixture.instance / ".env", "A=1\n");
  auto before = fs::last_write_time(fixture.instance / ".env");
  CHECK(fixture.call("dotenv.set", {{"path", ".env"}, {"key", "A"}, {"value", "1"}}) == false);
  CHECK(fixture.call("dotenv.unset", {{"path", ".env"}, {"key", "NONE"}}) == false);
  CHECK(fixture.call("file.write", {{"path", ".env"}, {"content", "A=1\n"}}) == false);
  CHECK(fixture.call("file.remove", {{"path", "absent"}}) == false);
  CHECK(fs::last_write_time(fixture.instance / ".env") == before);
  fixture.undo();
}

TEST_CASE("a plan of a setting shows names, and a value only when it is public") {
  PrimitiveFixture fixture;
  put(fixture.instance / ".env", "P=hunter2\n# OLD=hunter1\nV=1.0\nQ='hunter3'\n");
  Json args{{"path", ".env"}, {"key", "V"}, {"value", "1.1"}};
  Planned planned = fixture.plan("dotenv.set", args);
  CHECK(planned.text == "dotenv.set .env");
  CHECK(planned.diff == "@@ -1,4 +1,4 @@\n P=***\n # OLD=***\n-V=***\n+V=*** (changed)\n Q=***\n");
  CHECK(planned.predicted);
  CHECK(planned.result == true);
  args["public"] = true;
  CHECK(fixture.plan("dotenv.set", args).diff == "@@ -1,4 +1,4 @@\n P=***\n # OLD=***\n-V=1.0\n+V=1.1\n Q=***\n");
  CHECK(fixture.plan("dotenv.unset", {{"path", ".env"}, {"key", "P"}}).diff == "@@ -1,3 +1,2 @@\n-P=***\n # OLD=***\n V=***\n");
  args["value"] = "1.0";
  CHECK(fixture.plan("dotenv.set", args).text == "dotenv.set .env: already so");
  CHECK(read_file(fixture.instance / ".env") == "P=hunter2\n# OLD=hunter1\nV=1.0\nQ='hunter3'\n");
}

TEST_CASE("a plan of a text shows the text, but not what a .env file holds") {
  PrimitiveFixture fixture;
  put(fixture.instance / "VERSION", "1\n");
  put(fixture.instance / "app.env", "A=hunter2\n");
  CHECK(fixture.plan("file.write", {{"path", "VERSION"}, {"content", "2\n"}}).diff == "@@ -1 +1 @@\n-1\n+2\n");
  CHECK(fixture.plan("file.write", {{"path", "app.env"}, {"content", "A=hunter3\nB=1\n"}}).diff == "@@ -1 +1,2 @@\n A=***\n+B=***\n");
  CHECK(fixture.plan("file.remove", {{"path", "VERSION"}}).diff == "@@ -1 +0,0 @@\n-1\n");
}

TEST_CASE("a file gets the content of another, and a plan shows no value of a YAML file") {
  PrimitiveFixture fixture;
  put(fixture.instance / "compose.yml", "services: {}\n");
  put(fixture.instance / "new.yml", "services:\n  app:\n    image: acme/app:2\n    environment:\n      PASSWORD: hunter2\n");
  const Json args{{"path", "compose.yml"}, {"from", "new.yml"}};
  const std::string diff = fixture.plan("file.copy", args).diff;
  CHECK_THAT(diff, ContainsSubstring("+    image: acme/app:2\n"));
  CHECK(diff.find("hunter2") == std::string::npos);
  CHECK(fixture.call("file.copy", args) == true);
  CHECK(read_file(fixture.instance / "compose.yml") == read_file(fixture.instance / "new.yml"));
  CHECK(fixture.record.prepared.dump().find("hunter2") == std::string::npos);
  CHECK(error_of([&] {
          fixture.call("file.copy", {{"path", "compose.yml"}, {"from", "none.yml"}});
        }).message() == (fixture.instance / "none.yml").string() + " does not exist");
}

TEST_CASE("a secret goes into a file and nowhere else") {
  PrimitiveFixture fixture;
  put(fixture.instance / ".env", "A=1\n");
  put(fixture.instance / "secret", "p w'$#\"\n");
  Json reference = secret_from_file((fixture.instance / "secret").string());
  Json args{{"path", ".env"}, {"key", "A"}, {"value", reference}};
  CHECK_THAT(fixture.plan("dotenv.set", args).diff, ContainsSubstring("+A=*** (changed)"));
  fixture.call("dotenv.set", args);
  CHECK(read_file(fixture.instance / ".env") == "A=\"p w'\\$#\\\"\"\n");
  CHECK(fixture.record.prepared.dump().find("p w") == std::string::npos);

  fixture.call("file.write", {{"path", "key"}, {"content", reference}, {"mode", "0600"}});
  CHECK(read_file(fixture.instance / "key") == "p w'$#\"");
  CHECK(mode_of(fixture.instance / "key") == 0600);
  CHECK(fixture.plan("file.write", {{"path", "other"}, {"content", reference}}).diff ==
        "@@ -0,0 +1 @@\n+*** (secret file " + (fixture.instance / "secret").string() + ")\n");
}

TEST_CASE("a setting is given as a reference, or as a value when it is declared public") {
  PrimitiveFixture fixture;
  fs::path path = fixture.instance / ".env";
  put(path, "A=1\nB=${A}2\n");
  CHECK(fixture.call("dotenv.get", {{"path", ".env"}, {"key", "B"}}) == secret_from_dotenv(path.string(), "B"));
  CHECK(fixture.call("dotenv.get", {{"path", ".env"}, {"key", "B"}, {"public", true}}) == "12");
  CHECK(fixture.call("dotenv.get", {{"path", ".env"}, {"key", "NONE"}}) == nullptr);
  CHECK(fixture.call("secret.exists", {{"secret", secret_from_dotenv(path.string(), "B")}}) == true);
  Error error = error_of([&] { fixture.call("dotenv.set", {{"path", "absent.env"}, {"key", "A"}, {"value", "1"}}); });
  CHECK(error.code() == Code::file_missing);
  CHECK(error.message() == (fixture.instance / "absent.env").string() + " does not exist");
}

TEST_CASE("text is read with a cap, as UTF-8, and never from a file of settings") {
  PrimitiveFixture fixture;
  put(fixture.instance / "text", "hello\n");
  put(fixture.instance / "binary", "\xFF\xFE");
  put(fixture.instance / ".env", "A=hunter2\n");
  put(fixture.instance / ".env.example", "A=\n");
  std::string folder = fixture.instance.string();
  CHECK(fixture.call("file.read", {{"path", "text"}}) == "hello\n");
  CHECK(fixture.call("file.read", {{"path", ".env.example"}}) == "A=\n");
  CHECK(error_of([&] {
          fixture.call("file.read", {{"path", "text"}, {"limit", 5}});
        }).message() == folder + "/text is 6 B; expected at most 5 B");
  CHECK(error_of([&] { fixture.call("file.read", {{"path", "binary"}}); }).message() == folder + "/binary is not UTF-8 text");
  CHECK(error_of([&] { fixture.call("file.read", {{"path", "absent"}}); }).code() == Code::file_missing);
  Error error = error_of([&] { fixture.call("file.read", {{"path", ".env"}}); });
  CHECK(error.code() == Code::unsupported);
  CHECK(error.message() == folder + "/.env may hold secrets, which must not enter the playbook");
}

TEST_CASE("what is in a folder, and what is a file") {
  PrimitiveFixture fixture;
  put(fixture.instance / "b", "abc");
  fs::create_directory(fixture.instance / "a");
  fs::create_symlink("b", fixture.instance / "c");
  CHECK(fixture.call("file.list").dump() ==
        R"([{"kind":"folder","name":"a"},{"kind":"file","name":"b","size":3},{"kind":"link","name":"c"}])");
  CHECK(error_of([&] { fixture.call("file.list", {{"path", "absent"}}); }).code() == Code::file_missing);
  CHECK(fixture.call("file.exists", {{"path", "c"}}) == true);
  CHECK(fixture.call("file.exists", {{"path", "absent/below"}}) == false);
  CHECK(fixture.call("file.digest", {{"path", "b"}}) == sha256("abc"));
  CHECK(fixture.call("file.digest", {{"path", "absent"}}) == nullptr);
  CHECK(error_of([&] {
          fixture.call("file.remove", {{"path", "c"}});
        }).message() == (fixture.instance / "c").string() + " is a symbolic link; expected a file");
  CHECK(error_of([&] {
          fixture.call("file.write", {{"path", "d"}, {"content", "x"}, {"mode", "rw"}});
        }).message() == "file.write: parameter \"mode\" must be octal digits such as \"0640\", found \"rw\"");
}
