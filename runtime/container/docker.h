// A Docker engine, through its command line: what works there by hand (contexts, logins, remote settings) works here. Questions and orders;
// which of them make a project is compose.h's. Used by one thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/findings.h"
#include "runtime/base/json.h"
#include "runtime/process/children.h"

namespace playbook {

/// What it is run with. What it starts carries `action` as the label `playbook.action` or the variable PLAYBOOK_ACTION.
struct DockerTools {
  Children& children;
  const CancelToken& cancel;
  std::string run;               ///< id of the run
  std::string action;            ///< id of the action, `<run>/<position>`
  LineSink line;                 ///< gets the lines of orders, not those of questions
  Findings* findings = nullptr;  ///< remembers which Compose there is, where given
};

struct Container {
  std::string id, name, service;
  std::string image;     ///< as it was asked for
  std::string image_id;  ///< `sha256:...`, what it really runs
  std::string state;     ///< docker's word: created, running, paused, restarting, removing, exited, dead
  std::string health;    ///< "" where there is no health check
  int exit_code = 0;
  int restarts = 0;
  std::string policy;                      ///< `no`, `always`, `unless-stopped`, `on-failure`, `on-failure:3`
  std::string created, started, finished;  ///< as docker gives them; `finished` of its last end, the year 1 where there was none
  bool is_running() const { return state == "running" || state == "restarting" || state == "paused"; }
};

class Docker {
 public:
  explicit Docker(DockerTools tools) : tools_(std::move(tools)) {}
  const DockerTools& tools() const { return tools_; }

  /// Runs a command with PLAYBOOK_ACTION set. Throws `timeout`, `cancelled`, process.missing; any status is an answer.
  Exit run(Command command, bool quiet = true) const;
  /// A docker command that must succeed; gives its standard output. Throws container.failed: `cannot WHAT: its last words`.
  std::string must(const std::string& what, const std::vector<std::string>& arguments, bool quiet = true,
                   std::chrono::milliseconds deadline = std::chrono::minutes(1)) const;

  std::string version() const;  ///< of the engine; throws container.failed where none answers
  /// All containers that have these labels (`name=value`), stopped ones too, by name.
  std::vector<Container> containers(const std::vector<std::string>& labels) const;
  /// Of those that have these labels, the ones with a process that runs, restarts or is paused, in one short question: their id, name,
  /// service and state, and nothing else of them.
  std::vector<Container> running(const std::vector<std::string>& labels) const;
  /// What `docker image inspect` says; nothing where the engine does not have it.
  std::optional<Json> image(const std::string& reference) const;
  /// Ids of those of the images that the engine has, by reference, in one question where it has them all.
  std::map<std::string, std::string> image_ids(const std::vector<std::string>& references) const;
  /// What `docker inspect` says of a container, by name or id. Holds secrets. Throws container.failed.
  Json details(const std::string& container) const;
  /// The variables that it was made with, its image's included. Holds secrets.
  std::map<std::string, std::string> environment(const Container& container) const;
  void set_policy(const Container& container, const std::string& policy) const;
  /// The last lines of its log, both streams, oldest first.
  std::vector<std::string> last_lines(const Container& container, int count) const;

 private:
  DockerTools tools_;
};

/// What a failed command said last that is not blank: `it said nothing` where that is so.
std::string last_words(const Exit& exit);

}  // namespace playbook
