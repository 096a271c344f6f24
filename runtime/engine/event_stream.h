// Builds events, redacts them, appends them to the run's events.jsonl (which `attach` follows) and hands them to the observer. One thread.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/base/redact.h"
#include "runtime/engine/events.h"

namespace playbook {

class EventStream {
 public:
  EventStream(Observer& observer, const Redactor& redactor, const Clock& clock) : observer_(observer), redactor_(redactor), clock_(clock) {}

  /// From here on events carry the id and, unless `file` is empty, go to the file too.
  void begin(const std::string& run, const std::filesystem::path& file);
  void emit(const std::string& kind, Json data = Json::object());
  std::optional<std::string> ask(const Question& question);

 private:
  Observer& observer_;
  const Redactor& redactor_;
  const Clock& clock_;
  std::string run_;
  Descriptor file_;
};

}  // namespace playbook
