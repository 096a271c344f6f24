// A stand-in of an Umbraco site in a folder: a project, a real SQLite database in WAL mode, and a server (site.py) that boots as the real
// one does and converts nothing.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/base/json.h"
#include "tests/support/matrix/crash_matrix.h"

namespace playbook::testing::umbraco {

constexpr const char* kDatabase = "umbraco/Data/Umbraco.sqlite.db";

/// A site of `release`, built and not started.
void lay_out(const std::filesystem::path& folder, const std::string& release, int port);
/// Settings of the stand-in: {fail=, only_live=, lose=, lie=, table=}, as site.py says.
void set(const std::filesystem::path& folder, int port, Json more);
/// Starts it and waits for its first page.
void start(const std::filesystem::path& folder, int port);
void stop(const std::filesystem::path& folder);
/// Waits until its first page comes.
void await_page(const std::filesystem::path& folder, int port);
/// What its first page answers, 0 where nobody does.
int first_status(const std::filesystem::path& folder);
/// Values of properties in its database: three, where none is lost.
int value_count(const std::filesystem::path& folder);

/// The states in its database, in the order of their keys.
std::string states(const std::filesystem::path& folder);
/// Those in which a release ends.
std::string finals(const std::string& release);

/// umbraco/upgrade from release to release; ends in the old state where the boot fails at the state `fail`.
Scenario upgrade(const std::string& from, const std::string& to, const std::string& fail = "");

/// umbraco/downgrade, which writes the older release's states; ends in the new state.
Scenario downgrade(const std::string& from, const std::string& to);

}  // namespace playbook::testing::umbraco
