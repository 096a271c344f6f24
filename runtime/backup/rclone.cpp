#include "runtime/backup/rclone.h"

#include "runtime/backup/services.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {

Exit rclone(Work& work, const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment,
            const ByteSink& output) {
  Command command;
  command.argv = {"rclone", "--retries", "2", "--log-level", "ERROR"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = environment;
  command.output = output;
  Exit exit = work.children().run(command, nullptr, work.cancel());
  if (exit.cancelled) throw Error(Code::cancelled, "rclone was cancelled and ended");
  return exit;
}

void expect_rclone(const Exit& exit, const std::string& what, const std::string& hint) {
  if (exit.status == 0) return;
  std::string said = last_said(exit);
  for (const std::string& line : split(to_utf8(exit.err), '\n'))
    if (size_t at = line.find("Failed to "); at != std::string::npos) said = line.substr(at, 500);
  throw Error(Code::backup_failed, what + " failed: " + said, hint, {{"status", exit.status}});
}

}  // namespace playbook
