// The miniature service of tests/system/matrix as an instance: notes in SQLite, settings in .env, run by `ctl`. Release 2 is good; 3 loses
// rows; the start of 4 is killed by a signal; that of 5 fills the disk.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/matrix/crash_matrix.h"

namespace playbook::testing {

/// Release 1, running, with 20 notes.
void lay_out_notes(const std::filesystem::path& instance);
/// "old" (all of release 1), "new" (all of release 2), or what is mixed.
std::string judge_notes(const std::filesystem::path& instance);
Scenario notes_upgrade(const std::string& version);

}  // namespace playbook::testing
