// The host's end of playbook-guardian: starts it when first needed, hands it children. Thread-safe.
#pragma once

#include <sys/types.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/base/file.h"
#include "runtime/process/children.h"

namespace playbook {

/// What a child is made of. The descriptors are borrowed.
struct Birth {
  std::filesystem::path program, folder;  ///< absolute
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< `NAME=value`, whole
  bool leaves_daemon = false;
  std::chrono::milliseconds grace{0};
  int input = -1, output = -1, errors = -1;
  int output_reader = -1, errors_reader = -1;  ///< the other ends of two pipes, not blocking
};

/// The channel on which the guardian reports about one child (wire.h), and which guardian that is.
struct Started {
  Descriptor channel;
  pid_t guardian;
};

class Guardian {
 public:
  explicit Guardian(GuardianOptions options) : options_(std::move(options)) {}
  /// Says goodbye and waits for the guardian to exit, for a bounded time: one that cannot end a child stays, and keeps the lock.
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  /// A guardian that has died is replaced by a new one.
  Started start(const Birth& birth);
  /// To be called when a channel ended early, which only the death of its guardian does: the next `start` is safe from the dying one.
  void bury(pid_t guardian);

 private:
  void launch();
  void wait_for_exit(std::chrono::milliseconds patience);

  const GuardianOptions options_;
  std::mutex mutex_;
  Descriptor socket_;
  pid_t pid_ = 0;
};

/// A file in memory with this content, sealed and read from its start. Used as standard input, so that a child that does not read it cannot
/// raise SIGPIPE in the host, nor block it; and no disk ever sees it.
Descriptor memory_file(const char* name, std::string_view content);

}  // namespace playbook
