#include "bindings/cli/chosen_run.h"

#include "bindings/cli/terminal.h"

namespace playbook::cli {

RunRow chosen_run(const Runtime& runtime, const std::filesystem::path& instance, const std::string& run) {
  if (auto found = runtime.find_run(instance, run)) return *found;
  const std::string where = to_utf8(instance.string());
  if (run.empty()) throw Error(Code::name_unknown, where + " has no runs yet");
  throw Error(Code::name_unknown, where + " has no run \"" + one_line(to_utf8(run)) + "\"",
              "`playbook history -C " + where + "` lists them");
}

}  // namespace playbook::cli
