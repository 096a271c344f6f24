// Everything around a run that is not the run: the view that fits (terminal, pipe, JSON), the run's log file, the event hook, signals,
// questions, and the last screen. Commands hand in what to run.
#pragma once

#include <filesystem>
#include <functional>

#include "bindings/api/playbook.h"
#include "bindings/cli/command.h"
#include "bindings/cli/ending.h"

namespace playbook::cli {

struct Conduct {
  std::filesystem::path instance;
  OutputOptions output;
  bool log = true;  ///< keep run.log; off for what is not a run
};

/// Runs it and gives the exit code. What it throws becomes an error on standard error, or the last JSON line.
ExitCode conduct(Runtime& runtime, Shell& shell, const Conduct& how, const std::function<RunResult(Observer&)>& run);

/// The view alone, for `attach`: terminal, plain or JSON.
std::unique_ptr<Observer> make_view(Shell& shell, bool json);

/// `instance /srv/shop`, the first line of every command that works on one; nothing with JSON.
void print_instance(Shell& shell, const std::filesystem::path& instance, bool json);
/// The last screen, on a terminal as a block, else as a line with the error before it on standard error.
void print_ending(Shell& shell, const Ending& ending);

/// The error of what only reads (inspect, eval), and its exit code.
ExitCode report_failure(Shell& shell, const RunResult& result, bool json);

}  // namespace playbook::cli
