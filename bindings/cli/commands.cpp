#include "bindings/cli/command.h"

namespace playbook::cli {

const std::vector<CommandEntry>& commands() {
  static const std::vector<CommandEntry> kCommands = {
      {"run", "NAME|FILE [--param value ...]", "run a playbook", make_run_command},
      {"check", "NAME|FILE [--param value ...]", "ask the gates only: could it run?", make_check_command},
      {"inspect", "[DIR]", "what is here: application, version, database, backups", make_inspect_command},
      {"pin", "[DIR]", "pin the images of a compose project to what runs now", make_pin_command},
      {"releases", "[DIR]", "the releases to choose from, and what `latest` is today", make_releases_command},
      {"status", "", "the unfinished run, or the last one, and what to do next", make_status_command},
      {"history", "", "all runs of the instance", make_history_command},
      {"show", "[RUN]", "everything about a run", make_show_command},
      {"attach", "[RUN]", "follow a run that another terminal started", make_attach_command},
      {"resume", "[RUN]", "go on with a suspended or killed run", make_resume_command},
      {"rollback", "[RUN]", "go back to the state before a run", make_rollback_command},
      {"settle", "[RUN] --as WHAT --reason TEXT", "tell a run what only you can know", make_settle_command},
      {"backup", "VERB [SET]", "make, list, prove, restore backup sets", make_backup_command},
      {"keys", "verify|repair", "do the keys open the secrets that are stored? exit 0 or 3; find and set the one that does",
       make_keys_command},
      {"list", "", "the playbooks that are shipped", make_list_command},
      {"doc", "[NAME]", "documentation of a primitive, a module or a playbook", make_doc_command},
      {"eval", "CODE", "evaluate Lua that only reads", make_eval_command},
  };
  return kCommands;
}

}  // namespace playbook::cli
