// run.log in the run's folder: every event as a line for people, with its time, in full. The journal is the record; a log that cannot be
// written stops nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "bindings/api/playbook.h"
#include "bindings/cli/event_text.h"

namespace spdlog {
class logger;
}

namespace playbook::cli {

class RunLog : public Observer {
 public:
  /// `folder_of`: the folder of a run, by its id, which run.started tells.
  explicit RunLog(std::function<std::filesystem::path(const std::string& run)> folder_of);
  ~RunLog() override;
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;
  void on_event(const Event& event) override;

 private:
  void open(const Json& run_started);

  std::function<std::filesystem::path(const std::string&)> folder_of_;
  std::shared_ptr<spdlog::logger> logger_;
  EventText text_{EventText::Detail::full};
};

}  // namespace playbook::cli
