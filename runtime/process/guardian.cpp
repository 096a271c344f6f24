#include "runtime/process/guardian.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "runtime/base/error.h"
#include "runtime/process/wire.h"

namespace playbook {
namespace {

constexpr std::chrono::milliseconds kGoodbye{10'000};

std::pair<Descriptor, Descriptor> socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    throw system_error(errno, "cannot make a socket for playbook-guardian");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Out of the way of the numbers where the guardian expects its own.
Descriptor moved_up(int fd) {
  Descriptor copy(fcntl(fd, F_DUPFD_CLOEXEC, 10));
  if (!copy) throw system_error(errno, "cannot duplicate a descriptor for playbook-guardian");
  return copy;
}

class SpawnPlan {  // posix_spawn's two opaque objects
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

bool send_start(int socket, const wire::Start& head, const std::array<int, wire::kPassedCount>& passed) {
  iovec part{const_cast<wire::Start*>(&head), sizeof head};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof passed)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof passed);
  std::memcpy(CMSG_DATA(rights), passed.data(), sizeof passed);
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EPIPE && errno != ECONNRESET) throw system_error(errno, "cannot reach playbook-guardian");
  return sent >= 0;
}

void append_string(std::string& text, const std::string& value, const char* what) {
  if (value.find('\0') != std::string::npos) throw Error(Code::argument_invalid, std::string(what) + " of a command holds a NUL byte");
  text.append(value).push_back('\0');
}

}  // namespace

Descriptor memory_file(const char* name, std::string_view content) {
  Descriptor file(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) throw system_error(errno, "cannot make a file in memory");
  for (size_t done = 0; done < content.size();) {
    ssize_t wrote = pwrite(file.get(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw system_error(errno, "cannot fill a file in memory");
    done += static_cast<size_t>(wrote);
  }
  fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return file;
}

Guardian::~Guardian() {
  if (!pid_) return;
  shutdown(socket_.get(), SHUT_WR);  // the end of file that a death would make, but we can still listen
  wait_for_exit(kGoodbye);
}

// Its end of the socket closes when it exits; an embedder that waits for all its children may have reaped it before us.
void Guardian::wait_for_exit(std::chrono::milliseconds patience) {
  auto until = std::chrono::steady_clock::now() + patience;
  pollfd hangup{socket_.get(), 0, 0};
  int ready;
  do {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    ready = poll(&hangup, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) waitpid(pid_, nullptr, 0);
  socket_.reset();
  pid_ = 0;
}

void Guardian::bury(pid_t guardian) {
  std::lock_guard hold(mutex_);
  if (pid_ == guardian) wait_for_exit(kGoodbye);
}

void Guardian::launch() {
  auto [ours, theirs] = socket_pair();
  Descriptor socket = moved_up(theirs.get());
  Descriptor lock = options_.lock_fd >= 0 ? moved_up(options_.lock_fd) : Descriptor();
  SpawnPlan plan;
  for (int fd = 0; fd < 3; ++fd) posix_spawn_file_actions_addopen(&plan.actions, fd, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&plan.actions, socket.get(), wire::kHostSocket);
  if (lock) posix_spawn_file_actions_adddup2(&plan.actions, lock.get(), wire::kLock);
  sigset_t all;
  sigfillset(&all);  // blocked from the first instant, and with their default meaning for the children
  posix_spawnattr_setsigmask(&plan.attributes, &all);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::string name = "playbook-guardian", serve = "--serve", with_lock = "--lock";
  char* argv[] = {name.data(), serve.data(), lock ? with_lock.data() : nullptr, nullptr};
  char* environment[] = {nullptr};  // the children get theirs with each start
  if (int error = posix_spawn(&pid_, options_.program.c_str(), &plan.actions, &plan.attributes, argv, environment)) {
    pid_ = 0;
    throw Error(Code::process_missing, "cannot start " + options_.program.string() + ": " + std::generic_category().message(error),
                "it belongs to playbook and lies beside it; install playbook again");
  }
  socket_ = std::move(ours);
}

Started Guardian::start(const Birth& birth) {
  std::string text;
  append_string(text, birth.program.string(), "the program");
  append_string(text, birth.folder.string(), "the folder");
  for (const std::string& argument : birth.argv) append_string(text, argument, "an argument");
  for (const std::string& variable : birth.environment) append_string(text, variable, "the environment");
  Descriptor text_file = memory_file("playbook-start", text);
  auto [ours, theirs] = socket_pair();

  wire::Start head{};
  head.version = wire::kVersion;
  head.arguments = static_cast<std::uint32_t>(birth.argv.size());
  head.variables = static_cast<std::uint32_t>(birth.environment.size());
  head.leaves_daemon = birth.leaves_daemon;
  head.grace_ms = birth.grace.count();
  head.text_size = text.size();
  std::array<int, wire::kPassedCount> passed{theirs.get(), text_file.get(),     birth.input,        birth.output,
                                             birth.errors, birth.output_reader, birth.errors_reader};

  std::lock_guard hold(mutex_);
  if (!pid_) launch();
  if (send_start(socket_.get(), head, passed)) return {std::move(ours), pid_};
  wait_for_exit(kGoodbye);  // it was killed since the last child; nothing was sent, so starting anew is safe
  launch();
  if (!send_start(socket_.get(), head, passed)) throw Error(Code::process_failed, "playbook-guardian died as soon as it had started");
  return {std::move(ours), pid_};
}

}  // namespace playbook
