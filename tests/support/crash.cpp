#include "tests/support/crash.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

namespace playbook::testing {

void KillingFaults::reach(std::string_view) {
  if (count_++ == at_) ::kill(::getpid(), SIGKILL);
}

ChildEnd in_child(const std::function<void()>& work) {
  std::fflush(nullptr);
  pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    int status = 0;
    try {
      work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in the child: %s\n", error.what());
      status = 1;
    }
    ::_exit(status);
  }
  int state = 0;
  ::waitpid(child, &state, 0);
  return {WIFSIGNALED(state) != 0, WIFEXITED(state) ? WEXITSTATUS(state) : 0};
}

Elsewhere::Elsewhere(const std::function<void()>& begin) {
  int ready[2];
  if (::pipe(ready) != 0 || ::pipe(end_) != 0) throw std::runtime_error("pipe");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(end_[1]);
    begin();
    char byte = '.';
    if (::write(ready[1], &byte, 1) != 1 || ::read(end_[0], &byte, 1) != 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(ready[1]);
  char byte;
  bool began = ::read(ready[0], &byte, 1) == 1;
  ::close(ready[0]);
  if (!began) throw std::runtime_error("the other process ended at once");
}

Elsewhere::~Elsewhere() {
  ::close(end_[0]), ::close(end_[1]);
  ::waitpid(pid_, nullptr, 0);
}

int shell(const std::string& command) {
  int state = std::system(command.c_str());
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128;
}

}  // namespace playbook::testing
