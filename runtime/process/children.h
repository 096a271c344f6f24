// Child processes of a run. Each lives in its own process group under the run's guardian (a small program, started with the first child,
// that holds a socket from the host: when the host dies, however, the guardian ends the groups, and only then lets go of the run lock).
// Thread-safe; each call of `run` blocks its thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/cancel.h"

namespace playbook {

/// Gets bytes as they come, from the thread that runs the command. When it throws, the child is ended and the error goes on.
using ByteSink = std::function<void(std::string_view)>;
/// Gives the next bytes, valid until the next call; none at the end. Asked only when the child can take more, from the thread that runs the
/// command, and never again once the child has closed its input or ended. When it throws, the child is ended and the error goes on.
using ByteSource = std::function<std::string_view()>;

struct Command {
  std::vector<std::string> argv;                   ///< argv[0] is looked up in PATH
  std::map<std::string, std::string> environment;  ///< added to the host's own
  std::filesystem::path folder;                    ///< working directory; empty: the host's
  std::string input;                               ///< given on standard input, then closed
  ByteSource feed;                                 ///< instead of `input`: standard input of any size, a socket for the child
  int input_fd = -1;                               ///< instead of both: becomes standard input; borrowed until `run` returns
  ByteSink output;                                 ///< gets standard output raw, instead of lines and capture
  std::optional<std::chrono::milliseconds> deadline;
  std::chrono::milliseconds grace{5000};  ///< between SIGTERM and SIGKILL to the whole group, on deadline, cancel or host death
  /// Starts something that stays (a service): what it leaves behind in its group after it has exited is not ended.
  bool leaves_daemon = false;
  size_t capture_limit = 1 << 20;  ///< bytes kept of each stream; the last ones win
};

enum class Stream { out, err };
/// Called for every whole line, without its end (one beyond 64 KiB comes in pieces), from the thread that runs the command. Bytes as they
/// came: `to_utf8` them before showing. When it throws, the child is ended and the error goes on.
using LineSink = std::function<void(Stream, std::string_view line)>;

struct Exit {
  int status = 0;  ///< exit status, or 128 + signal as a shell says it
  int signal = 0;  ///< 0 when it exited by itself
  bool timed_out = false;
  bool cancelled = false;
  std::string out, err;  ///< captured, raw bytes
  std::chrono::milliseconds duration{0};
};

class Children {
 public:
  virtual ~Children() = default;
  /// Throws process.missing (not found, not executable) before anything ran. A non-zero status, deadline or cancel is a value, not an
  /// error.
  virtual Exit run(const Command& command, const LineSink& line = nullptr, const CancelToken* cancel = nullptr) = 0;
};

struct GuardianOptions {
  std::filesystem::path program;  ///< the playbook-guardian executable
  int lock_fd = -1;               ///< duplicated into the guardian, which keeps it until all groups have ended
};

/// The real one. The guardian starts with the first child and ends with this object.
std::unique_ptr<Children> make_children(const GuardianOptions& options);

}  // namespace playbook
