#include "bindings/api/sources.h"

#include <algorithm>

#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

std::string module_path(std::string name) {
  std::replace(name.begin(), name.end(), '.', '/');
  return name;
}

// `demo/init.lua` -> `demo`, `demo/upgrade.lua` -> `demo.upgrade`; "" for other files.
std::string module_name(const std::string& relative) {
  if (!relative.ends_with(".lua")) return "";
  std::string name = relative.substr(0, relative.size() - 4);
  if (name.ends_with("/init")) name.resize(name.size() - 5);
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

bool is_plain(const std::string& relative) {
  fs::path path(relative);
  return path.is_relative() && std::find(path.begin(), path.end(), "..") == path.end();
}

// Files of a folder tree, without hidden ones, relative to `root`, sorted.
std::vector<std::string> files_below(const fs::path& root, const fs::path& folder, int depth) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(".")) continue;
    if (entry.is_directory() && depth > 0) {
      for (std::string& file : files_below(root, entry.path(), depth - 1)) files.push_back(std::move(file));
    } else if (entry.is_regular_file()) {
      files.push_back(entry.path().lexically_relative(root).string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool defines_playbook(const fs::path& file) {
  std::optional<std::string> text = try_read_file(file);
  if (!text) return false;
  if (text->find("playbook.define") != std::string::npos) return true;
  size_t at = text->starts_with("return ") ? 0 : text->rfind("\nreturn ");  // `return other.with { ... }`: a preset of another one
  while (at != std::string::npos && (at = text->find(".with", at)) != std::string::npos) {
    at += 5;
    if (at < text->size() && std::string_view(" ({").find((*text)[at]) != std::string_view::npos) return true;  // not `.without`
  }
  return false;
}

// `family/verb.lua`, not the module of the family, and a playbook.
bool is_shipped(const fs::path& root, const std::string& file) {
  return file.ends_with(".lua") && std::count(file.begin(), file.end(), '/') == 1 && !file.ends_with("/init.lua") &&
         defines_playbook(root / file);
}

}  // namespace

LibrarySources::LibrarySources(std::vector<fs::path> library, fs::path own_folder) {
  if (!own_folder.empty()) roots_.push_back({std::move(own_folder), ""});
  for (const fs::path& folder : library) {
    roots_.push_back({folder / "stdlib", "stdlib/"});
    roots_.push_back({folder / "playbooks", "playbooks/"});
  }
}

std::optional<SourceText> LibrarySources::load(const std::string& key, const std::string& relative) {
  if (!is_plain(relative)) return std::nullopt;
  for (size_t i = 0; i < roots_.size(); ++i) {
    std::optional<std::string> text = try_read_file(roots_[i].folder / relative);
    if (!text) continue;
    SourceText source{roots_[i].shown + relative, *text};
    loaded_[key] = {i, source};
    return source;
  }
  return std::nullopt;
}

std::optional<SourceText> LibrarySources::module(const std::string& name) {
  std::string path = module_path(name);
  if (std::optional<SourceText> source = load("module " + name, path + ".lua")) return source;
  return load("module " + name, path + "/init.lua");
}

std::optional<SourceText> LibrarySources::data(const std::string& path) { return load("data " + path, path); }

std::vector<std::string> LibrarySources::module_names() {
  std::vector<std::string> names;
  for (const Root& root : roots_)
    for (const std::string& file : files_below(root.folder, root.folder, 1))
      if (std::string name = module_name(file); !name.empty()) names.push_back(std::move(name));
  return names;
}

Snapshot LibrarySources::snapshot() const {
  Snapshot all;
  for (const auto& [key, found] : loaded_) {
    const auto& [index, source] = found;
    all[key] = source;
    const Root& root = roots_[index];
    fs::path file = root.folder / source.name.substr(root.shown.size());
    // A family's folder travels whole; of the playbook's own folder only what it asked for.
    if (!root.shown.empty() && file.parent_path() != root.folder) add_folder(all, root, file.parent_path());
  }
  return all;
}

void LibrarySources::add_folder(Snapshot& snapshot, const Root& root, const fs::path& folder) const {
  for (const std::string& relative : files_below(root.folder, folder, 0)) {
    std::string module = module_name(relative);
    if (module.empty() && !relative.ends_with(".json")) continue;
    std::string key = module.empty() ? "data " + relative : "module " + module;
    if (!snapshot.contains(key)) snapshot[key] = {root.shown + relative, read_file(root.folder / relative)};
  }
}

std::optional<SourceText> SnapshotSources::module(const std::string& name) {
  auto found = snapshot_.find("module " + name);
  if (found != snapshot_.end()) return found->second;
  return beside_ ? beside_->module(name) : std::nullopt;
}

std::optional<SourceText> SnapshotSources::data(const std::string& path) {
  auto found = snapshot_.find("data " + path);
  if (found != snapshot_.end()) return found->second;
  return beside_ ? beside_->data(path) : std::nullopt;
}

std::vector<std::string> SnapshotSources::module_names() {
  std::vector<std::string> names;
  for (const auto& [key, source] : snapshot_)
    if (key.starts_with("module ")) names.push_back(key.substr(7));
  return names;
}

std::map<std::string, fs::path> shipped_playbooks(const std::vector<fs::path>& library) {
  std::map<std::string, fs::path> found;
  for (const fs::path& folder : library) {
    fs::path root = folder / "playbooks";
    for (const std::string& file : files_below(root, root, 1))
      if (is_shipped(root, file)) found.emplace(file.substr(0, file.size() - 4), root / file);
  }
  return found;
}

PlaybookFile find_playbook(const std::vector<fs::path>& library, const std::string& name) {
  for (const fs::path& folder : library)
    if (fs::path file = folder / "playbooks" / (name + ".lua"); is_plain(name) && is_shipped(folder / "playbooks", name + ".lua"))
      return {file, {"playbooks/" + name + ".lua", read_file(file)}};
  fs::path file(name);
  if (fs::is_regular_file(file)) return {fs::absolute(file), {file.filename().string(), read_file(file)}};
  if (name.ends_with(".lua")) throw Error(Code::file_missing, name + ": there is no such file", "give the path of a playbook");
  std::vector<std::string> names;
  for (const auto& [known, path] : shipped_playbooks(library)) names.push_back(known);
  throw Error(Code::name_unknown, "there is no playbook \"" + name + "\"" + did_you_mean(name, names),
              "`playbook list` shows the shipped ones");
}

}  // namespace playbook
