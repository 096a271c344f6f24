#include "runtime/backup/sums.h"

#include "runtime/backup/manifest.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr size_t kHex = 64;

bool is_digest(std::string_view text) {
  return text.size() == kHex && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string render_sums(const Sums& sums) {
  std::string text;
  for (const auto& [file, digest] : sums) text += digest + "  " + file + "\n";
  return text;
}

Sums parse_sums(std::string_view text) {
  auto refuse = [](size_t line) {
    throw Error(Code::backup_corrupt, "SHA256SUMS: line " + std::to_string(line) + " is damaged",
                "take the set from another copy, or use another set");
  };
  Sums sums;
  std::vector<std::string> lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    bool good = line.size() > kHex + 2 && is_digest(std::string_view(line).substr(0, kHex)) && line.compare(kHex, 2, "  ") == 0;
    if (!good || !is_safe_name(std::string_view(line).substr(kHex + 2))) refuse(i + 1);
    sums[line.substr(kHex + 2)] = line.substr(0, kHex);
  }
  if (render_sums(sums) != text) refuse(lines.size());
  return sums;
}

}  // namespace playbook
