// The Appstrate family's Lua over a stand-in of the world: what each gate says, and in which order an upgrade does what. Files, settings,
// versions and JSON are the real primitives; containers, images, the database and the server are answered from a table.
#include <algorithm>
#include <regex>

#include "runtime/base/file.h"
#include "runtime/primitives/all.h"
#include "tests/bindings/driver.h"
#include "tests/playbooks/appstrate/stand_in/release.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

namespace fs = std::filesystem;

const std::string kRegistry = "ghcr.io/appstrate/";

/// beta.41 that runs in tier 1 shape and could go to beta.51, but for what a test changes.
struct World : Driver {
  PrimitiveFixture files;
  std::string running = "1.0.0-beta.41", service_version = running, image_version = running;
  std::vector<JournalEntry> rows = journal_of("1.0.0-beta.41");
  std::vector<JournalEntry> target_journal = journal_of("1.0.0-beta.51");
  std::vector<std::string> registry_tags{"1.0.0-beta.41", "1.0.0-beta.51"}, overridden;
  std::vector<std::string> settings{"BETTER_AUTH_SECRET", "CONNECTION_ENCRYPTION_KEY", "CONNECT_SESSION_SECRET",
                                    "DATABASE_URL",       "RUN_TOKEN_SECRET",          "UPLOAD_SIGNING_SECRET"};
  std::string database_says;  ///< to who comes with the password of .env
  std::string server_database = "postgres:5432/appstrate\n";
  std::string published_on = "127.0.0.1";
  std::string pinned_elsewhere;  ///< a fixed tag of the sidecar's image
  int servers = 1, in_progress = 0, restarts = 0, users = 30;
  std::string status = "healthy", log_line = R"({"level":40,"msg":"Process run adapter in use"})";
  bool pulled = false;
  std::vector<std::string> accepted, overridden_gates;
  std::vector<int> opened{3}, failed{0};  ///< by keys.verify, each time that it is asked; the last one stays

