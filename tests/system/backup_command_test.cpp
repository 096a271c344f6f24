// The life of backup sets by the real command, on the demo shop.
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/database/sqlite.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/crash.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

// A shop of 40 orders that is served, in a folder `name`.
class Shop {
 public:
  explicit Shop(bool running = true) {
    shell(std::string(PLAYBOOK_SOURCE_DIR) + "/playbooks/demo/app/new --rows 40 " + path.string());
    if (running) REQUIRE(shell(path.string() + "/ctl start >/dev/null") == 0);
  }
  ~Shop() { shell(path.string() + "/ctl stop >/dev/null"); }
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-C", path.string()});
    return run_playbook(arguments, folder.path());
  }
  Json backup(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "backup");
    arguments.push_back("--json");
    const Finished finished = run(arguments);
    INFO(finished.out << finished.err);
    REQUIRE(finished.status == 0);
    return Json::parse(finished.out);
  }
  Json sets() const { return backup({"list"}); }
  std::int64_t orders() const { return Sqlite(path / "data/app.db", Sqlite::Mode::read).query("select count(*) as n from orders")[0]["n"]; }
  void execute(const std::string& sql) const { Sqlite(path / "data/app.db", Sqlite::Mode::write).script(sql); }
  fs::path backups() const { return path / ".playbook/backups"; }

  TempFolder folder;
  fs::path path = folder.path() / "shop";
};

}  // namespace

TEST_CASE("backup create, list, verify and rehearse say what is proven of a set", "[backup command]") {
  Shop shop(false);
  CHECK(shop.run({"backup", "list"}).out == "instance " + shop.path.string() + "\nno backup sets yet\n");
  const Finished made = shop.run({"backup", "create", "--note", "before I try something"});
  INFO(made.out << made.err);
  REQUIRE(made.status == 0);
  CHECK_THAT(made.out, ContainsSubstring("DONE backup/create"));

  Json sets = shop.sets();
  REQUIRE(sets.size() == 1);
  const std::string name = sets[0]["name"];
  CHECK(sets[0]["application"] == "demo");
  CHECK(sets[0]["version"] == "1.0");
  CHECK(sets[0]["note"] == "before I try something");
  CHECK(sets[0].contains("verified_at"));
  CHECK_FALSE(sets[0].contains("rehearsed_at"));
  CHECK(sets[0]["needed_by"] == Json::array());

  CHECK_THAT(shop.run({"backup", "verify", "demo-1.0"}).out, ContainsSubstring(name + " is good: 2 parts, "));
  CHECK(shop.run({"backup", "rehearse", name}).status == 0);
  sets = shop.sets();
  CHECK(sets[0]["verified_at"] > sets[0]["created"]);
  CHECK(sets[0].contains("rehearsed_at"));
  CHECK_THAT(shop.run({"backup", "list"}).out, ContainsSubstring("SET  ") && ContainsSubstring(name + "  1.0  ") &&
                                                   ContainsSubstring("  verified ") && ContainsSubstring(", rehearsed "));
  CHECK(shop.run({"backup", "verify", shop.backups() / name}).status == 0);
}

TEST_CASE("a damaged set is refused with exit code 3, even when its sums were edited to fit", "[backup command]") {
  Shop shop(false);
  REQUIRE(shop.run({"backup", "create"}).status == 0);
  const std::string name = shop.sets()[0]["name"];
  const fs::path set = shop.backups() / name;
  std::string manifest = read_file(set / "manifest.json"), sums = read_file(set / "SHA256SUMS");
  const std::string before = file_digest(set / "manifest.json");
  manifest.replace(manifest.find("\"version\": \"1.0\""), 16, "\"version\": \"9.9\"");
  replace_file(set / "manifest.json", manifest);
  sums.replace(sums.find(before), before.size(), file_digest(set / "manifest.json"));
  replace_file(set / "SHA256SUMS", sums);

  const Finished verified = shop.run({"backup", "verify", name});
  CHECK(verified.status == 3);
  CHECK_THAT(verified.err, ContainsSubstring("error: backup set " + set.string() +
                                             " is damaged: SHA256SUMS is not the one that was written when the set was made\n") &&
                               ContainsSubstring("  hint: take the set from another copy, or use another set\n  changed: nothing\n"));
  CHECK(shop.run({"backup", "rehearse", name}).status == 3);
  CHECK(shop.run({"backup", "restore", name, "--yes"}).status == 3);
}

