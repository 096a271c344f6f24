#include "runtime/base/error.h"

#include <array>
#include <cerrno>
#include <system_error>

namespace playbook {
namespace {

struct Name {
  Code code;
  std::string_view text;
};

constexpr std::array kNames{
    Name{Code::argument_invalid, "argument.invalid"},
    Name{Code::backup_corrupt, "backup.corrupt"},
    Name{Code::backup_failed, "backup.failed"},
    Name{Code::backup_newer, "backup.newer"},
    Name{Code::cancelled, "cancelled"},
    Name{Code::compose_invalid, "compose.invalid"},
    Name{Code::container_failed, "container.failed"},
    Name{Code::disk_full, "disk.full"},
    Name{Code::dotenv_invalid, "dotenv.invalid"},
    Name{Code::drift, "drift"},
    Name{Code::expect_failed, "expect.failed"},
    Name{Code::file_changed, "file.changed"},
    Name{Code::file_denied, "file.denied"},
    Name{Code::file_failed, "file.failed"},
    Name{Code::file_missing, "file.missing"},
    Name{Code::gate_refused, "gate.refused"},
    Name{Code::http_failed, "http.failed"},
    Name{Code::image_failed, "image.failed"},
    Name{Code::instance_missing, "instance.missing"},
    Name{Code::internal, "internal"},
    Name{Code::journal_corrupt, "journal.corrupt"},
    Name{Code::journal_newer, "journal.newer"},
    Name{Code::journal_readonly, "journal.readonly"},
    Name{Code::json_invalid, "json.invalid"},
    Name{Code::memory_exceeded, "memory.exceeded"},
    Name{Code::name_unknown, "name.unknown"},
    Name{Code::plan_unknown, "plan.unknown"},
    Name{Code::postgres_failed, "postgres.failed"},
    Name{Code::postgres_locked, "postgres.locked"},
    Name{Code::process_failed, "process.failed"},
    Name{Code::process_lost, "process.lost"},
    Name{Code::process_missing, "process.missing"},
    Name{Code::question_unanswered, "question.unanswered"},
    Name{Code::replay_diverged, "replay.diverged"},
    Name{Code::run_busy, "run.busy"},
    Name{Code::run_unfinished, "run.unfinished"},
    Name{Code::script_failed, "script.failed"},
    Name{Code::script_invalid, "script.invalid"},
    Name{Code::secret_missing, "secret.missing"},
    Name{Code::service_failed, "service.failed"},
    Name{Code::sqlite_failed, "sqlite.failed"},
    Name{Code::sqlite_locked, "sqlite.locked"},
    Name{Code::timeout, "timeout"},
    Name{Code::unsupported, "unsupported"},
    Name{Code::version_invalid, "version.invalid"},
    Name{Code::way_back_missing, "way_back.missing"},
};
static_assert(kNames.size() == static_cast<size_t>(Code::way_back_missing) + 1, "every code has a name");

}  // namespace

std::string_view to_string(Code code) { return kNames[static_cast<size_t>(code)].text; }

std::optional<Code> code_from(std::string_view name) {
  for (const Name& entry : kNames)
    if (entry.text == name) return entry.code;
  return std::nullopt;
}

Error::Error(Code code, std::string message, std::string hint, Json details)
    : code_(code), message_(std::move(message)), hint_(std::move(hint)), details_(std::move(details)) {}

Json Error::to_json() const {
  Json value{{"code", to_string(code_)}, {"message", message_}};
  if (!hint_.empty()) value["hint"] = hint_;
  if (!details_.is_null()) value["details"] = details_;
  return value;
}

Error Error::from_json(const Json& value) {
  Code code = code_from(get_or<std::string>(value, "code", "")).value_or(Code::internal);
  return {code, get_or<std::string>(value, "message", ""), get_or<std::string>(value, "hint", ""), get_or<Json>(value, "details", nullptr)};
}

Error as_error(const std::exception& thrown) {
  if (auto* known = dynamic_cast<const Error*>(&thrown)) return *known;
  if (auto* failed = dynamic_cast<const std::filesystem::filesystem_error*>(&thrown))
    return system_error(failed->code().value(), "cannot reach " + failed->path1().string());
  return {Code::internal, thrown.what(), "this is a defect of playbook; please report it with the run's folder"};
}

Error system_error(int error_number, const std::string& what) {
  Code code = Code::file_failed;
  std::string hint;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      code = Code::file_missing;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = Code::file_denied;
      break;
    case ENOSPC:
    case EDQUOT:
      code = Code::disk_full;
      hint = "free space there";
      break;
    default:
      break;
  }
  return {code, what + ": " + std::generic_category().message(error_number), hint};
}

}  // namespace playbook
