#include "tests/support/command.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace playbook::testing {
namespace {

// A busy machine is slow, not silent: it counts as hanging when nothing is written for a minute, or after ten minutes that say anything (a
// terminal is drawn anew for ever).
class Patience {
 public:
  bool is_over(size_t written) {
    const auto now = std::chrono::steady_clock::now();
    if (written != written_) written_ = written, since_ = now;
    return now - since_ > std::chrono::minutes(1) || now - began_ > std::chrono::minutes(10);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), since_ = began_;
  size_t written_ = 0;
};

[[noreturn]] void become(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                         const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> variables{
      {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"TERM", "xterm"}, {"LANG", "C.UTF-8"}, {"USER", "op"}, {"TZ", "UTC"}};
  if (std::getenv("PLAYBOOK_TESTBED"))  // its own engine, and the programs that it chose
    for (const char* name : {"PATH", "DOCKER_HOST", "DOCKER_CONFIG"}) variables[name] = std::getenv(name);
  for (const auto& [name, value] : environment) variables[name] = value;
  std::vector<std::string> words{std::string(PLAYBOOK_BINARY_DIR) + "/playbook"}, settings;
  words.insert(words.end(), arguments.begin(), arguments.end());
  for (const auto& [name, value] : variables) settings.push_back(name + "=" + value);
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& setting : settings) envp.push_back(setting.data());
  argv.push_back(nullptr), envp.push_back(nullptr);
  if (chdir(folder.c_str()) == 0) execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

}  // namespace

CommandProcess::CommandProcess(const std::vector<std::string>& arguments, const std::filesystem::path& folder, On on,
                               const std::map<std::string, std::string>& environment) {
  if (on == On::terminal) {
    winsize size{40, 120, 0, 0};
    pid_ = forkpty(&out_fd_, nullptr, nullptr, &size);
    if (pid_ == 0) become(arguments, folder, environment);
    return;
  }
  std::array<int, 2> out_pipe{}, err_pipe{};
  if (pipe2(out_pipe.data(), O_CLOEXEC) != 0 || pipe2(err_pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  pid_ = fork();
  if (pid_ == 0) {
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0), dup2(out_pipe[1], 1), dup2(err_pipe[1], 2);
    setsid();
    become(arguments, folder, environment);
  }
  close(out_pipe[1]), close(err_pipe[1]);
  out_fd_ = out_pipe[0], err_fd_ = err_pipe[0];
}

CommandProcess::~CommandProcess() {
  if (status_ < 0) kill(pid_, SIGKILL), waitpid(pid_, nullptr, 0);
  for (int fd : {out_fd_, err_fd_}) {
    if (fd >= 0) close(fd);
  }
}

// Whether there may be more to come.
bool CommandProcess::read_some(int timeout_ms) {
  std::array<pollfd, 2> waits{pollfd{out_fd_, POLLIN, 0}, pollfd{err_fd_, POLLIN, 0}};
  if (poll(waits.data(), 2, timeout_ms) < 0 && errno != EINTR) throw std::runtime_error("poll");
  auto take = [](pollfd& wait, int& fd, std::string& into) {
    if (wait.revents == 0) return;
    std::array<char, 4096> buffer{};
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got > 0)
      into.append(buffer.data(), static_cast<size_t>(got));
    else
      close(std::exchange(fd, -1));  // end of file; EIO on a terminal
  };
  take(waits[0], out_fd_, out);
  take(waits[1], err_fd_, err);
  return out_fd_ >= 0 || err_fd_ >= 0;
}

void CommandProcess::wait_for(const std::string& text) {
  Patience patience;
  while (out.find(text) == std::string::npos && err.find(text) == std::string::npos) {
    if (!read_some(1000) || patience.is_over(out.size() + err.size()))
      throw std::runtime_error("\"" + text + "\" was not written, but:\n" + out + err);
  }
}

void CommandProcess::type(const std::string& text) {
  if (write(out_fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) throw std::runtime_error("write");
}

void CommandProcess::signal(int number) { kill(pid_, number); }

void CommandProcess::hang_up() { close(std::exchange(out_fd_, -1)); }

int CommandProcess::finish() {
  Patience patience;
  while (read_some(1000)) {
    if (patience.is_over(out.size() + err.size())) throw std::runtime_error("it does not end, and wrote:\n" + out + err);
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return status_;
}

Finished run_playbook(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
  CommandProcess command(arguments, folder);
  const int status = command.finish();
  return {status, command.out, command.err};
}

}  // namespace playbook::testing
