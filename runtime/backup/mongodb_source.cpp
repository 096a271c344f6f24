// The source `mongodb`, through the tools of the service that holds it (Appsmith's container has them): {type="mongodb", server={project,
// service}, uri=secret reference?, beside=false, name="mongodb"}; `beside`: the database is elsewhere, and the tools run in a throwaway
// container of the service's image, so that the service itself can be stopped. One part `<name>.archive.gz`, what `mongodump --archive
// --gzip` gives, read back document by document without MongoDB. State: {server_version, tool_version, collections={"db.name"=documents}}.
// Writers must be stopped: a dump of a live database is no single moment.
//
// The address, which holds a password, reaches the tools by the environment and a configuration file of theirs, 0600, gone when they end.
// A restore replaces each collection of the dump, and drops those that came later where the place has mongosh.
#include "runtime/backup/mongodump_archive.h"
#include "runtime/backup/services.h"
#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/secret.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Runs a tool of MongoDB with `--config`. YAML doubles a quote in single quotes.
constexpr const char* kTool = R"sh(umask 077
config=$(mktemp)
trap 'rm -f "$config"' EXIT
if [ -n "${PLAYBOOK_MONGODB_URI:-}" ]; then
  printf "uri: '%s'\n" "$(printf %s "$PLAYBOOK_MONGODB_URI" | sed "s/'/''/g")" >"$config"
fi
unset PLAYBOOK_MONGODB_URI
"$@" --config="$config")sh";

// `db.name N` for every collection; the address comes from the environment.
constexpr const char* kCount =
    R"js(const client = connect(process.env.PLAYBOOK_MONGODB_URI || "mongodb://localhost:27017");
for (const spec of JSON.parse(process.env.PLAYBOOK_MONGODB_COLLECTIONS)) {
  const dot = spec.indexOf(".");
  print(spec + " " + client.getSiblingDB(spec.slice(0, dot)).getCollection(spec.slice(dot + 1)).countDocuments());
})js";

// `dropped db.name` for every collection of these databases that is not named; views and what is MongoDB's own stay.
constexpr const char* kDropOthers =
    R"js(const client = connect(process.env.PLAYBOOK_MONGODB_URI || "mongodb://localhost:27017");
const kept = JSON.parse(process.env.PLAYBOOK_MONGODB_KEPT);
for (const name of new Set(kept.map((spec) => spec.slice(0, spec.indexOf("."))))) {
  if (["admin", "config", "local"].includes(name)) continue;
  const database = client.getSiblingDB(name);
  for (const info of database.getCollectionInfos({ type: "collection" })) {
    if (info.name.startsWith("system.") || kept.includes(name + "." + info.name)) continue;
    database.getCollection(info.name).drop();
    print("dropped " + name + "." + info.name);
  }
})js";

class MongodbSource final : public Source {
 public:
  std::string type() const override { return "mongodb"; }

  Json check(const Json& spec, const fs::path& instance) const override {
    const std::vector<std::string> members{"type", "server", "uri", "beside", "name"};
    check_spec(spec, members);
    Json complete{{"type", "mongodb"},
                  {"server", check_server("mongodb", get_or<Json>(spec, "server", Json::object()), {}, instance)},
                  {"name", get_or<std::string>(spec, "name", "mongodb")}};
    if (const Json uri = get_or<Json>(spec, "uri", nullptr); !uri.is_null()) {
      if (!is_secret(uri))
        throw Error(Code::argument_invalid, "source mongodb: uri must be a secret reference, for it would be written into the journal",
                    "name it, such as with secret.dotenv(\"stacks/configuration/docker.env\", \"APPSMITH_DB_URL\")");
      complete["uri"] = uri;
    }
    const Json beside = get_or<Json>(spec, "beside", false);
    if (!beside.is_boolean())
      throw Error(Code::argument_invalid, "source mongodb: beside must be true or false, found " + canonical(beside));
    if (beside.get<bool>()) complete["beside"] = true;  // left out otherwise, so that earlier specs stay what they were
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override { return "MongoDB of " + server_label(spec.at("server")); }
  std::vector<std::string> touches(const Json& spec) const override { return {"mongodb:" + describe(spec)}; }
  std::uint64_t estimate(const Json&, Work&) const override { return 0; }  // its tools do not tell

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    const std::string name = spec.at("name");
    auto part = writer.part(name + ".archive.gz", name, Encoding::plain, 0);
    Command dump = tool(spec, {"mongodump", "--archive", "--gzip", "--quiet"}, work);
    dump.output = [&](std::string_view bytes) { part->write(bytes); };
    run_well(*place_of(spec, work), dump, "mongodump of " + describe(spec), work);
    work.reach("backup.dumped");
    Part done = part->finish();
    const MongodumpArchive archive = read_mongodump_file(writer.folder() / done.file, nullptr, work.cancel());
    writer.add(std::move(done));
    return {{"server_version", archive.server_version}, {"tool_version", archive.tool_version}, {"collections", counts_of(archive)}};
  }

