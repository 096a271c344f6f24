// appstrate/upgrade killed at its instants on a real Docker engine: at one of them always, at all of them with --all. Over processes
// instead of containers tests/playbooks does the same by the hundred.
#include "runtime/base/file.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/matrix/check.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

/// One database server for all cases; each gets a copy of the seeded database, and containers of its own.
class Bed {
 public:
  Bed() {
    push_release("1.0.0-beta.51", "1.0.0-beta.51");
    push_release("1.0.0-beta.50", "1.0.0-beta.50", Flaw::fails_to_migrate);
    output_of("docker rm -f " + servers());
    app_.ask("alter database appstrate rename to appstrate_seed", "postgres");
  }

  Scenario upgrade(const std::string& to) const {
    Scenario scenario;
    scenario.name = "appstrate/upgrade to " + to + " on containers";
    scenario.playbook = "appstrate/upgrade";
    scenario.params = {{"to", to}};
    scenario.slack = 12;
    scenario.prepare = [this](const std::filesystem::path& instance) { lay_out(instance); };
    scenario.judge = [this](const std::filesystem::path& instance) { return app_.state(read_file(instance / ".env")); };
    return scenario;
  }

  /// Its way back.
  Scenario failing_upgrade() const {
    Scenario scenario = upgrade("1.0.0-beta.50");
    scenario.ends = "old";
    scenario.kill_on_the_way_back = true;
    return scenario;
  }

 private:
  std::string servers() const {
    return app_.container("appstrate") + " " + app_.container("migrate") + " " + app_.container("sidecar-pull");
  }

  void lay_out(const std::filesystem::path& instance) const {
    output_of("docker rm -f " + servers() + " 2>&1 || true");
    app_.ask(R"(select format('drop database %I with (force)', datname) from pg_database
where datname ~ '^(appstrate|playbook)' and datname <> 'appstrate_seed' \gexec
create database appstrate template appstrate_seed owner appstrate)",
             "postgres");
    for (const char* name : {"docker-compose.yml", ".env"}) std::filesystem::copy_file(app_.folder() / name, instance / name);
    output_of("docker compose up -d", instance);
    app_.wait_healthy();
  }

  const Deployment app_;
};

// The engine is one.
MatrixOptions alone(MatrixOptions options) {
  options.workers = 1;
  return options;
}

}  // namespace

TEST_CASE("appstrate/upgrade on containers holds at one of its instants", "[.][appstrate][matrix][exhaustive]") {
  const Bed bed;
  MatrixOptions one = alone(every(250, false, 215));
  one.instants = 250;  // it has some more; to count them takes as long as to kill it once
  check_crash_matrix(bed.upgrade("1.0.0-beta.51"), one);
}

TEST_CASE("appstrate/upgrade on containers holds at every instant, forward and back", "[.][appstrate][matrix][exhaustive]") {
  const Bed bed;
  check_crash_matrix(bed.upgrade("1.0.0-beta.51"), alone(every(1, false, 0)));
  check_crash_matrix(bed.upgrade("1.0.0-beta.51"), alone(every(1, true, 0)));
  check_crash_matrix(bed.failing_upgrade(), alone(every(1, false, 0)));
}
