// The source `sqlserver`: {type="sqlserver", server={project, service, password}, database="Umbraco", user="sa",
// folder="/var/opt/mssql/data", name="Umbraco"}. One part `<name>.bak.zst`: BACKUP DATABASE ... WITH COPY_ONLY, CHECKSUM, which may run
// while the application does and does not disturb a site's own chain of backups, then RESTORE VERIFYONLY. State: {version,
// rows={"dbo.table"=count}}. `folder` is one of the server's own, where it may write; the file there goes again. Written by Microsoft's
// documentation of Transact-SQL and of sqlcmd: no SQL Server was met by it.
//
// A restore replaces the database in its place; what is replaced is not kept.
#include <algorithm>
#include <map>

#include "runtime/backup/services.h"
#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/secret.h"
#include "runtime/base/text.h"
#include "runtime/database/sql_server.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReceive = R"sh(umask 077
cat >"$1"
sync)sh";
constexpr const char* kRowCounts =
    "set nocount on; select s.name + '.' + t.name + '|' + cast(sum(p.rows) as varchar(20)) from sys.tables t join sys.schemas s on "
    "s.schema_id = t.schema_id join sys.partitions p on p.object_id = t.object_id and p.index_id in (0, 1) group by s.name, t.name order "
    "by "
    "1";
constexpr std::string_view kTape = "TAPE";  // Microsoft Tape Format, in which it writes

/// One SQL Server, through the sqlcmd of its place.
class BackedUpServer {
 public:
  BackedUpServer(const Json& spec, Work& work)
      : work_(work),
        login_{"localhost", spec.at("user"), work.secret(spec.at("server").at("password"))},
        place_(place_inside(spec["server"], work)) {}

  /// Throws `backup.failed` with the server's own words.
  std::string run(const std::string& statements, const std::string& what, const std::string& database = "master") {
    return run_well(*place_, sqlcmd(login_, database, statements), what, work_);
  }
  std::map<std::string, std::uint64_t> rows(const std::string& database) {
    std::map<std::string, std::uint64_t> counts;
    for (const std::string& line : split(run(kRowCounts, "counting the rows of " + database, database), '\n'))
      if (size_t bar = line.rfind('|'); bar != std::string::npos) counts[line.substr(0, bar)] = std::stoull(line.substr(bar + 1));
    return counts;
  }
  Place& place() { return *place_; }

 private:
  Work& work_;
  const SqlServerLogin login_;
  const std::unique_ptr<Place> place_;
};

/// A file in the server's folder, which goes with this object.
class ServerFile {
 public:
  ServerFile(BackedUpServer& server, const Json& spec, Work& work)
      : server_(server),
        work_(work),
        path_(spec.at("folder").get<std::string>() + "/playbook-" + spec.at("name").get<std::string>() + ".bak") {}
  ~ServerFile() {
    try {
      Command remove;
      remove.argv = {"rm", "-f", path_};
      server_.place().run(remove);
    } catch (const Error&) {
      // it is overwritten by the next one
    }
  }
  ServerFile(const ServerFile&) = delete;
  ServerFile& operator=(const ServerFile&) = delete;

  const std::string& path() const { return path_; }
  void send_to(PartWriter& part, const std::string& what) {
    Command take;
    take.argv = {"cat", path_};
    take.output = [&](std::string_view bytes) { part.write(bytes); };
    run_well(server_.place(), take, what, work_);
  }
  void fill_from(const Stored& stored) {
    Command put;
    put.argv = {"sh", "-euc", kReceive, "sh", path_};
    PartReader reader(stored.folder, stored.manifest.part_of(stored.source.name), work_);
    put.feed = [&] { return reader.next(); };
    run_well(server_.place(), put, "putting the backup where the server reads it", work_);
  }

 private:
  BackedUpServer& server_;
  Work& work_;
  const std::string path_;
};

class SqlServerSource final : public Source {
 public:
  std::string type() const override { return "sqlserver"; }

