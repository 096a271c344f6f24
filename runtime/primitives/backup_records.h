// What the journal of an instance knows of backup sets: what they were when they were made, and which runs count on them. Reads the journal
// on its own, so that it can be asked in a plan too; where there is none, nothing is known and nothing is needed.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/journal/journal.h"

namespace playbook {

class SetRecords {
 public:
  explicit SetRecords(const std::filesystem::path& state_folder);

  /// Of SHA256SUMS, as it was when this set (or one of its name, of which this is a copy) was made; "" when none was.
  std::string digest(const std::filesystem::path& set) const;
  /// Runs that may still restore it: the unfinished ones that speak of it, and the last finished one whose way back it is.
  std::vector<std::string> needed_by(const std::filesystem::path& set) const;

 private:
  void learn(const Journal& journal, const RunRow& run, bool& has_way_back);

  std::map<std::string, std::string> by_path_;
  std::map<std::string, std::set<std::string>> by_name_;
  std::vector<std::pair<std::string, std::set<std::string>>> needs_;  // run -> paths and names of sets
};

}  // namespace playbook
