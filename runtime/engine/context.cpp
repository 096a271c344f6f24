#include "runtime/engine/context.h"

#include "runtime/base/file.h"
#include "runtime/base/hash.h"

namespace playbook {
namespace {

// An action's id as one folder name. Ids that lose characters get a digest, so that two of them never share a folder.
std::string folder_name(std::string_view id) {
  std::string name;
  for (char c : id) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    name += plain ? c : '_';
  }
  return name == id ? name : name + "-" + sha256(id).substr(0, 8);
}

}  // namespace

std::filesystem::path Context::keep_folder() const {
  std::string_view id = action_id_;
  std::string prefix = environment_.run_id + "/";
  if (id.starts_with(prefix)) id.remove_prefix(prefix.size());
  std::filesystem::path folder = environment_.run_folder / "keep" / folder_name(id);
  make_folder(folder, 0700);
  return folder;
}

std::filesystem::path Context::resolve(const std::string& path) const { return (environment_.instance / path).lexically_normal(); }

}  // namespace playbook
