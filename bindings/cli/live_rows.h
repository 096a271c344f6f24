// Lines on a terminal of which the last ones still change. A row is written for good once it and all rows above it are settled; the rest,
// at most a screenful, is redrawn in place. Not thread-safe: the terminal view locks.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"
#include "bindings/cli/terminal.h"

namespace playbook::cli {

struct Row {
  enum class Mark { none, ok, failed, open, note, warning, unknown, cancelled };
  std::string key;  ///< position of the action or scope; "" for plain lines
  int depth = 0;
  Mark mark = Mark::none;
  std::string text;
  Colour colour = Colour::none;
  Utc began{};         ///< of an open row
  std::string detail;  ///< progress, behind the text
  std::optional<std::chrono::milliseconds> took;
  bool quiet = false;   ///< vanishes when it ends well
  bool output = false;  ///< a line that the action above it printed
};

class LiveRows {
 public:
  LiveRows(std::ostream& out, const Terminal& terminal, const Clock& clock) : out_(out), terminal_(terminal), clock_(clock) {}

  std::vector<Row>& rows() { return rows_; }  ///< those that are not written for good
  Row* find(const std::string& key);
  /// Behind the last row that belongs to `key`, else at the end.
  void add(Row row) { rows_.push_back(std::move(row)); }
  /// Removes all but the last `keep` lines that the action `key` printed.
  void trim_output(const std::string& key, size_t keep);
  void erase(const std::string& key);

  void draw();
  /// Takes the changing rows off the screen; the next `draw` brings them back.
  void hide();
  /// Writes all rows for good, as they are.
  void settle();
  bool changing() const;  ///< whether a picture of elapsed time is on the screen

 private:
  std::string line(const Row& row, int width) const;
  void move_up(std::string& frame);

  std::ostream& out_;
  const Terminal& terminal_;
  const Clock& clock_;
  std::vector<Row> rows_;
  int drawn_ = 0;  // lines of the screen above the cursor that are redrawn
};

}  // namespace playbook::cli
