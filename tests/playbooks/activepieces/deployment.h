// A stand-in Activepieces on the test bed's Docker engine, in the shape of the vendor's compose file: app, worker, PostgreSQL.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/temp_folder.h"

namespace playbook::testing::pieces {

/// Builds and pushes the image of a release, once. `tag` names the image, `release` what is in it. `fails`: its last migration does;
/// `fault`: of the stand-in, such as never-ready.
void push_release(const std::string& tag, const std::string& release, bool fails = false, const std::string& fault = "");

class Deployment {
 public:
  /// Runs `release`, seeded.
  explicit Deployment(const std::string& release = "0.82.1");
  /// Its containers and volumes go.
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::string compose_text() const;
  void set_compose_text(const std::string& text) const;
  /// AP_ENCRYPTION_KEY of .env; the containers keep theirs.
  void set_key(const std::string& key) const;
  std::string compose(const std::string& arguments) const;
  /// One value of its database.
  std::string ask(const std::string& sql) const;
  /// Rows and their hash, table by table; equal when the data is.
  std::string fingerprint() const;
  /// The release that answers, "down" where nothing does.
  std::string running() const;
  /// Image and state of each container, sorted.
  std::string containers() const;

 private:
  TempFolder folder_;
  std::string project_;
  int port_;
};

}  // namespace playbook::testing::pieces
