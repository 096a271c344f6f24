// A stand-in Activepieces on the test bed's Docker engine, in the shape of the vendor's compose file: app, worker, PostgreSQL.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/temp_folder.h"

namespace playbook::testing::pieces {

/// Builds and pushes the image of a release, once. `tag` names the image, `release` what is in it. `fails`: its last migration does;
/// `fault`: of the stand-in, such as never-ready.
void push_release(const std::string& tag, const std::string& release, bool fails = false, const std::string& fault = "");

/// How it is deployed; jobs in Redis, which needs no password and writes snapshots, but where it says otherwise.
enum class Shape {
  app_and_worker,
  one_service,      ///< as the vendor's older file has it
  pglite,           ///< one container, jobs in its memory, AP_CONFIG_PATH in a folder
  url,              ///< PostgreSQL by AP_POSTGRES_URL, in no project
  appending_redis,  ///< app and worker; Redis has a password and an append-only file
};

class Deployment {
 public:
  /// Runs `release`, seeded.
  explicit Deployment(const std::string& release = "0.82.1", Shape shape = Shape::app_and_worker);
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
  /// What Redis holds under a name.
  std::string queued(const std::string& name) const;
  void queue(const std::string& name, const std::string& what) const;
  /// Containers, volumes and all that lies in its folder go; a database elsewhere is empty.
  void lose() const;

 private:
  std::string database_container() const;
  std::string redis(const std::string& words) const;

  const Shape shape_;
  TempFolder folder_;
  std::string project_;
  int port_;
};

}  // namespace playbook::testing::pieces
