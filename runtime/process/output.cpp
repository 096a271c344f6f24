#include "runtime/process/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace playbook {
namespace {

constexpr size_t kBuffer = 64 * 1024;
constexpr size_t kLongestLine = 64 * 1024;  // a longer one comes in pieces

}  // namespace

Output::Output(Stream stream, Descriptor pipe, size_t capture_limit, const LineSink& line, const ByteSink& raw)
    : stream_(stream), pipe_(std::move(pipe)), limit_(capture_limit), line_(line), raw_(raw) {}

void Output::read_some() {
  std::array<char, kBuffer> buffer;
  ssize_t got = read(pipe_.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) return accept({buffer.data(), static_cast<size_t>(got)});
  pipe_.reset();
}

void Output::finish() {
  int waiting = 0;  // counted once: a daemon that never stops writing must not keep us
  if (pipe_ && ioctl(pipe_.get(), FIONREAD, &waiting) == 0) {
    for (std::array<char, kBuffer> buffer; waiting > 0;) {
      ssize_t got = read(pipe_.get(), buffer.data(), std::min(buffer.size(), static_cast<size_t>(waiting)));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      accept({buffer.data(), static_cast<size_t>(got)});
      waiting -= static_cast<int>(got);
    }
  }
  pipe_.reset();
  if (!partial_.empty()) emit(std::exchange(partial_, {}));
}

std::string Output::take() {
  trim_captured(0);
  if (trimmed_) captured_.erase(0, captured_.find('\n') + 1);  // the rest of a line may hold half a secret, or half a letter
  return std::move(captured_);
}

void Output::accept(std::string_view bytes) {
  if (raw_) {
    if (!silent_) raw_(bytes);
    return;
  }
  captured_ += bytes;
  trim_captured(limit_ + kBuffer);
  if (!line_) return;
  for (;;) {
    size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    if (partial_.empty()) {
      emit(bytes.substr(0, end));
    } else {
      partial_ += bytes.substr(0, end);
      emit(std::exchange(partial_, {}));
    }
    bytes.remove_prefix(end + 1);
  }
  partial_ += bytes;
  if (partial_.size() >= kLongestLine) emit_piece();
}

// A piece of a line without an end. It is cut between words, so that no secret in it is cut in two and unknown to those who redact.
void Output::emit_piece() {
  size_t end = partial_.find_last_of(" \t,;", partial_.size() - 1);
  if (end == std::string::npos || end < kLongestLine / 2) end = partial_.size() - 1;
  std::string rest = partial_.substr(end + 1);
  partial_.resize(end + 1);
  emit(partial_);
  partial_ = std::move(rest);
}

void Output::emit(std::string_view line) {
  if (line_ && !silent_) line_(stream_, line);
}

// Lets the text grow by `slack` before it is cut, so that cutting costs little per byte.
void Output::trim_captured(size_t slack) {
  if (captured_.size() <= limit_ + slack) return;
  captured_.erase(0, captured_.size() - limit_);
  trimmed_ = true;
}

}  // namespace playbook
