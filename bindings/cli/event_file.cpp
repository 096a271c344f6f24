#include "bindings/cli/event_file.h"

#include "bindings/cli/event_text.h"

namespace playbook::cli {
namespace {

std::optional<Event> event_of(const std::string& line) {
  const Json data = Json::parse(line, nullptr, false);
  const std::string kind = text_of(data, "event");
  if (data.is_discarded() || kind.empty()) return std::nullopt;
  return Event{kind, data};
}

}  // namespace

std::optional<std::string> EventFile::line() {
  stream_.clear();
  stream_.seekg(position_);
  std::string text;
  if (!std::getline(stream_, text) || stream_.eof()) return std::nullopt;  // at the end of file without its newline: half written
  position_ += static_cast<std::streamoff>(text.size()) + 1;
  return text;
}

bool EventFile::open() {
  if (stream_.is_open()) return true;
  stream_.open(path_, std::ios::binary);
  if (!stream_.is_open()) return false;
  std::streamoff start = 0;
  for (std::streamoff before = 0; auto text = line(); before = position_) {
    const auto event = event_of(*text);
    if (event && event->kind == "run.started") start = before;
  }
  position_ = start;
  return true;
}

std::optional<Event> EventFile::next() {
  if (!open()) return std::nullopt;
  while (auto text = line()) {
    if (auto event = event_of(*text)) return event;
  }
  return std::nullopt;
}

}  // namespace playbook::cli
