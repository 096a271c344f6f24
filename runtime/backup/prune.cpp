#include "runtime/backup/prune.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace playbook {
namespace {

bool was_rehearsed(const BackupSet& set) {
  std::vector<Json> lines = set.attestations();
  return std::any_of(lines.begin(), lines.end(), [](const Json& line) { return line.value("kind", Json()) == "rehearsal"; });
}

}  // namespace

Pruning choose_prunable(const std::vector<ListedSet>& sets, const std::filesystem::path& instance, const Retention& retention, Utc now,
                        const std::function<std::vector<std::string>(const std::filesystem::path&)>& needed_by) {
  Pruning pruning;
  std::uint64_t newer = 0;  // sets of this instance after the one that is looked at
  bool rehearsed = false;   // one of those, at least
  for (auto listed = sets.rbegin(); listed != sets.rend(); ++listed) {
    auto keep = [&](const std::string& why) { pruning.kept.push_back({listed->path.filename(), why}); };
    if (!listed->set) {
      keep("it cannot be read: " + listed->problem);
      continue;
    }
    const BackupSet& set = *listed->set;
    if (set.is_of_other_place(instance)) {
      keep("of another instance, " + set.manifest().instance);
      continue;
    }
    const bool last_rehearsed = !rehearsed && was_rehearsed(set);
    rehearsed = rehearsed || last_rehearsed;
    const std::vector<std::string> runs = needed_by(set.path());
    if (!runs.empty())
      keep("needed by run " + join(runs, ", "));
    else if (retention.count && newer < *retention.count)
      keep("one of the " + std::to_string(*retention.count) + " newest");
    else if (retention.age && parse_iso(set.manifest().created) + *retention.age > now)
      keep("younger than " + humane(*retention.age));
    else if (last_rehearsed)
      keep("the last one that was rehearsed");
    else
      pruning.remove.push_back(set);
    ++newer;
  }
  std::reverse(pruning.remove.begin(), pruning.remove.end());
  std::reverse(pruning.kept.begin(), pruning.kept.end());
  return pruning;
}

}  // namespace playbook
