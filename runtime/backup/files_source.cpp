// The source `files`: configuration, such as {type="files", paths={"compose.yml", ".env"}, optional={"override.yml"}, base=".",
// name="config"}. Each file is stored as it is at `<name>/<path below base>`; an optional one that is not there is noted as absent, and a
// restore puts away what came later. Trees belong to another source. State: {files=[{path, part, attributes}], absent=[path]}; paths are
// absolute. May hold secrets.
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "runtime/backup/kept.h"
#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMembers[] = {"type", "paths", "optional", "base", "name"};

// Complete paths of `paths` or `optional`.
Json paths_of(const Json& spec, const char* key, const fs::path& base) {
  Json paths = Json::array();
  Json given = get_or<Json>(spec, key, Json::array());
  if (given.is_object() && given.empty()) given = Json::array();
  if (!given.is_array()) throw Error(Code::argument_invalid, std::string("source files: ") + key + " must be a list of paths");
  for (const Json& item : given) {
    if (!item.is_string() || item.get<std::string>().empty())
      throw Error(Code::argument_invalid, std::string("source files: ") + key + " must be a list of paths, found " + canonical(item));
    fs::path path = absolute_below(base, item);
    if (!is_safe_name(path.lexically_relative(base).string()))
      throw Error(Code::argument_invalid, "source files: " + path.string() + " is not below " + base.string(),
                  "give a source of its own, with another `base`, to files of another folder");
    paths.push_back(path.string());
  }
  return paths;
}

std::string part_name(const Json& spec, const std::string& path) {
  return spec.at("name").get<std::string>() + "/" + fs::path(path).lexically_relative(spec.at("base").get<std::string>()).string();
}

// False when there is nothing; throws where there is something that is no file.
bool is_file(const fs::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw system_error(errno, "cannot look at " + path.string());
  }
  if (S_ISREG(found.st_mode)) return true;
  throw Error(Code::unsupported, "source files: " + path.string() + " is not a file",
              S_ISDIR(found.st_mode) ? "name the files in it; folders are not backed up by this source" : "");
}

class FilesSource : public Source {
 public:
  std::string type() const override { return "files"; }
  bool reads_beside(const Json&) const override { return true; }
  bool holds_data() const override { return false; }

  Json check(const Json& spec, const fs::path& instance) const override {
    check_spec(spec, {std::begin(kMembers), std::end(kMembers)});
    fs::path base = absolute_below(instance, get_or<std::string>(spec, "base", "."));
    Json complete{{"type", "files"}, {"base", base.string()}, {"name", get_or<std::string>(spec, "name", "config")}};
    for (const char* key : {"paths", "optional"}) complete[key] = paths_of(spec, key, base);
    if (complete["paths"].empty() && complete["optional"].empty())
      throw Error(Code::argument_invalid, "source files: paths must name at least one file");
    return complete;
  }

  std::string describe(const Json& spec) const override {
    std::vector<std::string> names;
    for (const char* key : {"paths", "optional"})
      for (const Json& path : spec.at(key)) names.push_back(path.get<std::string>());
    return (names.size() == 1 ? "file " : "files ") + join(names, ", ");
  }

  std::vector<std::string> touches(const Json& spec) const override {
    std::vector<std::string> names;
    for (const char* key : {"paths", "optional"})
      for (const Json& path : spec.at(key)) names.push_back("file:" + path.get<std::string>());
    return names;
  }

