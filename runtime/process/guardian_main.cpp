// playbook-guardian: starts the children of one host process and outlives it just long enough to end them.
//
// The host holds one end of a socket. When it dies, by whatever cause, this end reads end of file: then every group that still runs gets
// SIGTERM, after its grace SIGKILL, is reaped, and only then this program exits. It shares the host's run lock, which therefore is free
// only when nothing of the run is at work any more. It is a subreaper, so orphans of the children come here and are reaped here; it lives
// in its own session with all signals blocked, so no terminal ends it. One thread, no heap after fork, no library but the C++ one.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "runtime/process/wire.h"

namespace {

using namespace playbook::wire;
using Monotonic = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{20};        // between looks at a group that is being ended
constexpr milliseconds kPatience{5000};  // after SIGKILL, until the host hears that it is stuck

class Handle {
 public:
  explicit Handle(int fd = -1) : fd_(fd) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Handle& operator=(Handle&& other) noexcept { return std::swap(fd_, other.fd_), *this; }
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

struct Child {
  enum class Phase { running, terminating, killing };
  Handle channel;
  std::array<Handle, 2> readers;  // of its output and errors, for the time after the host
  pid_t pid = 0;
  bool leaves_daemon = false;
  milliseconds grace{0};
  Phase phase = Phase::running;
  bool exited = false;
  bool stuck = false;
  Monotonic::time_point next{};  // SIGKILL while terminating, the next look while killing
};

struct Wish {  // a Start, unpacked
  Start head{};
  std::array<Handle, kPassedCount> passed;
  std::string text;
  const char* program = nullptr;
  const char* folder = nullptr;
  std::vector<char*> argv, environment;
};

void report(int channel, Event event, int value = 0, Stage stage = Stage::none) {
  Report message{event, stage, value};
  (void)!send(channel, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);  // a host that is gone needs no answer
}

// Whether a process of this group runs, zombies aside: one whose parent never reaps it would count for kill(2) for ever.
bool group_runs(pid_t group) {
  if (kill(-group, 0) < 0 && errno == ESRCH) return false;
  DIR* processes = opendir("/proc");
  if (!processes) return true;
  bool found = false;
  while (dirent* entry = found ? nullptr : readdir(processes)) {
    char path[300], line[512];
    std::snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    Handle file(open(path, O_RDONLY | O_CLOEXEC));
    ssize_t length = file.get() < 0 ? -1 : read(file.get(), line, sizeof line - 1);
    if (length <= 0) continue;
    line[length] = '\0';
    const char* after_name = std::strrchr(line, ')');  // the name itself may hold anything
    char state = 0;
    int parent = 0, its_group = 0;
    if (after_name && std::sscanf(after_name + 1, " %c %d %d", &state, &parent, &its_group) == 3)
      found = its_group == group && state != 'Z' && state != 'X';
  }
  closedir(processes);
  return found;
}

// To the whole group; to the leader alone in the instant before it has made its group. The number cannot be another's: a leader that was
// not reaped, or a member that still runs, keeps it taken.
void signal_group(const Child& child, int signal) {
  if (kill(-child.pid, signal) < 0 && errno == ESRCH && !child.exited) kill(child.pid, signal);
}

void terminate(Child& child) {
  if (child.phase != Child::Phase::running) return;
  child.phase = Child::Phase::terminating;
  child.next = Monotonic::now() + child.grace;
  signal_group(child, SIGTERM);
  signal_group(child, SIGCONT);  // a stopped process would not see it
}

// Reads what nobody will see.
void pass_over(Handle& reader) {
  char buffer[65536];
  ssize_t got = read(reader.get(), buffer, sizeof buffer);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) reader.reset();
}

// In the child, between fork and exec: system calls alone.
[[noreturn]] void become(const Wish& wish, pid_t guardian) {
  int channel = wish.passed[kChannel].get();
  auto fail = [&](Stage stage) {
    report(channel, Event::failed, errno, stage);
    _exit(127);
  };
  setsid();                          // its own group, and no controlling terminal to ask for a password on
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // the guardian is one thread, so this means: when the guardian is killed
  if (getppid() != guardian) _exit(127);
  report(channel, Event::started, getpid());  // before anything of the command runs: a host that loses its guardian ends the group itself
  for (int target = 0; target < 3; ++target)
    if (dup2(wish.passed[static_cast<size_t>(kInput + target)].get(), target) < 0) fail(Stage::request);
  if (chdir(wish.folder) < 0) fail(Stage::folder);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(wish.program, wish.argv.data(), wish.environment.data());
  fail(Stage::program);
  _exit(127);
}

bool read_text(Wish& wish) {
  wish.text.resize(wish.head.text_size);
  size_t done = 0;
  while (done < wish.text.size()) {
    ssize_t got = pread(wish.passed[kText].get(), wish.text.data() + done, wish.text.size() - done, static_cast<off_t>(done));
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  size_t at = 0;
  auto next = [&]() -> char* {
    size_t end = wish.text.find('\0', at);
    if (end == std::string::npos) return nullptr;
    return wish.text.data() + std::exchange(at, end + 1);
  };
  auto list = [&](std::vector<char*>& into, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) into.push_back(next());
    bool whole = std::find(into.begin(), into.end(), nullptr) == into.end();
    into.push_back(nullptr);
    return whole;
  };
  wish.program = next();
  wish.folder = next();
  return wish.program && wish.folder && list(wish.argv, wish.head.arguments) && list(wish.environment, wish.head.variables);
}

class Guardian {
 public:
  explicit Guardian(int host) : host_(host) {}
  void work();

