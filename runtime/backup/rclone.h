// rclone, which reaches what lies elsewhere: the folders that sets are copied to, the buckets that are backed up.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/backup/work.h"
#include "runtime/process/children.h"

namespace playbook {

/// Starts it. Secrets go in `environment`, where it finds a remote as RCLONE_CONFIG_<REMOTE>_<KEY>. `output` gets what it prints, as it
/// comes. Throws `cancelled`, process.missing; any status is an answer.
Exit rclone(Work& work, const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment = {},
            const ByteSink& output = nullptr);

/// Throws `backup.failed`: `WHAT failed: its last words`.
void expect_rclone(const Exit& exit, const std::string& what, const std::string& hint);

}  // namespace playbook
