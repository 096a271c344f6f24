// One output stream of a child: reads its pipe without blocking, keeps the last bytes, cuts lines. Used by one thread.
#pragma once

#include <string>

#include "runtime/base/file.h"
#include "runtime/process/children.h"

namespace playbook {

class Output {
 public:
  /// With `raw`, all goes there and nothing to `line` or the capture.
  Output(Stream stream, Descriptor pipe, size_t capture_limit, const LineSink& line, const ByteSink& raw);

  int fd() const { return pipe_.get(); }  ///< -1 once it has ended
  /// Takes what is there, up to one buffer.
  void read_some();
  /// Takes what is in the pipe now and closes it: whoever still holds the other end (a daemon) is not waited for.
  void finish();
  std::string take();
  /// From now on no sink is called: one of them has thrown.
  void silence() { silent_ = true; }

 private:
  void accept(std::string_view bytes);
  void emit(std::string_view line);
  void emit_piece();
  void trim_captured(size_t slack);

  Stream stream_;
  Descriptor pipe_;
  size_t limit_;
  const LineSink& line_;
  const ByteSink& raw_;
  bool silent_ = false, trimmed_ = false;
  std::string captured_, partial_;
};

}  // namespace playbook
