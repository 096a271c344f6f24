// The source `s3`: a bucket of any S3 server, by rclone: {type="s3", bucket="files", prefix?, endpoint?, region?, provider?, access_key?,
// secret_key?, live?, mirror?, name="files"}. Three parts: `<name>.tar.zst` and its listing (tree_archive.h), a file for each object with
// its content type as an attribute, and `<name>.objects.jsonl.zst`, what the bucket said of them: {key, size, md5}. The bucket must stand
// still while it is read, unless it is `live`. `mirror` names a folder that stays, so that only what is new is fetched and a backup that
// was cut short goes on. The keys are secret references and reach rclone by its environment; without them it asks AWS's own places.
//
// A restore makes the bucket what it was, object by object; what it replaces or removes is kept in the bucket.
#include <algorithm>
#include <map>

#include "runtime/backup/rclone.h"
#include "runtime/backup/source.h"
#include "runtime/backup/tree_archive.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/secret.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTexts[] = {"prefix", "endpoint", "region", "provider"};
constexpr const char* kKept = ".playbook-replaced-";
constexpr size_t kShown = 20;  // objects that are named; of more it gives the number

struct Object {
  std::uint64_t size = 0;
  std::string md5;  ///< "" where the server has none, as for what was sent in pieces
  bool operator==(const Object& other) const { return size == other.size && (md5 == other.md5 || md5.empty() || other.md5.empty()); }
};
using Objects = std::map<std::string, Object>;

std::string plural_objects(size_t count) { return std::to_string(count) + (count == 1 ? " object" : " objects"); }

class S3Source final : public Source {
 public:
  std::string type() const override { return "s3"; }
  bool reads_beside(const Json&) const override { return true; }

  Json check(const Json& spec, const fs::path& instance) const override {
    std::vector<std::string> members{"type", "bucket", "access_key", "secret_key", "live", "mirror", "name"};
    members.insert(members.end(), std::begin(kTexts), std::end(kTexts));
    check_spec(spec, members);
    auto refuse = [](const std::string& message, const std::string& hint = "") {
      throw Error(Code::argument_invalid, "source s3: " + message, hint);
    };
    const Json bucket = get_or<Json>(spec, "bucket", nullptr);
    if (!bucket.is_string() || bucket.get<std::string>().empty() || bucket.get<std::string>().find('/') != std::string::npos)
      refuse("bucket must be the name of a bucket, found " + canonical(bucket), "what is below it goes into `prefix`");
    Json complete{{"type", "s3"}, {"bucket", bucket}, {"live", get_or(spec, "live", false)}, {"name", get_or<Json>(spec, "name", bucket)}};
    for (const char* key : kTexts) {
      const Json value = get_or<Json>(spec, key, "");
      if (!value.is_string()) refuse(std::string(key) + " must be a text, found " + canonical(value));
      if (value != "") complete[key] = value;
    }
    for (const char* key : {"access_key", "secret_key"})
      if (spec.contains(key)) complete[key] = spec[key];
    if (complete.contains("access_key") != complete.contains("secret_key")) refuse("access_key and secret_key go together");
    if (complete.contains("secret_key") && !is_secret(complete["secret_key"]))
      refuse("secret_key must be a secret reference, for it would be written into the journal",
             "name it, such as with secret.dotenv(\".env\", \"AWS_SECRET_ACCESS_KEY\")");
    if (spec.contains("mirror")) complete["mirror"] = absolute_below(instance, spec["mirror"]).string();
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override {
    const std::string prefix = get_or<std::string>(spec, "prefix", "");
    return "bucket " + spec.at("bucket").get<std::string>() + (prefix.empty() ? "" : "/" + prefix);
  }
  std::vector<std::string> touches(const Json& spec) const override { return {"s3:" + describe(spec)}; }

  std::uint64_t estimate(const Json& spec, Work& work) const override {
    std::uint64_t sum = 0;
    for (const auto& [key, object] : list(spec, work)) sum += object.size;
    return sum;
  }

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    const std::string name = spec.at("name");
    const ScratchFolder scratch(work, name + ".mirror");
    const fs::path mirror = get_or<std::string>(spec, "mirror", scratch.path());
    make_folder(mirror);
    const Objects before = list(spec, work);
    must(rclone(work, {"sync", "--fast-list", "--metadata", remote(spec), mirror, "--exclude", exclusion()}, environment(spec, work)),
         "fetching " + describe(spec));
    work.reach("backup.copied");
    const Objects after = list(spec, work);
    const std::vector<std::string> changes = compare(before, after);
    if (!changes.empty() && !spec.at("live"))
      throw Error(Code::file_changed, describe(spec) + " was changed while it was backed up: " + changes[0],
                  "stop what writes to it, or say live = true where a mix of old and new objects will do");
    expect_mirrored(spec, mirror, after);
    Json state = store_tree({describe(spec), mirror, {}, false}, name, writer, work);
    store_objects(after, name, writer);
    state["objects"] = after.size(), state["changes"] = changes;
    return state;
  }