TEST_CASE("backup restore says what is lost, asks, restores, and can itself be rolled back", "[backup command]") {
  Shop shop;
  REQUIRE(shop.run({"backup", "create"}).status == 0);
  const std::string name = shop.sets()[0]["name"];
  shop.execute("delete from orders where id <= 4; update orders set note = 'other' where id = 5");

  const Finished asked = shop.run({"backup", "restore", name});
  CHECK(asked.status == 5);
  CHECK_THAT(asked.out, ContainsSubstring("Go back to " + name + " as of ") &&
                            ContainsSubstring("? Lost since then: table orders: 4 removed, 1 changed"));
  CHECK(shop.orders() == 36);
  CHECK(shop.sets()[0]["needed_by"].size() == 1);
  CHECK(shop.run({"backup", "create"}).status == 6);
  CHECK(shop.run({"backup", "verify", name}).status == 0);  // only reads, so no run is in its way
  const Finished turned = shop.run({"rollback"});
  INFO(turned.out << turned.err);
  REQUIRE(turned.status == 0);

  const Finished restored = shop.run({"backup", "restore", name, "--yes"});
  INFO(restored.out << restored.err);
  CHECK(restored.status == 0);
  CHECK_THAT(restored.out, ContainsSubstring("what was replaced is kept as " + (shop.path / "data/app.db.replaced-").string()));
  CHECK(shop.orders() == 40);
  const Json sets = shop.sets();
  REQUIRE(sets.size() == 2);
  CHECK(sets[0]["needed_by"] == Json::array());
  CHECK(sets[1]["note"] == "before the restore of " + name);
  CHECK(sets[1]["needed_by"].size() == 1);  // the way back of this restore

  // A backup changes nothing of the instance, so it is not what `rollback` takes back.
  REQUIRE(shop.run({"backup", "create"}).status == 0);
  const Finished back = shop.run({"rollback", "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(shop.orders() == 36);
}

TEST_CASE("verbs and sets that do not exist are refused with exit code 2, or 3 where the set was looked for", "[backup command]") {
  Shop shop(false);
  CHECK(shop.run({"backup", "craete"}).err ==
        "error: there is no verb \"craete\"; did you mean \"create\"?\n  hint: `playbook backup --help` lists the verbs\n  changed: "
        "nothing\n");
  CHECK(shop.run({"backup", "craete"}).status == 2);
  const Finished missing = shop.run({"backup", "verify"});
  CHECK(missing.status == 2);
  CHECK(missing.err ==
        "error: SET is missing: name of a set, a part of it, or its folder\n"
        "  hint: write playbook backup verify SET; `playbook backup list` shows the sets\n  changed: nothing\n");
  CHECK(shop.run({"backup", "verify", "nothing"}).status == 3);
  CHECK(shop.run({"backup", "create", "one"}).err == "error: \"one\" is one argument too many\n  changed: nothing\n");
  CHECK_THAT(shop.run({"backup", "restore", "--help"}).out, StartsWith("playbook backup restore SET\nBring an instance back "));
  CHECK_THAT(shop.run({"backup", "--help"}).out, ContainsSubstring("  playbook backup verify "));
  TempFolder empty;
  const Finished nobody = run_playbook({"backup", "create"}, empty.path());
  CHECK(nobody.status == 3);
  CHECK_THAT(nobody.err, ContainsSubstring("no application that is known is here; looked for ") && ContainsSubstring("demo"));
}

TEST_CASE("sets are copied, fetched by another instance, imported and pruned by the command", "[backup command]") {
  Shop shop(false);  // its port goes to the other with its settings
  REQUIRE(shop.run({"backup", "create", "--copy-to", (shop.folder.path() / "other").string()}).status == 0);
  const std::string name = shop.sets()[0]["name"];
  CHECK(fs::exists(shop.folder.path() / "other" / name / "SHA256SUMS"));
  const Finished again = shop.run({"backup", "copy", name});
  CHECK(again.status == 2);
  CHECK_THAT(again.err, ContainsSubstring("backup.copy: the set lies in " + shop.backups().string() + " already"));

  // Another machine: a shop in another folder, with other orders.
  Shop other;
  other.execute("delete from orders where id > 1");
  REQUIRE(other.run({"backup", "copy", shop.folder.path() / "other" / name}).status == 0);
  const Finished refused = other.run({"backup", "restore", name, "--yes"});
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out, ContainsSubstring(name + " is of " + shop.path.string()));
  const Finished restored = other.run({"backup", "restore", name, "--yes", "--accept", "moved"});
  INFO(restored.out << restored.err);
  CHECK(restored.status == 0);
  CHECK(other.orders() == 40);

  fs::copy_file(shop.path / "data/app.db", shop.folder.path() / "by-hand.db");
  const Finished imported = shop.run({"backup", "import", "by-hand.db", "--version", "1.0"});
  INFO(imported.out << imported.err);
  REQUIRE(imported.status == 0);
  REQUIRE(shop.run({"backup", "create"}).status == 0);
  Json sets = shop.sets();
  REQUIRE(sets.size() == 3);
  CHECK(sets[1]["note"] == "imported from " + (shop.folder.path() / "by-hand.db").string());
  CHECK(sets[1].contains("rehearsed_at"));

  CHECK(shop.run({"backup", "prune"}).status == 2);
  CHECK_THAT(shop.run({"backup", "prune", "--keep", "1", "--plan"}).out, ContainsSubstring("keep " + sets[1]["name"].get<std::string>()));
  CHECK(shop.sets().size() == 3);
  REQUIRE(shop.run({"backup", "prune", "--keep", "1"}).status == 0);
  const Json left = shop.sets();
  REQUIRE(left.size() == 2);  // the newest, and the last that was rehearsed
  CHECK(left[0]["name"] == sets[1]["name"]);
  CHECK(left[1]["name"] == sets[2]["name"]);
}
