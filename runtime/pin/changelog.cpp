#include "runtime/pin/changelog.h"

#include <algorithm>
#include <set>

#include "runtime/base/text.h"
#include "runtime/base/version.h"

namespace playbook {
namespace {

bool is_word_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lowered;
}

// Lines joined, one blank for each run of white space.
void append_line(std::string& text, std::string_view line) {
  for (char c : line) {
    bool blank = c == ' ' || c == '\t' || c == '\r';
    if (!blank)
      text += c;
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
  }
  if (!text.empty() && text.back() != ' ') text += ' ';
}

// `[1.2.0] - 2026-11-01`, `v1.2.0`, `1.2.0 (2026-11-01)`.
std::string version_in(const std::string& section) {
  for (size_t at = 0; at < section.size(); ++at) {
    bool begins = (at == 0 || !is_word_byte(section[at - 1])) && (is_word_byte(section[at]));
    if (!begins) continue;
    size_t end = at;
    while (end < section.size() && (is_word_byte(section[end]) || section[end] == '.' || section[end] == '-' || section[end] == '+')) ++end;
    const std::string word = section.substr(at, end - at);
    if (word.find('.') == std::string::npos) continue;
    if (std::optional<Version> version = Version::try_parse(word)) return version->bare();
  }
  return "";
}

// `\bBREAKING\b(?:\s*\(([^)]*)\)|\s+for\s+([^*.:]+))?`
std::optional<std::string> marked_scope(const std::string& text) {
  constexpr std::string_view kMark = "BREAKING";
  for (size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
    size_t end = at + kMark.size();
    if ((at > 0 && is_word_byte(text[at - 1])) || (end < text.size() && is_word_byte(text[end]))) continue;
    std::string_view rest = std::string_view(text).substr(end);
    std::string_view next = trim(rest);
    if (next.starts_with('(')) {
      size_t close = next.find(')');
      return close == std::string_view::npos ? "" : std::string(trim(next.substr(1, close - 1)));
    }
    if (rest.starts_with(' ') && next.starts_with("for ")) return std::string(trim(next.substr(4, next.find_first_of("*.:", 4) - 4)));
    return "";
  }
  return std::nullopt;
}

bool is_breaking_heading(const std::string& kind) {
  const std::string name = lower(kind);
  return name.find("breaking") != std::string::npos || name == "what has changed?" || name == "do you need to take action?" ||
         name == "when is action necessary?";
}

}  // namespace

std::vector<ChangelogEntry> parse_changelog(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<ChangelogEntry> entries;
  std::string section, kind;
  bool in_bullet = false, after_blank = false, in_comment = false;
  for (const std::string& raw : split(text, '\n')) {
    std::string_view line = raw;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (in_comment || line.starts_with("<!--")) {
      in_comment = line.find("-->") == std::string_view::npos;
      continue;
    }
    if (line.starts_with("## ") || line.starts_with("# ")) {
      section = line.starts_with("## ") ? std::string(trim(line.substr(3))) : "";
      kind.clear();
      in_bullet = false;
    } else if (line.starts_with("### ")) {
      kind = trim(line.substr(4));
      in_bullet = false;
    } else if (line.starts_with("- ") || line.starts_with("* ")) {
      in_bullet = !section.empty();
      if (in_bullet) entries.push_back({section, kind, ""});
      if (in_bullet) append_line(entries.back().text, line.substr(2));
    } else if (trim(line).empty()) {
      after_blank = true;
      continue;
    } else if (in_bullet && (line.starts_with("  ") || !after_blank)) {  // a line at the margin goes on with the bullet right above it
      append_line(entries.back().text, line);
    } else if (!section.empty() && is_breaking_heading(kind)) {  // prose in place of bullets
      if (after_blank || entries.empty() || entries.back().section != section || entries.back().kind != kind)
        entries.push_back({section, kind, ""});
      append_line(entries.back().text, line);
      in_bullet = false;
    } else {
      in_bullet = false;
    }
    after_blank = false;
  }
  for (ChangelogEntry& entry : entries) entry.text = trim(entry.text);
  return entries;
}

std::vector<Breaking> breaking_changes(const std::vector<ChangelogEntry>& before, const std::vector<ChangelogEntry>& now,
                                       const std::string& from, const std::string& to) {
  const Version oldest = Version::parse(from), newest = Version::parse(to);
  std::set<std::string> known;
  for (const ChangelogEntry& entry : before) known.insert(entry.text);
  std::vector<Breaking> found;
  for (const ChangelogEntry& entry : now) {
    std::optional<std::string> scope = marked_scope(entry.text);
    if (!scope && !is_breaking_heading(entry.kind)) continue;
    const std::string version = version_in(entry.section);
    if (version.empty() && known.contains(entry.text)) continue;
    if (!version.empty()) {
      const Version of = Version::parse(version);
      if (of <= oldest || of > newest) continue;
    }
    found.push_back({entry, version, scope.value_or("")});
  }
  return found;
}

}  // namespace playbook