 private:
  void hear_host();
  void start(Wish& wish);
  void hear_channel(Child& child);
  void reap();
  void leader_exited(Child& child, int status);
  void let_go(Child& child);
  void advance();
  int patience() const;

  Handle host_;
  Handle deaths_;
  std::vector<Child> children_;
};

void Guardian::work() {
  sigset_t child_died;
  sigemptyset(&child_died);
  sigaddset(&child_died, SIGCHLD);
  deaths_ = Handle(signalfd(-1, &child_died, SFD_CLOEXEC | SFD_NONBLOCK));
  if (deaths_.get() < 0) std::abort();
  while (host_.get() >= 0 || !children_.empty()) {
    std::vector<pollfd> watched{{deaths_.get(), POLLIN, 0}, {host_.get(), POLLIN, 0}};  // poll passes over a descriptor of -1
    for (const Child& child : children_) {
      watched.push_back({child.channel.get(), POLLIN, 0});
      for (const Handle& reader : child.readers) watched.push_back({host_.get() < 0 ? reader.get() : -1, POLLIN, 0});
    }
    if (poll(watched.data(), watched.size(), patience()) < 0 && errno != EINTR) std::abort();
    for (size_t i = 0, at = 2; i < children_.size(); ++i) {
      if (watched[at++].revents) hear_channel(children_[i]);
      for (Handle& reader : children_[i].readers)
        if (watched[at++].revents) pass_over(reader);
    }
    if (watched[1].revents) hear_host();
    reap();
    advance();
  }
}

void Guardian::hear_host() {
  Wish wish;
  iovec part{&wish.head, sizeof wish.head};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kPassedCount)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = recvmsg(host_.get(), &message, MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    host_.reset();
    for (Child& child : children_) terminate(child);
    return;
  }
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  if (!rights || rights->cmsg_type != SCM_RIGHTS) return;
  size_t count = std::min<size_t>((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int), kPassedCount);
  for (size_t i = 0; i < count; ++i) {
    int fd;
    std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof fd, sizeof fd);
    wish.passed[i] = Handle(fd);
  }
  int channel = wish.passed[kChannel].get();
  bool same = got >= static_cast<ssize_t>(sizeof kVersion) && wish.head.version == kVersion;
  bool whole = same && got == sizeof wish.head && count == kPassedCount && read_text(wish);
  if (whole) return start(wish);
  report(channel, Event::failed, same ? EBADMSG : EPROTO, same ? Stage::request : Stage::version);
  report(channel, Event::ended);
}

