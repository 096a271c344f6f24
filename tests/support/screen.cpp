#include "tests/support/screen.h"

#include <stdexcept>

namespace playbook::testing {

void Screen::put(const std::string& letter) {
  if (column_ >= static_cast<size_t>(width_)) {  // wraps, as terminals do
    ++row_;
    column_ = 0;
  }
  if (lines_.size() <= row_) lines_.resize(row_ + 1);
  if (lines_[row_].size() <= column_) lines_[row_].resize(column_ + 1, " ");
  lines_[row_][column_++] = letter;
}

void Screen::control(const std::string& parameters, char command) {
  if (command == 'm') return;
  if (command == 'A') {
    const size_t up = std::stoul(parameters);
    if (up >= static_cast<size_t>(height_) || up > row_) throw std::runtime_error("the cursor moves above the screen");
    row_ -= up;
  } else if (command == 'K') {
    if (row_ < lines_.size()) lines_[row_].resize(std::min(lines_[row_].size(), column_));
  } else if (command == 'J') {
    lines_.resize(std::min(lines_.size(), row_ + 1));
    if (row_ < lines_.size()) lines_[row_].resize(std::min(lines_[row_].size(), column_));
  } else {
    throw std::runtime_error("unknown control sequence " + parameters + command);
  }
}

std::string Screen::show(const std::string& written) {
  for (size_t i = 0; i < written.size();) {
    const auto byte = static_cast<unsigned char>(written[i]);
    if (byte == '\n') {
      ++row_, column_ = 0, ++i;
      if (lines_.size() <= row_) lines_.resize(row_ + 1);
    } else if (byte == '\r') {
      column_ = 0, ++i;
    } else if (byte == 0x1B) {
      const size_t end = written.find_first_not_of("0123456789;", i + 2);
      if (written[i + 1] != '[' || end == std::string::npos) throw std::runtime_error("broken control sequence");
      control(written.substr(i + 2, end - i - 2), written[end]);
      i = end + 1;
    } else {
      const size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      put(written.substr(i, length));
      i += length;
    }
  }
  std::string text;
  for (const auto& line : lines_) {
    std::string shown;
    for (const std::string& letter : line) shown += letter;
    text += shown.substr(0, shown.find_last_not_of(' ') + 1) + "\n";
  }
  while (text.size() > 1 && text.compare(text.size() - 2, 2, "\n\n") == 0) text.pop_back();
  return text == "\n" ? "" : text;
}

}  // namespace playbook::testing
