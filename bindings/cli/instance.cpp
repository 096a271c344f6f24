#include "bindings/cli/instance.h"

#include "bindings/cli/terminal.h"

namespace playbook::cli {
namespace {

namespace fs = std::filesystem;

bool holds_instance(Runtime& runtime, const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / ".playbook", ignored) || fs::exists(folder / ".env", ignored)) return true;
  try {
    return !runtime.inspect(folder).value.is_null();
  } catch (const Error&) {  // what cannot be inspected is not taken by default; -C names it
    return false;
  }
}

}  // namespace

bool is_playbook_file(const std::string& word) {
  const auto begins = [&](const char* prefix) { return word.rfind(prefix, 0) == 0; };
  return fs::path(word).extension() == ".lua" || begins("/") || begins("./") || begins("../");
}

fs::path find_instance(Runtime& runtime, const fs::path& given, const std::string& playbook) {
  const fs::path here = fs::current_path();
  fs::path folder = given.empty() ? here : here / given;
  if (given.empty() && is_playbook_file(playbook)) {
    const fs::path beside = (here / playbook).parent_path();
    std::error_code ignored;
    if (fs::is_directory(beside, ignored) && !fs::equivalent(beside, here, ignored) && holds_instance(runtime, beside)) folder = beside;
  }
  std::error_code failure;
  const fs::path found = fs::canonical(folder, failure);
  if (failure || !fs::is_directory(found)) {
    throw Error(Code::instance_missing, one_line(to_utf8(folder.string())) + " is not a folder that can be read",
                "name the instance with -C DIR");
  }
  return found;
}

}  // namespace playbook::cli
