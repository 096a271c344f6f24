// The source `postgres`: {type="postgres", server={project, service, user?, database?} or {url}, name="shop"}. One part `<name>.dump.zst`,
// made by the pg_dump of the server's own place from a snapshot that a session of ours holds, and fingerprinted at that very snapshot, so
// that the application may be running. State: {database, describes (what no dump holds), fingerprint, connection, tools}.
//
// A restore loads a new database beside, compares it, and swaps the two names in one transaction.
#include <algorithm>
#include <atomic>
#include <future>

#include "runtime/backup/postgres_archive.h"
#include "runtime/backup/postgres_databases.h"
#include "runtime/backup/postgres_instructions.h"
#include "runtime/backup/postgres_loss.h"
#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/database/postgres_fingerprint.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::uint64_t kComparedBytes = 512u << 20;  // a larger dump is not restored only to count the rows that a restore takes away
constexpr std::chrono::seconds kPatience{5};          // for sessions that were just ended

PostgresOptions options(const Work& work, const std::string& database = "", bool writes = false) {
  PostgresOptions chosen;
  chosen.database = database;
  chosen.application = work.action();
  chosen.writes = writes;
  chosen.cancel = work.cancel();
  return chosen;
}

PostgresFingerprint stored_fingerprint(const StoredSource& source) {
  return PostgresFingerprint::from_json(source.state.at("fingerprint"));
}

std::string database_of(const StoredSource& source) { return source.state.at("database"); }

PostgresFingerprint fingerprint_of(PostgresServer& server, Work& work, const std::string& database) {
  return fingerprint(*server.connect(options(work, database)), [&] { work.advance(0); });
}

// Extensions come back in the version that the server has now; that is no damage.
void expect_equal(const PostgresFingerprint& stored, PostgresFingerprint found, const std::string& part) {
  for (auto& [name, version] : found.extensions)
    if (auto known = stored.extensions.find(name); known != stored.extensions.end()) version = known->second;
  std::vector<std::string> lines = differences(stored, found);
  if (!lines.empty()) throw Error(Code::backup_corrupt, part + " holds something else than manifest.json says: " + join(lines, ", "));
}

// A database of its own for this action, with the part in it; dropped with this object. What earlier actions of the same run left, when
// they were killed, goes first.
class ScratchDatabase {
 public:
  using Load = std::function<void(const std::string& database)>;

  /// Like `described`, filled by `load`; beside `database`, which stays as it is.
  ScratchDatabase(PostgresServer& server, const std::string& database, const Json& described, Work& work, const Load& load)
      : name_("playbook_scratch_" + plain_name(work.action()).substr(0, 46)),
        maintenance_(open_maintenance(server, options(work), database)) {
    std::string run = work.action().substr(0, work.action().find('/'));
    for (const PostgresRow& row : maintenance_->query("select datname from pg_database where starts_with(datname, " +
                                                      sql_literal("playbook_scratch_" + plain_name(run) + "_") + ")"))
      drop_database(*maintenance_, *row.at(0));
    maintenance_->query(create_database_sql(name_, described));
    try {
      work.reach("rehearse.created");
      load(name_);
    } catch (...) {
      drop();
      throw;
    }
  }
  ScratchDatabase(PostgresServer& server, const Stored& stored, Work& work)
      : ScratchDatabase(server, database_of(stored.source), stored.source.state.at("describes"), work, [&](const std::string& name) {
          load_database(server, options(work, name), stored.folder, stored.manifest.part_of(stored.source.name), work);
        }) {}
  ~ScratchDatabase() { drop(); }
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;
  const std::string& name() const { return name_; }

 private:
  void drop() {
    try {
      drop_database(*maintenance_, name_);
    } catch (const Error&) {
      // it stays for the next action of this run; what went wrong before is the news
    }
  }

  const std::string name_;
  std::unique_ptr<PostgresSession> maintenance_;
};