  std::vector<std::string> warnings(const StoredSource& source) const override {
    std::vector<std::string> lines;
    for (const Json& change : source.state.at("changes"))
      lines.push_back(describe(source.spec) + ": while it was read, " + change.get<std::string>());
    return lines;
  }

  void verify(const Stored& stored, Work& work) const override {
    check_tree(stored, work);
    if (stored_objects(stored, work).size() != stored.source.state.at("objects"))
      throw Error(Code::backup_corrupt, objects_part(stored.source.name) + " lists another number of objects than manifest.json says");
  }

  Json rehearse(const Stored& stored, Work& work) const override {
    const ScratchFolder scratch(work, stored.source.name + ".tree");
    extract_tree(stored, scratch.path(), work);
    expect_mirrored(stored.source.spec, scratch.path(), stored_objects(stored, work));
    work.reach("rehearse.compared");
    return {{"name", stored.source.name}, {"type", type()}, {"objects", stored.source.state.at("objects")}};
  }

  void check_restore(const Stored& stored, Work& work) const override { list(stored.source.spec, work); }

  Json restore(const Stored& stored, Work& work) const override {
    const Json& spec = stored.source.spec;
    const Objects then = stored_objects(stored, work);
    Json result{{"name", stored.source.name}, {"type", type()}, {"objects", then.size()}, {"kept", Json::array()}};
    const std::string kept = std::string(kKept) + stored.manifest.name;
    if (list(spec, work) != then) {
      const ScratchFolder scratch(work, stored.source.name + ".tree");
      extract_tree(stored, scratch.path(), work);
      work.reach("restore.decoded");
      must(rclone(work,
                  {"sync", "--fast-list", "--metadata", scratch.path(), remote(spec), "--backup-dir", kept_remote(spec, kept), "--exclude",
                   exclusion()},
                  environment(spec, work)),
           "restoring " + describe(spec));
      work.reach("restore.swapped");
      const std::vector<std::string> left = compare(then, list(spec, work));
      if (!left.empty())
        throw Error(Code::backup_failed, describe(spec) + " is not what was stored after its restore: " + left[0],
                    "stop what writes to it, and restore it again");
    }
    const Exit there = rclone(work, {"lsf", "--max-depth", "1", kept_remote(spec, kept)}, environment(spec, work));
    if (there.status == 0 && !there.out.empty()) result["kept"].push_back("bucket " + spec.at("bucket").get<std::string>() + "/" + kept);
    return result;
  }

  std::vector<std::string> differences(const Stored& stored, Work& work) const override {
    std::vector<std::string> lines = compare(stored_objects(stored, work), list(stored.source.spec, work));
    for (std::string& line : lines) line = describe(stored.source.spec) + ": " + line;
    if (lines.size() > kShown) {
      const std::string more = "and " + std::to_string(lines.size() - kShown) + " more in it";
      lines.resize(kShown);
      lines.push_back(more);
    }
    return lines;
  }

  Json loss(const Stored& stored, Work& work) const override {
    const Objects then = stored_objects(stored, work), now = list(stored.source.spec, work);
    size_t added = 0, removed = 0, changed = 0;
    for (const auto& [key, object] : now) (then.contains(key) ? changed : added) += !then.contains(key) || !(then.at(key) == object);
    for (const auto& [key, object] : then) removed += !now.contains(key);
    Json items = Json::array();
    const std::string what = describe(stored.source.spec);
    if (added + removed + changed > 0)
      items.push_back({{"what", what},
                       {"added", added},
                       {"removed", removed},
                       {"changed", changed},
                       {"text", what + ": " + plural_objects(added) + " new, " + std::to_string(removed) + " gone, " +
                                    std::to_string(changed) + " changed"}});
    return {{"name", stored.source.name}, {"type", type()}, {"items", items}};
  }

  std::string instructions(const Stored& stored) const override {
    const Json& spec = stored.source.spec;
    const std::string bucket = "playbook:" + spec.at("bucket").get<std::string>();
    std::string text = "**The objects of " + describe(spec) +
                       "**, by `rclone`. Put the keys into `AWS_ACCESS_KEY_ID` and\n"
                       "   `AWS_SECRET_ACCESS_KEY` first. What is replaced is kept in the bucket:\n\n```sh\nexport";
    for (const auto& [key, value] : public_environment(spec)) text += " " + key + "=" + shell_quoted(value);
    text += " RCLONE_CONFIG_PLAYBOOK_ENV_AUTH=true\nobjects=$(mktemp -d)\nzstd -d -c -q " + shell_quoted(stored.source.name + ".tar.zst") +
            " | tar -x -p --xattrs --xattrs-include='*' -C \"$objects\" -f -\nrclone sync --fast-list --metadata \"$objects\" " +
            shell_quoted(remote(spec)) + " --backup-dir " + shell_quoted(bucket + "/.before-" + stored.manifest.name) +
            " --exclude '/.before-*/**' --exclude " + shell_quoted(exclusion()) + "\nrm -rf \"$objects\"\n```\n";
    return text;
  }

