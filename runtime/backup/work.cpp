#include "runtime/backup/work.h"

#include <unistd.h>

#include <algorithm>

#include "runtime/base/file.h"

namespace playbook {

void Work::advance(std::uint64_t bytes) {
  if (cancel_) cancel_->check();
  done_ += bytes;
  auto now = std::chrono::steady_clock::now();
  if (!report_ || now - told_ < std::chrono::milliseconds(200)) return;
  told_ = now;
  report_(done_, total_ == 0 ? std::nullopt : std::optional(std::max(done_, total_)));
}

ScratchFile::ScratchFile(const Work& work, const std::string& name) : path_(work.scratch() / (std::to_string(::getpid()) + "-" + name)) {
  make_folder(work.scratch());
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

ScratchFile::~ScratchFile() {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(path_.string() + suffix, ignored);
  ::rmdir(path_.parent_path().c_str());  // unless others are still in it
}

}  // namespace playbook
