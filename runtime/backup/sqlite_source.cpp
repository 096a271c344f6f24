// The source `sqlite`: {type="sqlite", path="data.db", name="data"}. One part `<name>.sqlite.zst`. Taken with the online backup API, so the
// application may be running; checked and fingerprinted on the very copy that is stored. State: {fingerprint, attributes, foreign_keys}.
#include <sys/stat.h>

#include "runtime/backup/kept.h"
#include "runtime/backup/source.h"
#include "runtime/backup/sqlite_swap.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/database/sqlite_fingerprint.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

fs::path path_of(const Json& spec) { return spec.at("path").get<std::string>(); }

// Through symlinks, so that what is replaced is the database and not a link to it.
fs::path real_path(const Json& spec) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(path_of(spec), error);
  return error ? path_of(spec) : real;
}

std::uint64_t size_or_zero(const fs::path& file) {
  std::error_code error;
  auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

SqliteFingerprint stored_fingerprint(const StoredSource& source) { return SqliteFingerprint::from_json(source.state.at("fingerprint")); }

void expect_sound(Sqlite& copy, const std::string& what, Code code) {
  std::vector<std::string> problems = copy.integrity_problems();
  if (problems.empty()) return;
  throw Error(code,
              what + " is damaged: " + problems[0] + (problems.size() > 1 ? " (and " + std::to_string(problems.size() - 1) + " more)" : ""),
              code == Code::backup_corrupt ? "take the set from another copy, or use another set"
                                           : "repair it first, such as with `sqlite3 FILE .recover`, or bring back an earlier backup set",
              {{"problems", problems}});
}

Sqlite::Options options(Work& work) { return {std::chrono::milliseconds(5000), work.cancel()}; }

// The decoded part, proven to be sound and to hold what the manifest says.
void expect_stored(const Stored& stored, const fs::path& decoded, Work& work) {
  Sqlite copy(decoded, Sqlite::Mode::snapshot, options(work));
  const std::string& file = stored.manifest.part_of(stored.source.name).file;
  expect_sound(copy, file, Code::backup_corrupt);
  std::vector<std::string> lines =
      differences(stored_fingerprint(stored.source), fingerprint(copy, [&](std::uint64_t) { work.advance(0); }));
  if (!lines.empty()) throw Error(Code::backup_corrupt, file + " holds something else than manifest.json says: " + join(lines, ", "));
}

class SqliteSource : public Source {
 public:
  std::string type() const override { return "sqlite"; }
  bool reads_beside(const Json&) const override { return true; }

  Json check(const Json& spec, const fs::path& instance) const override {
    check_spec(spec, {"type", "path", "name"});
    if (!spec.contains("path") || !spec["path"].is_string() || spec["path"].get<std::string>().empty())
      throw Error(Code::argument_invalid, "source sqlite: path must name a database file");
    fs::path path = absolute_below(instance, spec["path"]);
    Json complete{{"type", "sqlite"}, {"path", path.string()}, {"name", get_or<std::string>(spec, "name", path.stem().string())}};
    check_spec(complete, {"type", "path", "name"});
    return complete;
  }

  std::string describe(const Json& spec) const override { return "database " + path_of(spec).string(); }
  std::vector<std::string> touches(const Json& spec) const override { return {"file:" + path_of(spec).string()}; }

  std::uint64_t estimate(const Json& spec, Work&) const override {
    return size_or_zero(path_of(spec)) + size_or_zero(path_of(spec).string() + "-wal");
  }

  Json create(const Json& spec, SetWriter& writer, Work& work) const override { return store(spec, path_of(spec), writer, work); }

  bool recognizes(const fs::path& copy) const override { return begins_with(copy, std::string("SQLite format 3") + '\0'); }

  Json import(const Json& spec, const fs::path& copy, SetWriter& writer, Work& work) const override {
    Json state = store(spec, copy, writer, work);
    if (fs::exists(path_of(spec))) state["attributes"] = attributes_of(path_of(spec));  // it takes the place of that
    return state;
  }

  std::vector<std::string> warnings(const StoredSource& source) const override {
    std::vector<std::string> lines;
    for (const Json& problem : source.state.at("foreign_keys"))
      lines.push_back("database " + path_of(source.spec).string() + ": table " + problem.get<std::string>());
    return lines;
  }

  Json rows(const StoredSource& source) const override {
    Json rows = Json::object();
    for (const auto& [table, found] : stored_fingerprint(source).tables) rows[table] = found.rows;
    return rows;
  }

  void verify(const Stored& stored, Work& work) const override {
    ScratchFile scratch(work, stored.source.name + ".sqlite");
    extract_part(stored.folder, stored.manifest.part_of(stored.source.name), work, scratch.path());
    Sqlite copy(scratch.path(), Sqlite::Mode::snapshot, options(work));
    expect_sound(copy, stored.manifest.part_of(stored.source.name).file, Code::backup_corrupt);
  }

  Json rehearse(const Stored& stored, Work& work) const override {
    ScratchFile scratch(work, stored.source.name + ".sqlite");
    extract_part(stored.folder, stored.manifest.part_of(stored.source.name), work, scratch.path());
    expect_stored(stored, scratch.path(), work);
    return {{"name", stored.source.name}, {"type", type()}, {"rows", rows(stored.source)}};
  }

  void check_restore(const Stored& stored, Work&) const override {
    fs::path target = real_path(stored.source.spec);
    if (!fs::is_directory(target.parent_path()))
      throw Error(Code::file_missing, "cannot restore " + target.string() + ": its folder does not exist",
                  "make the folder, or mount what it is on");
    if (fs::exists(target) && !fs::is_regular_file(target))
      throw Error(Code::file_failed, "cannot restore " + target.string() + ": something that is no file has that name", "move it away");
    expect_unused(target);
  }

  Json restore(const Stored& stored, Work& work) const override {
    fs::path target = real_path(stored.source.spec);
    Json result{
        {"name", stored.source.name}, {"type", type()}, {"path", target.string()}, {"rows", rows(stored.source)}, {"kept", Json::array()}};
    if (is_restored(stored, target, work)) {
      apply_attributes(target, stored.source.state.at("attributes"));
      sync_folder(target.parent_path());  // it may have been swapped by a process that died right then
      fs::path kept = target.string() + ".replaced-" + stored.manifest.name;
      if (fs::exists(kept)) result["kept"].push_back(kept.string());
      return result;
    }
    FreshFile decoded(target, stored.manifest.name);
    extract_part(stored.folder, stored.manifest.part_of(stored.source.name), work, decoded.path());
    expect_stored(stored, decoded.path(), work);
    apply_attributes(decoded.path(), stored.source.state.at("attributes"));
    sync_file(decoded.path());
    work.reach("restore.decoded");
    if (auto kept = swap_database(decoded.path(), target, stored.manifest.name, work)) result["kept"].push_back(kept->string());
    return result;
  }

  std::vector<std::string> differences(const Stored& stored, Work& work) const override {
    if (!fs::exists(path_of(stored.source.spec))) return {"database " + path_of(stored.source.spec).string() + " is gone"};
    Sqlite live(path_of(stored.source.spec), Sqlite::Mode::read, options(work));
    return playbook::differences(stored_fingerprint(stored.source), fingerprint(live, [&](std::uint64_t) { work.advance(0); }));
  }

  Json loss(const Stored& stored, Work& work) const override {
    Json items = Json::array();
    auto add = [&](const std::string& table, const TableLoss& loss) {
      items.push_back({{"what", "table " + table}, {"added", loss.added}, {"removed", loss.removed}, {"changed", loss.changed}});
    };
    fs::path path = path_of(stored.source.spec);
    try {
      if (fs::exists(path))
        for (const auto& [table, loss] : lost_rows(stored, path, work)) add(table, loss);
      else
        for (const auto& [table, found] : stored_fingerprint(stored.source).tables) add(table, {0, found.rows, 0});
    } catch (const Error& unreadable) {
      if (unreadable.code() != Code::sqlite_failed) throw;
      items.push_back({{"what", "database " + path.string()}, {"unreadable", unreadable.message()}});
    }
    return {{"name", stored.source.name}, {"type", type()}, {"items", items}};
  }

  std::string instructions(const Stored& stored) const override {
    const Json& attributes = stored.source.state.at("attributes");
    fs::path target = real_path(stored.source.spec);
    std::string mark = ".before-" + stored.manifest.name;
    std::string owner = std::to_string(attributes.at("uid").get<uid_t>()), group = std::to_string(attributes.at("gid").get<gid_t>());
    return "**The database " + stored.source.name + "**, to `" + target.string() +
           "`: decode it beside, check it, put the old one aside with its\n" +
           "   `-wal` and `-journal` (an old `-wal` beside a new database would ruin it), put the new one in its place:\n\n```sh\n" +
           "database=" + shell_quoted(target.string()) + "\n" + "zstd -d -f -q " + shell_quoted(stored.source.name + ".sqlite.zst") +
           " -o \"$database.new\"\n" + "test \"$(sqlite3 \"$database.new\" 'pragma integrity_check')\" = ok\n" + "chown " + owner + ":" +
           group + " \"$database.new\"\nchmod " + attributes.at("mode").get<std::string>() + " \"$database.new\"\n" +
           "for suffix in '' -wal -shm -journal; do\n" + "  if test -e \"$database$suffix\"; then mv -f \"$database$suffix\" \"$database" +
           mark + "$suffix\"; fi\n" + "done\n" +
           "mv \"$database.new\" \"$database\"\nrm -f \"$database.new-wal\" \"$database.new-shm\"\nsync\n```\n";
  }

 private:
  static Json store(const Json& spec, const fs::path& database, SetWriter& writer, Work& work) {
    std::string name = spec.at("name");
    ScratchFile scratch(work, name + ".sqlite");
    Json attributes;
    {
      Sqlite live(database, Sqlite::Mode::read, options(work));
      attributes = attributes_of(database);
      std::uint64_t before = 0;
      live.copy_to(scratch.path(), [&](std::uint64_t done, std::uint64_t) {
        work.advance(done > before ? done - before : 0);
        before = done;
      });
    }
    work.reach("backup.copied");
    Json state{{"attributes", attributes}};
    {
      Sqlite copy(scratch.path(), Sqlite::Mode::snapshot, options(work));
      expect_sound(copy, "database " + database.string(), Code::sqlite_failed);
      state["foreign_keys"] = copy.foreign_key_problems();
      state["fingerprint"] = fingerprint(copy, [&](std::uint64_t) { work.advance(0); }).to_json();
    }
    auto part = writer.part(name + ".sqlite.zst", name, Encoding::zstd, size_or_zero(scratch.path()));
    read_in_pieces(scratch.path(), [&](std::string_view piece) { part->write(piece); });
    writer.add(part->finish());
    return state;
  }

  static std::map<std::string, TableLoss> lost_rows(const Stored& stored, const fs::path& path, Work& work) {
    Sqlite live(path, Sqlite::Mode::read, options(work));
    auto then = stored_fingerprint(stored.source).tables, now = fingerprint(live, [&](std::uint64_t) { work.advance(0); }).tables;
    std::vector<std::string> differing;
    for (const auto& [name, table] : now)
      if (!then.contains(name) || then[name] != table) differing.push_back(name);
    for (const auto& [name, table] : then)
      if (!now.contains(name)) differing.push_back(name);
    if (differing.empty()) return {};
    ScratchFile scratch(work, stored.source.name + ".sqlite");
    extract_part(stored.folder, stored.manifest.part_of(stored.source.name), work, scratch.path());
    return compare_rows(live, scratch.path(), differing);
  }

  // A restore that was already done is not done again: what it kept would be replaced by what it restored.
  static bool is_restored(const Stored& stored, const fs::path& target, Work& work) {
    std::error_code error;
    if (!fs::exists(target, error)) return false;
    try {
      Sqlite live(target, Sqlite::Mode::read, options(work));
      return fingerprint(live, [&](std::uint64_t) { work.advance(0); }) == stored_fingerprint(stored.source) &&
             live.integrity_problems(1).empty();
    } catch (const Error& unreadable) {
      if (unreadable.code() == Code::cancelled || unreadable.code() == Code::sqlite_locked) throw;
      return false;
    }
  }
};

}  // namespace

std::unique_ptr<Source> make_sqlite_source() { return std::make_unique<SqliteSource>(); }

}  // namespace playbook
