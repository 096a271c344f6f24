#include "bindings/cli/run_log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

namespace playbook::cli {

RunLog::RunLog(std::function<std::filesystem::path(const std::string&)> folder_of) : folder_of_(std::move(folder_of)) {}

RunLog::~RunLog() = default;

void RunLog::open(const Json& run_started) {
  logger_.reset();
  const std::string run = text_of(run_started, "run"), mode = text_of(run_started, "mode");
  if (run.empty() || mode == "plan" || mode == "check") return;  // they leave nothing behind
  try {
    const std::filesystem::path folder = folder_of_(run);
    if (!std::filesystem::is_directory(folder)) return;
    logger_ = std::make_shared<spdlog::logger>("run", std::make_shared<spdlog::sinks::basic_file_sink_mt>((folder / "run.log").string()));
    logger_->set_error_handler([](const std::string&) {});
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc);
    logger_->flush_on(spdlog::level::info);
  } catch (const std::exception&) {
    logger_.reset();
  }
}

void RunLog::on_event(const Event& event) {
  if (event.kind == "run.started") open(event.data);
  const auto lines = text_.lines(event);
  if (!logger_) return;
  for (const std::string& line : lines) logger_->info(line);
}

}  // namespace playbook::cli