  Json check(const Json& spec, const fs::path& instance) const override {
    const std::vector<std::string> members{"type", "server", "database", "user", "folder", "name"};
    check_spec(spec, members);
    auto refuse = [](const std::string& message, const std::string& hint = "") {
      throw Error(Code::argument_invalid, "source sqlserver: " + message, hint);
    };
    const Json database = get_or<Json>(spec, "database", nullptr);
    if (!database.is_string() || database.get<std::string>().empty()) refuse("database must name a database, found " + canonical(database));
    const Json server = check_server("sqlserver", get_or<Json>(spec, "server", Json::object()), {"password"}, instance);
    if (!is_secret(get_or<Json>(server, "password", nullptr)))
      refuse("server.password must be a secret reference", "name it, such as with secret.dotenv(\".env\", \"DB_PASSWORD\")");
    Json complete{{"type", "sqlserver"},
                  {"server", server},
                  {"database", database},
                  {"user", get_or<std::string>(spec, "user", "sa")},
                  {"folder", get_or<std::string>(spec, "folder", "/var/opt/mssql/data")},
                  {"name", get_or<Json>(spec, "name", database)}};
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override {
    return "database " + database_of(spec) + " of SQL Server of " + server_label(spec.at("server"));
  }
  std::vector<std::string> touches(const Json& spec) const override { return {"sqlserver:" + describe(spec)}; }
  std::uint64_t estimate(const Json& spec, Work& work) const override {
    const std::string said = BackedUpServer(spec, work)
                                 .run("set nocount on; select sum(cast(size as bigint)) * 8192 from sys.database_files",
                                      "measuring " + describe(spec), database_of(spec));
    return std::strtoull(said.c_str(), nullptr, 10);
  }

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    const std::string name = spec.at("name"), database = database_of(spec);
    BackedUpServer server(spec, work);
    ServerFile file(server, spec, work);
    const auto rows = server.rows(database);
    server.run("backup database " + sql_server_name(database) + " to disk = " + sql_server_text(file.path()) +
                   " with copy_only, checksum, init, format",
               "BACKUP DATABASE of " + describe(spec));
    expect_whole(server, file, spec);
    auto part = writer.part(name + ".bak.zst", name, Encoding::zstd, estimate(spec, work));
    file.send_to(*part, "reading the backup of " + describe(spec));
    work.reach("backup.dumped");
    writer.add(part->finish());
    return {{"version", std::string(trim(server.run("set nocount on; select serverproperty('ProductVersion')", "asking for the version")))},
            {"rows", rows}};
  }

  Json rows(const StoredSource& source) const override { return source.state.at("rows"); }

  void verify(const Stored& stored, Work& work) const override {
    const Part& part = stored.manifest.part_of(stored.source.name);
    std::string begin;
    read_part(stored.folder, part, work, [&](std::string_view piece) {
      if (begin.size() < kTape.size()) begin += piece.substr(0, kTape.size() - begin.size());
    });
    if (begin != kTape) throw Error(Code::backup_corrupt, part.file + " is no backup of SQL Server: it does not begin with TAPE");
  }

  // Into a database of its own, beside, with files of its own.
  Json rehearse(const Stored& stored, Work& work) const override {
    const Json& spec = stored.source.spec;
    const std::string scratch = "playbook_scratch_" + stored.source.name;
    BackedUpServer server(spec, work);
    ServerFile file(server, spec, work);
    file.fill_from(stored);
    expect_whole(server, file, spec);
    const std::string drop = "if db_id(" + sql_server_text(scratch) + ") is not null drop database " + sql_server_name(scratch);
    server.run(drop, "removing what an earlier rehearsal left");
    server.run("restore database " + sql_server_name(scratch) + " from disk = " + sql_server_text(file.path()) + " with checksum" +
                   moves(server, file, spec, scratch),
               "RESTORE DATABASE into " + scratch);
    const auto found = server.rows(scratch);
    server.run(drop, "removing " + scratch);
    if (Json(found) != stored.source.state.at("rows"))
      throw Error(Code::backup_corrupt, stored.manifest.part_of(stored.source.name).file + " holds other rows than manifest.json says");
    return {{"name", stored.source.name}, {"type", type()}, {"rows", rows(stored.source)}};
  }

  void check_restore(const Stored& stored, Work& work) const override {
    BackedUpServer(stored.source.spec, work).run("select 1", "reaching " + describe(stored.source.spec));
  }

