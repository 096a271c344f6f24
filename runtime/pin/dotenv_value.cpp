#include "runtime/pin/dotenv_value.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr size_t kLongest = 128 << 10;  // the kernel takes no longer environment string
constexpr int kDeepest = 50;            // defaults within defaults

[[noreturn]] void invalid(const std::string& why) { throw Error(Code::dotenv_invalid, why); }

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }

std::string_view name_at(std::string_view text) {
  if (text.empty() || !is_name_start(text[0])) return {};
  return text.substr(0, std::find_if_not(text.begin(), text.end(), [](char c) { return is_name_start(c) || is_digit(c); }) - text.begin());
}

// Escaped quotes become quotes; every other backslash stays for the next pass.
std::string without_quotes(std::string_view raw) {
  char quote = raw.front();
  std::string text;
  for (size_t i = 1; i + 1 < raw.size(); ++i) {
    bool pair = raw[i] == '\\' && i + 2 < raw.size();
    if (pair && raw[i + 1] != quote) text += raw[i];
    if (pair) ++i;
    text += raw[i];
  }
  return text;
}

// `\0` and up to three digits: three octal ones are a code point below 256, others lose their 0, as in Compose.
std::string octal(std::string_view digits) {
  unsigned value = 0;
  for (char c : digits) value = value * 8 + static_cast<unsigned>(c - '0');
  if (digits.size() != 3 || !std::all_of(digits.begin(), digits.end(), is_octal) || value > 255) return "\\" + std::string(digits);
  if (value < 0x80) return std::string(1, static_cast<char>(value));
  return {static_cast<char>(0xC0 | value >> 6), static_cast<char>(0x80 | (value & 0x3F))};
}

// Escapes of double quotes. `\$` becomes `$$`, which the interpolation after it reads as one `$`.
std::string without_escapes(std::string_view text) {
  constexpr std::string_view kLetters = "abfnrtv\"\\", kMeanings = "\a\b\f\n\r\t\v\"\\";
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    size_t letter = next ? kLetters.find(next) : std::string_view::npos;
    if (letter != std::string_view::npos) {
      plain += kMeanings[letter];
      ++i;
    } else if (next == '$') {
      plain += "$$";
      ++i;
    } else if (next == '0') {
      size_t end = i + 2;
      while (end < text.size() && end < i + 5 && is_digit(text[end])) ++end;
      plain += octal(text.substr(i + 2, end - i - 2));
      i = end - 1;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// One `${NAME...}`, begun after `${`: where its closing brace is, on the same line. Braces inside are counted; where they do not
// balance the last one closes.
size_t closing_brace(std::string_view text) {
  size_t found = std::string_view::npos;
  int open = 1;
  for (size_t i = 0; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == '{') ++open;
    if (text[i] != '}') continue;
    found = i;
    if (--open == 0) return i;
  }
  return found;
}

std::string expand(std::string_view text, const DotenvLookup& lookup, int depth);

// What is between `${` and `}`.
std::string expand_braced(std::string_view inside, const DotenvLookup& lookup, int depth) {
  std::string name(name_at(inside));
  if (name.empty()) invalid("\"${\" is not followed by a name");
  std::optional<std::string> value = lookup.value(name);
  std::string_view rest = inside.substr(name.size());
  if (rest.empty()) return value.value_or("");
  bool empty_counts = rest.front() == ':';
  if (empty_counts) rest.remove_prefix(1);
  bool there = value && !(empty_counts && value->empty());
  switch (rest.empty() ? '\0' : rest.front()) {
    case '-':
      return there ? *value : expand(rest.substr(1), lookup, depth + 1);
    case '+':
      return there ? expand(rest.substr(1), lookup, depth + 1) : value.value_or("");
    case '?':
      if (!there && lookup.required) invalid("it needs " + name + ", which is not set");
      return value.value_or("");
    default:
      invalid("\"${" + name + "\" goes on in a way that Compose does not know; expected }, -, :-, +, :+, ? or :?");
  }
}

std::string expand(std::string_view text, const DotenvLookup& lookup, int depth) {
  if (depth > kDeepest) invalid("defaults are nested too deeply");
  std::string plain;
  while (!text.empty()) {
    size_t dollar = std::min(text.find('$'), text.size());
    plain += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.starts_with('$')) {
      plain += '$';
      text.remove_prefix(1);
    } else if (std::string_view name = name_at(text); !name.empty()) {
      plain += lookup.value(std::string(name)).value_or("");
      text.remove_prefix(name.size());
    } else if (text.starts_with('{')) {
      size_t end = closing_brace(text.substr(1));
      if (end == std::string_view::npos) invalid("\"${\" has no closing brace on its line");
      plain += expand_braced(text.substr(1, end), lookup, depth);
      text.remove_prefix(end + 2);
    } else {
      plain += '$';
    }
    if (plain.size() > kLongest) invalid("its value is longer than an environment can hold");
  }
  return plain;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

std::string with_escapes(std::string_view value) {
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\"\\$", kLetters = "abfnrtv\"\\$";
  std::string raw = "\"";
  for (char c : value) {
    if (size_t meaning = kMeanings.find(c); meaning != std::string_view::npos)
      raw.append(1, '\\').append(1, kLetters[meaning]);
    else
      raw += c;
  }
  return raw + "\"";
}

}  // namespace

std::string dotenv_value(std::string_view raw, Dotenv::Style style, const DotenvLookup& lookup) {
  switch (style) {
    case Dotenv::Style::plain:
      return expand(raw, lookup, 0);
    case Dotenv::Style::single_quoted:
      return without_quotes(raw);
    case Dotenv::Style::double_quoted:
      return expand(without_escapes(without_quotes(raw)), lookup, 0);
    case Dotenv::Style::inherit:
      break;
  }
  return "";
}

bool dotenv_interpolates(std::string_view raw, Dotenv::Style style) {
  bool asked = false;
  DotenvLookup lookup{[&](const std::string&) {
                        asked = true;
                        return std::nullopt;
                      },
                      false};
  dotenv_value(raw, style, lookup);
  return asked;
}

std::optional<std::string> dotenv_raw(std::string_view value, Dotenv::Style style) {
  switch (style) {
    case Dotenv::Style::plain: {
      bool safe = std::none_of(value.begin(), value.end(),
                               [](char c) { return is_control(c) || std::string_view(" '\"$#\\`").find(c) != std::string_view::npos; });
      return safe ? std::optional<std::string>(value) : std::nullopt;
    }
    case Dotenv::Style::single_quoted: {
      bool safe = std::none_of(value.begin(), value.end(), [](char c) { return is_control(c) || c == '\''; }) && !value.ends_with('\\');
      return safe ? std::optional("'" + std::string(value) + "'") : std::nullopt;
    }
    case Dotenv::Style::double_quoted:
      return with_escapes(value);
    case Dotenv::Style::inherit:
      break;
  }
  return std::nullopt;
}

}  // namespace playbook
