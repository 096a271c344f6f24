#include "runtime/primitives/backup_records.h"

#include "runtime/backup/sums.h"
#include "runtime/base/file.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

std::string text_of(const Json& value, const char* key) {
  auto found = value.is_object() ? value.find(key) : value.end();
  return found != value.end() && found->is_string() ? found->get<std::string>() : "";
}

// Every set that a value speaks of: by its own path, or as a bare string where an argument is called `set`.
void collect(const Json& value, std::set<std::string>& sets) {
  if (text_of(value, "type") == "backup.set") sets.insert(text_of(value, "path"));
  if (std::string named = text_of(value, "set"); !named.empty()) sets.insert(named);
  if (value.is_structured())
    for (const Json& element : value) collect(element, sets);
}

}  // namespace

SetRecords::SetRecords(const fs::path& state_folder) {
  if (!fs::exists(state_folder / "journal.db")) return;
  std::unique_ptr<Journal> journal =
      open_journal(state_folder, {.read_only = true, .needs_ballast = false, .faults = nullptr, .clock = nullptr});
  bool has_way_back = false;
  for (const RunRow& run : journal->runs()) learn(*journal, run, has_way_back);
}

void SetRecords::learn(const Journal& journal, const RunRow& run, bool& has_way_back) {
  std::set<std::string> spoken_of, way_back;
  for (const ActionRow& row : journal.all_actions(run.id)) {
    if (row.change && text_of(row.result, "type") == "backup.set") {
      std::string path = text_of(row.result, "path"), digest = text_of(row.result, "digest");
      by_path_.emplace(path, digest);
      by_name_[text_of(row.result, "name")].insert(digest);
      spoken_of.insert(path);
    }
    collect(row.args, spoken_of);
    if (row.name == "way_back" && !row.voided) collect(row.args, way_back);
  }
  if (!is_finished(run.state)) {
    needs_.emplace_back(run.id, std::move(spoken_of));
  } else if (!has_way_back && !way_back.empty() && (run.state == RunState::done || run.state == RunState::settled)) {
    has_way_back = true;  // an older run cannot be taken back before this one
    needs_.emplace_back(run.id, std::move(way_back));
  }
}

std::string SetRecords::digest(const fs::path& set) const {
  if (auto known = by_path_.find(set.string()); known != by_path_.end()) return known->second;
  auto named = by_name_.find(set.filename().string());
  if (named == by_name_.end()) return "";
  std::string found = file_digest(set / kSumsFile);
  return named->second.contains(found) ? found : *named->second.begin();
}

std::vector<std::string> SetRecords::needed_by(const fs::path& set) const {
  std::vector<std::string> runs;
  for (const auto& [run, sets] : needs_)
    if (sets.contains(set.string()) || sets.contains(set.filename().string())) runs.push_back(run);
  return runs;
}

}  // namespace playbook
