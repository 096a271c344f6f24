// A PostgreSQL server of a test program's own: initdb into a temporary folder, a unix socket there and a loopback port, nothing synced. It
// runs as `nobody` where the tests run as root, and ends with the program, however that ends.
//
// Roles: `postgres` (superuser), `shop` (may create databases) and `guest` (may nothing). By the socket nobody is asked for a password; by
// TCP it is "pass word of " and the role.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "runtime/database/postgres_server.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing {

class PostgresCluster {
 public:
  PostgresCluster();
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  std::filesystem::path socket() const { return folder_.path(); }
  int port() const { return port_; }
  /// By TCP, with the password.
  std::string url(const std::string& database, const std::string& role = "shop") const;

  void start();
  /// SIGINT (fast) or SIGQUIT (at once); waits until it has ended.
  void stop(int signal);

  /// A fresh database of `shop`, an older one of that name is dropped.
  void make_database(const std::string& name, const std::string& owner = "shop");
  /// As superuser.
  PostgresRows run(const std::string& database, const std::string& sql);
  std::string text(const std::string& database, const std::string& sql);
  std::vector<std::string> databases();

 private:
  TempFolder folder_;
  int port_ = 0;
  pid_t pid_ = -1;
  std::unique_ptr<Children> children_;
};

/// The one of this test program, started at the first call. Running whenever a test begins.
PostgresCluster& postgres_cluster();

/// Programs on this host that find the cluster as they would find a server in their own container.
class ClusterPlace final : public Place {
 public:
  ClusterPlace(PostgresCluster& cluster, Children& children, std::string role = "shop")
      : cluster_(cluster), children_(children), role_(std::move(role)) {}
  Exit run(const Command& command, const LineSink& line, const CancelToken* cancel) override;
  std::string describe() const override { return "service db"; }

 private:
  PostgresCluster& cluster_;
  Children& children_;
  const std::string role_;
};

}  // namespace playbook::testing
