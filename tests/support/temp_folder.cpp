#include "tests/support/temp_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace fs = std::filesystem;

namespace playbook::testing {

TempFolder::TempFolder() {
  std::string pattern = (fs::temp_directory_path() / "playbook-test-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::system_error(errno, std::generic_category(), pattern);
  path_ = fs::canonical(pattern);
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TempFolder::write(const fs::path& name, std::string_view content) const {
  const fs::path file = path_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), file.string());
  return file;
}

void overwrite(const fs::path& path, std::string_view content) { std::ofstream(path, std::ios::binary | std::ios::trunc) << content; }

}  // namespace playbook::testing
