#include "bindings/cli/chosen_run.h"

#include "bindings/cli/terminal.h"

namespace playbook::cli {

RunRow chosen_run(const Runtime& runtime, const std::filesystem::path& instance, const std::string& run) {
  const std::string where = to_utf8(instance.string());
  if (!run.empty()) {
    if (auto found = runtime.find_run(instance, run)) return *found;
    throw Error(Code::name_unknown, where + " has no run \"" + one_line(to_utf8(run)) + "\"",
                "`playbook history -C " + where + "` lists them");
  }
  const std::vector<RunRow> runs = runtime.history(instance);
  for (const RunRow& each : runs) {
    if (!is_finished(each.state)) return each;
  }
  if (runs.empty()) throw Error(Code::name_unknown, where + " has no runs yet");
  return runs.front();
}

}  // namespace playbook::cli
