// The built `playbook` command as a process: with pipes, or on a terminal of its own (a pty) where a person's part is played by the test.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace playbook::testing {

class CommandProcess {
 public:
  enum class On { pipes, terminal };
  /// In `folder`; `environment` is added to a small fixed one.
  CommandProcess(const std::vector<std::string>& arguments, const std::filesystem::path& folder, On on = On::pipes,
                 const std::map<std::string, std::string>& environment = {});
  /// Ends it when it still runs.
  ~CommandProcess();
  CommandProcess(const CommandProcess&) = delete;
  CommandProcess& operator=(const CommandProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// Reads until `text` has been written. Throws std::runtime_error with what was written, when it ends before or hangs.
  void wait_for(const std::string& text);
  void type(const std::string& text);
  void signal(int number);
  /// The terminal goes away, as with a lost ssh connection.
  void hang_up();
  /// Reads to the end; gives the exit status, 128 + signal where one ended it.
  int finish();

  std::string out;  ///< standard output, or all that was written on the terminal
  std::string err;  ///< standard error; empty on a terminal

 private:
  bool read_some(int timeout_ms);

  pid_t pid_ = -1;
  int out_fd_ = -1, err_fd_ = -1;
  int status_ = -1;
};

struct Finished {
  int status;
  std::string out, err;
};
Finished run_playbook(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

}  // namespace playbook::testing
