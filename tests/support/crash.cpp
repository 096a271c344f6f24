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

int shell(const std::string& command) {
  int state = std::system(command.c_str());
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128;
}

}  // namespace playbook::testing