  World() {
    env("APPSTRATE_VERSION=1.0.0-beta.41\nBETTER_AUTH_SECRET=a\nCONNECTION_ENCRYPTION_KEY=b\nUPLOAD_SIGNING_SECRET=c\n"
        "CONNECT_SESSION_SECRET=d\nRUN_TOKEN_SECRET=e\n");
    replace_file(files.instance / "docker-compose.yml", "services: {appstrate: {image: \"ghcr.io/appstrate/appstrate:...\"}}\n");
    for (const char* name : {"init", "instance", "conditions", "journals", "checkout", "crossing"})
      sources.modules[name == std::string("init") ? "appstrate" : "appstrate." + std::string(name)] = source(name + std::string(".lua"));
    for (const char* name : {"checks", "composed", "instances", "preflights", "stores"})
      sources.modules[name] = read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "stdlib" / (std::string(name) + ".lua"));
    for (const char* name : {"journals", "settings", "changes", "checkpoints"})
      sources.files["appstrate/data/" + std::string(name) + ".json"] = source("data/" + std::string(name) + ".json");
    registry = Registry();
    register_all(registry);
    answer = [this](const Request& request) {
      try {
        return answer_to(request);
      } catch (const Error& error) {
        return fail(error);
      }
    };
  }

  static std::string source(const std::string& name) { return read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/appstrate" / name); }
  void env(const std::string& text) const { replace_file(files.instance / ".env", text); }

  std::string pinned() {
    Json value = files.call("dotenv.get", {{"path", ".env"}, {"key", "APPSTRATE_VERSION"}, {"public", true}});
    return value.is_string() ? value.get<std::string>() : "1.0.0-beta.36";  // the default of a compose file
  }

  Json config() {
    std::string tag = pinned();
    Json server{{"image", kRegistry + "appstrate:" + tag}, {"environment", settings}, {"depends_on", Json::object()}};
    Json services{
        {"appstrate", server}, {"migrate", server}, {"postgres", {{"image", "postgres:16-alpine"}, {"depends_on", Json::object()}}}};
    services["appstrate"]["ports"] = Json::array({{{"published", "3000"}, {"target", "3000"}, {"host", published_on}}});
    services["appstrate"]["depends_on"] = {{"migrate", {{"condition", "service_completed_successfully"}}}};
    services["sidecar-pull"] = {{"image", kRegistry + "appstrate-sidecar:" + (pinned_elsewhere.empty() ? tag : pinned_elsewhere)},
                                {"depends_on", Json::object()}};
    for (auto& [name, service] : services.items())
      for (const char* list : {"volumes", "ports"})
        if (!service.contains(list)) service[list] = Json::array();
    return {{"type", "compose.project"},       {"working_dir", "/srv/acme"}, {"name", "acme"},       {"folder", "/srv/acme"},
            {"files", {"docker-compose.yml"}}, {"env_file", ".env"},         {"services", services}, {"overridden", overridden}};
  }

  Json containers() const {
    Json list = Json::array();
    for (int i = 0; i < servers; ++i)
      list.push_back({{"service", "appstrate"},
                      {"name", "acme-appstrate-" + std::to_string(i + 1)},
                      {"image", kRegistry + "appstrate:" + service_version},
                      {"state", "running"},
                      {"restarts", restarts}});
    return list;
  }

  Json query(const std::string& sql) const {
    auto has = [&](const char* text) { return sql.find(text) != std::string::npos; };
    if (has("rolcreatedb")) return Json::array({{{"makes", true}, {"owns", true}, {"name", "u"}, {"database", "d"}}});
    if (has("to_regclass")) return Json::array({{{"yes", !rows.empty()}}});
    if (has("pg_database_size")) return Json::array({{{"bytes", 9000}}});
    if (has("status = 'running'")) return Json::array({{{"count", in_progress}}});
    if (has("count(*)")) {
      static const std::regex counted(R"re(public\."(\w+)"\) as (\w+))re");
      Json row = Json::object();
      for (std::sregex_iterator it(sql.begin(), sql.end(), counted), end; it != end; ++it) row[(*it)[2]] = (*it)[1] == "user" ? users : 2;
      return Json::array({row});
    }
    Json list = Json::array();
    for (const JournalEntry& row : rows) list.push_back({{"at", row.when}, {"hash", row.hash}});
    return list;
  }

  Json health() const {
    Json body{{"status", status}};
    if (running >= "1.0.0-beta.39") body["version"] = {{"app", "v" + running}};
    return {{"status", 200}, {"json", body}};
  }

  static int next(std::vector<int>& counts) {
    int count = counts.front();
    if (counts.size() > 1) counts.erase(counts.begin());
    return count;
  }
  Json keys_verdict() {
    int good = next(opened), bad = next(failed);
    std::string verdict = good + bad == 0 ? "unknown" : bad == 0 ? "match" : good == 0 ? "mismatch" : "partial";
    return {{"verdict", verdict},
            {"text", std::to_string(good) + " open, " + std::to_string(bad) + " do not"},
            {"schemes", Json::array({{{"opened", good}, {"failed", bad}, {"unknown_key", 0}}})}};
  }

  bool is_present(const std::string& ref) const {
    return ref.ends_with(":" + service_version) || (pulled && ref.ends_with(":1.0.0-beta.51"));
  }

  Answer answer_to(const Request& request) {
    const std::string& name = request.name;
    const Json& args = request.args;
    for (const char* real : {"file.", "dotenv.", "json.", "version.", "host.", "secret."})
      if (name.starts_with(real)) return say(files.call(name, args));
    if (name == "compose.config") return say(config());
    if (name == "backup.estimate") return say({{"disks", Json::array()}});
    if (name == "compose.read") return say({{"status", database_says.empty() ? 0 : 2}, {"out", ""}, {"err", database_says}});
    if (name == "compose.ps") return say(containers());
    if (name == "compose.logs") return say(Json::array({{{"service", "appstrate"}, {"line", log_line}}}));
    if (name == "process.read") {
      const bool of_address = args.dump().find("DATABASE_URL") != std::string::npos;
      return say({{"status", 0}, {"out", of_address ? server_database : ""}, {"err", ""}});
    }
    if (name == "postgres.query") return say(query(args.at("sql")));
    if (name == "http.get") return say(health());
    if (name == "keys.verify") return say(keys_verdict());
    if (name == "image.is_floating") {
      bool floats = args.at("ref").get<std::string>().ends_with(":latest");
      return say({{"floating", floats}, {"why", floats ? Json("latest is whatever was pushed last") : Json()}});
    }
    if (name == "image.present")
      return say(is_present(args.at("ref")) ? Json{{"id", "sha256:1"}, {"environment", {{"APP_VERSION", "v" + image_version}}}} : Json());
    if (name == "image.resolve") {
      std::string ref = args.at("ref"), tag = ref.substr(ref.rfind(':') + 1);
      bool found = std::find(registry_tags.begin(), registry_tags.end(), tag) != registry_tags.end();
      return say(found ? Json{{"digest", "sha256:2"}} : Json{{"missing", "no such tag"}});
    }
    if (name == "image.read")
      return say(journal_text(args.at("ref").get<std::string>().ends_with("beta.51") ? target_journal : journal_of(running)));
    if (name == "image.pull") pulled = true;
    if (name == "backup.create")
      return say({{"type", "backup.set"},
                  {"path", "/b/1"},
                  {"sources", Json::array({{{"type", "postgres"}, {"name", "postgres"}}})},
                  {"rows", {{"\"user\"", 30}, {"runs", 2}}}});
    if (name == "compose.up") running = service_version = image_version = "1.0.0-beta.51", rows = target_journal;
    if (name == "gate" && std::count(overridden_gates.begin(), overridden_gates.end(), args.at("name").get<std::string>()) > 0)
      return say({{"overridden", true}});
    if (name == "accepted") return say(std::find(accepted.begin(), accepted.end(), args.at("name").get<std::string>()) != accepted.end());
    return say(nullptr);
  }

  /// Runs the upgrade; every gate that refuses, `name: message`, or what failed.
  std::string upgrade(const std::string& to = "1.0.0-beta.51") {
    Turn turn = run(source("upgrade.lua"), {{"to", to}});
    if (!turn.error) return "";
    if (turn.error->code() != Code::gate_refused) return turn.error->message();
    std::string text;
    for (const Json& gate : turn.error->details().at("gates"))
      text += (text.empty() ? "" : "\n") + gate.at("name").get<std::string>() + ": " + gate.at("message").get<std::string>();
    return text;
  }

  std::vector<std::string> changes() const {
    std::vector<std::string> names;
    for (const Request& request : asked) {
      Primitive* primitive = registry.find(request.name);
      if ((primitive && primitive->declaration().kind == Kind::change) || request.name == "way_back" || request.name == "migrate.watch")
        names.push_back(request.name);
    }
    return names;
  }
};

}  // namespace

