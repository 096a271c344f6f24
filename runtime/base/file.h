// Files, written so that a power cut leaves the old content or the new one: temporary file beside it, fsync, rename, fsync of the folder.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/faults.h"

namespace playbook {

/// Whole content as bytes. Throws `file.missing`, `file.denied`, `file.failed`.
std::string read_file(const std::filesystem::path& path);
/// Nothing when there is no such file; other failures throw.
std::optional<std::string> try_read_file(const std::filesystem::path& path);

/// Replaces `path` (through a symlink: its target) in one instant, keeping owner, mode and xattrs of what was there; a new file gets
/// `mode`. `expected_before`: hex SHA-256 of the content that the caller read ("" = no file); when it is something else by now, throws
/// `file.changed` and changes nothing. Instants: file.temporary, file.synced, file.renamed.
void replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0644,
                  const std::optional<std::string>& expected_before = std::nullopt, Faults* faults = nullptr);

/// Removes what a `replace_file` of `path` left beside it when its process was killed. Only for who holds the instance.
void discard_temporaries(const std::filesystem::path& path);

/// Removes a file and syncs its folder; false when there was none.
bool remove_file(const std::filesystem::path& path);

/// fsync of a folder, so that names made or removed in it are durable.
void sync_folder(const std::filesystem::path& folder);
void sync_file(const std::filesystem::path& path);

/// mkdir -p with `mode` for what is made.
void make_folder(const std::filesystem::path& folder, mode_t mode = 0700);

/// Hex SHA-256 of the content, "" when there is no such file.
std::string file_digest(const std::filesystem::path& path);

/// An owned file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace playbook