  Json restore(const Stored& stored, Work& work) const override {
    const Json& spec = stored.source.spec;
    const std::string database = sql_server_name(database_of(spec));
    BackedUpServer server(spec, work);
    ServerFile file(server, spec, work);
    file.fill_from(stored);
    expect_whole(server, file, spec);
    work.reach("restore.decoded");
    server.run("if db_id(" + sql_server_text(database_of(spec)) + ") is not null alter database " + database +
                   " set single_user with rollback immediate; restore database " + database + " from disk = " +
                   sql_server_text(file.path()) + " with replace, checksum; alter database " + database + " set multi_user",
               "RESTORE DATABASE of " + describe(spec));
    work.reach("restore.swapped");
    return {{"name", stored.source.name},
            {"type", type()},
            {"rows", rows(stored.source)},
            {"kept", Json::array()},
            {"warnings", Json::array({describe(spec) + " was replaced in its place; what was in it before is not kept"})}};
  }

  std::vector<std::string> differences(const Stored& stored, Work& work) const override {
    std::vector<std::string> lines;
    const Json then = stored.source.state.at("rows"), now = BackedUpServer(stored.source.spec, work).rows(database_of(stored.source.spec));
    for (const auto& [table, count] : then.items())
      if (now.value(table, Json()) != count)
        lines.push_back("table " + table + " has " + now.value(table, Json(0)).dump() + " rows, not " + count.dump());
    for (const auto& [table, count] : now.items())
      if (!then.contains(table)) lines.push_back("table " + table + " is new, with " + count.dump() + " rows");
    return lines;
  }

  Json loss(const Stored& stored, Work& work) const override { return counted_loss(*this, stored, work, "as many rows as then"); }

  std::string instructions(const Stored& stored) const override {
    const Json& spec = stored.source.spec;
    const std::string inside = inside_by_hand(spec.at("server")), file = spec.at("folder").get<std::string>() + "/restore.bak",
                      database = sql_server_name(database_of(spec));
    return "**The " + describe(spec) + "**, in its place. Put the password of `" + spec.at("user").get<std::string>() +
           "` into `SQLCMDPASSWORD` first:\n\n```sh\nzstd -d -c -q " + shell_quoted(stored.manifest.part_of(stored.source.name).file) +
           " | " + inside + "sh -euc " + shell_quoted(kReceive) + " sh " + shell_quoted(file) + "\nprintf '%s\\n' \"$SQLCMDPASSWORD\" | " +
           inside + "sh -euc " + shell_quoted("read -r SQLCMDPASSWORD\nexport SQLCMDPASSWORD\n" + std::string(kSqlcmd)) +
           " sh -S localhost -U " + shell_quoted(spec["user"].get<std::string>()) + " -C -b -Q " +
           shell_quoted("if db_id(" + sql_server_text(database_of(spec)) + ") is not null alter database " + database +
                        " set single_user with rollback immediate; restore database " + database + " from disk = " + sql_server_text(file) +
                        " with replace, checksum; alter database " + database + " set multi_user") +
           "\n" + inside + "rm -f " + shell_quoted(file) + "\n```\n";
  }

 private:
  static std::string database_of(const Json& spec) { return spec.at("database"); }

  void expect_whole(BackedUpServer& server, const ServerFile& file, const Json& spec) const {
    server.run("restore verifyonly from disk = " + sql_server_text(file.path()) + " with checksum",
               "RESTORE VERIFYONLY of " + describe(spec));
  }

  // Its first column is the logical name of each file.
  static std::string moves(BackedUpServer& server, const ServerFile& file, const Json& spec, const std::string& scratch) {
    std::string text;
    int count = 0;
    for (const std::string& line : split(
             server.run("set nocount on; restore filelistonly from disk = " + sql_server_text(file.path()), "RESTORE FILELISTONLY"), '\n'))
      if (size_t bar = line.find('|'); bar != std::string::npos && bar > 0)
        text += ", move " + sql_server_text(line.substr(0, bar)) + " to " +
                sql_server_text(spec.at("folder").get<std::string>() + "/" + scratch + "." + std::to_string(++count));
    return text;
  }
};

}  // namespace

std::unique_ptr<Source> make_sqlserver_source() { return std::make_unique<SqlServerSource>(); }

}  // namespace playbook
