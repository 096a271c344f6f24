// What the host and its guardian say to each other: fixed structs over SOCK_SEQPACKET, one message each, on one machine and mostly of one
// build. A `Start` travels on the main socket with five descriptors; one of them is a channel of its own for this child, so that every
// thread of the host listens to its child alone. End of file on the main socket means that the host is gone; on a channel, that its caller
// is.
#pragma once

#include <cstdint>

namespace playbook::wire {

/// First word of every `Start`: an upgrade of the package in the middle of a run can pair an old host with a new guardian.
constexpr std::uint32_t kVersion = 1;

/// Where the guardian finds its inheritance.
constexpr int kHostSocket = 3;
constexpr int kLock = 4;

/// Host to guardian, on the main socket. The text (a memory file, because arguments may be larger than a message) holds strings that each
/// end with NUL: program, folder, `arguments` strings, `variables` strings `NAME=value`.
struct Start {
  std::uint32_t version;
  std::uint32_t arguments;
  std::uint32_t variables;
  std::uint32_t leaves_daemon;
  std::int64_t grace_ms;
  std::uint64_t text_size;
};

/// Descriptors that come with a `Start`, in this order. The read ends are those that the host reads: the guardian keeps them and reads them
/// only when the host is gone, so that a child may still write its last words instead of dying of SIGPIPE in the middle of tidying up.
enum Passed { kChannel, kText, kInput, kOutput, kErrors, kOutputReader, kErrorsReader, kPassedCount };

/// Host to guardian, on a channel.
enum class Order : std::uint32_t { stop = 1 };  ///< SIGTERM to the group, the grace, SIGKILL

/// Guardian to host, on a channel. `started` and a `failed` to enter its folder or become its program come from the child itself, before
/// exec.
enum class Event : std::uint32_t {
  started = 1,  ///< value: process id, also the id of its group
  failed,       ///< value: errno; stage: where
  exited,       ///< value: wait status of the leader
  stuck,        ///< it outlived SIGKILL (a dead file system, another user's process); the guardian keeps watching
  ended,        ///< nothing of it runs any more, save a daemon that it may leave; the last word
};

enum class Stage : std::uint32_t { none, version, request, fork, folder, program };

struct Report {
  Event event;
  Stage stage;
  std::int32_t value;
};

}  // namespace playbook::wire
