// The one error type of the runtime: a code from a closed list, a message (where, expected, found), a hint (the next safe action), and
// details as data. It crosses into Lua and back whole, and is journaled whole. Messages are lower case, without a final period, without
// secrets.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/json.h"

namespace playbook {

/// What went wrong, by kind. The dotted name (`backup.corrupt`) is what people and scripts see; names are never reused for another meaning.
enum class Code {
  argument_invalid,  // a parameter is missing, unknown or of the wrong type
  backup_corrupt,    // a set does not verify
  backup_failed,     // a set could not be made or restored
  backup_newer,      // a set was made by a newer version of this tool
  cancelled,         // the operator or the embedder stopped it
  compose_invalid,   // Compose refuses a project's files
  container_failed,  // an order to docker or compose
  disk_full,         // no space left where something had to be written
  dotenv_invalid,    // a .env file that Compose would refuse or read otherwise
  drift,             // the world is not as the run left it
  expect_failed,     // a check after changes
  file_changed,      // a file is not as it was read: another hand edited it
  file_denied,       // permission
  file_failed,       // another failure of the file system
  file_missing,
  gate_refused,  // checks before any change; details.gates has them all
  http_failed,
  image_failed,      // an image that cannot be had; details.reason says why
  instance_missing,  // no application here that the playbook knows
  internal,          // a defect of this tool
  journal_corrupt,
  journal_newer,  // written by a newer version of this tool
  journal_readonly,
  json_invalid,
  memory_exceeded,  // a script used more than its cap
  name_unknown,     // a playbook, module, primitive or run that does not exist
  plan_unknown,     // a value that only the real run can know
  postgres_failed,
  postgres_locked,  // a lock, or a database that others use
  process_failed,
  process_lost,         // what became of it is not known: nobody may go on as if it had failed
  process_missing,      // the program is not installed
  question_unanswered,  // nobody there to answer
  replay_diverged,      // the playbook asks for something else than it did before
  run_busy,             // another process holds the instance
  run_unfinished,       // an earlier run has to be finished first
  script_failed,        // error() or a runtime error in Lua
  script_invalid,       // syntax, bytecode, wrong shape of a playbook
  secret_missing,
  service_failed,
  sqlite_failed,
  sqlite_locked,
  timeout,
  unsupported,  // known and refused, with the reason
  version_invalid,
  way_back_missing,  // a change that can lose data, without a way back or a proven backup
};

std::string_view to_string(Code code);
std::optional<Code> code_from(std::string_view name);

class Error : public std::exception {
 public:
  Error(Code code, std::string message, std::string hint = "", Json details = nullptr);

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  const Json& details() const { return details_; }
  const char* what() const noexcept override { return message_.c_str(); }

  /// `{code, message, hint?, details?}`; `from_json` reads it back and accepts what an older version wrote.
  Json to_json() const;
  static Error from_json(const Json& value);

 private:
  Code code_;
  std::string message_;
  std::string hint_;
  Json details_;
};

/// An Error as it is; anything else becomes `internal`, a defect to be reported.
Error as_error(const std::exception& thrown);

/// The error of a failed system call: `what` names the operation and object; ENOSPC, EACCES, ENOENT and the like get their codes.
Error system_error(int error_number, const std::string& what);

}  // namespace playbook