TEST_CASE("an upgrade of Appstrate asks first, fetches and rehearses while it runs, and changes the release when a way back stands") {
  World world;
  CHECK(world.upgrade() == "");
  CHECK(world.changes() == std::vector<std::string>{"image.pull", "backup.create", "backup.rehearse", "compose.fence", "compose.stop",
                                                    "backup.create", "way_back", "dotenv.set", "compose.up", "migrate.watch",
                                                    "compose.unfence"});
  CHECK(read_file(world.files.instance / ".env").starts_with("APPSTRATE_VERSION=1.0.0-beta.51\n"));
  for (const Request& request : world.asked)
    if (request.name == "compose.stop") CHECK(request.args.at("grace") == 45);
}

TEST_CASE("Compose is asked whether the new release came through in .env before anything starts by it") {
  World world;
  REQUIRE(world.upgrade() == "");
  std::vector<std::string> order;
  for (const Request& request : world.asked) {
    if (request.name == "dotenv.set" || request.name == "compose.up") order.push_back(request.name);
    if (request.name == "compose.up")
      CHECK(request.args.at("images") == Json{{"appstrate", kRegistry + "appstrate:1.0.0-beta.51"},
                                              {"migrate", kRegistry + "appstrate:1.0.0-beta.51"},
                                              {"sidecar-pull", kRegistry + "appstrate-sidecar:1.0.0-beta.51"}});
  }
  CHECK(order == std::vector<std::string>{"dotenv.set", "compose.up"});
}

