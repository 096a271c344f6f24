#include "runtime/backup/tree_source.h"

#include <unistd.h>

#include "runtime/backup/pglite.h"
#include "runtime/backup/tree_helper.h"
#include "runtime/backup/tree_restore.h"
#include "runtime/backup/tree_walk.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTold = 20;  // files that a loss names; of more it gives the numbers

// Neither the set that is being written nor the journal of the run may be in the tree: a restore would take them away under its own feet.
void expect_apart(const Tree& tree, const Work& work) {
  std::string below = work.scratch().lexically_relative(tree.root).string();
  bool inside = !below.empty() && !below.starts_with("..");
  if (inside || fs::exists(tree.root / ".playbook"))
    throw Error(Code::argument_invalid, tree.label + " holds the state of playbook or the backup set itself",
                "name the folders in it that hold the application's data, each as a source");
}

std::string plural(size_t count, const std::string& what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

// A tree with the databases in it, which must stand still.
Json store_whole(const Tree& tree, const Json& spec, SetWriter& writer, Work& work) {
  expect_apart(tree, work);
  std::vector<fs::path> clusters = clusters_in(tree.root);
  bool wanted = get_or(spec, "pglite", !clusters.empty());
  if (wanted && clusters.empty())
    throw Error(Code::argument_invalid, tree.label + " holds no PGlite database: there is no PG_VERSION with a global/pg_control");
  Json databases = Json::object();
  auto look = [&] {
    for (const fs::path& cluster : clusters)
      if (wanted) databases[cluster.lexically_relative(tree.root).string()] = expect_shut_down(cluster);
  };
  look();
  Json state = store_tree(tree, spec.at("name"), writer, work);
  look();  // nobody came meanwhile
  state["pglite"] = databases;
  return state;
}

// Is there a helper, and does this user need it to read all of the tree?
bool needs_helper(const Json& spec, const Tree& tree, Work& work) try {
  if (!spec.contains("helper") || ::geteuid() == 0) return false;
  measure_tree(tree, work);
  return false;
} catch (const Error& error) {
  if (error.code() == Code::file_denied) return true;
  throw;
}

NextListed listing_now(const Json& spec, const Tree& tree, Work& work) {
  return needs_helper(spec, tree, work) ? present_listing_through(spec.at("helper"), tree, work) : present_listing(tree, work);
}

}  // namespace

void complete_tree_spec(const Json& spec, Json& complete) {
  std::string type = spec.at("type");
  Json given = get_or<Json>(spec, "exclude", Json::array());
  if (given.is_object() && given.empty()) given = Json::array();
  if (!given.is_array()) throw Error(Code::argument_invalid, "source " + type + ": exclude must be a list of paths below the folder");
  complete["exclude"] = Json::array();
  for (const Json& item : given) {
    std::string path = item.is_string() ? fs::path(item.get<std::string>()).lexically_normal().string() : "";
    while (path.ends_with("/")) path.pop_back();
    if (path == "." || !is_safe_name(path))
      throw Error(Code::argument_invalid,
                  "source " + type + ": exclude must be a list of paths below the folder, found " + canonical(item));
    complete["exclude"].push_back(path);
  }
  const Json live = get_or<Json>(spec, "live", false);
  if (!live.is_boolean()) throw Error(Code::argument_invalid, "source " + type + ": live must be true or false, found " + canonical(live));
  complete["live"] = live;
}

std::uint64_t TreeSource::estimate(const Json& spec, Work& work) const {
  const Tree tree = tree_of(spec, work);
  return needs_helper(spec, tree, work) ? measure_tree_through(spec.at("helper"), tree, work) : measure_tree(tree, work);
}

bool TreeSource::recognizes(const fs::path& copy) const { return fs::is_directory(copy); }

Json TreeSource::create(const Json& spec, SetWriter& writer, Work& work) const {
  const Tree tree = tree_of(spec, work);
  if (!needs_helper(spec, tree, work)) return store_whole(tree, spec, writer, work);
  expect_apart(tree, work);
  Json state = store_tree_through(spec.at("helper"), tree, spec.at("name"), writer, work);
  state["pglite"] = Json::object();
  return state;
}

Json TreeSource::import(const Json& spec, const fs::path& copy, SetWriter& writer, Work& work) const {
  if (!fs::is_directory(copy))
    throw Error(Code::unsupported, copy.string() + " is no folder, as a copy of " + describe(spec) + " must be", "unpack it first");
  return store_whole({"directory " + copy.string(), fs::canonical(copy), spec.at("exclude"), false}, spec, writer, work);
}

