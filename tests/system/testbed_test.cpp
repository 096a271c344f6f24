// The test bed seen from outside: however it ends, nothing of it stays.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/crash.h"

using namespace playbook::testing;

namespace {

// Starts the bed with a container in it and gives its process once the container runs.
pid_t start_bed() {
  std::array<int, 2> ready{};
  REQUIRE(pipe(ready.data()) == 0);
  pid_t bed = fork();
  if (bed == 0) {
    dup2(ready[1], STDOUT_FILENO);
    close(ready[0]);
    close(ready[1]);
    const char* script = R"sh(docker run -d $("$PLAYBOOK_TESTBED/image" shell) sleep 1000 >/dev/null && echo up; exec sleep 1000)sh";
    const char* program = PLAYBOOK_SOURCE_DIR "/tests/testbed/bed";
    execl(program, program, "sh", "-c", script, nullptr);
    _exit(127);
  }
  close(ready[1]);
  std::array<char, 3> line{};
  bool up = read(ready[0], line.data(), line.size()) == 3;
  close(ready[0]);
  REQUIRE(up);
  return bed;
}

// Waits for the kernel and the bed's own sweeper; ctest's time limit ends it where something stays.
bool all_gone(pid_t bed) {
  std::string name = "playbook-bed-" + std::to_string(bed);
  return shell("while grep -qs " + name + " /proc/[0-9]*/cgroup || find /sys/fs/cgroup -maxdepth 3 -name " + name +
               " | grep -q .; do sleep 0.05; done; ! grep -q " + name + " /proc/self/mountinfo") == 0;
}

}  // namespace

TEST_CASE("a test bed that is killed, or told to end, leaves no process, mount or cgroup behind", "[testbed]") {
  int signal = GENERATE(SIGKILL, SIGTERM);
  pid_t bed = start_bed();
  REQUIRE(kill(bed, signal) == 0);
  int status = 0;
  REQUIRE(waitpid(bed, &status, 0) == bed);
  CHECK(all_gone(bed));
}

TEST_CASE("the test bed gives the status of its command", "[testbed]") {
  CHECK(shell(PLAYBOOK_SOURCE_DIR "/tests/testbed/bed sh -c 'exit 7'") == 7);
}
