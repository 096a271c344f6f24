#include "runtime/pin/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <regex>

namespace playbook {
namespace {

constexpr double kWhole = 9007199254740992.0;  // 2^53: a double holds every whole number below
constexpr size_t kLongestNumber = 64;
constexpr size_t kLongestPlain = 1024;

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }

// Line breaks of YAML 1.1 that are text in 1.2 (NEL, LS, PS), the byte order mark, and C1 controls: never written as they are.
bool has_odd_characters(std::string_view text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]), next = static_cast<unsigned char>(text[i + 1]);
    if (byte == 0xC2 && next < 0xA0) return true;
    if (byte == 0xE2 && next == 0x80 && i + 2 < text.size() && (text[i + 2] == '\xA8' || text[i + 2] == '\xA9')) return true;
    if (byte == 0xEF && (next == 0xBB || next == 0xBF)) return true;
  }
  return false;
}

bool is_one_line(std::string_view text) { return std::none_of(text.begin(), text.end(), is_control) && !has_odd_characters(text); }

// Whether any reader of YAML 1.1 or 1.2 could take it for something else than a string: numbers in all their forms (also 1:20), dates,
// the words for booleans and null, the merge key.
bool has_a_meaning(const std::string& text) {
  static const std::regex words("~|null|true|false|yes|no|on|off|y|n|<<|=", std::regex::icase);
  static const std::regex number("[-+]?(\\.?[0-9].*|\\.inf|\\.nan)", std::regex::icase);
  static const std::regex safe_number(  // begins like a number and is none: 1.2.3, 1.99-alpine, 16-bookworm, 20261121a
      "[0-9]+\\.[0-9]+\\.[0-9]+[0-9A-Za-z.+_-]*|[0-9]+(\\.[0-9]+)?-[A-Za-z][0-9A-Za-z.-]*");
  if (text.find('/') != std::string::npos) return false;  // 127.0.0.1:5000/acme/app:1.2
  return std::regex_match(text, words) || (std::regex_match(text, number) && !std::regex_match(text, safe_number));
}

bool can_be_plain(const std::string& text, bool in_flow) {
  if (text.empty() || text.size() > kLongestPlain || !is_one_line(text) || text.front() == ' ' || text.back() == ' ' || text.back() == ':')
    return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`").find(text.front()) != std::string_view::npos) return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos || text.starts_with("...")) return false;
  if (in_flow && text.find_first_of(",[]{}") != std::string::npos) return false;
  return !has_a_meaning(text);
}

std::string with_escapes(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  constexpr std::string_view kMeanings = "\a\b\t\n\v\f\r\x1B\"\\", kLetters = "abtnvfre\"\\";
  std::string raw = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (size_t known = kMeanings.find(text[i]); known != std::string_view::npos) {
      raw.append(1, '\\').append(1, kLetters[known]);
    } else if (is_control(byte)) {
      raw.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      auto low = static_cast<unsigned char>(text[++i]);
      raw.append("\\x").append(1, kHex[low >> 4]).append(1, kHex[low & 15]);
    } else if (text.substr(i).starts_with("\xE2\x80\xA8") || text.substr(i).starts_with("\xE2\x80\xA9")) {
      raw += text[i + 2] == '\xA8' ? "\\L" : "\\P";
      i += 2;
    } else if (text.substr(i).starts_with("\xEF\xBB\xBF")) {
      raw += "\\uFEFF";
      i += 2;
    } else {
      raw += text[i];
    }
  }
  return raw + "\"";
}

std::string in_single_quotes(std::string_view text) {
  std::string raw = "'";
  for (char c : text) raw.append(c == '\'' ? 2 : 1, c);
  return raw + "'";
}

}  // namespace

Json yaml_plain_value(std::string_view text) {
  static const std::regex whole("[-+]?[0-9]+"), real("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
      based("0o[0-7]+|0x[0-9a-fA-F]+");
  if (text.size() > kLongestNumber) return std::string(text);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  std::string bare(text.starts_with('+') ? text.substr(1) : text);
  if (std::regex_match(bare, whole)) {
    long long number = 0;
    auto [end, failed] = std::from_chars(bare.data(), bare.data() + bare.size(), number);
    if (failed == std::errc() && std::abs(static_cast<double>(number)) < kWhole) return number;
    return bare;
  }
  if (std::regex_match(bare, based)) {
    unsigned long long number = 0;
    auto [end, failed] = std::from_chars(bare.data() + 2, bare.data() + bare.size(), number, bare[1] == 'x' ? 16 : 8);
    if (failed == std::errc() && static_cast<double>(number) < kWhole) return number;
    return bare;
  }
  if (std::regex_match(bare, real)) {
    double number = 0;
    auto [end, failed] = std::from_chars(bare.data(), bare.data() + bare.size(), number);
    if (failed == std::errc()) return number;
  }
  return std::string(text);
}

std::optional<std::string> yaml_raw(const Json& value, Yaml::Style style, bool in_flow) {
  if (!value.is_string()) return style == Yaml::Style::plain || style == Yaml::Style::empty ? std::optional(value.dump()) : std::nullopt;
  const std::string text = value;
  switch (style) {
    case Yaml::Style::plain:
    case Yaml::Style::empty:
      return can_be_plain(text, in_flow) ? std::optional(text) : std::nullopt;
    case Yaml::Style::single_quoted:
      return is_one_line(text) ? std::optional(in_single_quotes(text)) : std::nullopt;
    case Yaml::Style::double_quoted:
      return with_escapes(text);
    case Yaml::Style::block:
      break;
  }
  return std::nullopt;
}

}  // namespace playbook
