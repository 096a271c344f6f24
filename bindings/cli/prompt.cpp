#include "bindings/cli/prompt.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bindings/cli/terminal.h"

namespace playbook::cli {

std::string matching_choice(const std::string& answer, const std::vector<std::string>& choices) {
  std::string wanted(trim(answer));
  std::transform(wanted.begin(), wanted.end(), wanted.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string found;
  for (const std::string& choice : choices) {
    if (choice == wanted) return choice;
    if (wanted.empty() || choice.rfind(wanted, 0) != 0) continue;
    if (!found.empty()) return "";
    found = choice;
  }
  return found;
}

Prompt::Prompt(int input, std::ostream& out, std::function<void()> before, std::function<void()> after)
    : input_(input), out_(out), before_(std::move(before)), after_(std::move(after)) {}

std::optional<std::string> Prompt::ask(const std::string& text, const std::vector<std::string>& choices, int interrupt) {
  if (!can_ask()) return std::nullopt;
  std::lock_guard lock(mutex_);
  if (!can_ask()) return std::nullopt;
  asking_ = true;
  if (before_) before_();
  tcflush(input_, TCIFLUSH);  // what was typed before the question does not answer it
  std::optional<std::string> answer;
  for (;;) {
    out_ << printable(text) << " [" << join(choices, "/") << "] " << std::flush;
    const auto line = read_line(interrupt);
    if (!line) break;
    const std::string choice = matching_choice(*line, choices);
    if (!choice.empty()) {
      answer = choice;
      break;
    }
  }
  if (!answer) out_ << "\n";
  asking_ = false;
  if (after_) after_();
  return answer;
}

std::optional<std::string> Prompt::read_line(int interrupt) {
  std::string line;
  for (;;) {
    pollfd waits[] = {{closed_.fd(), POLLIN, 0}, {interrupt, POLLIN, 0}, {input_, POLLIN, 0}};
    if (poll(waits, 3, -1) < 0) {
      if (errno == EINTR) continue;
      return std::nullopt;
    }
    if (waits[0].revents || waits[1].revents) return std::nullopt;
    char letter = 0;
    const ssize_t got = read(input_, &letter, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    if (letter == '\n') return line;
    line += letter;
  }
}

void Prompt::close() { closed_.request(); }

void Prompt::hang_up() {
  closed_.request();
  std::lock_guard lock(mutex_);
  gone_ = true;
}

void Prompt::say(const std::string& line) {
  std::lock_guard lock(mutex_);
  if (gone_) return;
  if (before_) before_();
  out_ << printable(line) << "\n" << std::flush;
  if (after_) after_();
}

}  // namespace playbook::cli