TEST_CASE("an Appstrate is asked on the address that its port is published on") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"},         {"127.0.0.1", "127.0.0.1"},         {"192.0.2.7", "192.0.2.7"},
      {"::", "[::1]"},   {"2001:db8::7", "[2001:db8::7]"}, {"[2001:db8::7]", "[2001:db8::7]"},
  };
  for (const auto& [published, asked] : cases) {
    World world;
    world.published_on = published;
    REQUIRE(world.upgrade() == "");
    for (const Request& request : world.asked)
      if (request.name == "http.get") CHECK(request.args.at("url") == "http://" + asked + ":3000/health");
  }
}

TEST_CASE("the gates of an Appstrate upgrade say what is in its way, and nothing is changed") {
  struct Case {
    const char* what;
    std::function<void(World&)> change;
    const char* refused;
  };
  const std::vector<Case> cases{
      {"no version is set",
       [](World& w) {
         w.env(
             "BETTER_AUTH_SECRET=a\nCONNECTION_ENCRYPTION_KEY=b\nUPLOAD_SIGNING_SECRET=c\nCONNECT_SESSION_SECRET=d\nRUN_TOKEN_SECRET=e\n");
       },
       "pinned: .env does not set APPSTRATE_VERSION, so that a default of the compose file counts\n"
       "versions_agree: APPSTRATE_VERSION says nothing, container says 1.0.0-beta.41, health says 1.0.0-beta.41, image says 1.0.0-beta.41"},
      {"the shell overrides it", [](World& w) { w.overridden = {"APPSTRATE_VERSION"}; },
       "pinned: the shell exports APPSTRATE_VERSION, which overrides .env"},
      {"an image is pinned beside it", [](World& w) { w.pinned_elsewhere = "1.0.0-beta.40"; },
       "pinned: not pinned by APPSTRATE_VERSION=1.0.0-beta.41: ghcr.io/appstrate/appstrate-sidecar:1.0.0-beta.40"},
      {"something else runs",
       [](World& w) {
         w.running = "1.0.0-beta.40";
         w.rows = journal_of("1.0.0-beta.40");
       },
       "versions_agree: APPSTRATE_VERSION says 1.0.0-beta.41, container says 1.0.0-beta.41, health says 1.0.0-beta.40, image says "
       "1.0.0-beta.41"},
      {"the release is in no registry", [](World& w) { w.registry_tags = {"1.0.0-beta.41"}; },
       "images_can_be_had: ghcr.io/appstrate/appstrate:1.0.0-beta.51: no such tag; "
       "ghcr.io/appstrate/appstrate-sidecar:1.0.0-beta.51: no such tag"},
      {"two servers", [](World& w) { w.servers = 2; }, "one_server_runs: project acme has 2 containers of appstrate, expected one"},
      {"a run is in progress", [](World& w) { w.in_progress = 1; }, "no_run_in_progress: 1 run is in progress and would be marked failed"},
      {"a setting does not reach it", [](World& w) { w.settings.erase(w.settings.begin() + 2); },
       "settings_reach_the_app: the compose file does not pass CONNECT_SESSION_SECRET on to appstrate (a fresh random value will do)"},
      {"a setting is not set",
       [](World& w) {
         w.env(
             "APPSTRATE_VERSION=1.0.0-beta.41\nBETTER_AUTH_SECRET=a\nCONNECTION_ENCRYPTION_KEY=b\nCONNECT_SESSION_SECRET=d\nRUN_TOKEN_"
             "SECRET=e\n");
       },
       "settings_reach_the_app: .env does not set UPLOAD_SIGNING_SECRET"},
      {"the database has another password",
       [](World& w) {
         w.env(read_file(w.files.instance / ".env") + "POSTGRES_PASSWORD=changed\n");
         w.database_says =
             "psql: error: connection to server at \"postgres\" failed: FATAL:  password authentication failed for user \"a\"\n";
       },
       "password_opens_the_database: password authentication failed for user \"a\""},
      {"the server has another database", [](World& w) { w.server_database = "db.example.com/appstrate\n"; },
       "database_is_the_servers: acme-appstrate-1 has its database at db.example.com, and not in the service postgres of the project: a "
       "backup of that would be of another one"},
      {"the vendor's command was broken off", [](World& w) { replace_file(w.files.instance / ".env.backup", ""); },
       "no_vendor_leftovers: `appstrate install` has left .env.backup, which it removes when it succeeds"},
      {"another application's database", [](World& w) { w.rows = {}; }, "database_fits: the database has no migrations of an Appstrate"},
      {"a database of a newer release", [](World& w) { w.rows = journal_of("1.0.0-beta.46"); },
       "database_fits: the database is newer than 1.0.0-beta.41: it is in the state of 1.0.0-beta.46"},
      {"a database newer than all",
       [](World& w) {
         w.rows.push_back({"0099_unheard_of", "00", 1893456000000});
       },
       "database_fits: the database is newer than 1.0.0-beta.41: it is in the state of no release that this playbook knows\n"
       "migrations_will_run: the database is newer than 1.0.0-beta.51: its migrations would be skipped without a word"},
      {"an earlier upgrade skipped some", [](World& w) { w.rows.erase(w.rows.begin() + 10, w.rows.begin() + 12); },
       "database_fits: 2 migrations of 1.0.0-beta.41 never ran: 0010_credential_available_models, 0011_aromatic_korvac\n"
       "migrations_will_run: 2 migrations of 1.0.0-beta.51 would be skipped without a word: 0010_credential_available_models, "
       "0011_aromatic_korvac"},
      {"a last row with another content", [](World& w) { w.rows.back().hash = "00"; },
       "database_fits: the newest migration of the database is none of 1.0.0-beta.41: it is in the state of 1.0.0-beta.41 to "
       "1.0.0-beta.42"},
      {"a wrong key", [](World& w) { w.opened = {0}, w.failed = {3}; }, "keys_open_stored_secrets: 0 open, 3 do not"},
      {"a key for some of the secrets", [](World& w) { w.failed = {1}; }, "keys_open_stored_secrets: 3 open, 1 do not"},
      {"nothing to try the keys on", [](World& w) { w.opened = {0}; }, "keys_open_stored_secrets: 0 open, 0 do not"},
      {"the target is what runs", [](World&) {}, "newer: 1.0.0-beta.41 runs already"},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    World world;
    one.change(world);
    CHECK(world.upgrade(one.what == std::string("the target is what runs") ? "1.0.0-beta.41" : "1.0.0-beta.51") == one.refused);
    CHECK(world.changes().empty());
  }
}