 private:
  static std::string objects_part(const std::string& name) { return name + ".objects.jsonl.zst"; }
  static std::string exclusion() { return "/" + std::string(kKept) + "*/**"; }

  static std::string remote(const Json& spec) {
    return "playbook:" + spec.at("bucket").get<std::string>() + "/" + get_or<std::string>(spec, "prefix", "");
  }
  static std::string kept_remote(const Json& spec, const std::string& kept) {
    return "playbook:" + spec.at("bucket").get<std::string>() + "/" + kept;
  }

  static std::map<std::string, std::string> public_environment(const Json& spec) {
    const std::string endpoint = get_or<std::string>(spec, "endpoint", "");
    std::map<std::string, std::string> variables{
        {"RCLONE_CONFIG", "/dev/null"},
        {"RCLONE_CONFIG_PLAYBOOK_TYPE", "s3"},
        {"RCLONE_CONFIG_PLAYBOOK_PROVIDER", get_or<std::string>(spec, "provider", endpoint.empty() ? "AWS" : "Other")}};
    if (!endpoint.empty()) variables["RCLONE_CONFIG_PLAYBOOK_ENDPOINT"] = endpoint;
    if (spec.contains("region")) variables["RCLONE_CONFIG_PLAYBOOK_REGION"] = spec["region"];
    return variables;
  }
  static std::map<std::string, std::string> environment(const Json& spec, Work& work) {
    std::map<std::string, std::string> variables = public_environment(spec);
    if (!spec.contains("secret_key")) {
      variables["RCLONE_CONFIG_PLAYBOOK_ENV_AUTH"] = "true";
      return variables;
    }
    const Json& access = spec["access_key"];
    variables["RCLONE_CONFIG_PLAYBOOK_ACCESS_KEY_ID"] = is_secret(access) ? work.secret(access) : access.get<std::string>();
    variables["RCLONE_CONFIG_PLAYBOOK_SECRET_ACCESS_KEY"] = work.secret(spec["secret_key"]);
    return variables;
  }

  static void must(const Exit& exit, const std::string& what) {
    expect_rclone(exit, what, "see whether the endpoint is reached from this host, and whether the keys may read and write the bucket");
  }

  Objects list(const Json& spec, Work& work) const {
    std::string text;
    const Exit exit = rclone(work,
                             {"lsjson", "--fast-list", "--recursive", "--files-only", "--hash", "--no-modtime", "--no-mimetype",
                              remote(spec), "--exclude", exclusion()},
                             environment(spec, work), [&](std::string_view bytes) { text += bytes; });
    must(exit, "listing " + describe(spec));
    Objects objects;
    for (const Json& one : Json::parse(text, nullptr, false)) {
      const Json hashes = get_or<Json>(one, "Hashes", Json::object());
      objects[one.at("Path")] = {one.at("Size"), get_or<std::string>(hashes, "md5", "")};
    }
    return objects;
  }

  static std::vector<std::string> compare(const Objects& then, const Objects& now) {
    std::vector<std::string> lines;
    for (const auto& [key, object] : then)
      if (auto found = now.find(key); found == now.end())
        lines.push_back(key + " is gone");
      else if (!(found->second == object))
        lines.push_back(key + " has another content");
    for (const auto& [key, object] : now)
      if (!then.contains(key)) lines.push_back(key + " is new");
    return lines;
  }

  // Is there a file for each object, of its size? What is in it rclone has compared when it fetched it.
  void expect_mirrored(const Json& spec, const fs::path& folder, const Objects& objects) const {
    size_t files = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) files += entry.is_regular_file();
    if (files != objects.size())
      throw Error(Code::backup_corrupt, describe(spec) + " has " + plural_objects(objects.size()) + ", its copy " + std::to_string(files));
  }

  static void store_objects(const Objects& objects, const std::string& name, SetWriter& writer) {
    auto part = writer.part(objects_part(name), name, Encoding::zstd, 0);
    for (const auto& [key, object] : objects) part->write(canonical(Json{{"key", key}, {"size", object.size}, {"md5", object.md5}}) + "\n");
    writer.add(part->finish());
  }

  static Objects stored_objects(const Stored& stored, Work& work) {
    std::string text;
    read_part(stored.folder, stored.manifest.part_named(objects_part(stored.source.name)), work,
              [&](std::string_view piece) { text += piece; });
    Objects objects;
    for (const std::string& line : split(text, '\n')) {
      if (line.empty()) continue;
      const Json one = Json::parse(line, nullptr, false);
      objects[one.at("key")] = {one.at("size"), one.at("md5")};
    }
    return objects;
  }
};

}  // namespace

std::unique_ptr<Source> make_s3_source() { return std::make_unique<S3Source>(); }

}  // namespace playbook
