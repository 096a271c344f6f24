#include "runtime/database/holders.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

bool holds(const fs::path& descriptors, const struct stat& wanted, int but) {
  std::error_code error;
  for (fs::directory_iterator entry(descriptors, error), end; !error && entry != end; entry.increment(error)) {
    struct stat found {};
    if (but >= 0 && entry->path().filename() == std::to_string(but)) continue;
    if (::stat(entry->path().c_str(), &found) == 0 && found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino) return true;
  }
  return false;
}

}  // namespace

std::string command_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name.empty() ? "a process" : to_utf8(name);
}

std::vector<Holder> holders_of(const fs::path& path, bool with_self, int but) {
  std::vector<Holder> holders;
  struct stat wanted {};
  if (::stat(path.c_str(), &wanted) != 0) return holders;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename();
    pid_t pid = 0;
    auto [rest, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong != std::errc() || *rest != '\0') continue;
    bool self = pid == ::getpid();
    if (self && !with_self) continue;
    if (holds(entry->path() / "fd", wanted, self ? but : -1)) holders.push_back({pid, command_of(pid)});
  }
  std::sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) { return a.pid < b.pid; });
  return holders;
}

std::string describe(const std::vector<Holder>& holders) {
  std::string text;
  for (size_t i = 0; i < holders.size(); ++i) {
    if (i > 0) text += i + 1 == holders.size() ? " and " : ", ";
    text += holders[i].command + " (pid " + std::to_string(holders[i].pid) + ")";
  }
  return text;
}

}  // namespace playbook
