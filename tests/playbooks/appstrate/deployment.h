// A stand-in Appstrate in tier 1 shape on the test bed's Docker engine: images in its registry, a compose file, settings, a seeded
// database.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/playbooks/appstrate/stand_in/release.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing {

/// What a command prints on standard output, without its last line end. Throws std::runtime_error with all that it said when it fails.
std::string output_of(const std::string& command, const std::filesystem::path& folder = {});

/// Builds and pushes the images of a release, once: server and sidecar. `tag` names the image, the release what is in it. `fault`: of the
/// stand-in, such as never-ready.
void push_release(const std::string& tag, const std::string& release, Flaw flaw = Flaw::none, const std::string& fault = "");

/// Which of the vendor's compose files it is like.
enum class Layout {
  self_hosted,  ///< the example with a name
  nameless,     ///< that of a tier: the vendor's command keeps the project's name in .appstrate/project.json
  root,         ///< the one at the root: other names of services, and migrations in the server alone
};

class Deployment {
 public:
  /// Runs `release`, seeded; by Compose of this generation: 2, or 1 where it is installed.
  explicit Deployment(const std::string& release = "1.0.0-beta.41", int compose = 2, Layout layout = Layout::self_hosted);
  /// Its containers and volumes go.
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  const std::filesystem::path& folder() const { return folder_.path(); }
  const std::string& project() const { return project_; }
  std::string url(const std::string& path = "/health") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

  std::string env() const;
  void set_env(const std::string& text) const;
  /// Replaces a piece of a file by another; fails the test's arrangement where it is not there.
  void edit(const std::string& file, const std::string& piece, const std::string& by) const;
  std::string compose(const std::string& arguments) const;
  /// The name of a service's container.
  std::string container(const std::string& service) const;
  /// The built `playbook` command on this instance, with the programs of the test bed.
  Finished playbook(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {}) const;
  /// One value of its database.
  std::string ask(const std::string& sql, const std::string& database = "appstrate") const;
  /// Rows and their hash, table by table; equal when the data is.
  std::string fingerprint() const;
  /// "STATUS BODY" of a path, "down" where nothing answers.
  std::string get(const std::string& path) const;
  void wait_healthy() const;
  /// A field of `docker inspect` of a service's container.
  std::string look(const std::string& service, const std::string& format) const;
  /// "old": all is as it was seeded; "new": all of 1.0.0-beta.51; else what is mixed. `env`: the settings as they are now.
  std::string state(const std::string& env) const;

 private:
  TempFolder folder_;
  std::string project_;
  int port_, compose_;
  const Layout layout_;
  std::string seeded_, old_env_;
  TempFolder without_plugin_;
};

}  // namespace playbook::testing
