#include "runtime/journal/journal.h"

#include <sqlite3.h>

#include <filesystem>

#include "runtime/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

RunRow a_run(const std::string& id) {
  RunRow run;
  run.id = id, run.playbook = "demo/upgrade", run.instance = "/srv/shop", run.started = run.changed = "2026-11-21T07:13:49.000Z";
  return run;
}

ActionRow an_action(const std::string& run, const std::string& path) {
  ActionRow row;
  row.run = run, row.path = path, row.name = "file.write", row.args = {{"path", "a"}}, row.change = true;
  return row;
}

void sql(const std::filesystem::path& file, const char* text) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, text, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

Error refusal(const std::filesystem::path& folder, const JournalOptions& options = {}) {
  try {
    open_journal(folder, options)->runs();
  } catch (const Error& error) {
    return error;
  }
  return {Code::internal, "nothing was refused"};
}

}  // namespace

TEST_CASE("a journal gives back what it was given, in the order of the outcomes, those in doubt last") {
  TempFolder folder;
  {
    auto journal = open_journal(folder.path(), {});
    journal->create_run(a_run("r1"), {{"playbook|upgrade.lua", "return 1"}, {"module demo|demo/init.lua", "return 1"}});
    std::int64_t first = journal->begin(an_action("r1", "a#1"));
    std::int64_t second = journal->begin(an_action("r1", "b#1"));
    journal->begin(an_action("r1", "c#1"));
    std::int64_t earlier = journal->finish(second, Outcome::ok, "two", 5);
    CHECK(journal->finish(first, Outcome::error, {{"code", "timeout"}}, 7) > earlier);
  }
  auto journal = open_journal(folder.path(), {.read_only = true, .needs_ballast = false, .faults = nullptr, .clock = nullptr});
  std::vector<ActionRow> rows = journal->actions("r1");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].path == "b#1");
  CHECK(rows[0].result == "two");
  CHECK(rows[1].outcome == Outcome::error);
  CHECK(rows[2].outcome == Outcome::none);
  CHECK(rows[2].args == Json{{"path", "a"}});
  CHECK(journal->source("r1", "module demo|demo/init.lua") == "return 1");
  CHECK(journal->source_names("r1").size() == 2);
  CHECK(journal->run("r1")->instance == "/srv/shop");
}

TEST_CASE("rows that are voided leave the replay and stay on record") {
  TempFolder folder;
  auto journal = open_journal(folder.path(), {});
  journal->create_run(a_run("r1"), {});
  journal->finish(journal->begin(an_action("r1", "a#1")), Outcome::ok, nullptr, 0);
  std::int64_t from = journal->finish(journal->begin(an_action("r1", "b#1")), Outcome::ok, nullptr, 0);
  journal->begin(an_action("r1", "c#1"));
  journal->void_from("r1", from);
  REQUIRE(journal->actions("r1").size() == 1);
  CHECK(journal->actions("r1")[0].path == "a#1");
  CHECK(journal->all_actions("r1").size() == 3);
}

TEST_CASE("the unfinished run is found among finished ones") {
  TempFolder folder;
  auto journal = open_journal(folder.path(), {});
  journal->create_run(a_run("r1"), {});
  journal->create_run(a_run("r2"), {});
  journal->set_state("r2", RunState::rolled_back, nullptr);
  CHECK(journal->unfinished_run()->id == "r1");
  journal->set_state("r1", RunState::settled, nullptr);
  CHECK_FALSE(journal->unfinished_run());
  for (RunState state : {RunState::running, RunState::suspended, RunState::undoing, RunState::attention}) {
    journal->set_state("r1", state, nullptr);
    CHECK(journal->unfinished_run()->state == state);
  }
}

TEST_CASE("a journal of a newer version is refused and left alone") {
  TempFolder folder;
  open_journal(folder.path(), {});
  sql(folder.path() / "journal.db", "pragma user_version=99");
  Error error = refusal(folder.path());
  CHECK(error.code() == Code::journal_newer);
  CHECK(error.message() == "the journal was written by a newer playbook (format 99, this one knows 1)");
}

TEST_CASE("a journal that is cut short, or is none, is refused") {
  TempFolder folder;
  {
    auto journal = open_journal(folder.path(), {});
    journal->create_run(a_run("r1"), {{"playbook|x", std::string(100'000, 'x')}});
  }
  std::filesystem::path file = folder.path() / "journal.db";
  SECTION("cut short") { std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2); }
  SECTION("something else") { folder.write("journal.db", std::string(5000, 'j')); }
  CHECK(refusal(folder.path()).code() == Code::journal_corrupt);
}

TEST_CASE("the ballast is there after the first opening, and is made again after it was given up") {
  TempFolder folder;
  open_journal(folder.path(), {});
  CHECK(std::filesystem::file_size(folder.path() / "ballast") == 8u << 20);
  std::filesystem::remove(folder.path() / "ballast");
  open_journal(folder.path(), {});
  CHECK(std::filesystem::exists(folder.path() / "ballast"));
}

TEST_CASE("a journal whose file was taken away begins nothing more, and still lets a run go back") {
  TempFolder folder;
  auto journal = open_journal(folder.path(), {});
  journal->create_run(a_run("r1"), {});
  journal->begin(an_action("r1", "a#1"));
  std::filesystem::rename(folder.path() / "journal.db", folder.path() / "moved.db");
  try {
    journal->begin(an_action("r1", "b#1"));
    FAIL("it was begun");
  } catch (const Error& error) {
    CHECK(error.code() == Code::file_missing);
    CHECK(error.message() == (folder.path() / "journal.db").string() + " was removed or replaced while this run wrote its journal there");
  }
  ActionRow back = an_action("r1", "undo#1");
  back.phase = Phase::back;
  journal->begin(back);
  std::filesystem::rename(folder.path() / "moved.db", folder.path() / "journal.db");
  journal->begin(an_action("r1", "b#1"));
}