class PostgresSource : public Source {
 public:
  std::string type() const override { return "postgres"; }

  Json check(const Json& spec, const fs::path& instance) const override {
    check_spec(spec, {"type", "server", "name"});
    if (!spec.contains("server")) throw Error(Code::argument_invalid, "source postgres: server must say how the database is reached");
    Json server = check_postgres_server(spec["server"], instance);
    std::string name = get_or<std::string>(server, "database", get_or<std::string>(server, "service", "postgres"));
    Json complete{{"type", "postgres"}, {"server", std::move(server)}, {"name", get_or<std::string>(spec, "name", name)}};
    check_spec(complete, {"type", "server", "name"});
    return complete;
  }

  std::string describe(const Json& spec) const override { return postgres_label(spec.at("server")); }
  std::vector<std::string> touches(const Json& spec) const override { return {"postgres:" + describe(spec)}; }

  std::uint64_t estimate(const Json& spec, Work& work) const override {
    auto session = work.postgres(spec.at("server"))->connect(options(work));
    return std::stoull(session->text("select pg_database_size(current_database())"));
  }

  void announce(const Json&, Work&) const override {}  // done with the connection that reads it

  // A server in a container keeps its volume where the engine keeps all of them, as far as anybody can say.
  fs::path restored_below(const Json& spec, Work& work) const override {
    auto server = work.postgres(spec.at("server"));
    if (server->runs_here())
      return server->connect(options(work))
          ->value("select current_setting('data_directory') where pg_has_role('pg_read_all_settings', 'usage')")
          .value_or("");
    Command ask;
    ask.argv = {"docker", "info", "--format", "{{.DockerRootDir}}"};
    Exit exit = work.children().run(ask, nullptr, work.cancel());
    return exit.status == 0 ? trim(exit.out) : "";
  }

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    auto server = work.postgres(spec.at("server"));
    auto tools = std::async(std::launch::async, [&server, asking = options(work)] { return postgres_tools(*server, asking); });
    auto session = server->connect(options(work));
    end_sessions_of(*session, work.action());
    expect_tools(tools.get(), *session, server->describe(""));
    std::string database = session->text("select current_database()");
    Json state{{"database", database}, {"describes", describe_database(*session, database)}, {"connection", server->connection()}};
    state["fingerprint"] = store(spec, *server, *session, writer, work);
    return state;
  }

  bool recognizes(const fs::path& copy) const override {
    return is_archive(copy) || begins_with(copy, "--\n-- PostgreSQL database dump") || copy.extension() == ".sql";
  }

  // What was made by hand is loaded into a scratch database, from which it is backed up as any other: proven to be restorable, and counted.
  Json import(const Json& spec, const fs::path& copy, SetWriter& writer, Work& work) const override {
    auto server = work.postgres(spec.at("server"));
    std::string database = server->connect(options(work))->text("select current_database()");
    auto maintenance = open_maintenance(*server, options(work), database);
    end_sessions_of(*maintenance, work.action());
    expect_tools(postgres_tools(*server, options(work)), *maintenance, server->describe(""));
    Json state{{"database", database}, {"describes", describe_database(*maintenance, database)}, {"connection", server->connection()}};
    maintenance.reset();  // its sessions have the name of the action, by which strays are ended
    ScratchDatabase scratch(*server, database, state["describes"], work,
                            [&](const std::string& name) { load_dump(*server, options(work, name), copy, work); });
    auto session = server->connect(options(work, scratch.name()));
    state["fingerprint"] = store(spec, *server, *session, writer, work);
    return state;
  }

  Json rows(const StoredSource& source) const override {
    Json rows = Json::object();
    for (const auto& [table, found] : stored_fingerprint(source).tables) rows[table] = found.rows;
    return rows;
  }

  void verify(const Stored& stored, Work& work) const override {
    const Json& spec = stored.source.spec.at("server");
    std::shared_ptr<PostgresServer> server;
    try {
      if (spec.contains("service")) server = work.postgres(spec);
    } catch (const Error& gone) {  // on an empty machine the project comes with the set: what is on this host reads it
      if (gone.code() != Code::file_missing) throw;
    }
    check_archive(server.get(), stored.folder, stored.manifest.part_of(stored.source.name), work);
  }

  Json rehearse(const Stored& stored, Work& work) const override {
    auto server = work.postgres(stored.source.spec.at("server"));
    ScratchDatabase scratch(*server, stored, work);
    expect_equal(stored_fingerprint(stored.source), fingerprint_of(*server, work, scratch.name()),
                 stored.manifest.part_of(stored.source.name).file);
    work.reach("rehearse.compared");
    if (work.shows_copies()) work.shows_copies()(*server->connect(options(work, scratch.name())));
    return {{"name", stored.source.name}, {"type", type()}, {"rows", rows(stored.source)}};
  }

  void check_restore(const Stored& stored, Work& work) const override {
    auto server = work.postgres(stored.source.spec.at("server"));
    std::string database = database_of(stored.source), label = server->describe(database);
    auto maintenance = open_maintenance(*server, options(work), database);
    expect_tools(postgres_tools(*server, options(work)), *maintenance, server->describe(""));
    expect_rights(*maintenance, database, stored.source.state.at("describes").at("owner"), label);
    for (const auto& [name, version] : stored_fingerprint(stored.source).extensions)
      if (!maintenance->value("select 1 from pg_available_extensions where name = " + sql_literal(name)))
        throw Error(Code::postgres_failed, label + " cannot be restored: the server does not offer the extension " + name,
                    "install it there, in version " + version);
    expect_unused(*maintenance, database, label, work);
  }

  Json restore(const Stored& stored, Work& work) const override {
    auto server = work.postgres(stored.source.spec.at("server"));
    std::string database = database_of(stored.source), fresh = database.substr(0, 40) + "_playbook_restoring";
    Json result{{"name", stored.source.name},  {"type", type()},        {"database", database},
                {"rows", rows(stored.source)}, {"kept", Json::array()}, {"warnings", Json::array()}};
    auto maintenance = open_maintenance(*server, options(work, "", true), database);
    end_sessions_of(*maintenance, work.action());
    hold_alone(*maintenance, database);
    std::string remark = "replaced by playbook " + work.action() + " when it restored " + stored.manifest.name;
    if (!is_restored(*server, *maintenance, stored, work)) {
      for (const std::string& statement : load_fresh(*server, *maintenance, fresh, stored, work))
        result["warnings"].push_back(server->describe(database) + ": this role may not bring back: " + statement);
      swap_databases(*maintenance, fresh, database, free_database_name(*maintenance, database, "replaced_" + mark_of(stored.manifest.name)),
                     remark);
      work.reach("restore.swapped");
    }
    for (const PostgresRow& row : maintenance->query(
             "select datname from pg_database where shobj_description(oid, 'pg_database') = " + sql_literal(remark) + " order by 1"))
      result["kept"].push_back("database " + *row.at(0));
    return result;
  }

  std::vector<std::string> differences(const Stored& stored, Work& work) const override {
    auto server = work.postgres(stored.source.spec.at("server"));
    if (!has_database(*open_maintenance(*server, options(work), database_of(stored.source)), database_of(stored.source)))
      return {server->describe(database_of(stored.source)) + " is gone"};
    return playbook::differences(stored_fingerprint(stored.source), fingerprint_of(*server, work, database_of(stored.source)));
  }

  Json loss(const Stored& stored, Work& work) const override;
  std::string instructions(const Stored& stored) const override { return postgres_instructions(stored); }

 private:
  // One moment of the session's database: its fingerprint, and its dump as a part.
  static Json store(const Json& spec, PostgresServer& server, PostgresSession& session, SetWriter& writer, Work& work) {
    std::string name = spec.at("name"), database = session.text("select current_database()");
    std::uint64_t bytes = std::stoull(session.text("select pg_database_size(current_database())"));
    work.expect(3 * bytes);  // as `announce` would have, for another connection
    session.query("begin isolation level repeatable read read only");
    std::string snapshot = session.text("select pg_export_snapshot()");
    // Both read all of the database, at one snapshot: beside each other, for the application may be standing still meanwhile.
    std::atomic<bool> stop{false};
    auto found = std::async(std::launch::async, [&session, &stop] {
      return fingerprint(session, [&stop] {
        if (stop) throw Error(Code::cancelled, "the dump beside it has failed");
      });
    });
    std::unique_ptr<PartWriter> part;
    try {
      work.reach("backup.snapshot");
      part = writer.part(name + ".dump.zst", name, Encoding::zstd, bytes);
      dump_database(server, options(work, database), snapshot, *part);
    } catch (...) {
      stop = true;
      found.wait();
      try {
        session.query("rollback");
        end_sessions_of(session, work.action());  // in a container pg_dump survives whoever reads it
      } catch (const Error&) {
        // the server is gone, and pg_dump with it
      }
      throw;
    }
    Json compared = found.get().to_json();
    session.query("commit");  // the snapshot was held to the end
    work.reach("backup.dumped");
    writer.add(part->finish());
    return compared;
  }

  static void expect_rights(PostgresSession& maintenance, const std::string& database, const std::string& owner, const std::string& label) {
    bool super = maintenance.text("select rolsuper from pg_roles where rolname = current_user") == "t";
    if (super) return;
    auto expect = [&](const std::string& sql, const std::string& what) {
      if (maintenance.value(sql) != "t")
        throw Error(Code::postgres_failed, label + " cannot be restored: role " + maintenance.text("select current_user") + " " + what,
                    "use a superuser, or the owner of the database with the right to create databases");
    };
    expect("select rolcreatedb from pg_roles where rolname = current_user", "may not create databases");
    expect("select pg_has_role(oid, 'member') from pg_roles where rolname = " + sql_literal(owner), "may not act for the owner " + owner);
    expect("select coalesce((select pg_has_role(datdba, 'usage') from pg_database where datname = " + sql_literal(database) + "), true)",
           "does not own it, and so may not rename it");
  }

  static void expect_unused(PostgresSession& maintenance, const std::string& database, const std::string& label, Work& work) {
    std::vector<std::string> busy;
    for (auto until = std::chrono::steady_clock::now() + kPatience; std::chrono::steady_clock::now() < until;) {
      busy = busy_sessions(maintenance, database);
      if (busy.empty()) return;
      if (work.cancel()) work.cancel()->check();
      maintenance.query("select pg_sleep(0.1)");
    }
    throw Error(Code::postgres_locked, label + " is in use: " + join(busy, "; "),
                "stop what uses it, or end it with select pg_terminate_backend(PID)", {{"sessions", busy}});
  }

  // One restore of a database at a time. The lock goes with the session.
  static void hold_alone(PostgresSession& maintenance, const std::string& database) {
    if (maintenance.text("select pg_try_advisory_lock(hashtextextended('playbook restores ' || " + sql_literal(database) + ", 0))") != "t")
      throw Error(Code::postgres_locked, maintenance.server() + ": another restore of " + database + " is under way",
                  "wait until it has ended; select * from pg_locks where locktype = 'advisory' shows who it is");
  }

  // A restore that was already done is not done again: what it kept would be replaced by what it restored.
  static bool is_restored(PostgresServer& server, PostgresSession& maintenance, const Stored& stored, Work& work) {
    if (!has_database(maintenance, database_of(stored.source))) return false;
    try {
      return playbook::differences(stored_fingerprint(stored.source), fingerprint_of(server, work, database_of(stored.source))).empty();
    } catch (const Error& unreadable) {
      if (unreadable.code() == Code::cancelled || unreadable.code() == Code::postgres_locked) throw;
      return false;
    }
  }

  static std::vector<std::string> load_fresh(PostgresServer& server, PostgresSession& maintenance, const std::string& fresh,
                                             const Stored& stored, Work& work) {
    const Json& described = stored.source.state.at("describes");
    const Part& part = stored.manifest.part_of(stored.source.name);
    drop_database(maintenance, fresh);  // what a restore left that was killed
    maintenance.query(create_database_sql(fresh, described));
    work.reach("restore.created");
    std::vector<std::string> denied;
    try {
      load_database(server, options(work, fresh), stored.folder, part, work);
      work.reach("restore.decoded");
      expect_equal(stored_fingerprint(stored.source), fingerprint_of(server, work, fresh), part.file);
      server.connect(options(work, fresh, true))->query("analyze");
      denied = dress_database(maintenance, fresh, described);
    } catch (const Error& failed) {
      try {
        drop_database(maintenance, fresh);
      } catch (const Error&) {
        // the next restore drops it
      }
      throw failed;
    }
    work.reach("restore.compared");
    return denied;
  }

  static Json lost_rows(PostgresServer& server, PostgresSession& live, const Stored& stored, Work& work);
};

