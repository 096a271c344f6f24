#include "bindings/cli/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace playbook::cli {

SignalMask::SignalMask() {
  sigemptyset(&taken_);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&taken_, signal);
  pthread_sigmask(SIG_BLOCK, &taken_, &before_);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_before_);
}

SignalMask::~SignalMask() {
  sigaction(SIGPIPE, &pipe_before_, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Signals::Signals(const SignalMask& mask, Control& control, Prompt& prompt, std::function<bool()> going_back)
    : control_(control), prompt_(prompt), going_back_(std::move(going_back)), terminals_{isatty(0) != 0, isatty(1) != 0, isatty(2) != 0} {
  signals_ = signalfd(-1, &mask.taken(), SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) throw system_error(errno, "signalfd");
  thread_ = std::thread([this] { listen(); });
}

Signals::~Signals() {
  over_.request();
  prompt_.close();  // the run is over: an open "continue, pause or roll back?" asks for nothing
  thread_.join();
  close(signals_);
}

void Signals::listen() {
  for (;;) {
    pollfd waits[] = {{over_.fd(), POLLIN, 0}, {signals_, POLLIN, 0}};
    if (poll(waits, 2, -1) < 0 && errno != EINTR) return;
    if (waits[0].revents) return;
    signalfd_siginfo info{};
    if (read(signals_, &info, sizeof info) != sizeof info) continue;
    if (info.ssi_signo == SIGHUP) {
      lose_terminal();
    } else if (asked_to_stop_) {
      end_now();
    } else if (info.ssi_signo == SIGINT && prompt_.can_ask() && !prompt_.is_asking()) {
      interrupted();
    } else {
      suspend();
    }
  }
}

void Signals::interrupted() {
  asked_to_stop_ = true;
  const auto choice =
      going_back_() ? prompt_.ask("The run goes back. Continue, or pause it?", {"continue", "pause"}, signals_)
                    : prompt_.ask("The run goes on. Continue, pause it, or roll it back?", {"continue", "pause", "roll back"}, signals_);
  if (choice == "pause") control_.suspend();
  if (choice == "roll back") control_.cancel();
  pollfd next{signals_, POLLIN, 0};
  const bool another_waits = poll(&next, 1, 0) > 0;
  asked_to_stop_ = another_waits || (choice && choice != "continue");
}

void Signals::suspend() {
  asked_to_stop_ = true;
  control_.suspend();
  prompt_.close();
  prompt_.say("suspending at the next safe point; a second signal ends at once");
}

// The streams of a terminal that hung up give errors for ever; a run must not care.
void Signals::lose_terminal() {
  prompt_.hang_up();
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (nowhere >= 0 && terminals_[static_cast<size_t>(fd)]) dup2(nowhere, fd);
  }
  if (nowhere >= 0) close(nowhere);
}

void Signals::end_now() {
  static constexpr char kWords[] = "\nended at once; the journal holds: `playbook status` says how to go on\n";
  (void)!write(STDERR_FILENO, kWords, sizeof kWords - 1);
  _exit(kSuspended);
}

}  // namespace playbook::cli