  std::uint64_t estimate(const Json& spec, Work&) const override {
    std::uint64_t sum = 0;
    std::error_code error;
    for (const char* key : {"paths", "optional"})
      for (const Json& path : spec.at(key)) {
        auto size = fs::file_size(path.get<std::string>(), error);
        if (!error) sum += size;
      }
    return sum;
  }

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    Json state{{"files", Json::array()}, {"absent", Json::array()}};
    for (const Json& item : spec.at("paths")) {
      if (!is_file(item.get<std::string>()))
        throw Error(Code::file_missing, "source files: " + item.get<std::string>() + " does not exist",
                    "put it under `optional` if it may be absent");
      state["files"].push_back(store(spec, item, writer, work));
    }
    for (const Json& item : spec.at("optional"))
      if (is_file(item.get<std::string>()))
        state["files"].push_back(store(spec, item, writer, work));
      else
        state["absent"].push_back(item);
    return state;
  }

  // The digests have said it all: a stored file is its content.
  void verify(const Stored& stored, Work& work) const override {
    for (const Json& file : stored.source.state.at("files"))
      read_part(stored.folder, stored.manifest.part_named(file.at("part")), work, nullptr);
  }

  Json rehearse(const Stored& stored, Work& work) const override {
    verify(stored, work);
    return {{"name", stored.source.name}, {"type", type()}, {"files", stored.source.state.at("files").size()}};
  }

  void check_restore(const Stored& stored, Work&) const override {
    for (const Json& file : stored.source.state.at("files")) {
      fs::path folder = through_links(file.at("path").get<std::string>()).parent_path();
      if (!fs::is_directory(folder))
        throw Error(Code::file_missing, "cannot restore " + file.at("path").get<std::string>() + ": its folder does not exist",
                    "make the folder, or mount what it is on");
    }
  }

  Json restore(const Stored& stored, Work& work) const override {
    Json kept = Json::array(), paths = Json::array();
    for (const Json& file : stored.source.state.at("files")) {
      restore_file(stored, file, kept, work);
      paths.push_back(file.at("path"));
    }
    for (const Json& path : stored.source.state.at("absent")) put_away(path.get<std::string>(), stored.manifest.name, kept, work);
    return {{"name", stored.source.name}, {"type", type()}, {"paths", paths}, {"kept", kept}};
  }

  std::vector<std::string> differences(const Stored& stored, Work&) const override {
    std::vector<std::string> lines;
    for (const Json& file : stored.source.state.at("files")) {
      fs::path path = file.at("path").get<std::string>();
      std::string digest = file_digest(path);
      if (digest.empty())
        lines.push_back("file " + path.string() + " is gone");
      else if (digest != file.at("sha256").get<std::string>())
        lines.push_back("file " + path.string() + " has another content");
      else if (!same_attributes(attributes_of(path), file.at("attributes")))
        lines.push_back("file " + path.string() + " has another owner or mode");
    }
    for (const Json& path : stored.source.state.at("absent"))
      if (is_file(path.get<std::string>())) lines.push_back("file " + path.get<std::string>() + " is new");
    return lines;
  }

  Json loss(const Stored& stored, Work&) const override {
    Json items = Json::array();
    auto add = [&](const std::string& path, int added, int removed, int changed) {
      items.push_back({{"what", "file " + path}, {"added", added}, {"removed", removed}, {"changed", changed}});
    };
    for (const Json& file : stored.source.state.at("files")) {
      std::string path = file.at("path"), digest = file_digest(path);
      if (digest != file.at("sha256").get<std::string>()) add(path, 0, digest.empty(), !digest.empty());
    }
    for (const Json& path : stored.source.state.at("absent"))
      if (is_file(path.get<std::string>())) add(path, 1, 0, 0);
    return {{"name", stored.source.name}, {"type", type()}, {"items", items}};
  }

  std::string instructions(const Stored& stored) const override {
    std::string mark = ".before-" + stored.manifest.name;
    std::string text = "**The files of " + stored.source.name + "**. They may hold secrets:\n\n```sh\n";
    for (const Json& file : stored.source.state.at("files")) {
      std::string path = shell_quoted(file.at("path")), kept = shell_quoted(file.at("path").get<std::string>() + mark);
      const Json& attributes = file.at("attributes");
      text += "if test -e " + path + "; then cp -p " + path + " " + kept + "; fi\n";
      text += "install -o " + std::to_string(attributes.at("uid").get<uid_t>()) + " -g " +
              std::to_string(attributes.at("gid").get<gid_t>()) + " -m " + attributes.at("mode").get<std::string>() + " " +
              shell_quoted(file.at("part")) + " " + path + "\n";
    }
    for (const Json& item : stored.source.state.at("absent")) {
      std::string path = item;
      text += "if test -e " + shell_quoted(path) + "; then mv " + shell_quoted(path) + " " + shell_quoted(path + mark) +
              "; fi  # was not there\n";
    }
    return text + "```\n";
  }

 private:
  static bool same_attributes(const Json& a, const Json& b) {
    return a.at("uid") == b.at("uid") && a.at("gid") == b.at("gid") && a.at("mode") == b.at("mode");
  }

  static Json store(const Json& spec, const std::string& path, SetWriter& writer, Work& work) {
    std::string name = part_name(spec, path);
    Json attributes = attributes_of(path);
    auto part = writer.part(name, spec.at("name"), Encoding::plain, 0);
    read_in_pieces(path, [&](std::string_view piece) { part->write(piece); });
    Part done = part->finish();
    Json now = attributes_of(path);
    if (now != attributes || file_digest(path) != done.content_sha256)
      throw Error(Code::file_changed, path + " was changed while it was backed up", "find out who writes to it, then back up again");
    work.advance(done.bytes);
    Json entry{{"path", path}, {"part", name}, {"attributes", attributes}, {"sha256", done.content_sha256}};
    writer.add(std::move(done));
    return entry;
  }

  static void restore_file(const Stored& stored, const Json& file, Json& kept, Work& work) {
    fs::path target = through_links(file.at("path").get<std::string>());
    if (file_digest(target) == file.at("sha256").get<std::string>()) {
      apply_attributes(target, file.at("attributes"));
      apply_time(target, file.at("attributes"));
      return sync_folder(target.parent_path());  // it may have been swapped by a process that died right then
    }
    FreshFile fresh(target, stored.manifest.name);
    extract_part(stored.folder, stored.manifest.part_named(file.at("part")), work, fresh.path());
    apply_attributes(fresh.path(), file.at("attributes"));
    apply_time(fresh.path(), file.at("attributes"));
    sync_file(fresh.path());
    work.reach("restore.decoded");
    if (is_file(target)) kept.push_back(keep(target, stored.manifest.name).string());
    work.reach("restore.kept");
    if (::rename(fresh.path().c_str(), target.c_str()) != 0)
      throw system_error(errno, "cannot put " + fresh.path().string() + " in the place of " + target.string());
    work.reach("restore.swapped");
    sync_folder(target.parent_path());
  }

  static void put_away(const fs::path& path, const std::string& set, Json& kept, Work& work) {
    if (!is_file(path)) return;
    fs::path name = kept_name(path, set);
    if (::rename(path.c_str(), name.c_str()) != 0) throw system_error(errno, "cannot put " + path.string() + " away");
    work.reach("restore.swapped");
    sync_folder(path.parent_path());
    kept.push_back(name.string());
  }
};

}  // namespace

std::unique_ptr<Source> make_files_source() { return std::make_unique<FilesSource>(); }

}  // namespace playbook