Json item(const std::string& table, const PostgresLoss& loss) {
  return {{"what", "table " + table}, {"added", loss.added}, {"removed", loss.removed}, {"changed", loss.changed}};
}

Json PostgresSource::loss(const Stored& stored, Work& work) const {
  Json items = Json::array();
  auto server = work.postgres(stored.source.spec.at("server"));
  std::string database = database_of(stored.source);
  try {
    items = lost_rows(*server, *server->connect(options(work, database)), stored, work);
  } catch (const Error& unreadable) {
    if (unreadable.code() != Code::postgres_failed) throw;
    if (get_or<std::string>(unreadable.details(), "sqlstate", "") == "3D000")
      for (const auto& [table, found] : stored_fingerprint(stored.source).tables) items.push_back(item(table, {0, found.rows, 0}));
    else
      items.push_back({{"what", server->describe(database)}, {"unreadable", unreadable.message()}});
  }
  return {{"name", stored.source.name}, {"type", type()}, {"items", items}};
}

Json PostgresSource::lost_rows(PostgresServer& server, PostgresSession& live, const Stored& stored, Work& work) {
  Json items = Json::array();
  auto then = stored_fingerprint(stored.source).tables, now = fingerprint(live, [&] { work.advance(0); }).tables;
  std::vector<std::string> differing;
  for (const auto& [table, found] : now)
    if (!then.contains(table))
      items.push_back(item(table, {found.rows, 0, 0}));
    else if (then[table] != found)
      differing.push_back(table);
  for (const auto& [table, found] : then)
    if (!now.contains(table)) items.push_back(item(table, {0, found.rows, 0}));
  if (differing.empty()) return items;
  if (stored.manifest.part_of(stored.source.name).bytes > kComparedBytes) {
    for (const std::string& table : differing)
      items.push_back({{"what", "table " + table + " (" + std::to_string(then[table].rows) + " rows then, " +
                                    std::to_string(now[table].rows) + " now)"},
                       {"unreadable", "it is too large to be compared row by row"}});
    return items;
  }
  ScratchDatabase scratch(server, stored, work);
  auto copy = server.connect(options(work, scratch.name()));
  copy->query("begin isolation level repeatable read read only");
  for (PostgresSession* session : {&live, copy.get()}) session->query("set local search_path = public");
  for (const std::string& table : differing) {
    work.advance(0);
    items.push_back(item(table, compare_rows(live, *copy, table)));
  }
  return items;
}

}  // namespace

std::unique_ptr<Source> make_postgres_source() { return std::make_unique<PostgresSource>(); }

}  // namespace playbook
