#include "runtime/backup/work.h"

#include <unistd.h>

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/database/postgres_server.h"

namespace playbook {

void Work::advance(std::uint64_t bytes) {
  if (cancel_) cancel_->check();
  if (shared_->abandoned) throw Error(Code::cancelled, "this was ended because another part of it failed");
  shared_->done += bytes;
  auto now = std::chrono::steady_clock::now();
  if (!report_ || now - told_ < std::chrono::milliseconds(200)) return;
  told_ = now;
  const std::uint64_t done = shared_->done, total = shared_->total;
  report_(done, total == 0 ? std::nullopt : std::optional(std::max(done, total)));
}

void Work::reach(std::string_view instant) const {
  if (!faults_) return;
  std::lock_guard hold(shared_->instants);
  faults_->reach(instant);
}

Work Work::beside(const CancelToken& stop, std::filesystem::path scratch) const {
  Work other = *this;
  other.scratch_ = std::move(scratch);
  other.cancel_ = &stop;
  other.report_ = nullptr;
  other.surroundings_.postgres = nullptr;
  other.surroundings_.services = nullptr;
  other.servers_.clear();
  return other;
}

Children& Work::children() const {
  if (!surroundings_.children) throw Error(Code::unsupported, "programs cannot be started here");
  return *surroundings_.children;
}

std::shared_ptr<PostgresServer> Work::postgres(const Json& server) {
  if (!surroundings_.postgres) throw Error(Code::unsupported, "a PostgreSQL server cannot be reached from here");
  std::shared_ptr<PostgresServer>& kept = servers_[server];
  if (!kept) kept = surroundings_.postgres(server);
  return kept;
}

Services& Work::services() const {
  if (!surroundings_.services) throw Error(Code::unsupported, "services of compose projects cannot be reached from here");
  return *surroundings_.services;
}

std::string Work::secret(const Json& reference) const {
  if (!surroundings_.secret) throw Error(Code::unsupported, "secrets cannot be opened here");
  return surroundings_.secret(reference);
}

ScratchFile::ScratchFile(const Work& work, const std::string& name) : path_(work.scratch() / name) {
  make_folder(work.scratch());
  remove();  // what an earlier try left when it was killed
}

ScratchFile::~ScratchFile() {
  remove();
  ::rmdir(path_.parent_path().c_str());  // unless others are still in it
}

void ScratchFile::remove() {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(path_.string() + suffix, ignored);
}

ScratchFolder::ScratchFolder(const Work& work, const std::string& name) : path_(work.scratch() / name) {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  ::rmdir(path_.parent_path().c_str());
}

}  // namespace playbook
