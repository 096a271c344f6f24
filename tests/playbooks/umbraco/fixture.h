// The stand-in site in a folder of its own, for one test: what it runs ends with it.
#pragma once

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/database/sqlite.h"
#include "runtime/database/sqlite_fingerprint.h"
#include "tests/playbooks/umbraco/site.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/http_server.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing::umbraco {

struct Site {
  enum class Is { running, stopped };

  TempFolder folder;
  int port = closed_port();
  /// Of the commands that are run; `bin` below the folder is looked into first.
  std::map<std::string, std::string> environment{{"PATH", (folder.path() / "bin").string() + ":/usr/local/bin:/usr/bin:/bin"}};

  explicit Site(const std::string& release, Is is = Is::stopped) {
    lay_out(folder.path(), release, port);
    if (is == Is::running) start();
  }
  ~Site() { stop(folder.path()); }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  void start() const { umbraco::start(folder.path(), port); }
  std::filesystem::path path(const std::string& name) const { return folder.path() / name; }
  std::filesystem::path database() const { return path(kDatabase); }
  std::string text(const std::string& file) const { return read_file(path(file)); }
  std::string log() const { return text("umbraco/Logs/UmbracoTraceLog.STANDIN.20261121.json"); }
  std::string states() const { return umbraco::states(folder.path()); }
  SqliteFingerprint data() const {
    Sqlite open(database(), Sqlite::Mode::read);
    return fingerprint(open);
  }
  Json scalar(const std::string& sql) const { return Sqlite(database(), Sqlite::Mode::read).scalar(sql); }
  void execute(const std::string& sql) const { Sqlite(database(), Sqlite::Mode::write).script(sql); }

  /// Of the stand-in, as site.py says.
  void settings(const Json& more) const { set(folder.path(), port, more); }
  /// A member of playbook.json, taken away where it is null.
  void told(const std::string& member, const Json& value) const {
    Json all = parse_json(text("playbook.json"), "playbook.json");
    if (value.is_null())
      all.erase(member);
    else
      all[member] = value;
    replace_file(path("playbook.json"), all.dump());
  }
  void replace(const std::string& file, const std::string& what, const std::string& with) const {
    std::string all = text(file);
    const size_t at = all.find(what);
    REQUIRE(at != std::string::npos);
    replace_file(path(file), all.replace(at, what.size(), with));
  }

  Finished run(const std::vector<std::string>& arguments) const {
    CommandProcess command(arguments, folder.path(), CommandProcess::On::pipes, environment);
    const int status = command.finish();
    return {status, command.out, command.err};
  }
  /// Both streams of a run that must end with this status.
  std::string said(const std::vector<std::string>& arguments, int status) const {
    const Finished done = run(arguments);
    INFO(done.out << done.err);
    CHECK(done.status == status);
    return done.out + done.err;
  }
};

}  // namespace playbook::testing::umbraco