void Guardian::start(Wish& wish) {
  int channel = wish.passed[kChannel].get();
  pid_t guardian = getpid(), pid = fork();
  if (pid == 0) become(wish, guardian);
  if (pid < 0) {
    report(channel, Event::failed, errno, Stage::fork);
    report(channel, Event::ended);
    return;
  }
  Child child;
  child.channel = std::move(wish.passed[kChannel]);
  child.readers = {std::move(wish.passed[kOutputReader]), std::move(wish.passed[kErrorsReader])};
  child.pid = pid;
  child.leaves_daemon = wish.head.leaves_daemon != 0;
  child.grace = milliseconds(wish.head.grace_ms);
  children_.push_back(std::move(child));
}

void Guardian::hear_channel(Child& child) {
  Order order{};
  ssize_t got = recv(child.channel.get(), &order, sizeof order, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) child.channel.reset();  // the caller is gone: nobody waits for this child
  terminate(child);
}

void Guardian::reap() {
  signalfd_siginfo drained;
  while (read(deaths_.get(), &drained, sizeof drained) > 0) continue;
  int status = 0;
  while (pid_t pid = waitpid(-1, &status, WNOHANG)) {
    if (pid < 0) return;
    auto child = std::find_if(children_.begin(), children_.end(), [&](const Child& c) { return c.pid == pid && !c.exited; });
    if (child != children_.end()) leader_exited(*child, status);
  }
}

void Guardian::leader_exited(Child& child, int status) {
  child.exited = true;
  report(child.channel.get(), Event::exited, status);
  bool may_leave = child.leaves_daemon && child.phase == Child::Phase::running;
  if (may_leave || !group_runs(child.pid))
    let_go(child);
  else
    terminate(child);
}

void Guardian::let_go(Child& child) {
  report(child.channel.get(), Event::ended);
  child.pid = 0;
}

// Lets go of children that have ended and takes the next step with those that should.
void Guardian::advance() {
  auto now = Monotonic::now();
  for (Child& child : children_) {
    if (child.phase == Child::Phase::running || child.pid == 0) continue;
    if (child.exited && !group_runs(child.pid)) {
      let_go(child);
    } else if (now >= child.next) {
      if (child.phase == Child::Phase::killing && !std::exchange(child.stuck, true)) report(child.channel.get(), Event::stuck);
      child.phase = Child::Phase::killing;
      child.next = now + kPatience;
      signal_group(child, SIGKILL);
    }
  }
  std::erase_if(children_, [](const Child& child) { return child.pid == 0; });
}

// Milliseconds until something has to be done without being asked; -1: nothing.
int Guardian::patience() const {
  milliseconds least = milliseconds::max();
  for (const Child& child : children_) {
    if (child.phase == Child::Phase::running) continue;
    auto until = std::chrono::ceil<milliseconds>(child.next - Monotonic::now());
    least = std::min({least, std::max(until, milliseconds(0)), child.exited ? kTick : least});
  }
  return least == milliseconds::max() ? -1 : static_cast<int>(std::min<std::int64_t>(least.count(), 60'000));
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_storage peer;
  socklen_t size = sizeof peer;
  if (argc < 2 || std::strcmp(argv[1], "--serve") != 0 || getpeername(kHostSocket, reinterpret_cast<sockaddr*>(&peer), &size) < 0) {
    std::fputs("playbook-guardian is started by playbook, to look after the programs that a run starts; it is of no use by hand\n", stderr);
    return 2;
  }
  bool has_lock = argc > 2 && std::strcmp(argv[2], "--lock") == 0;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  fcntl(kHostSocket, F_SETFD, FD_CLOEXEC);
  if (has_lock) fcntl(kLock, F_SETFD, FD_CLOEXEC);  // children must not hold the run
  close_range(has_lock ? kLock + 1 : kLock, ~0u, 0);
  if (chdir("/") < 0) return 2;  // pins no folder of the operator's
  Guardian(kHostSocket).work();
  return 0;
}
