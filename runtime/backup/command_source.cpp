// The source `command`: a vendor's own backup, whose archive is taken out and checked: {type="command", server={project, service} or {} for
// this host, command={"appsmithctl", "backup", "--non-interactive"}, archive="/appsmith-stacks/data/backup/appsmith-backup-*.tar.gz",
// check="mongodump", restore={"appsmithctl", "restore", ...}?, at_least=1, name="vendor"}. One part `<name>/<file>`, byte for byte.
//
//   archive   a pattern of the shell; the one file that it matches after the command and did not before, or that was written anew
//   check     gzip: it unpacks to its end; tar: so does each file in it, gzip or not; mongodump: a dump of MongoDB, Appsmith's tar too;
//             size: nothing is known but that it has `at_least` so many bytes
//   restore   the vendor's command that brings it back, run after the archive lies where it was; without one a restore is refused
#include <algorithm>
#include <memory>

#include "runtime/backup/libarchive.h"
#include "runtime/backup/mongodump_archive.h"
#include "runtime/backup/services.h"
#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* kChecks[] = {"gzip", "tar", "mongodump", "size"};
constexpr const char* kFind = R"sh(IFS=''
for file in $1; do
  if [ -f "$file" ]; then stat -c '%s %i %y %n' "$file"; fi
done)sh";
constexpr const char* kPut = R"sh(cat >"$1.restoring"
sync
mv -f "$1.restoring" "$1")sh";

Command shell_script(const char* text, const std::string& argument) {
  Command command;
  command.argv = {"sh", "-euc", text, "sh", argument};
  return command;
}

class CommandSource final : public Source {
 public:
  std::string type() const override { return "command"; }

  Json check(const Json& spec, const fs::path& instance) const override {
    const std::vector<std::string> members{"type", "server", "command", "archive", "check", "restore", "at_least", "name"};
    check_spec(spec, members);
    auto refuse = [](const std::string& message) { throw Error(Code::argument_invalid, "source command: " + message); };
    Json complete{{"type", "command"},
                  {"server", check_server("command", get_or<Json>(spec, "server", Json::object()), {}, instance)},
                  {"check", get_or<Json>(spec, "check", "size")},
                  {"at_least", get_or<Json>(spec, "at_least", 1)},
                  {"name", get_or<std::string>(spec, "name", "vendor")}};
    for (const char* key : {"command", "restore"}) {
      const Json words = get_or<Json>(spec, key, Json::array());
      const bool texts = words.is_array() && std::all_of(words.begin(), words.end(), [](const Json& word) { return word.is_string(); });
      if (!texts || (words.empty() && key == std::string("command"))) refuse(std::string(key) + " must be a list of words");
      if (!words.empty()) complete[key] = words;
    }
    const Json archive = get_or<Json>(spec, "archive", nullptr);
    if (!archive.is_string() || !archive.get<std::string>().starts_with('/'))
      refuse("archive must be an absolute path or pattern, found " + canonical(archive));
    complete["archive"] = archive;
    if (std::find(std::begin(kChecks), std::end(kChecks), complete["check"]) == std::end(kChecks))
      refuse("check must be one of gzip, tar, mongodump, size, found " + canonical(complete["check"]));
    if (!complete["at_least"].is_number_integer() || complete["at_least"] < 0)
      refuse("at_least must be a number of bytes, found " + canonical(complete["at_least"]));
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override {
    return "what " + spec.at("command")[0].get<std::string>() + " of " + server_label(spec.at("server")) + " backs up";
  }
  std::vector<std::string> touches(const Json& spec) const override { return {"command:" + describe(spec)}; }
  std::uint64_t estimate(const Json&, Work&) const override { return 0; }  // only the vendor knows

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    auto place = place_inside(spec.at("server"), work);
    const std::vector<std::string> before = archives(*place, spec, work);
    Command vendor;
    for (const Json& word : spec.at("command")) vendor.argv.push_back(word.get<std::string>());
    run_well(*place, vendor, vendor.argv[0] + " in " + place->describe(), work);
    work.reach("backup.dumped");
    std::vector<std::string> fresh;
    for (const std::string& line : archives(*place, spec, work))
      if (std::find(before.begin(), before.end(), line) == before.end()) fresh.push_back(file_of(line));
    if (fresh.size() != 1)
      throw Error(Code::backup_failed,
                  vendor.argv[0] + " in " + place->describe() + " left " + (fresh.empty() ? "no new file" : join(fresh, ", ")) +
                      " that is like " + spec.at("archive").get<std::string>() + ", one was expected",
                  fresh.empty() ? "see what it says when it is run by hand" : "give a pattern that fits the archive alone");
    return store(spec, *place, fresh[0], writer, work);
  }

