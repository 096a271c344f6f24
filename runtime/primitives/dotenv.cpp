#include "runtime/primitives/dotenv.h"

#include "runtime/base/error.h"

namespace playbook {

FileEdit::Content DotenvEdit::edited(Context& context, const std::filesystem::path& path, const Json& args, const Content& before) {
  if (!before) throw Error(Code::file_missing, path.string() + " does not exist", "create it, or correct the path");
  Dotenv file = Dotenv::parse(*before, path.string());
  edit(context, file, args);
  return file.text();
}

std::pair<std::string, std::string> DotenvEdit::shown(const std::filesystem::path&, const Json& args, const Content& before,
                                                      const Content& after) const {
  auto key = args.at("key").get<std::string>();
  std::string open = args.at("public").get<bool>() ? key : "";
  return {masked_dotenv(*before, open), masked_dotenv(*after, open, before == after ? "" : key)};
}

}  // namespace playbook
