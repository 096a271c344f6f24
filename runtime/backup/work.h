// What long work on backup sets needs from whoever asks for it: when to stop, whom to tell how far it is, where scratch files may lie,
// crash instants. Used by one thread at a time; `beside` gives one for another thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/cancel.h"
#include "runtime/base/faults.h"
#include "runtime/base/json.h"

namespace playbook {

class Children;         // runtime/process/children.h
class PostgresServer;   // runtime/database/postgres_server.h
class PostgresSession;  // runtime/database/postgres.h
class Services;         // runtime/backup/services.h

/// What work on a server needs from its run; without it such sources are refused.
struct Surroundings {
  std::string action;  ///< names what it starts elsewhere, `<run>/<action>`
  Children* children = nullptr;
  std::function<std::unique_ptr<PostgresServer>(const Json& server)> postgres;  ///< opens what `check_postgres_server` made complete
  std::shared_ptr<Services> services{};
  std::function<std::string(const Json& secret)> secret{};  ///< opens a reference; the redactor knows the value then
};

class Work {
 public:
  using Report = std::function<void(std::uint64_t done, std::optional<std::uint64_t> total)>;

  /// `scratch` is made when it is first needed, and removed again once it is empty; nobody else may use it. `report` may be empty.
  explicit Work(std::filesystem::path scratch, const CancelToken* cancel = nullptr, Faults* faults = nullptr, Report report = nullptr)
      : scratch_(std::move(scratch)), cancel_(cancel), faults_(faults), report_(std::move(report)) {}

  /// More bytes to come.
  void expect(std::uint64_t bytes) { shared_->total += bytes; }
  /// Bytes done; tells at most five times a second, and throws `cancelled` when asked to stop.
  void advance(std::uint64_t bytes);
  void reach(std::string_view instant) const;
  const CancelToken* cancel() const { return cancel_; }

  /// For another thread: with scratch files of its own, ended by `stop`; its bytes count here, where they are told. It reaches no server
  /// and no service.
  Work beside(const CancelToken& stop, std::filesystem::path scratch) const;
  /// Something that this is a part of has failed: from now on `advance` throws `cancelled`, here and beside.
  void abandon() { shared_->abandoned = true; }

  void set_surroundings(Surroundings surroundings) { surroundings_ = std::move(surroundings); }
  const std::string& action() const { return surroundings_.action; }
  /// Throw `unsupported` where nobody gave them.
  Children& children() const;
  /// The same object for the same server: where its container is, is asked once.
  std::shared_ptr<PostgresServer> postgres(const Json& server);
  Services& services() const;
  std::string secret(const Json& reference) const;

  /// A rehearsal shows every database that it has restored and compared to `look`, which may throw.
  void show_copies(std::function<void(PostgresSession&)> look) { look_ = std::move(look); }
  const std::function<void(PostgresSession&)>& shows_copies() const { return look_; }

  /// The file with a key of age that opens what is sealed in the set at hand; empty where none is named.
  void set_identity(std::filesystem::path identity) { identity_ = std::move(identity); }
  const std::filesystem::path& identity() const { return identity_; }

  const std::filesystem::path& scratch() const { return scratch_; }
  void set_scratch(std::filesystem::path folder) { scratch_ = std::move(folder); }

 private:
  std::filesystem::path scratch_, identity_;
  const CancelToken* cancel_;
  Faults* faults_;
  Report report_;
  Surroundings surroundings_;
  std::map<Json, std::shared_ptr<PostgresServer>> servers_;
  std::function<void(PostgresSession&)> look_;
  struct Shared {
    std::atomic<std::uint64_t> done{0}, total{0};
    std::atomic<bool> abandoned{false};
    std::mutex instants;  // are reached one at a time
  };
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::chrono::steady_clock::time_point told_{};
};

/// A file in the scratch folder; whatever has that name is removed before, and with this object.
class ScratchFile {
 public:
  ScratchFile(const Work& work, const std::string& name);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  void remove();
  std::filesystem::path path_;
};

/// The same for a folder, which is not made.
class ScratchFolder {
 public:
  ScratchFolder(const Work& work, const std::string& name);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace playbook
