#include "runtime/base/redact.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr size_t kShortest = 4;
constexpr size_t kShortestPart = 8;  // of a line or of base64 without its ends: shorter ones appear by chance

std::string base64(std::string_view bytes, std::string_view last_two = "+/") {
  std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  alphabet += last_two;
  std::string text;
  unsigned buffer = 0, bits = 0;
  for (char c : bytes) {
    buffer = buffer << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet[buffer >> (bits - 6) & 63];
  }
  if (bits > 0) text += alphabet[buffer << (6 - bits) & 63];
  return text;  // padding is left out: the value may be followed by more
}

// What the value looks like inside a longer base64 text, such as `user:password` of HTTP basic authentication: it may begin at any of three
// phases, and the characters that it shares with its neighbours are left out.
std::string base64_inside(std::string_view value, size_t phase, std::string_view last_two) {
  std::string text = base64(std::string(phase, '\0') + std::string(value), last_two);
  size_t first = (phase * 8 + 5) / 6, whole = (phase + value.size()) * 8 / 6;
  return text.substr(first, whole - first);
}

std::string percent(std::string_view value, std::string_view digits, bool plus) {
  std::string text;
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain)
      text += c;
    else if (c == ' ' && plus)
      text += '+';
    else
      text.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return text;
}

std::string json_escaped(std::string_view value, bool ascii) {
  std::string quoted = Json(value).dump(-1, ' ', ascii, Json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::set<std::string> forms_of(std::string_view value) {
  std::set<std::string> forms{std::string(value), to_utf8(value), json_escaped(value, false), json_escaped(value, true)};
  for (std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"})
    for (bool plus : {false, true}) forms.insert(percent(value, digits, plus));
  for (std::string_view last_two : {"+/", "-_"}) {
    forms.insert(base64(value, last_two));
    for (size_t phase : {0, 1, 2})
      if (std::string inside = base64_inside(value, phase, last_two); inside.size() >= kShortestPart) forms.insert(inside);
  }
  if (value.find('\n') != std::string_view::npos)  // a key of several lines is logged line by line
    for (const std::string& line : split(value, '\n'))
      if (std::string_view part = trim(line); part.size() >= kShortestPart && !part.starts_with("-----")) forms.emplace(part);
  return forms;
}

struct Match {
  size_t begin, end;
  size_t longest;  // length of the form that names it
  const std::string* name;
};

}  // namespace

void Redactor::add(std::string_view name, std::string_view value) {
  if (value.size() < kShortest) return;
  std::set<std::string> forms = forms_of(value);
  std::string replacement = "«" + to_utf8(name) + "»";
  std::lock_guard lock(mutex_);
  for (const std::string& form : forms) by_value_.emplace(form, replacement);
}

// Every occurrence of every form is found in the text as it came, and what overlaps is replaced together under the longest form's name: so
// no piece of one value is left because another one, or a name, lay across it.
void Redactor::replace_in(std::string& text) const {
  std::vector<Match> matches;
  for (const auto& [form, name] : by_value_)
    for (size_t at = text.find(form); at != std::string::npos; at = text.find(form, at + 1))
      matches.push_back({at, at + form.size(), form.size(), &name});
  if (matches.empty()) return;
  std::sort(matches.begin(), matches.end(),
            [](const Match& a, const Match& b) { return std::tie(a.begin, b.longest) < std::tie(b.begin, a.longest); });
  std::vector<Match> merged;
  for (const Match& match : matches) {
    if (merged.empty() || match.begin >= merged.back().end) {
      merged.push_back(match);
      continue;
    }
    Match& last = merged.back();
    last.end = std::max(last.end, match.end);
    if (match.longest > last.longest) last.longest = match.longest, last.name = match.name;
  }
  std::string redacted;
  size_t at = 0;
  for (const Match& match : merged) {
    redacted.append(text, at, match.begin - at).append(*match.name);
    at = match.end;
  }
  text = redacted.append(text, at);
}

std::string Redactor::apply(std::string_view text) const {
  std::string copy(text);
  std::lock_guard lock(mutex_);
  replace_in(copy);
  return copy;
}

Json Redactor::apply(const Json& value) const {
  if (value.is_string()) return apply(value.get_ref<const std::string&>());
  if (!value.is_structured()) return value;
  Json copy = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, item] : value.items()) {
    if (value.is_array())
      copy.push_back(apply(item));
    else
      copy[apply(key)] = apply(item);
  }
  return copy;
}

}  // namespace playbook
