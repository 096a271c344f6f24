// The views for pipes: lines for people, and JSON lines for programs (one event a line, the schema of runtime/engine/events.h). No cursor
// movements, no colours; each line is flushed, so that a reader follows.
#pragma once

#include <ostream>

#include "bindings/api/playbook.h"
#include "bindings/cli/event_text.h"

namespace playbook::cli {

class PlainView : public Observer {
 public:
  explicit PlainView(std::ostream& out) : out_(out) {}
  /// `07:13:49 text`, UTC.
  void on_event(const Event& event) override;

 private:
  std::ostream& out_;
  EventText text_{EventText::Detail::brief};
};

class JsonView : public Observer {
 public:
  explicit JsonView(std::ostream& out) : out_(out) {}
  void on_event(const Event& event) override;

 private:
  std::ostream& out_;
};

/// JSON on one line; bytes that are not UTF-8 become U+FFFD.
std::string json_line(const Json& value);
/// Indented JSON for people.
std::string json_text(const Json& value);

}  // namespace playbook::cli