  void verify(const Stored& stored, Work& work) const override {
    const Part& part = stored.manifest.part_of(stored.source.name);
    if (look_into(stored.source.spec, stored.folder / part.file, work) != stored.source.state.at("found"))
      throw Error(Code::backup_corrupt, part.file + " holds something else than manifest.json says");
  }

  // Only the vendor's command could do it, and it would do it to the application itself.
  Json rehearse(const Stored& stored, Work& work) const override {
    verify(stored, work);
    return {{"name", stored.source.name}, {"type", type()}, {"found", stored.source.state.at("found")}, {"rehearsed", false}};
  }

  void check_restore(const Stored& stored, Work& work) const override {
    const Json& spec = stored.source.spec;
    if (!spec.contains("restore"))
      throw Error(Code::unsupported, describe(spec) + " cannot be brought back from here: no command is known that does it",
                  "restore " + stored.manifest.part_of(stored.source.name).file +
                      " as its vendor says; then restore the other sources of the set "
                      "with `only`");
    if (is_service(spec.at("server")) && !work.services().runs(spec["server"]))
      throw Error(Code::container_failed, describe(spec) + " cannot be restored: " + server_label(spec["server"]) + " does not run",
                  "start it first");
  }

  Json restore(const Stored& stored, Work& work) const override {
    check_restore(stored, work);
    const Json& spec = stored.source.spec;
    const std::string archive = stored.source.state.at("archive");
    auto place = place_inside(spec.at("server"), work);
    Command put = shell_script(kPut, archive);
    PartReader reader(stored.folder, stored.manifest.part_of(stored.source.name), work);
    put.feed = [&] { return reader.next(); };
    run_well(*place, put, "putting " + archive + " into " + place->describe(), work);
    work.reach("restore.decoded");
    Command vendor;
    for (const Json& word : spec.at("restore")) vendor.argv.push_back(word.get<std::string>());
    run_well(*place, vendor, vendor.argv[0] + " in " + place->describe(), work);
    work.reach("restore.swapped");
    return {{"name", stored.source.name}, {"type", type()}, {"path", archive}, {"kept", Json::array()}};
  }

  // What is in it only the vendor knows.
  std::vector<std::string> differences(const Stored&, Work&) const override { return {}; }
  Json loss(const Stored& stored, Work&) const override {
    return {{"name", stored.source.name},
            {"type", type()},
            {"items", Json::array({{{"what", describe(stored.source.spec)}, {"unreadable", "only its vendor knows what is in it"}}})}};
  }
  std::vector<std::string> warnings(const StoredSource& source) const override {
    if (source.spec.contains("restore")) return {};
    return {describe(source.spec) + ": no command is known that brings it back"};
  }

  std::string instructions(const Stored& stored) const override {
    const Json& spec = stored.source.spec;
    const std::string inside = inside_by_hand(spec.at("server"));
    std::string text = "**" + describe(spec) + "**: put the archive where it was" +
                       (spec.contains("restore") ? ", and run the vendor's command" : "; what then follows its vendor says") +
                       ":\n\n```sh\n" + inside + "sh -euc " + shell_quoted(kPut) + " sh " +
                       shell_quoted(stored.source.state.at("archive")) + " <" +
                       shell_quoted(stored.manifest.part_of(stored.source.name).file) + "\n";
    if (spec.contains("restore")) {
      text += inside;
      for (const Json& word : spec["restore"]) text += shell_quoted(word) + " ";
      text.back() = '\n';
    }
    return text + "```\n";
  }

