// A program that runs in the background: a systemd unit, or whatever an operator's own commands start and stop. Used by one thread.
//
// Fenced means: nothing starts it by itself. For a unit: one that is enabled is disabled, so that a boot does not start it, and Restart= is
// `no` by a drop-in that does not outlive a boot, so that systemd does not start again what crashed. Sockets, timers and other units that
// pull it in are not looked at. For an operator's service: what its `fence` command does.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/process/children.h"

namespace playbook {

class Service {
 public:
  enum class State { stopped, running, changing };

  virtual ~Service() = default;
  virtual const std::string& name() const = 0;

  /// Throws `service.failed` where the answer is neither of the three: unknown is never taken for stopped.
  virtual State state() = 0;
  /// Tells it and waits for the command, not for the state: `await` does that.
  virtual void start(std::chrono::milliseconds deadline) = 0;
  virtual void stop(std::chrono::milliseconds deadline) = 0;

  virtual bool can_fence() const = 0;
  /// How it starts by itself now, for `unfence` to restore; nothing where that cannot be seen.
  virtual std::optional<Json> startup() = 0;
  /// Whether `startup` says that it starts by itself.
  virtual bool starts_by_itself(const Json& startup) const = 0;
  virtual void fence() = 0;
  virtual void unfence(const Json& startup) = 0;
};

std::string_view to_string(Service::State state);

/// What a service's commands are run with.
struct ServiceTools {
  Children& children;
  const CancelToken& cancel;
  std::filesystem::path folder;  ///< of an operator's commands
  std::map<std::string, std::string> environment;
  LineSink line;
};

/// `{systemd="shop.service"}`, or `{name=, start=argv, stop=argv, status=argv (exit 0 running, 3 stopped), fence=argv?, unfence=argv?}`.
/// Throws `argument.invalid`.
std::unique_ptr<Service> make_service(const Json& description, ServiceTools tools);
/// The name alone, for plans and positions; starts nothing. Throws `argument.invalid`.
std::string service_name(const Json& description);

/// Looks until the service is in `wanted`. Throws `timeout` or `cancelled`.
void await(Service& service, Service::State wanted, std::chrono::milliseconds deadline, const CancelToken& cancel);

}  // namespace playbook
