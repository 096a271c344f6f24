// The source `directory`: a tree of files, such as {type="directory", path="stacks", exclude={"data/backup"}, live=false, pglite=true,
// helper={project, service, path}, name="stacks"}. Two parts, `<name>.tar.zst` and `<name>.files.jsonl.zst` (tree_archive.h). PGlite
// databases in it are taken only when they are proven stopped, unless pglite=false. What this user may not read is read through `helper`
// (tree_helper.h). State: what store_tree gives, and pglite={folder -> PG_VERSION}.
#include "runtime/backup/tree_helper.h"
#include "runtime/backup/tree_source.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

class DirectorySource final : public TreeSource {
 public:
  std::string type() const override { return "directory"; }

  Json check(const Json& spec, const fs::path& instance) const override {
    const std::vector<std::string> members{"type", "path", "exclude", "live", "pglite", "helper", "name"};
    check_spec(spec, members);
    if (!spec.contains("path") || !spec["path"].is_string() || spec["path"].get<std::string>().empty())
      throw Error(Code::argument_invalid, "source directory: path must name a folder");
    fs::path path = absolute_below(instance, spec["path"]);
    Json complete{{"type", "directory"}, {"path", path.string()}, {"name", get_or<std::string>(spec, "name", path.filename().string())}};
    complete_tree_spec(spec, complete);
    if (spec.contains("pglite")) {
      if (!spec["pglite"].is_boolean())
        throw Error(Code::argument_invalid, "source directory: pglite must be true or false, found " + canonical(spec["pglite"]));
      complete["pglite"] = spec["pglite"];
    }
    if (spec.contains("helper")) complete["helper"] = check_tree_helper(spec["helper"], instance);
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override { return "directory " + spec.at("path").get<std::string>(); }
  std::vector<std::string> touches(const Json& spec) const override { return {"file:" + spec.at("path").get<std::string>()}; }

 protected:
  // Through symlinks, so that what is replaced is the folder and not a link to it.
  Tree tree_of(const Json& spec, Work&) const override {
    fs::path path = spec.at("path").get<std::string>();
    std::error_code error;
    fs::path real = fs::weakly_canonical(path, error);
    return {describe(spec), error ? path : real, spec.at("exclude"), spec.at("live")};
  }
  std::string root_by_hand(const Stored& stored) const override {
    return "$(readlink -m " + shell_quoted(stored.source.spec.at("path").get<std::string>()) + ")";
  }
};

}  // namespace

std::unique_ptr<Source> make_directory_source() { return std::make_unique<DirectorySource>(); }

}  // namespace playbook