  bool recognizes(const fs::path& copy) const override {
    return copy.extension() != ".sql" && begins_with(copy, "\x1f\x8b");  // gzip; what is in it is looked at by `import`
  }

  // Appsmith's own archive, or one of mongodump: its dump becomes the part.
  Json import(const Json& spec, const fs::path& copy, SetWriter& writer, Work& work) const override {
    const std::string name = spec.at("name");
    const MongodumpArchive archive = read_mongodump_file(copy, nullptr, work.cancel());
    auto part = writer.part(name + ".archive.gz", name, Encoding::plain, 0);
    copy_dump(copy, *part, work);
    Part done = part->finish();
    if (counts_of(read_mongodump_file(writer.folder() / done.file, nullptr, work.cancel())) != counts_of(archive))
      throw Error(Code::backup_failed, copy.string() + " reads differently a second time");
    writer.add(std::move(done));
    return {{"server_version", archive.server_version}, {"tool_version", archive.tool_version}, {"collections", counts_of(archive)}};
  }

  Json rows(const StoredSource& source) const override { return source.state.at("collections"); }

  void verify(const Stored& stored, Work& work) const override {
    const Part& part = stored.manifest.part_of(stored.source.name);
    const Json found = counts_of(read_mongodump_file(stored.folder / part.file, nullptr, work.cancel()));
    if (found != stored.source.state.at("collections"))
      throw Error(Code::backup_corrupt, part.file + " holds other collections or documents than manifest.json says");
  }

  // The tool itself reads all of it, and says what it would do; nothing is written.
  Json rehearse(const Stored& stored, Work& work) const override {
    verify(stored, work);
    load(stored, {"--dryRun"}, work);
    work.reach("rehearse.compared");
    return {{"name", stored.source.name}, {"type", type()}, {"rows", rows(stored.source)}, {"loaded", false}};
  }

  void check_restore(const Stored& stored, Work& work) const override { load(stored, {"--drop", "--dryRun"}, work); }

  Json restore(const Stored& stored, Work& work) const override {
    work.reach("restore.decoded");
    load(stored, {"--drop", "--stopOnError"}, work);
    work.reach("restore.replaced");
    const std::string left = drop_others(stored, work);
    work.reach("restore.swapped");
    Json result{{"name", stored.source.name}, {"type", type()}, {"rows", rows(stored.source)}, {"kept", Json::array()}};
    result["warnings"] = Json::array({describe(stored.source.spec) + ": its collections were replaced in their places; " + left});
    return result;
  }

  std::vector<std::string> differences(const Stored& stored, Work& work) const override {
    const Json now = present_counts(stored, work);
    std::vector<std::string> lines;
    for (const auto& [name, count] : stored.source.state.at("collections").items())
      if (now.value(name, Json()) != count)
        lines.push_back("collection " + name + " has " + now.value(name, Json(0)).dump() + " documents, not " + count.dump());
    return lines;
  }

  Json loss(const Stored& stored, Work& work) const override { return counted_loss(*this, stored, work, "as many documents as then"); }

  std::string instructions(const Stored& stored) const override {
    const Json& spec = stored.source.spec;
    return "**The " + describe(spec) +
           "**, while nothing else uses it. Put its address into `MONGODB_URI` first (Appsmith has it\n"
           "   as `APPSMITH_DB_URL`):\n\n```sh\n{ printf '%s\\n' \"$MONGODB_URI\"; cat " +
           shell_quoted(stored.manifest.part_of(stored.source.name).file) + "; } | " +
           (spec.contains("beside") ? beside_by_hand(spec.at("server"), "sh") + "-euc " : inside_by_hand(spec.at("server")) + "sh -euc ") +
           shell_quoted(
               "read -r uri\numask 077\nconfig=$(mktemp)\ntrap 'rm -f \"$config\"' EXIT\nprintf \"uri: '%s'\\n\" \"$uri\" >\"$config\"\n"
               "mongorestore --config=\"$config\" --archive --gzip --drop --stopOnError") +
           "\n```\n";
  }