std::vector<std::string> TreeSource::warnings(const StoredSource& source) const {
  std::vector<std::string> lines;
  for (const Json& change : source.state.at("changes"))
    lines.push_back(describe(source.spec) + ": while it was read, " + change.get<std::string>());
  for (const Json& path : source.state.at("skipped"))
    lines.push_back(describe(source.spec) + ": the socket " + path.get<std::string>() + " is not kept");
  return lines;
}

void TreeSource::verify(const Stored& stored, Work& work) const { check_tree(stored, work); }

Json TreeSource::rehearse(const Stored& stored, Work& work) const {
  ScratchFolder scratch(work, stored.source.name + ".tree");
  extract_tree(stored, scratch.path(), work);
  work.reach("rehearse.compared");
  const Json& state = stored.source.state;
  return {{"name", stored.source.name}, {"type", type()}, {"files", state.at("files")}, {"bytes", state.at("bytes")}};
}

void TreeSource::check_restore(const Stored& stored, Work& work) const {
  check_tree_restore(stored, tree_of(stored.source.spec, work), work);
}

Json TreeSource::restore(const Stored& stored, Work& work) const {
  Tree tree = tree_of(stored.source.spec, work);
  Json result = restore_tree(stored, tree, work);
  result["name"] = stored.source.name, result["type"] = type(), result["path"] = tree.root.string();
  return result;
}

std::vector<std::string> TreeSource::differences(const Stored& stored, Work& work) const {
  Tree tree = tree_of(stored.source.spec, work);
  if (!fs::exists(tree.root)) return {tree.label + " is gone"};
  std::vector<std::string> lines;
  for (const TreeDifference& one :
       playbook::differences(stored_listing(stored, work), listing_now(stored.source.spec, tree, work), Likeness::no_times))
    lines.push_back((tree.root / one.path).string() + " " + one.what);
  if (lines.size() > kTold) {
    std::string more = "and " + std::to_string(lines.size() - kTold) + " more in it";
    lines.resize(kTold);
    lines.push_back(more);
  }
  return lines;
}

Json TreeSource::loss(const Stored& stored, Work& work) const {
  using Kind = TreeDifference::Kind;
  Tree tree = tree_of(stored.source.spec, work);
  NextListed now = [] { return std::optional<Listed>(); };
  if (fs::exists(tree.root)) now = listing_now(stored.source.spec, tree, work);
  auto found = playbook::differences(stored_listing(stored, work), now, Likeness::content);
  size_t added = 0, removed = 0, changed = 0;
  Json items = Json::array();
  for (const TreeDifference& one : found) {
    (one.kind == Kind::added ? added : one.kind == Kind::removed ? removed : changed) += 1;
    items.push_back({{"what", (tree.root / one.path).string()},
                     {"added", one.kind == Kind::added ? 1 : 0},
                     {"removed", one.kind == Kind::removed ? 1 : 0},
                     {"changed", one.kind == Kind::changed ? 1 : 0}});
  }
  if (found.size() > kTold)
    items = Json::array({{{"what", tree.label},
                          {"text", tree.label + ": " + plural(added, "name") + " new, " + std::to_string(removed) + " gone, " +
                                       std::to_string(changed) + " changed"},
                          {"added", added},
                          {"removed", removed},
                          {"changed", changed}}});
  return {{"name", stored.source.name}, {"type", type()}, {"items", items}};
}

std::string TreeSource::instructions(const Stored& stored) const {
  std::string root = root_by_hand(stored), archive = shell_quoted(stored.source.name + ".tar.zst");
  const std::string old = "\"$folder.before-" + stored.manifest.name + "\"";
  std::string text =
      "**" + describe(stored.source.spec) + "**: unpacked beside by GNU tar, then put in its place; the present one is kept. What " +
      archive + "\n   holds, with the digest of every file, is listed in `" + stored.source.name +
      ".files.jsonl.zst`, a line each.\n\n```sh\nfolder=" + root + "\nrm -rf \"$folder.new\"\nmkdir \"$folder.new\"\n" + "zstd -d -c -q " +
      archive + " | tar -x -p -S --numeric-owner --xattrs --xattrs-include='*' -C \"$folder.new\" -f -\n" +
      "if test -e \"$folder\"; then mv -T \"$folder\" " + old + "; fi\nmv -T \"$folder.new\" \"$folder\"\n";
  for (const Json& item : stored.source.spec.at("exclude")) {
    std::string path = "/" + shell_quoted(item.get<std::string>());
    text += "if test -e " + old + path + "; then mv -T " + old + path + " \"$folder\"" + path + "; fi  # is not in the set\n";
  }
  return text + "sync\n```\n";
}

}  // namespace playbook
