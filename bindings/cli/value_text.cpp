#include "bindings/cli/value_text.h"

#include "bindings/cli/terminal.h"

namespace playbook::cli {
namespace {

bool is_flat(const Json& value) { return !value.is_structured() || value.empty(); }

std::string scalar(const Json& value) {
  if (value.is_string()) return one_line(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null() || value.empty()) return "-";
  return value.dump();
}

void append(std::string& text, const Json& value, const std::string& indent) {
  if (is_flat(value)) {
    text += indent + scalar(value) + "\n";
  } else if (value.is_array()) {
    for (const Json& item : value) {
      std::string part;
      append(part, item, indent + "  ");
      part.replace(0, indent.size() + 2, indent + "- ");
      text += part;
    }
  } else {
    std::vector<std::vector<std::string>> rows;
    auto flush = [&] { text += table(rows, indent), rows.clear(); };
    for (const auto& [key, item] : value.items()) {
      if (is_flat(item)) {
        rows.push_back({one_line(key), scalar(item)});
        continue;
      }
      flush();
      text += indent + one_line(key) + "\n";
      append(text, item, indent + "  ");
    }
    flush();
  }
}

}  // namespace

std::string value_text(const Json& value) {
  std::string text;
  if (value.is_string())
    text = printable(value.get<std::string>()) + "\n";
  else
    append(text, value, "");
  return text;
}

}  // namespace playbook::cli
