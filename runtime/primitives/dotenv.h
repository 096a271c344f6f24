// What dotenv.set and dotenv.unset share: an edit of a .env file whose plan shows no values.
#pragma once

#include "runtime/pin/dotenv.h"
#include "runtime/primitives/file.h"

namespace playbook {

class DotenvEdit : public FileEdit {
 protected:
  /// With the arguments `path`, `key` and `public`.
  virtual void edit(Context& context, Dotenv& file, const Json& args) = 0;

  Content edited(Context& context, const std::filesystem::path& path, const Json& args, const Content& before) final;
  std::pair<std::string, std::string> shown(const std::filesystem::path& path, const Json& args, const Content& before,
                                            const Content& after) const final;
};

}  // namespace playbook
