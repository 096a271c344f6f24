#include "tests/playbooks/activepieces/stand_in/rollback.h"

#include <array>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace stand_in {
namespace {

using Json = nlohmann::json;
using Release = std::array<int, 3>;

Release release_of(const std::string& text) {
  Release release{};
  const char* from = text.c_str() + (text.starts_with('v') ? 1 : 0);
  char rest = 0;
  if (std::sscanf(from, "%d.%d.%d%c", &release[0], &release[1], &release[2], &rest) != 3)
    throw std::runtime_error("Error: Invalid semver version: " + text);
  return release;
}

struct Options {
  std::string to;
  std::vector<std::string> manifest;
  bool has_manifest = false, force = false;
};

/// False after it has said what is wrong; then the database was not touched.
bool read(const std::vector<std::string>& arguments, Options& options) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--force") options.force = true;
    if (i + 1 == arguments.size()) break;
    if (arguments[i] == "--to") options.to = arguments[++i];
    if (arguments[i] != "--manifest") continue;
    options.has_manifest = true;
    Json list = Json::parse(arguments[++i], nullptr, false);
    bool names = list.is_array();
    for (const Json& name : list) names = names && name.is_string();
    if (!names) {
      std::cerr << "Invalid --manifest JSON: Manifest must be a JSON array of strings\n";
      return false;
    }
    options.manifest = list.get<std::vector<std::string>>();
  }
  if (options.has_manifest || !options.to.empty()) return true;
  std::cerr << "Usage: npm run rollback -- --to <version> [--force]\n"
               "       npm run rollback -- --manifest '[\"MigA\",\"MigB\"]' [--force]\n";
  return false;
}

/// In reversed order of the code.
std::vector<const Migration*> candidates(const Options& options, const std::vector<Migration>& migrations) {
  const std::set<std::string> kept(options.manifest.begin(), options.manifest.end());
  std::vector<const Migration*> chosen;
  for (auto migration = migrations.rbegin(); migration != migrations.rend(); ++migration) {
    bool is_one = options.has_manifest ? !migration->unnamed && !kept.count(migration->name)
                                       : !migration->tag.empty() && release_of(migration->tag) > release_of(options.to);
    if (is_one) chosen.push_back(&*migration);
  }
  return chosen;
}

void demand_newest(Database& database, const std::vector<const Migration*>& chosen) {
  std::vector<std::string> rows = applied(database);
  for (size_t i = 0; i < chosen.size(); ++i) {
    std::string found = i < rows.size() ? rows[rows.size() - 1 - i] : "undefined";
    if (found != chosen[i]->name)
      throw std::runtime_error("Error: Migration order mismatch: expected \"" + chosen[i]->name + "\" at position " +
                               std::to_string(i + 1) + " from the top, but found \"" + found +
                               "\" in the database. The database state does not match the expected migration history. Aborting rollback.");
  }
}

void undo(Database& database, const std::vector<const Migration*>& chosen, bool force) {
  std::string breaking;
  for (const Migration* migration : chosen)
    if (migration->breaking) breaking += "  - " + migration->name + "\n";
  if (!breaking.empty() && !force)
    throw std::runtime_error("\nThe following migrations are marked as breaking:\n" + breaking +
                             "Rolling back breaking migrations may cause data loss.\nUse --force to proceed anyway.");
  for (size_t i = 0; i < chosen.size(); ++i) {
    std::cout << "\nReverting (" << i + 1 << "/" << chosen.size() << "): " << chosen[i]->name << "...\n" << std::flush;
    undo_last(database, *chosen[i]);
    std::cout << "  Reverted successfully.\n" << std::flush;
  }
  std::cout << "\nRollback complete. Reverted " << chosen.size() << " migration(s).\n";
}

}  // namespace

int roll_back(const std::vector<std::string>& arguments, const std::vector<Migration>& migrations, const std::function<Database()>& open) {
  Options options;
  if (!read(arguments, options)) return 1;
  std::cerr << "(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated. Please use a userland alternative instead.\n";
  std::cout << "Initializing database connection...\n" << std::flush;
  try {
    Database database = open();
    migrate_up(database, migrations);
    if (options.has_manifest)
      std::cout << "Rolling back migrations not present in manifest (" << options.manifest.size() << " entries)...\n";
    else
      std::cout << "Rolling back migrations to version " << options.to << "...\n";
    std::vector<const Migration*> chosen = candidates(options, migrations);
    if (chosen.empty()) {
      std::cout << (options.has_manifest ? "No migrations found to rollback against the provided manifest\n"
                                         : "No migrations found to rollback for versions after " + options.to + "\n");
      return 0;
    }
    std::cout << "Found " << chosen.size() << " migration(s) to rollback:\n";
    for (const Migration* migration : chosen)
      std::cout << "  - " << migration->name << " (release: " << (migration->tag.empty() ? "undefined" : migration->tag)
                << ", breaking: " << (migration->breaking ? "true" : "false") << ")\n";
    demand_newest(database, chosen);
    undo(database, chosen, options.force);
    return 0;
  } catch (const PostgresError& error) {
    std::cerr << "Rollback failed: QueryFailedError: " << error.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "Rollback failed: " << error.what() << "\n";
  }
  return 1;
}

}  // namespace stand_in
