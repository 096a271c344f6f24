#include "tests/support/postgres_cluster.h"

#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "tests/support/crash.h"
#include "tests/support/http_server.h"

namespace playbook::testing {

namespace fs = std::filesystem;

namespace {

fs::path programs() {
  for (int version = 30; version > 10; --version) {
    fs::path folder = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
    if (fs::exists(folder / "initdb")) return folder;
  }
  throw std::runtime_error("there is no PostgreSQL server here; install it: apt install postgresql");
}

const passwd* nobody() { return ::getuid() == 0 ? ::getpwnam("nobody") : nullptr; }

pid_t spawn(const std::vector<std::string>& arguments, const fs::path& log) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const passwd* user = nobody();
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (user && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGINT);  // after the change of user, which clears it
  ::setpgid(0, 0);
  if (!std::freopen(log.c_str(), "a", stdout) || ::dup2(1, 2) < 0 || ::chdir("/") != 0) ::_exit(126);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

void must(const std::vector<std::string>& arguments, const fs::path& log) {
  int status = 0;
  ::waitpid(spawn(arguments, log), &status, 0);
  if (status != 0) throw std::runtime_error(arguments[0] + " failed: " + try_read_file(log).value_or(""));
}

}  // namespace

PostgresCluster::PostgresCluster() : children_(make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1})) {
  if (const passwd* user = nobody(); user && ::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
    throw std::runtime_error("cannot give a folder to nobody");
  const fs::path data = folder_.path() / "data";
  must({programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8"},
       folder_.path() / "log");
  folder_.write("data/pg_hba.conf", "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
  const std::string path = programs().string() + ":" + std::getenv("PATH");  // Debian's own wrapper in Perl takes longer than they do
  ::setenv("PATH", path.c_str(), 1);
  port_ = closed_port();
  start();
  for (const char* role : {"postgres", "shop", "guest"}) {
    std::string options =
        std::string(" with login password 'pass word of ") + role + "'" + (role == std::string("shop") ? " createdb" : "");
    run("postgres", (role == std::string("postgres") ? "alter role " : "create role ") + std::string(role) + options);
  }
}

PostgresCluster::~PostgresCluster() { stop(SIGQUIT); }

void PostgresCluster::start() {
  if (pid_ > 0) return;
  const fs::path data = folder_.path() / "data", ready = data / "postmaster.pid";
  pid_ = spawn({programs() / "postgres", "-D", data, "-p", std::to_string(port_), "-k", folder_.path(), "-c", "listen_addresses=127.0.0.1",
                "-c", "fsync=off", "-c", "shared_buffers=32MB", "-c", "max_connections=50"},
               folder_.path() / "log");
  while (try_read_file(ready).value_or("").find("ready") == std::string::npos) {  // its own word for it
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) throw std::runtime_error("postgres ended: " + read_file(folder_.path() / "log"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void PostgresCluster::stop(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

std::string PostgresCluster::url(const std::string& database, const std::string& role) const {
  return "postgresql://" + role + ":pass%20word%20of%20" + role + "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

PostgresRows PostgresCluster::run(const std::string& database, const std::string& sql) {
  auto server = make_direct_postgres("host=" + folder_.path().string() + " port=" + std::to_string(port_) + " user=postgres", *children_);
  PostgresOptions options;
  options.database = database, options.application = "test", options.writes = true;
  return server->connect(options)->query(sql);
}

std::string PostgresCluster::text(const std::string& database, const std::string& sql) {
  return run(database, sql).at(0).at(0).value_or("null");
}

void PostgresCluster::make_database(const std::string& name, const std::string& owner) {
  run("postgres", "drop database if exists " + sql_name(name) + " with (force)");
  run("postgres", "create database " + sql_name(name) + " owner " + sql_name(owner) + " template template0");
}

std::vector<std::string> PostgresCluster::databases() {
  std::vector<std::string> names;
  for (PostgresRow& row : run("postgres", "select datname from pg_database where not datistemplate and datname <> 'postgres' order by 1"))
    names.push_back(std::move(*row[0]));
  return names;
}

PostgresCluster& postgres_cluster() {
  static PostgresCluster cluster;
  cluster.start();
  return cluster;
}

Exit ClusterPlace::run(const Command& command, const LineSink& line, const CancelToken* cancel) {
  Command here = command;
  here.environment["PGHOST"] = cluster_.socket();
  here.environment["PGPORT"] = std::to_string(cluster_.port());
  here.environment.try_emplace("PGUSER", role_);
  return children_.run(here, line, cancel);
}

}  // namespace playbook::testing
