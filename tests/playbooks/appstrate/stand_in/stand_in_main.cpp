// A stand-in for the Appstrate server: it behaves towards an operator as facts of the real one say (settings, watermark migrations, log
// lines, health, start, stop), and has invented SQL and no features. In an image it is called `bun`, as what the real image runs:
// `bun packages/db/src/migrate.ts` migrates, anything else serves.
#include <signal.h>

#include <iostream>

#include "tests/playbooks/appstrate/stand_in/application.h"
#include "tests/playbooks/appstrate/stand_in/log.h"

using namespace stand_in;

namespace {

int migrate_alone(const Settings& settings) {
  if (settings.database_url.empty()) {
    log_plain("DATABASE_URL is required");
    return 1;
  }
  log_plain("Running migrations...");
  Database database(settings.database_url);
  database.show_notices();
  migrate(database, read_migrations(settings.root));
  log_plain("Migrations complete");
  return 0;
}

int serve(const Settings& settings, const std::vector<std::string>& problems) {
  if (!problems.empty()) {
    std::string text = "error: [env] Invalid environment variables:";
    for (const std::string& problem : problems) text += "\n  - " + problem;
    log_plain(text);
    return 1;
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  Application(settings).run();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> problems;
  Settings settings = read_settings(problems);
  try {
    return count > 1 && std::string_view(arguments[1]).ends_with("migrate.ts") ? migrate_alone(settings) : serve(settings, problems);
  } catch (const PostgresError& error) {
    log_plain(error.printed());
  } catch (const std::exception& error) {
    log(kError, "Boot failed — exiting", {{"error", error.what()}});
  }
  return 1;
}