 private:
  /// `size inode date time zone path` of each file that fits.
  static std::vector<std::string> archives(Place& place, const Json& spec, Work& work) {
    std::vector<std::string> lines;
    for (std::string& line :
         split(run_well(place, shell_script(kFind, spec.at("archive")), "looking for archives in " + place.describe(), work), '\n'))
      if (!line.empty()) lines.push_back(std::move(line));
    return lines;
  }
  static std::string file_of(const std::string& line) {
    size_t at = 0;
    for (int i = 0; i < 5; ++i) at = line.find(' ', at) + 1;
    return line.substr(at);
  }

  Json store(const Json& spec, Place& place, const std::string& file, SetWriter& writer, Work& work) const {
    const std::string name = spec.at("name");
    auto part = writer.part(name + "/" + fs::path(file).filename().string(), name, Encoding::plain, 0);
    Command take;
    take.argv = {"cat", file};
    take.output = [&](std::string_view bytes) { part->write(bytes); };
    run_well(place, take, "reading " + file + " of " + place.describe(), work);
    Part done = part->finish();
    Json found = look_into(spec, writer.folder() / done.file, work);
    writer.add(std::move(done));
    return {{"archive", file}, {"found", std::move(found)}};
  }

  /// What the check of the spec finds. Throws `backup.corrupt`.
  static Json look_into(const Json& spec, const fs::path& file, Work& work) {
    const std::string check = spec.at("check");
    const std::uint64_t bytes = fs::file_size(file);
    if (bytes < spec.at("at_least").get<std::uint64_t>())
      throw Error(Code::backup_corrupt, file.filename().string() + " has only " + std::to_string(bytes) + " bytes");
    Json found{{"bytes", bytes}};
    if (check == "mongodump") {
      found["collections"] = Json::object();
      for (const MongodumpCollection& one : read_mongodump_file(file, nullptr, work.cancel()).collections)
        found["collections"][one.database + "." + one.name] = one.documents;
    } else if (check == "tar") {
      found["files"] = unpack(file, true, work);
    } else if (check == "gzip") {
      if (!begins_with(file, "\x1f\x8b")) throw Error(Code::backup_corrupt, file.filename().string() + " is no gzip");
      unpack(file, false, work);
    }
    return found;
  }

  /// Reads every byte that is packed in it; gives the number of files.
  static size_t unpack(const fs::path& file, bool tar, Work& work) {
    const Libarchive& functions = libarchive();
    const std::unique_ptr<archive, decltype(functions.archive_read_free)> reader(functions.archive_read_new(), functions.archive_read_free);
    auto must = [&](la_ssize_t status) {
      if (status >= ARCHIVE_WARN) return;
      const char* said = functions.archive_error_string(reader.get());
      throw Error(Code::backup_corrupt, file.filename().string() + " cannot be unpacked: " + (said ? said : "it is damaged"),
                  "take the set from another copy, or back up again");
    };
    functions.archive_read_support_filter_gzip(reader.get());
    (tar ? functions.archive_read_support_format_tar : functions.archive_read_support_format_raw)(reader.get());
    must(functions.archive_read_open_filename(reader.get(), file.c_str(), kBlock));
    std::vector<char> buffer(kBlock);
    archive_entry* entry = nullptr;
    for (size_t files = 0;; ++files) {
      const int status = functions.archive_read_next_header(reader.get(), &entry);
      if (status == ARCHIVE_EOF) return files;
      must(status);
      for (la_ssize_t count = 1; count > 0;) {
        must(count = functions.archive_read_data(reader.get(), buffer.data(), buffer.size()));
        work.advance(0);
      }
    }
  }
  static constexpr size_t kBlock = 256u << 10;
};

}  // namespace

std::unique_ptr<Source> make_command_source() { return std::make_unique<CommandSource>(); }

}  // namespace playbook
