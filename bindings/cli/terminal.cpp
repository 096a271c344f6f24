#include "bindings/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace playbook::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool utf8_locale() {
  std::string locale = environment("LC_ALL");
  if (locale.empty()) locale = environment("LC_CTYPE");
  if (locale.empty()) locale = environment("LANG");
  std::transform(locale.begin(), locale.end(), locale.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

int terminal_size(bool wide) {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) return wide ? size.ws_col : size.ws_row;
  return wide ? 80 : 24;
}

// One code point of valid UTF-8 (everything that is shown has passed to_utf8 or is our own); a stray byte counts as itself.
struct CodePoint {
  char32_t value;
  size_t length;
};

CodePoint code_point(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length > text.size()) return {lead, 1};
  char32_t value = length == 1 ? lead : lead & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return {value, length};
}

int columns_of(char32_t c) {
  if ((c >= 0x300 && c <= 0x36F) || c == 0x200B || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F)) return 0;  // combine with what precedes
  bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
              (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
              (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
  return wide ? 2 : 1;
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

}  // namespace

Terminal detect_terminal() {
  Terminal terminal;
  const std::string term = environment("TERM");
  const bool dumb = term.empty() || term == "dumb";
  const bool out = isatty(STDOUT_FILENO) != 0;
  terminal.interactive = out && !dumb;
  terminal.can_ask = isatty(STDIN_FILENO) && (out || isatty(STDERR_FILENO));
  terminal.colours = terminal.interactive && environment("NO_COLOR").empty();
  terminal.unicode = utf8_locale();
  terminal.width = [] { return terminal_size(true); };
  terminal.height = [] { return terminal_size(false); };
  return terminal;
}

std::string Paint::operator()(Colour colour, std::string_view text) const {
  if (!colours_ || colour == Colour::none || text.empty()) return std::string(text);
  const char* code = "0";
  switch (colour) {
    case Colour::none:
      break;
    case Colour::bold:
      code = "1";
      break;
    case Colour::dim:
      code = "2";
      break;
    case Colour::red:
      code = "31";
      break;
    case Colour::green:
      code = "32";
      break;
    case Colour::yellow:
      code = "33";
      break;
    case Colour::cyan:
      code = "36";
      break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

const Marks& marks(bool unicode) {
  static constexpr const char* kDots[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  static constexpr const char* kBars[] = {"|", "/", "-", "\\"};
  static constexpr Marks kUnicode = {"✓", "✗", "▸", "·", "!", "?", kDots, 10};
  static constexpr Marks kAscii = {"+", "x", ">", "-", "!", "?", kBars, 4};
  return unicode ? kUnicode : kAscii;
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto [value, length] = code_point(text);
    if (value == '\n')
      shown += '\n';
    else if (value == '\t')
      shown += ' ';
    else if (value == '\r' && text.substr(0, 2) == "\r\n") {
    } else if (is_control(value))
      shown += '?';
    else
      shown += text.substr(0, length);
    text.remove_prefix(length);
  }
  return shown;
}

std::string one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  std::string shown = printable(text);
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  return shown;
}

int columns(std::string_view text) {
  int sum = 0;
  while (!text.empty()) {
    const auto [value, length] = code_point(text);
    sum += columns_of(value);
    text.remove_prefix(length);
  }
  return sum;
}

std::string clip(const std::string& text, int width, bool unicode) {
  if (columns(text) <= width) return text;
  const std::string dots = unicode ? "…" : "...";
  int left = width - columns(dots);
  if (left <= 0) return std::string(static_cast<size_t>(std::max(width, 0)), '.');
  std::string shown;
  for (std::string_view rest = text; !rest.empty();) {
    const auto [value, length] = code_point(rest);
    left -= columns_of(value);
    if (left < 0) break;
    shown += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return shown + dots;
}

std::string table(const std::vector<std::vector<std::string>>& rows, const std::string& indent) {
  std::vector<int> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    text += indent;
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(static_cast<size_t>(widths[i] - columns(row[i]) + 2), ' ');
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    text += '\n';
  }
  return text;
}

}  // namespace playbook::cli
