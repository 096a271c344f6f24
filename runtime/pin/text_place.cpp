#include "runtime/pin/text_place.h"

#include <algorithm>

namespace playbook {

std::string text_place(std::string_view text, size_t offset) {
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  std::string_view before = text.substr(0, offset);
  if (before.starts_with(kBom)) before.remove_prefix(kBom.size());
  auto line = 1 + std::count(before.begin(), before.end(), '\n');
  before.remove_prefix(before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1);
  auto column = 1 + std::count_if(before.begin(), before.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return std::to_string(line) + ":" + std::to_string(column);
}

}  // namespace playbook