TEST_CASE("a floating version of Appstrate is refused") {
  World world;
  world.env(
      "APPSTRATE_VERSION=latest\nBETTER_AUTH_SECRET=a\nCONNECTION_ENCRYPTION_KEY=b\nUPLOAD_SIGNING_SECRET=c\nCONNECT_SESSION_SECRET=d\nRUN_"
      "TOKEN_SECRET=e\n");
  CHECK(world.upgrade().starts_with("pinned: ghcr.io/appstrate/appstrate:latest: latest is whatever was pushed last"));
  CHECK(world.changes().empty());
}

TEST_CASE("a squash of upstream's migrations is not crossed") {
  World world;
  world.running = world.service_version = world.image_version = "1.0.0-beta.16";
  world.rows = journal_of("1.0.0-beta.16");
  world.env(
      "APPSTRATE_VERSION=1.0.0-beta.16\nBETTER_AUTH_SECRET=a\nCONNECTION_ENCRYPTION_KEY=b\nUPLOAD_SIGNING_SECRET=c\nCONNECT_SESSION_SECRET="
      "d\nRUN_TOKEN_SECRET=e\n");
  world.accepted = {"breaking"};
  CHECK(world.upgrade() ==
        "path_is_sure: upstream rewrote its migrations at beta.17; the new ones would be skipped (packages/db/drizzle/meta/_journal.json)\n"
        "migrations_will_run: the database is newer than 1.0.0-beta.51: its migrations would be skipped without a word");
  CHECK(world.changes().empty());
}