 private:
  static std::unique_ptr<Place> place_of(const Json& spec, Work& work) {
    return spec.contains("beside") ? place_beside(spec.at("server"), work) : place_inside(spec.at("server"), work);
  }

  static Json counts_of(const MongodumpArchive& archive) {
    Json counts = Json::object();
    for (const MongodumpCollection& one : archive.collections)
      if (one.type != "view") counts[one.database + "." + one.name] = one.documents;
    return counts;
  }

  static Command tool(const Json& spec, const std::vector<std::string>& words, Work& work) {
    Command command;
    command.argv = {"sh", "-euc", kTool, "sh"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    if (spec.contains("uri")) command.environment["PLAYBOOK_MONGODB_URI"] = work.secret(spec["uri"]);
    return command;
  }

  void load(const Stored& stored, const std::vector<std::string>& options, Work& work) const {
    std::vector<std::string> words{"mongorestore", "--archive", "--gzip"};
    words.insert(words.end(), options.begin(), options.end());
    Command command = tool(stored.source.spec, words, work);
    PartReader reader(stored.folder, stored.manifest.part_of(stored.source.name), work);
    command.feed = [&] { return reader.next(); };
    run_well(*place_of(stored.source.spec, work), command, "mongorestore into " + describe(stored.source.spec), work);
  }

  /// A script for mongosh, with the names of the stored collections in this variable.
  static Command script(const Stored& stored, const char* text, const char* variable, Work& work) {
    Json names = Json::array();
    for (const auto& [name, count] : stored.source.state.at("collections").items()) names.push_back(name);
    Command command;
    command.argv = {"mongosh", "--nodb", "--quiet", "--norc", "--eval", text};
    command.environment[variable] = names.dump();
    if (const Json& spec = stored.source.spec; spec.contains("uri")) command.environment["PLAYBOOK_MONGODB_URI"] = work.secret(spec["uri"]);
    command.deadline = 10min;
    return command;
  }

  /// What became of collections that came after the backup.
  static std::string drop_others(const Stored& stored, Work& work) try {
    const std::string said = run_well(*place_of(stored.source.spec, work), script(stored, kDropOthers, "PLAYBOOK_MONGODB_KEPT", work),
                                      "dropping what came after the backup", work);
    std::string dropped;
    for (const std::string& line : split(said, '\n'))
      if (line.starts_with("dropped ")) dropped += (dropped.empty() ? "" : ", ") + line.substr(8);
    return dropped.empty() ? "none had come after the backup" : "dropped was what came after the backup: " + dropped;
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    return "those that came after the backup are still there (" + error.message() + ")";
  }

  Json present_counts(const Stored& stored, Work& work) const {
    const Json& spec = stored.source.spec;
    Command command = script(stored, kCount, "PLAYBOOK_MONGODB_COLLECTIONS", work);
    const std::string said = run_well(*place_of(spec, work), command, "counting the documents of " + describe(spec), work);
    Json counts = Json::object();
    for (const std::string& line : split(said, '\n'))
      if (size_t space = line.rfind(' '); space != std::string::npos)
        if (const Json count = Json::parse(line.substr(space + 1), nullptr, false); count.is_number_unsigned())
          counts[line.substr(0, space)] = count;
    return counts;
  }

  static void copy_dump(const fs::path& copy, PartWriter& part, Work& work);
};

// The member of Appsmith's tar as it is; what is no tar is the dump itself.
void MongodbSource::copy_dump(const fs::path& copy, PartWriter& part, Work& work) {
  std::uint64_t bytes = 0;
  Command unpack;
  unpack.argv = {"tar", "--extract", "--to-stdout", "--wildcards", "--no-anchored", "--file", copy, "mongodb-data.gz"};
  unpack.output = [&](std::string_view some) {
    bytes += some.size();
    part.write(some);
  };
  const Exit exit = work.children().run(unpack, nullptr, work.cancel());
  if (exit.cancelled) throw Error(Code::cancelled, "unpacking " + copy.string() + " was cancelled");
  if (exit.status == 0 && bytes > 0) return;
  if (bytes > 0) throw Error(Code::backup_corrupt, copy.string() + " does not unpack: " + last_said(exit));
  read_in_pieces(copy, [&](std::string_view some) { part.write(some); });
}

}  // namespace

std::unique_ptr<Source> make_mongodb_source() { return std::make_unique<MongodbSource>(); }

}  // namespace playbook
