#include "bindings/cli/event_hook.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bindings/cli/plain_view.h"
#include "bindings/cli/terminal.h"

namespace playbook::cli {
namespace {

using std::chrono::milliseconds;

// A file in memory, because a command that does not read must not block the run as a full pipe would.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : fd_(memfd_create(name, MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int fd() const { return fd_; }

  bool hold(std::string_view content) {
    while (!content.empty()) {
      const ssize_t wrote = write(fd_, content.data(), content.size());
      if (wrote <= 0) return false;
      content.remove_prefix(static_cast<size_t>(wrote));
    }
    return lseek(fd_, 0, SEEK_SET) == 0;
  }

  std::string last_line() const {
    char buffer[512];
    const off_t size = lseek(fd_, 0, SEEK_END);
    const ssize_t got = pread(fd_, buffer, sizeof buffer, std::max<off_t>(0, size - static_cast<off_t>(sizeof buffer)));
    if (got <= 0) return "";
    const std::string text(trim(std::string_view(buffer, static_cast<size_t>(got))));
    return one_line(to_utf8(text.substr(text.rfind('\n') + 1)));
  }

 private:
  int fd_;
};

// Its own group, so that all of it can be ended, and the signals that a program expects.
pid_t start(const std::string& command, int input, int output) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_init(&actions);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  std::string shell = "/bin/sh", option = "-c", text = command;
  char* arguments[] = {shell.data(), option.data(), text.data(), nullptr};
  pid_t child = -1;
  const int failure = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  errno = failure;
  return failure == 0 ? child : -1;
}

// Its wait status, or nothing when the time is over; then its whole group is ended.
std::optional<int> wait_for(pid_t child, milliseconds limit) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  pollfd ended{handle, POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  int ready = 0;
  do {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    ready = poll(&ended, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
  } while (ready < 0 && errno == EINTR);
  if (handle >= 0) close(handle);
  if (ready <= 0) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (ready <= 0) return std::nullopt;
  return status;
}

}  // namespace

EventHook::EventHook(std::string command, std::function<void(const std::string&)> warn, Limits limits)
    : command_(std::move(command)), warn_(std::move(warn)), limits_(limits), thread_([this] { work(); }) {}

EventHook::~EventHook() { finish(); }

void EventHook::on_event(const Event& event) {
  std::lock_guard lock(mutex_);
  if (event.kind == "action.progress" && !queue_.empty()) return;
  if (queue_.size() < limits_.queue)
    queue_.push_back(json_line(event.data) + "\n");
  else if (failure_.empty())
    failure_ = "it is too slow: events are left out";
  wake_.notify_all();
}

void EventHook::finish() {
  {
    std::lock_guard lock(mutex_);
    if (!over_) end_ = std::chrono::steady_clock::now() + limits_.end;
    over_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EventHook::work() {
  bool warned = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return over_ || !queue_.empty(); });
    milliseconds limit = limits_.one;
    if (over_ && !queue_.empty()) {
      limit = std::min(limit, std::chrono::duration_cast<milliseconds>(end_ - std::chrono::steady_clock::now()));
      if (limit.count() <= 0) queue_.clear(), failure_ = "it is too slow: the last events are left out";
    }
    const bool done = queue_.empty();
    std::string failure = failure_, input;
    if (!done) {
      input = std::move(queue_.front());
      queue_.pop_front();
    }
    lock.unlock();  // neither the command nor whoever is warned holds up the run
    if (!done && failure.empty())
      failure = run_command(input, limit);
    else if (!done)
      run_command(input, limit);
    if (!failure.empty() && !std::exchange(warned, true)) warn_("warning: --on-event: " + failure + "; further failures are not shown");
    if (done) return;
    lock.lock();
  }
}

std::string EventHook::run_command(const std::string& input, milliseconds limit) {
  MemoryFile in("event"), out("output");
  if (in.fd() < 0 || out.fd() < 0 || !in.hold(input)) return std::string("cannot hand over the event: ") + std::strerror(errno);
  const pid_t child = start(command_, in.fd(), out.fd());
  if (child < 0) return std::string("cannot start /bin/sh: ") + std::strerror(errno);
  const auto status = wait_for(child, limit);
  if (!status) return "it did not end within " + humane(limit) + " and was ended";
  if (*status == 0) return "";
  const std::string line = out.last_line();
  return (WIFSIGNALED(*status) ? "signal " + std::to_string(WTERMSIG(*status)) : "exit status " + std::to_string(WEXITSTATUS(*status))) +
         (line.empty() ? "" : ": " + line);
}

}  // namespace playbook::cli
