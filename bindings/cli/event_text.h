// Events as lines of text: what the plain view prints, what the run's log file holds, and the pieces that the terminal view shares with
// them. Schema of the events: runtime/engine/events.h. Tolerant: a field that is not there leaves its words away.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"

namespace playbook::cli {

/// Remembers what later lines need: depth, texts of actions and questions. One per run; used by one thread.
class EventText {
 public:
  /// brief: what an operator follows. full: reads and starts too, for the log file.
  enum class Detail { brief, full };
  explicit EventText(Detail detail) : detail_(detail) {}

  /// No line, one or more, indented by the depth of the steps.
  std::vector<std::string> lines(const Event& event);

 private:
  std::vector<std::string> unindented(const Event& event);
  std::vector<std::string> progress(const Json& data);

  Detail detail_;
  int depth_ = 0;
  bool plan_ = false;
  std::map<std::string, std::string> actions_;    // path -> text
  std::map<std::string, std::string> questions_;  // id -> text
  std::map<std::string, Utc> last_progress_;      // path -> when a line was given
};

/// String member, or "".
std::string text_of(const Json& data, const char* key);
/// `demo/upgrade to=1.1 wait=90`
std::string title_of_run(const Json& started);
/// `Back up`, `Checks`, `Downtime`, `attempt 2`
std::string title_of_scope(const Json& data);
/// What an action does, in words: `text`, else its name.
std::string title_of_action(const Json& data);
/// The line of a gate or expect without its mark, then its hint.
std::vector<std::string> gate_lines(const Json& data);
/// `12 MiB of 40 MiB`, `3 attempts`
std::string progress_text(const Json& data);
/// `  0.4s`-like duration of `ms`, "" when it is not there.
std::string duration_text(const Json& data, const char* key = "ms");
/// What the end of a downtime tells: `the application is up again, it refused requests for 2.8s of the 9.1s that the change took`.
std::string up_again_text(const Json& data);
/// `error` of an event as one line: message, and hint behind it.
std::string error_line(const Json& error);
/// The lines of a text, without the empty one behind a final newline.
std::vector<std::string> lines_of(const std::string& text);
/// Milliseconds as `humane` says them.
std::string humane_ms(double milliseconds);

}  // namespace playbook::cli
