// The way from a half-done run to the old state: every change in reverse, each by its inverse, except what a way back covers: the function
// that the playbook handed to `way_back` then stands for everything after it in its block. Journaled; after a crash, and after a failure
// that the operator mended, it goes on with what is not yet done.
#pragma once

#include <vector>

#include "runtime/engine/actions.h"
#include "runtime/engine/dialogue.h"
#include "runtime/engine/script.h"

namespace playbook {

struct UndoItem {
  /// leftover: an edit of a file that a way back covers. Where the way back left the file as the run made it, its inverse undoes it.
  enum class Kind { inverse, way_back, leftover, impossible };
  Kind kind = Kind::inverse;
  ActionRow action;
};

/// What has to be undone, in the order of doing it. `rows`: all rows of the run that are not voided.
std::vector<UndoItem> undo_list(const std::vector<ActionRow>& rows, const Registry& registry);

/// Are the files as this edit left them?
bool still_stands(Actions& actions, const ActionRow& edit);

class WayHome {
 public:
  WayHome(Actions& actions, ScriptHost& scripts, const Decisions& decisions)
      : actions_(actions), scripts_(scripts), decisions_(decisions) {}

  /// Undoes everything, then lets the instance's module verify the old state. Throws where it cannot go on; calling it again goes on from
  /// there. Gives what verify returned, or a sentence where nobody can verify.
  Json go(const std::vector<ActionRow>& rows);

 private:
  void run_way_back(const ActionRow& way_back);
  /// Nothing where the module has no such function.
  std::optional<Json> run_function(const std::string& position, const std::string& module, const std::string& function, const Json& args);

  Actions& actions_;
  ScriptHost& scripts_;
  Decisions decisions_;
};

}  // namespace playbook
