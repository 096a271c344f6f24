#include "runtime/pin/dotenv.h"

#include <algorithm>
#include <array>
#include <map>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/pin/dotenv_value.h"
#include "runtime/pin/text_place.h"

namespace playbook {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

// Unicode white space beyond ASCII, in UTF-8: what Go's unicode.IsSpace knows.
constexpr std::string_view kWideSpaces[] = {"\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
                                            "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
                                            "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
                                            "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Length of the white space character at the start of `text`, 0 when it is another.
size_t space_length(std::string_view text) {
  if (!text.empty() && is_ascii_space(text[0])) return 1;
  for (std::string_view space : kWideSpaces)
    if (text.starts_with(space)) return space.size();
  return 0;
}

// The same without the line break and the rarer ones: what Compose skips within a line.
size_t blank_length(std::string_view text) {
  size_t length = space_length(text);
  return text.starts_with('\n') || length > 2 ? 0 : length;
}

std::string_view trim_end(std::string_view text) {
  for (;;) {
    size_t cut = !text.empty() && is_ascii_space(text.back()) ? 1 : 0;
    for (std::string_view space : kWideSpaces)
      if (text.ends_with(space)) cut = space.size();
    if (cut == 0) return text;
    text.remove_suffix(cut);
  }
}

bool is_key_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.-[]").find(c) != std::string_view::npos ||
         static_cast<unsigned char>(c) >= 0x80;  // letters of other alphabets
}

void check_key(std::string_view key) {
  if (!key.empty() && is_utf8(key) && std::all_of(key.begin(), key.end(), is_key_byte)) return;
  throw Error(Code::argument_invalid, "\"" + to_utf8(key) + "\" is not a name for a .env file; expected letters, digits and _ . -");
}

std::string_view line_end_of(std::string_view text) {
  size_t end = text.find('\n');
  return end != std::string_view::npos && end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n";
}

}  // namespace

struct Dotenv::Parser {
  Dotenv& file;
  std::string_view text;
  size_t at = 0;

  std::string_view rest() const { return text.substr(at); }

  [[noreturn]] void fail(size_t where, const std::string& why, const std::string& hint) const {
    throw Error(Code::dotenv_invalid, file.place(where) + ": " + why, hint);
  }

  void parse() {
    if (text.starts_with(kBom)) at = kBom.size();
    while (to_statement()) statement();
  }

  bool to_statement() {
    for (;;) {
      while (size_t length = space_length(rest())) at += length;
      if (at == text.size()) return false;
      if (text[at] != '#') return true;
      at = std::min(text.find('\n', at), text.size());
    }
  }

  void skip_blanks() {
    while (size_t length = blank_length(rest())) at += length;
  }

  void statement() {
    Entry entry;
    entry.begin = at;
    if (rest().starts_with("export") && rest().size() > 6 && is_ascii_space(text[at + 6])) {
      at += 6;
      skip_blanks();
    }
    size_t key_begin = at;
    while (at < text.size() && std::string_view("=:\n").find(text[at]) == std::string_view::npos) {
      size_t blank = blank_length(rest());
      if (blank == 0 && !is_key_byte(text[at]))
        fail(at, "unexpected character in a name; expected KEY=value", "correct or comment out this line");
      at += std::max<size_t>(blank, 1);
    }
    if (at == text.size())
      fail(key_begin, "a name alone on the last line, which is not ended; Compose refuses that", "end the line, or give it a value");
    entry.key = trim_end(text.substr(key_begin, at - key_begin));
    if (std::any_of(entry.key.begin(), entry.key.end(), is_ascii_space))
      fail(key_begin, "a name has a space in it; expected KEY=value", "correct or comment out this line");
    entry.value_begin = entry.value_end = key_begin + entry.key.size();
    bool inherits = text[at] == '\n';
    if (entry.key.empty() && !inherits) fail(key_begin, "a value without a name; expected KEY=value", "correct or comment out this line");
    if (!inherits) value(entry);
    if (!entry.key.empty()) file.entries_.push_back(std::move(entry));
  }

  void value(Entry& entry) {
    bool colon = text[at] == ':';
    size_t after = ++at;
    skip_blanks();
    if (at < text.size() && (text[at] == '"' || text[at] == '\'')) return quoted(entry);
    std::string_view line = rest().substr(0, rest().find('\n'));
    std::string_view bare = trim_end(line.substr(0, line.find(" #")));
    entry.style = Style::plain;
    entry.value_begin = bare.empty() ? after + (colon && rest().data() > text.data() + after && text[after] == ' ') : at;
    entry.value_end = entry.value_begin + bare.size();
    at += line.size();
    check(entry);
  }

  void quoted(Entry& entry) {
    char quote = text[at];
    entry.style = quote == '"' ? Style::double_quoted : Style::single_quoted;
    entry.value_begin = at;
    size_t end = at + 1;
    while (end < text.size() && text[end] != quote) end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size())
      fail(at, std::string("a value has no closing ") + quote, "close the quotes; the value may go on over several lines");
    at = entry.value_end = end + 1;
    check(entry);
  }

  // What the interpolation could never read is refused at once, because Compose would refuse the whole file.
  void check(const Entry& entry) const {
    try {
      dotenv_value(file.raw(entry), entry.style, {[](const std::string&) { return std::nullopt; }, false});
    } catch (const Error& error) {
      fail(entry.value_begin, "the value of " + entry.key + " cannot be read: " + error.message(),
           "put the value in single quotes to take $ literally");
    }
  }
};

Dotenv Dotenv::parse(std::string text, std::string name) {
  Dotenv file(std::move(text), std::move(name));
  Parser{file, file.text_}.parse();
  return file;
}

