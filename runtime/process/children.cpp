#include "runtime/process/children.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <system_error>

#include "runtime/base/error.h"
#include "runtime/process/guardian.h"
#include "runtime/process/output.h"
#include "runtime/process/program.h"
#include "runtime/process/wire.h"

extern char** environ;

namespace playbook {
namespace {

using Instant = std::chrono::steady_clock::time_point;

struct Pipe {
  Descriptor read_end, write_end;
};

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) throw system_error(errno, "cannot make a pipe");
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  fcntl(ends[0], F_SETFL, O_NONBLOCK);  // this end alone; the child's blocks as it expects
  return pipe;
}

// What the child reads, and the end where the host feeds it: a socket, so that a child that closes it raises no SIGPIPE in the host.
Pipe make_feed() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) throw system_error(errno, "cannot make a socket");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

const ByteSink kNoSink;

Descriptor open_input(const std::string& input) {
  if (!input.empty()) return memory_file("playbook-input", input);
  Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing) throw system_error(errno, "cannot open /dev/null");
  return nothing;
}

std::map<std::string, std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::map<std::string, std::string> all = added;
  for (char** entry = environ; entry && *entry; ++entry) {
    std::string_view text = *entry;
    size_t equals = text.find('=');
    if (equals != std::string_view::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

// One call of `run`: waits for the child's reports, its output, the deadline and the cancel token, all with one poll.
class Watch {
 public:
  Watch(const Command& command, const LineSink& line, const CancelToken* cancel, Guardian& guardian, Started started, Descriptor feed,
        Pipe out, Pipe err)
      : command_(command),
        cancel_(cancel),
        guardian_(guardian),
        guardian_pid_(started.guardian),
        channel_(std::move(started.channel)),
        feed_(std::move(feed)),
        out_(Stream::out, std::move(out.read_end), command.capture_limit, line, command.output),
        err_(Stream::err, std::move(err.read_end), command.capture_limit, line, kNoSink),
        started_(std::chrono::steady_clock::now()) {}

  Exit wait();

 private:
  void turn();
  void hear();
  void read_from(Output& output);
  void feed_some();
  void sink_failed();
  void stop();
  int patience() const;
  [[noreturn]] void guardian_died();
  [[noreturn]] void throw_failure() const;

  const Command& command_;
  const CancelToken* cancel_;
  Guardian& guardian_;
  pid_t guardian_pid_;
  Descriptor channel_, feed_;
  std::string_view piece_;  // what the source gave and the child did not take yet
  Output out_, err_;
  Instant started_;
  Exit exit_;
  pid_t group_ = 0;
  bool exited_ = false, ended_ = false, stopping_ = false;
  std::optional<wire::Report> failure_;
  std::exception_ptr sink_error_;
};

Exit Watch::wait() {
  while (!ended_) turn();
  if (failure_) throw_failure();
  try {
    out_.finish();
    err_.finish();
  } catch (...) {
    if (!sink_error_) sink_error_ = std::current_exception();
  }
  if (sink_error_) std::rethrow_exception(sink_error_);
  exit_.out = out_.take();
  exit_.err = err_.take();
  exit_.duration = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  return std::move(exit_);
}

void Watch::turn() {
  bool listens = cancel_ && !exited_ && !stopping_;
  std::array<pollfd, 5> watched{pollfd{channel_.get(), POLLIN, 0},
                                {out_.fd(), POLLIN, 0},
                                {err_.fd(), POLLIN, 0},
                                {listens ? cancel_->fd() : -1, POLLIN, 0},
                                {stopping_ ? -1 : feed_.get(), POLLOUT, 0}};
  int ready = poll(watched.data(), watched.size(), patience());
  if (ready < 0 && errno != EINTR) throw system_error(errno, "cannot wait for " + command_.argv[0]);
  if (ready < 0) return;
  if (watched[1].revents) read_from(out_);
  if (watched[2].revents) read_from(err_);
  if (watched[4].revents) feed_some();
  if (watched[0].revents) hear();
  if (exited_ || stopping_) return;
  if (listens && cancel_->requested()) {
    exit_.cancelled = true;
    stop();
  } else if (patience() == 0) {
    exit_.timed_out = true;
    stop();
  }
}

void Watch::hear() {
  wire::Report report{};
  ssize_t got = recv(channel_.get(), &report, sizeof report, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got != sizeof report) guardian_died();
  switch (report.event) {
    case wire::Event::started:
      group_ = report.value;
      break;
    case wire::Event::failed:
      failure_ = report;
      break;
    case wire::Event::ended:
      ended_ = true;
      break;
    case wire::Event::stuck:
      throw Error(
          Code::process_lost,
          "process " + std::to_string(group_) + " (" + command_.argv[0] + ") or a child of it cannot be ended: it outlived SIGKILL",
          "look at it with `ps -o pid,stat,user,wchan,args -g " + std::to_string(group_) + "`; the run stays locked while it lives");
    case wire::Event::exited:
      exited_ = true;
      feed_.reset();
      exit_.signal = WIFSIGNALED(report.value) ? WTERMSIG(report.value) : 0;
      exit_.status = exit_.signal ? 128 + exit_.signal : WEXITSTATUS(report.value);
      break;
  }
}

void Watch::guardian_died() {
  if (group_ > 0) kill(-group_, SIGKILL);  // the leader goes with the guardian; nobody else is left to end its group
  guardian_.bury(guardian_pid_);
  throw Error(Code::process_lost, "the guardian died while " + command_.argv[0] + " ran, so what became of it is not known",
              "find out who killed playbook-guardian (out of memory?)");
}

// A sink that throws ends the child first; its error goes on when nothing runs any more.
void Watch::read_from(Output& output) try { output.read_some(); } catch (...) {
  sink_failed();
}

// A child that is being ended gets no more, and no end of file either: cut short must not look like whole.
void Watch::feed_some() try {
  if (stopping_) return;
  if (piece_.empty()) piece_ = command_.feed();
  ssize_t sent = piece_.empty() ? 0 : send(feed_.get(), piece_.data(), piece_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) return piece_.remove_prefix(static_cast<size_t>(sent));
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  feed_.reset();  // the source has ended, or the child wants no more
} catch (...) {
  sink_failed();
}

void Watch::sink_failed() {
  if (!sink_error_) sink_error_ = std::current_exception();
  out_.silence();
  err_.silence();
  stop();
}

void Watch::stop() {
  if (std::exchange(stopping_, true)) return;
  wire::Order order = wire::Order::stop;
  (void)!send(channel_.get(), &order, sizeof order, MSG_NOSIGNAL);  // a dead guardian is noticed by the next `hear`
}

int Watch::patience() const {
  if (!command_.deadline || exited_ || stopping_) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(started_ + *command_.deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
}

void Watch::throw_failure() const {
  int error = failure_->value;
  std::string reason = std::generic_category().message(error);
  switch (failure_->stage) {
    case wire::Stage::folder:
      throw system_error(error, "cannot enter folder " + command_.folder.string() + " to run " + command_.argv[0]);
    case wire::Stage::version:
      throw Error(Code::process_failed, "playbook-guardian is of another version than this run",
                  "end this process; the new one goes on with the run");
    case wire::Stage::program:
      if (error == ENOENT)
        throw Error(Code::process_missing, "cannot run " + command_.argv[0] + ": the interpreter that it names does not exist",
                    "look at its first line");
      if (error == EACCES)
        throw Error(Code::process_missing, "cannot run " + command_.argv[0] + ": " + reason,
                    "look at its mode, and whether its file system is mounted noexec");
      if (error == ENOEXEC)
        throw Error(Code::process_failed,
                    "cannot run " + command_.argv[0] + ": it is neither a program nor a script that names its interpreter",
                    "give it a first line, such as #!/bin/sh");
      [[fallthrough]];
    default:
      throw Error(Code::process_failed, "cannot run " + command_.argv[0] + ": " + reason);
  }
}

class GuardedChildren final : public Children {
 public:
  explicit GuardedChildren(const GuardianOptions& options) : guardian_(options) {}

  Exit run(const Command& command, const LineSink& line, const CancelToken* cancel) override {
    if (command.argv.empty()) throw Error(Code::argument_invalid, "a command without a program: argv is empty");
    auto environment = merged_environment(command.environment);
    Birth birth;
    birth.folder = command.folder.empty() ? std::filesystem::current_path() : std::filesystem::absolute(command.folder);
    birth.program = find_program(command.argv[0], environment["PATH"], birth.folder);
    birth.argv = command.argv;
    for (const auto& [name, value] : environment) birth.environment.push_back(name + "=" + value);
    birth.leaves_daemon = command.leaves_daemon;
    birth.grace = command.grace;
    if (cancel && cancel->requested()) {
      Exit never_started;
      never_started.cancelled = true;
      never_started.status = 128 + SIGTERM;
      return never_started;
    }
    Pipe out = make_pipe(), err = make_pipe();
    Descriptor input, feed;
    if (command.feed) {
      Pipe ends = make_feed();
      input = std::move(ends.read_end), feed = std::move(ends.write_end);
    } else if (command.input_fd < 0) {
      input = open_input(command.input);
    }
    birth.input = input ? input.get() : command.input_fd;
    birth.output = out.write_end.get();
    birth.errors = err.write_end.get();
    birth.output_reader = out.read_end.get();
    birth.errors_reader = err.read_end.get();
    Started started = guardian_.start(birth);
    input.reset();
    out.write_end.reset();
    err.write_end.reset();
    return Watch(command, line, cancel, guardian_, std::move(started), std::move(feed), std::move(out), std::move(err)).wait();
  }

 private:
  Guardian guardian_;
};

}  // namespace

std::unique_ptr<Children> make_children(const GuardianOptions& options) { return std::make_unique<GuardedChildren>(options); }

}  // namespace playbook
