// Where a source finds what it backs up: a service of a compose project, or this host. A spec's `server` says which, as plain data:
// `{project, service, user?}`, or `{}` and what else the source knows for this host.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/backup/work.h"
#include "runtime/process/place.h"

namespace playbook {

/// Services of compose projects, given by whoever lends a Work; `server` is what `check_server` made complete.
class Services {
 public:
  virtual ~Services() = default;
  virtual bool runs(const Json& server) = 0;
  /// In its running container.
  virtual std::unique_ptr<Place> inside(const Json& server) = 0;
  /// In a throwaway container of the same image with the same volumes.
  virtual std::unique_ptr<Place> beside(const Json& server) = 0;
};

/// A `server` of a spec: of a service completed to what names it, with an absolute folder of the project; else as it is. `local` are the
/// members that it may have on this host. Throws `argument.invalid` naming the source's `type`.
Json check_server(const std::string& type, const Json& server, const std::vector<std::string>& local,
                  const std::filesystem::path& instance);

bool is_service(const Json& server);
/// `service redis`, `this host`
std::string server_label(const Json& server);
/// In the running service, or on this host.
std::unique_ptr<Place> place_inside(const Json& server, Work& work);
/// The same where nothing needs to run.
std::unique_ptr<Place> place_beside(const Json& server, Work& work);

/// For RESTORE.md: what stands before `sh -euc SCRIPT` so that it runs there, `docker compose ... exec -T redis `; "" for this host.
std::string inside_by_hand(const Json& server);
std::string beside_by_hand(const Json& server, const std::string& program);

/// Runs a command that must end well and gives its standard output. Throws `backup.failed`, `cancelled`, `timeout`: `WHAT failed: its last
/// words`.
std::string run_well(Place& place, const Command& command, const std::string& what, Work& work);
/// What a program said last that is not blank.
std::string last_said(const Exit& exit);

}  // namespace playbook
