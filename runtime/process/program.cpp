#include "runtime/process/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

struct Package {
  std::string_view program, package;
};
// Programs whose Debian package has another name, or that playbooks often need.
constexpr std::array kPackages{
    Package{"age", "age"},
    Package{"curl", "curl"},
    Package{"docker", "docker.io"},
    Package{"docker-compose", "docker-compose"},
    Package{"git", "git"},
    Package{"node", "nodejs"},
    Package{"npm", "npm"},
    Package{"openssl", "openssl"},
    Package{"pg_dump", "postgresql-client"},
    Package{"pg_restore", "postgresql-client"},
    Package{"psql", "postgresql-client"},
    Package{"python3", "python3"},
    Package{"rclone", "rclone"},
    Package{"redis-cli", "redis-tools"},
    Package{"rsync", "rsync"},
    Package{"sqlite3", "sqlite3"},
    Package{"systemctl", "systemd"},
    Package{"tar", "tar"},
    Package{"zstd", "zstd"},
};

std::string install_hint(std::string_view name) {
  for (const Package& entry : kPackages)
    if (entry.program == name) return "install it, on Debian with `apt install " + std::string(entry.package) + "`";
  return "install it, or give its full path";
}

enum class Found { no, not_executable, yes };

Found look_at(const std::filesystem::path& file) {
  struct stat status;
  if (stat(file.c_str(), &status) < 0 || S_ISDIR(status.st_mode)) return Found::no;
  return access(file.c_str(), X_OK) == 0 ? Found::yes : Found::not_executable;
}

[[noreturn]] void refuse_not_executable(const std::filesystem::path& file) {
  throw Error(Code::process_missing, "program " + file.string() + " is not executable",
              "if it is meant to run, `chmod +x " + file.string() + "`");
}

}  // namespace

std::filesystem::path find_program(const std::string& name, std::string_view search_path, const std::filesystem::path& folder) {
  if (name.find('/') != std::string::npos) {
    std::filesystem::path file = folder / name;
    Found found = look_at(file);
    if (found == Found::not_executable) refuse_not_executable(file);
    if (found == Found::yes) return file;
    throw Error(Code::process_missing, "program " + file.string() + " does not exist",
                "check the path; a relative one is taken from " + folder.string());
  }
  std::filesystem::path not_executable;
  for (const std::string& entry : split(search_path, ':')) {
    if (name.empty() || !entry.starts_with('/')) continue;
    std::filesystem::path file = std::filesystem::path(entry) / name;
    Found found = look_at(file);
    if (found == Found::yes) return file;
    if (found == Found::not_executable && not_executable.empty()) not_executable = file;
  }
  if (!not_executable.empty()) refuse_not_executable(not_executable);
  throw Error(Code::process_missing,
              "program " + (name.empty() ? "\"\"" : name) + " is not installed: no such file in PATH (" + std::string(search_path) + ")",
              install_hint(name));
}

}  // namespace playbook
