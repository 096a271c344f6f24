// file.list: what is in a folder.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/function.h"

namespace playbook {
namespace fs = std::filesystem;
namespace {

std::string_view kind_of(fs::file_type type) {
  switch (type) {
    case fs::file_type::regular:
      return "file";
    case fs::file_type::directory:
      return "folder";
    case fs::file_type::symlink:
      return "link";
    default:
      return "other";
  }
}

Json list_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<std::pair<std::string, Json>> found;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;  // while we look: then it is not there
    fs::file_type type = entry->symlink_status(gone).type();
    if (gone || type == fs::file_type::not_found) continue;
    Json one{{"name", to_utf8(entry->path().filename().string())}, {"kind", kind_of(type)}};
    if (type == fs::file_type::regular) one["size"] = entry->file_size(gone);
    found.emplace_back(entry->path().filename().string(), std::move(one));
  }
  if (error) throw system_error(error.value(), "cannot list " + folder.string());
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Json list = Json::array();
  for (auto& [name, one] : found) list.push_back(std::move(one));
  return list;
}

}  // namespace

std::unique_ptr<Primitive> make_file_list() {
  return make_function(
      {
          .name = "file.list",
          .kind = Kind::read,
          .summary = "Lists a folder, sorted by name.",
          .parameters = {{.name = "path", .type = Type::path, .help = "of the folder, below the instance or absolute", .fallback = "."}},
          .returns = "{name: string, kind: string, size: integer?}[]",
          .returns_help = "kind is file, folder, link or other",
          .errors = {"file.missing", "file.denied"},
          .example = "file.list(\"releases\")[1].name --> \"v1\"",
      },
      [](Context& context, const Json& args) { return list_folder(context.resolve(args.at("path").get<std::string>())); }, "path");
}

}  // namespace playbook
