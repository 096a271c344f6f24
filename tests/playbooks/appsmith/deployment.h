// A stand-in Appsmith on the test bed's Docker engine, in the shape of the vendor's compose file: one container, its stacks in a folder
// beside it, or in a volume.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/temp_folder.h"

namespace playbook::testing::appsmith {

/// Builds and pushes the image of a release, once. `fails`: its migration does.
void push_release(const std::string& release, bool fails = false);

class Deployment {
 public:
  enum class Stacks { folder, volume };
  /// Runs `release` on data that it made itself.
  explicit Deployment(const std::string& release, Stacks stacks = Stacks::folder);
  /// Its container goes.
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  const std::filesystem::path& folder() const { return folder_.path(); }
  const std::string& project() const { return project_; }
  std::string compose(const std::string& arguments) const;
  /// Its state, as this host sees it.
  std::filesystem::path stacks() const;
  /// A member of its database, which is a JSON file.
  std::string database() const;
  std::string compose_text() const;
  std::string settings() const;
  /// Image and state of its container.
  std::string container() const;
  /// Starts it again, on data that was changed by hand.
  void restart() const;

 private:
  void wait() const;

  TempFolder folder_;
  std::string project_;
  int port_;
};

}  // namespace playbook::testing::appsmith
