#include "bindings/cli/value_text.h"

#include <algorithm>

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

// Items of a list that have the same few values each: they are told as a table.
bool is_table(const Json& list) {
  return list.size() > 1 && std::all_of(list.begin(), list.end(), [&](const Json& item) {
           if (!item.is_object() || item.size() != list[0].size()) return false;
           for (const auto& [key, value] : item.items())
             if (!is_flat(value) || !list[0].contains(key)) return false;
           return true;
         });
}

std::string table_of(const Json& list, const std::string& indent) {
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& [key, value] : list[0].items()) rows[0].push_back(one_line(key));
  for (const Json& item : list) {
    rows.emplace_back();
    for (const auto& [key, value] : item.items()) rows.back().push_back(scalar(value));
  }
  return table(rows, indent);
}

void append(std::string& text, const Json& value, const std::string& indent) {
  if (is_flat(value)) {
    text += indent + scalar(value) + "\n";
  } else if (value.is_array() && is_table(value)) {
    text += table_of(value, indent);
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
