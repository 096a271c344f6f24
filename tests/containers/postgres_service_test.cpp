// PostgreSQL in a container, backed up and brought back through its service: by the program, and by hand as RESTORE.md says.
#include <regex>

#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr const char* kDatabase = R"(services:
  db:
    image: @postgres@
    environment: {POSTGRES_USER: shop, POSTGRES_PASSWORD: "${DB_PASSWORD}", POSTGRES_DB: shop}
    healthcheck: {test: ["CMD-SHELL", "pg_isready -q -h 127.0.0.1 -U shop"], interval: 1s, retries: 60}
)";

/// 300 notes, and a setting that no dump holds.
struct ShopDatabase : ComposeFixture {
  ShopDatabase() : ComposeFixture(with_image(), "DB_PASSWORD='pass $word #1'\n") {
    call("compose.up", {{"project", project}});
    call("compose.wait", {{"project", project}, {"services", {"db"}}, {"state", "healthy"}, {"deadline", 120}});
    ask("create table notes (id int primary key, text text); insert into notes select i, 'note ' || i from generate_series(1, 300) i;"
        "alter database shop set work_mem = '8MB'");
    source = {{"type", "postgres"}, {"server", {{"project", project}, {"service", "db"}}}};
    before = print();
  }
  static std::string with_image() {
    std::string text = kDatabase, image = output_of("\"$PLAYBOOK_TESTBED/image\" postgres");
    return text.replace(text.find("@postgres@"), std::string("@postgres@").size(), image);
  }

  std::string ask(const std::string& sql, const std::string& database = "shop") {
    return output_of("docker exec " + container("db").at("name").get<std::string>() + " psql -X -q -v ON_ERROR_STOP=1 -U shop -d " +
                     database + " -Atc \"" + sql + "\"");
  }
  std::string print() { return ask("select count(*), sum(hashtextextended(notes::text, 0)) from notes") + " " + ask("show work_mem"); }
  void spoil() { ask("delete from notes where id % 2 = 0; insert into notes values (1000, 'late'); alter database shop reset work_mem"); }
  std::string databases() {
    return ask("select string_agg(datname, ' ' order by datname) from pg_database where datname like '%shop%' or datname like 'playbook%'",
               "postgres");
  }
  int clients() {
    return std::stoi(output_of("docker top " + container("db").at("id").get<std::string>() +
                               " -eo pid,args | grep -cE '^ *[0-9]+ +[^ ]*(pg_dump|pg_restore|psql) ' || true"));
  }

  Json source;
  std::string before;
};

}  // namespace

TEST_CASE("a database in a container is saved, verified, rehearsed and restored through its service", "[postgres]") {
  ShopDatabase shop;
  Json set = shop.call("backup.create", {{"sources", Json::array({shop.source})}, {"app", "shop"}});
  CHECK(set.at("rows") == Json{{"notes", 300}});
  CHECK(set.dump().find("pass $word") == std::string::npos);
  CHECK(shop.call("backup.verify", {{"set", set}}).at("name") == set.at("name"));
  CHECK(shop.call("backup.rehearse", {{"set", set}}).at("sources")[0].at("rows") == Json{{"notes", 300}});
  CHECK(shop.databases() == "shop");

  shop.spoil();
  REQUIRE(shop.print() != shop.before);
  Json restored = shop.call("backup.restore", {{"set", set}});
  CHECK(restored.at("loss").at("text") == "table notes: 1 added, 150 removed");
  CHECK(shop.print() == shop.before);
  CHECK(restored.at("kept").size() == 1);
  CHECK(shop.databases().find("shop shop_replaced_") == 0);
  CHECK(shop.clients() == 0);
}

TEST_CASE("RESTORE.md brings a database in a container back with docker compose exec", "[postgres]") {
  ShopDatabase shop;
  Json set = shop.call("backup.create", {{"sources", Json::array({shop.source})}, {"app", "shop"}});
  shop.spoil();
  const std::string text = read_file(std::filesystem::path(set.at("path").get<std::string>()) / "RESTORE.md");
  CHECK_THAT(text, ContainsSubstring("docker compose --project-directory " + shop.instance.string()));
  CHECK(text.find("pass $word") == std::string::npos);
  std::string script = "set -eu\n";
  const std::regex block("```sh\n([^`]*)```");
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1];
  shop.write("restore.sh", script);
  REQUIRE(shell("sh " + (shop.instance / "restore.sh").string()) == 0);
  CHECK(shop.print() == shop.before);
  CHECK(shop.databases().find("shop shop_before_") == 0);
}
