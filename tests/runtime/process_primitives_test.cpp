// process.run and process.read against real programs.
#include "runtime/process/children.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;
using playbook::testing::PrimitiveFixture;

namespace {

struct ProcessFixture : PrimitiveFixture {
  ProcessFixture() { environment.children = children.get(); }
  std::unique_ptr<Children> children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});

  Json shell(const std::string& script, Json more = Json::object()) {
    more["argv"] = {"sh", "-c", script};
    return more;
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(instance / name); }
};

}  // namespace

TEST_CASE_METHOD(ProcessFixture, "process.run gives status and output, logs every line, and names its action") {
  Json result = call("process.run", shell("pwd; echo $PLAYBOOK_ACTION; echo warn >&2"));
  CHECK(result ==
        Json{{"status", 0}, {"out", instance.string() + "\n20261121T071349Z-4f2a/1\n"}, {"err", "warn\n"}, {"done_already", false}});
  CHECK(logged.size() == 3);
}

TEST_CASE_METHOD(ProcessFixture, "secrets go by environment and input, and come back masked wherever they show") {
  instance_folder.write("key", "hunter2-and-more\n");
  Json secret = secret_from_file((instance / "key").string());
  Json result = call("process.run", shell("echo \"env $TOKEN\"; echo \"in $(cat)\" >&2",
                                          {{"env", {{"TOKEN", secret}, {"PLAIN", "x"}}}, {"input", secret}}));
  std::string mask = "«" + secret_label(secret) + "»";
  CHECK(result["out"] == "env " + mask + "\n");
  CHECK(result["err"] == "in " + mask + "\n");
  for (const auto& [level, line] : logged) CHECK(line.find("hunter2") == std::string::npos);
  Error error = error_of([&] { call("process.run", shell("echo $TOKEN >&2; exit 1", {{"env", {{"TOKEN", secret}}}})); });
  CHECK(error.message() == "sh -c 'echo $TOKEN >&2; exit 1' ended with status 1: " + mask);
  CHECK(error.to_json().dump().find("hunter2") == std::string::npos);
}

TEST_CASE_METHOD(ProcessFixture, "output beyond 64 KiB loses its beginning, also the half of a secret that lies on the cut") {
  instance_folder.write("key", std::string(2000, 's') + "ecret");
  Json secret = secret_from_file((instance / "key").string());
  Json result = call("process.run", shell("echo \"$S\"; head -c 65000 /dev/zero | tr '\\0' x", {{"env", {{"S", secret}}}}));
  std::string out = result["out"];
  CHECK(out.size() <= 65536);
  CHECK(out.find("ss") == std::string::npos);
  result = call("process.run", shell("head -c 300000 /dev/zero | tr '\\0' x; printf 'end\\377'"));
  CHECK(result["out"].get<std::string>().size() == 65536);
  CHECK(result["out"].get<std::string>().substr(65536 - 6) == "end\xEF\xBF\xBD");
}

TEST_CASE_METHOD(ProcessFixture, "secret output is neither logged nor given back") {
  Json result = call("process.run", shell("echo secret; echo secret >&2", {{"secret_output", true}}));
  CHECK(result == Json{{"status", 0}, {"out", ""}, {"err", ""}, {"done_already", false}});
  CHECK(logged.empty());
  Error error = error_of([&] { call("process.run", shell("echo secret; exit 1", {{"secret_output", true}})); });
  CHECK(error.message() == "sh -c 'echo secret; exit 1' ended with status 1");
}

TEST_CASE_METHOD(ProcessFixture, "a failed program says how it ended and what it said last") {
  struct Case {
    std::string script;
    Json more;
    std::string code, message, hint;
  };
  const std::vector<Case> cases{
      {"echo one >&2; echo two >&2; exit 9",
       {},
       "process.failed",
       "sh -c 'echo one >&2; echo two >&2; exit 9' ended with status 9: two",
       ""},
      {"echo only out; exit 1", {}, "process.failed", "sh -c 'echo only out; exit 1' ended with status 1: only out", ""},
      {"exit 2", {{"ok", {0, 1}}}, "process.failed", "sh -c 'exit 2' ended with status 2", ""},
      {"kill -KILL $$",
       {},
       "process.failed",
       "sh -c 'kill -KILL $$' was killed by signal SIGKILL",
       "somebody killed it; `dmesg` tells whether memory ran out"},
      {"sleep 100",
       {{"deadline", 0.1}},
       "timeout",
       "sh -c 'sleep 100' did not end within 100ms and was ended",
       "give it a longer deadline"},
  };
  for (const Case& expected : cases) {
    Error error = error_of([&] { call("process.run", shell(expected.script, expected.more)); });
    CHECK(std::string(to_string(error.code())) == expected.code);
    CHECK(error.message() == expected.message);
    CHECK(error.hint() == expected.hint);
  }
  CHECK(call("process.run", shell("exit 3", {{"ok", {0, 3}}}))["status"] == 3);
}