TEST_CASE("breaking changes of Appstrate are accepted by name") {
  World world;
  world.running = world.service_version = world.image_version = "1.0.0-beta.39";
  world.rows = journal_of("1.0.0-beta.39");
  world.registry_tags.push_back("1.0.0-beta.39");
  world.env(
      "APPSTRATE_VERSION=1.0.0-beta.39\nBETTER_AUTH_SECRET=a\nCONNECTION_ENCRYPTION_KEY=b\nUPLOAD_SIGNING_SECRET=c\nCONNECT_SESSION_SECRET="
      "d\nRUN_TOKEN_SECRET=e\n");
  CHECK(world.upgrade() ==
        "breaking_changes_accepted: CONNECT_SESSION_SECRET and RUN_TOKEN_SECRET become required, and need a compose file that passes them "
        "on");
  world.accepted = {"breaking"};
  CHECK(world.upgrade() == "");
}

TEST_CASE("the form of the tag is the one that the registry knows, whatever was asked for") {
  World world;
  world.registry_tags = {"1.0.0-beta.41", "v1.0.0-beta.51"};
  world.upgrade("1.0.0-beta.51");
  CHECK(read_file(world.files.instance / ".env").starts_with("APPSTRATE_VERSION=v1.0.0-beta.51\n"));

  World other;
  CHECK(other.upgrade("v1.0.0-beta.51") == "");
  CHECK(read_file(other.files.instance / ".env").starts_with("APPSTRATE_VERSION=1.0.0-beta.51\n"));
}

TEST_CASE("migrations that the pulled image would skip are seen before anything stops") {
  World world;
  world.target_journal.back().when = world.target_journal.front().when + 1;
  CHECK(world.upgrade() == "migrations_will_run: 1 migration of 1.0.0-beta.51 would be skipped without a word: 0038_young_cassandra_nova");
  CHECK(world.changes() == std::vector<std::string>{"image.pull"});
}

TEST_CASE("what must hold of an Appstrate after its upgrade") {
  struct Case {
    const char* what;
    std::function<void(World&)> change;
    const char* failed;
  };
  const std::vector<Case> cases{
      {"people are lost", [](World& w) { w.users = 29; }, "user had 30 rows and has 29"},
      {"secrets can no longer be read",
       [](World& w) {
         w.opened = {3, 3, 2}, w.failed = {0, 0, 1};
       },
       "before: 3 open, 0 do not; now: 2 open, 1 do not"},
      {"secrets are gone",
       [](World& w) {
         w.opened = {3, 3, 2};
       },
       "before: 3 open, 0 do not; now: 2 open, 0 do not"},
      {"it restarted", [](World& w) { w.restarts = 2; }, "acme-appstrate-1 has restarted 2 times"},
      {"a query failed", [](World& w) { w.log_line = R"({"level":50,"error":"Failed query: select 1"})"; },
       R"(the log of appstrate says: {"level":50,"error":"Failed query: select 1"})"},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    World world;
    one.change(world);
    CHECK(world.upgrade() == one.failed);
  }
}

TEST_CASE("an upgrade of Appstrate keeps what the keys opened, where the operator let pass that they did not open all") {
  World world;
  world.opened = {3, 3, 4}, world.failed = {1};
  world.overridden_gates = {"keys_open_stored_secrets"};
  CHECK(world.upgrade() == "");
}

TEST_CASE("what the migrator would skip is known for every pair of releases") {
  World world;
  const Json jumps = parse_json(read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/appstrate/jumps.json"), "jumps.json");
  REQUIRE(jumps.size() == 55);
  for (const Json& jump : jumps) {
    INFO(jump.dump());
    CHECK(world.value_of("local journals = require 'appstrate.journals'\n"
                         "local from, to = journals.of('" +
                         jump[0].get<std::string>() + "'), journals.of('" + jump[1].get<std::string>() +
                         "')\n"
                         "return journals.skipped(from, to).count") == jump[3]);
  }
}
