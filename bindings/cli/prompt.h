// Asks the person at the terminal. One question at a time; a question can be taken back from another thread (a signal, a lost terminal).
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"

namespace playbook::cli {

class Prompt {
 public:
  /// `input`: a descriptor to read answers from, -1 where nobody is there. `before` and `after` make room on the screen.
  Prompt(int input, std::ostream& out, std::function<void()> before, std::function<void()> after);
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  /// One of the choices; the first letters are enough where they are unique. Nothing when nobody is there, at end of input, when taken
  /// back, or when `interrupt` (a descriptor) becomes readable.
  std::optional<std::string> ask(const std::string& text, const std::vector<std::string>& choices, int interrupt = -1);

  bool can_ask() const { return input_ >= 0 && !closed_.requested(); }
  bool is_asking() const { return asking_.load(); }
  /// From now on nothing is asked; a pending question is taken back.
  void close();
  /// As `close`, and nothing is said any more: the screen is gone, or another's.
  void hang_up();
  /// A line of its own between the picture's lines.
  void say(const std::string& line);

 private:
  std::optional<std::string> read_line(int interrupt);

  int input_;
  std::ostream& out_;
  std::function<void()> before_, after_;
  std::mutex mutex_;
  std::atomic<bool> asking_{false};
  bool gone_ = false;  // under the mutex
  CancelToken closed_;
};

/// The choice that an answer means, or "".
std::string matching_choice(const std::string& answer, const std::vector<std::string>& choices);

}  // namespace playbook::cli