std::string Dotenv::place(size_t at) const { return name_ + ":" + text_place(text_, at); }

const Dotenv::Entry* Dotenv::last(std::string_view key) const {
  auto found = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& entry) { return entry.key == key; });
  return found == entries_.rend() ? nullptr : &*found;
}

std::optional<std::string> Dotenv::get(std::string_view key, const Environment& environment) const {
  struct Known {
    std::string value;
    std::optional<Error> error;  // raised only where the value is needed
  };
  std::map<std::string, Known, std::less<>> known;
  auto from_outside = [&](const std::string& name) { return environment ? environment(name) : std::nullopt; };
  DotenvLookup lookup{[&](const std::string& name) -> std::optional<std::string> {
                        if (auto value = from_outside(name)) return value;
                        auto earlier = known.find(name);
                        if (earlier == known.end()) return std::nullopt;
                        if (earlier->second.error) throw *earlier->second.error;
                        return earlier->second.value;
                      },
                      true};
  for (const Entry& entry : entries_) {
    if (entry.style == Style::inherit) {
      if (auto value = from_outside(entry.key)) known[entry.key] = {*std::move(value), std::nullopt};
      continue;
    }
    try {
      known[entry.key] = {dotenv_value(raw(entry), entry.style, lookup), std::nullopt};
    } catch (const Error& error) {
      bool placed = error.message().starts_with(name_ + ":");
      known[entry.key] = {"", placed
                                  ? error
                                  : Error(Code::dotenv_invalid,
                                          place(entry.value_begin) + ": the value of " + entry.key + " cannot be read: " + error.message(),
                                          "set what it needs in this file, above this line")};
    }
  }
  auto found = known.find(key);
  if (found == known.end()) return std::nullopt;
  if (found->second.error) throw *found->second.error;
  return found->second.value;
}

// A copy in which the last entry of `key` has these bytes as its value; nothing when they make a file that cannot be read (an empty plain
// value turns the comment after it into the value).
std::optional<Dotenv> Dotenv::with_value(std::string_view key, std::string_view raw_value) const {
  std::string text = text_;
  if (const Entry* entry = last(key)) {
    std::string inserted = (entry->style == Style::inherit ? "=" : "") + std::string(raw_value);
    text.replace(entry->value_begin, entry->value_end - entry->value_begin, inserted);
  } else {
    std::string_view line_end = line_end_of(text_);
    if (!text.empty() && text != kBom && !text.ends_with('\n')) text += line_end;
    text.append(key).append("=").append(raw_value).append(line_end);
  }
  try {
    return parse(std::move(text), name_);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void Dotenv::set(std::string_view key, std::string_view value) {
  check_key(key);
  if (value.find('\0') != std::string_view::npos)
    throw Error(Code::argument_invalid, "a value for " + std::string(key) + " has a zero byte, which no environment can hold");
  const Entry* present = last(key);
  if (present && present->style != Style::inherit && !dotenv_interpolates(raw(*present), present->style) && get(key) == value) return;

  Style kept = present && present->style != Style::inherit ? present->style : Style::plain;
  for (Style style : std::array{kept, Style::single_quoted, Style::double_quoted}) {
    std::optional<std::string> raw_value = dotenv_raw(value, style);
    std::optional<Dotenv> changed = raw_value ? with_value(key, *raw_value) : std::nullopt;
    if (!changed || changed->get(key) != value || changed->entries_.size() != entries_.size() + (present ? 0 : 1)) continue;
    *this = *std::move(changed);
    return;
  }
  throw Error(Code::internal, name_ + ": no way to write the value of " + std::string(key) + " reads back as the same value");
}

void Dotenv::keep_last(std::string_view key) {
  for (;;) {
    auto first = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
    if (first == entries_.end() || &*first == last(key)) return;
    remove(*first);
  }
}

bool Dotenv::unset(std::string_view key) {
  bool any = false;
  for (; const Entry* entry = last(key); any = true) remove(*entry);
  return any;
}

// The whole line where the statement has it to itself (with its comment), else the statement alone.
void Dotenv::remove(const Entry& entry) {
  size_t line_begin = entry.begin == 0 ? 0 : text_.rfind('\n', entry.begin - 1) + 1;
  if (line_begin == 0 && text_.starts_with(kBom)) line_begin = kBom.size();
  size_t line_end = text_.find('\n', entry.value_end);
  line_end = line_end == std::string::npos ? text_.size() : line_end + 1;
  std::string_view before = std::string_view(text_).substr(line_begin, entry.begin - line_begin);
  std::string_view after = std::string_view(text_).substr(entry.value_end, line_end - entry.value_end);
  bool alone = trim_end(before).empty() && (trim_end(after).empty() || trim(after).starts_with('#'));
  size_t begin = alone ? line_begin : entry.begin, end = alone ? line_end : entry.value_end;
  *this = parse(text_.substr(0, begin) + text_.substr(end), name_);
}

void add_dotenv_source(SecretStore& store) {
  store.add_source("dotenv", [](const Json& reference) {
    std::string path = get_or<std::string>(reference, "path", ""), key = get_or<std::string>(reference, "name", "");
    std::optional<std::string> text = try_read_file(path);
    if (!text) throw Error(Code::secret_missing, path + " does not exist", "create it, then run this again");
    std::optional<std::string> value = Dotenv::parse(*std::move(text), path).get(key);
    if (!value) throw Error(Code::secret_missing, path + " has no " + key, "set " + key + " there, then run this again");
    return *std::move(value);
  });
}

}  // namespace playbook
