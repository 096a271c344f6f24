#include "runtime/backup/kept.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

struct stat look_at(const fs::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) throw system_error(errno, "cannot look at " + file.string());
  return found;
}

}  // namespace

bool is_same_file(const fs::path& a, const fs::path& b) {
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

fs::path kept_name(const fs::path& file, const std::string& set) {
  std::string base = file.string() + ".replaced-" + set;
  fs::path name = base;
  struct stat ignored {};
  for (int i = 2; ::lstat(name.c_str(), &ignored) == 0 && !is_same_file(name, file); ++i) name = base + "-" + std::to_string(i);
  return name;
}

void link_or_copy(const fs::path& file, const fs::path& name) {
  std::string what = "cannot keep " + file.string() + " as " + name.string();
  if (::link(file.c_str(), name.c_str()) == 0) return;
  if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK) throw system_error(errno, what);
  fs::path copy = name.string() + ".copying";
  std::error_code error;
  fs::copy_file(file, copy, fs::copy_options::overwrite_existing, error);
  if (error) throw system_error(error.value(), what);
  apply_attributes(copy, attributes_of(file));
  sync_file(copy);
  if (::rename(copy.c_str(), name.c_str()) != 0) throw system_error(errno, what);
}

fs::path through_links(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(path, error);
  return error ? path : real;
}

fs::path keep(const fs::path& file, const std::string& set) {
  fs::path name = kept_name(file, set);
  if (!is_same_file(name, file)) link_or_copy(file, name);
  sync_folder(file.parent_path());
  return name;
}

FreshFile::FreshFile(const fs::path& target, const std::string& set)
    : path_(target.parent_path() / ("." + target.filename().string() + ".restoring-" + set)) {}

FreshFile::~FreshFile() {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

Json attributes_of(const fs::path& file) {
  struct stat found = look_at(file);
  char mode[8], time[40];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(found.st_mode & 07777));
  std::snprintf(time, sizeof time, "%lld.%09ld", static_cast<long long>(found.st_mtim.tv_sec), found.st_mtim.tv_nsec);
  return {{"uid", found.st_uid}, {"gid", found.st_gid}, {"mode", mode}, {"mtime", time}};
}

void apply_attributes(const fs::path& file, const Json& attributes) {
  struct stat found = look_at(file);
  auto uid = attributes.at("uid").get<uid_t>();
  auto gid = attributes.at("gid").get<gid_t>();
  auto mode = static_cast<mode_t>(std::strtoul(attributes.at("mode").get<std::string>().c_str(), nullptr, 8));
  if ((found.st_uid != uid || found.st_gid != gid) && ::chown(file.c_str(), uid, gid) != 0) {
    Error failed = system_error(errno, "cannot give " + file.string() + " to " + std::to_string(uid) + ":" + std::to_string(gid));
    throw Error(failed.code(), failed.message(), "restore as root, or as the owner of the files");
  }
  if (::chmod(file.c_str(), mode) != 0) throw system_error(errno, "cannot set the mode of " + file.string());
}

void apply_time(const fs::path& file, const Json& attributes) {
  std::string text = attributes.at("mtime");
  size_t dot = text.find('.');
  struct timespec time {};
  time.tv_sec = std::strtoll(text.c_str(), nullptr, 10);
  if (dot != std::string::npos) time.tv_nsec = std::strtol(text.c_str() + dot + 1, nullptr, 10);
  struct timespec times[2] = {time, time};
  if (::utimensat(AT_FDCWD, file.c_str(), times, 0) != 0) throw system_error(errno, "cannot set the time of " + file.string());
}

}  // namespace playbook
