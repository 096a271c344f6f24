// Reads events.jsonl of a run while another process appends to it. Only whole lines count; it begins with the last time that the run was
// started or resumed.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "bindings/api/playbook.h"

namespace playbook::cli {

class EventFile {
 public:
  explicit EventFile(std::filesystem::path path) : path_(std::move(path)) {}
  /// The next event, or nothing when there is none yet. A line that is no event is skipped.
  std::optional<Event> next();

 private:
  bool open();
  std::optional<std::string> line();

  std::filesystem::path path_;
  std::ifstream stream_;
  std::streamoff position_ = 0;  // behind the last whole line
};

}  // namespace playbook::cli