TEST_CASE_METHOD(ProcessFixture, "wrong arguments are refused before anything runs") {
  struct Case {
    Json args;
    std::string message;
  };
  const std::vector<Case> cases{
      {{{"argv", {"touch", secret_from_env("HOME")}}},
       "process.run: parameter \"argv\" must be list of strings, found secret reference at position 2"},
      {{{"argv", {"touch", "ran"}}, {"env", {{"A", 1}}}}, "env.A must be a string or a secret reference"},
      {{{"argv", {"touch", "ran"}}, {"env", {{"A=B", "1"}}}}, "env: \"A=B\" is not a name of a variable"},
      {{{"argv", {"touch", "ran"}}, {"ok", {0, "1"}}}, "ok must be a list of integers, found \"1\""},
      {{{"argv", Json::array()}}, "a command without a program: argv is empty"},
  };
  for (const Case& wrong : cases) CHECK(error_of([&] { call("process.run", wrong.args); }).message() == wrong.message);
  CHECK_FALSE(exists("ran"));
}

TEST_CASE_METHOD(ProcessFixture, "done_when is asked before the program runs, and does not run it again") {
  Json args = shell("echo x >> ran", {{"done_when", {"test", "-e", "ran"}}});
  CHECK(call("process.run", args)["done_already"] == false);
  CHECK(call("process.run", args) == Json{{"status", 0}, {"out", ""}, {"err", ""}, {"done_already", true}});
  CHECK(std::filesystem::file_size(instance / "ran") == 2);
}

TEST_CASE_METHOD(ProcessFixture, "after a crash done_when decides, repeat_safe allows, and without either nobody knows") {
  begin("process.run", shell("touch ran", {{"done_when", {"test", "-e", "ran"}}}));
  CHECK(probe().state == Probe::State::not_done);
  instance_folder.write("ran", "");
  CHECK(probe().state == Probe::State::done);
  CHECK(probe().result == Json{{"status", 0}, {"out", ""}, {"err", ""}, {"done_already", true}});

  begin("process.run", shell("true", {{"done_when", {"no-such-program"}}}));
  CHECK(probe().state == Probe::State::unknown);
  CHECK(probe().may_be_partial);

  begin("process.run", shell("true", {{"repeat_safe", true}}));
  CHECK(probe().state == Probe::State::not_done);

  begin("process.run", shell("true"));
  CHECK(probe().state == Probe::State::unknown);
  CHECK(probe().explanation == "sh -c true was cut short; it may have done all, part or nothing of its work");
  CHECK(probe().may_be_partial);
}

TEST_CASE_METHOD(ProcessFixture, "only what is declared harmless needs no way back") {
  Primitive& subject = registry.at("process.run");
  Json plain = checked_arguments(subject.declaration(), shell("true")),
       harmless = checked_arguments(subject.declaration(), shell("true", {{"harmless", true}}));
  CHECK(subject.may_lose_data(plain));
  CHECK(subject.undo_kind(plain) == Undo::impossible);
  CHECK_FALSE(subject.may_lose_data(harmless));
  CHECK(subject.undo_kind(harmless) == Undo::not_needed);
}

TEST_CASE_METHOD(ProcessFixture, "a plan shows the command and runs nothing") {
  Planned planned = plan("process.run", {{"argv", {"sh", "-c", "touch it's"}}, {"folder", "sub"}, {"done_when", {"test", "-e", "x"}}});
  CHECK(planned.text == "run sh -c 'touch it'\\''s' in " + (instance / "sub").string() + "\nunless test -e x says that it is done");
  CHECK_FALSE(planned.predicted);
  CHECK_FALSE(exists("it's"));
}

TEST_CASE_METHOD(ProcessFixture, "process.read asks and is done") {
  CHECK(registry.at("process.read").declaration().kind == Kind::read);
  CHECK(call("process.read", {{"argv", {"echo", "a b"}}}) == Json{{"status", 0}, {"out", "a b\n"}, {"err", ""}});
}

TEST_CASE_METHOD(ProcessFixture, "a cancelled program is ended and says so") {
  cancel.request();
  CHECK(error_of([&] { call("process.run", shell("sleep 100")); }).code() == Code::cancelled);
}
