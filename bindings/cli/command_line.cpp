#include "bindings/cli/command_line.h"

#include <algorithm>

#include "bindings/cli/ending.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/plain_view.h"

namespace playbook::cli {
namespace {

const CommandEntry& entry_of(const std::string& name) {
  const auto& all = commands();
  return *std::find_if(all.begin(), all.end(), [&](const CommandEntry& entry) { return entry.name == name; });
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

ExitCode run_command(const std::vector<std::string>& words, const CommandLineWorld& world) {
  const CommandEntry& entry = entry_of(words.front());
  Shell shell{world.out, world.err, world.terminal, entry.name, {words.begin() + 1, words.end()}};
  const std::unique_ptr<Command> command = entry.make();
  OptionSet options("playbook " + shell.command);
  command->declare(options);
  options.parse(shell.arguments, command->takes_parameters() || has(shell.arguments, "--help"));
  if (command->host().help && !command->takes_parameters()) {
    world.out << help_text(options, entry.name);
    return kReached;
  }
  const std::unique_ptr<Runtime> runtime = world.make_runtime(command->host());
  return command->run(*runtime, shell);
}

ExitCode failed(const Error& error, const CommandLineWorld& world, bool json) {
  const ExitCode exit = exit_of(error);
  if (json) {
    world.out << json_line({{"error", error.to_json()}, {"exit", exit}}) << "\n" << std::flush;
  } else {
    world.err << error_block(error.to_json(), "nothing", {}, Paint(world.terminal.colours)) << std::flush;
  }
  return exit;
}

}  // namespace

std::string help_text(const OptionSet& options, const std::string& command) {
  const CommandEntry& entry = entry_of(command);
  return "playbook " + command + (*entry.usage ? " " : "") + entry.usage + "\n" + entry.summary + "\n\n" + options.help();
}

std::string overview() {
  std::string text =
      "playbook: runs upgrade playbooks for applications that people host themselves\n\n"
      "  playbook FILE.lua [--param value ...]\n  playbook NAME [--param value ...]      such as demo/upgrade\n\nCommands:\n";
  std::vector<std::vector<std::string>> rows;
  for (const CommandEntry& entry : commands()) rows.push_back({std::string(entry.name) + " " + entry.usage, entry.summary});
  return text + table(rows, "  ") +
         "\nThe instance is -C DIR (default: the playbook's folder when an instance is there, else the current one).\n"
         "`playbook COMMAND --help` shows the options of a command, `playbook NAME --help` those of a playbook.\n"
         "Exit codes: 0 done, 1 rolled back, 2 wrong usage, 3 refused, 4 needs attention, 5 suspended, 6 held by another run.\n";
}

std::vector<std::string> with_command(std::vector<std::string> words) {
  const std::string first = words.front();
  std::vector<std::string> names;
  for (const CommandEntry& entry : commands()) names.push_back(entry.name);
  if (has(names, first)) return words;
  if (first == "help" && words.size() > 1) {
    words.erase(words.begin());
    words.push_back("--help");
    return with_command(words);
  }
  if (first.rfind("-", 0) == 0) {
    throw Error(Code::argument_invalid, "option " + one_line(to_utf8(first)) + " stands before the command",
                "write playbook COMMAND " + one_line(to_utf8(first)));
  }
  if (first.find('/') != std::string::npos || is_playbook_file(first)) {
    words.insert(words.begin(), "run");
    return words;
  }
  throw Error(Code::argument_invalid, "there is no command \"" + one_line(to_utf8(first)) + "\"" + did_you_mean(first, names),
              "`playbook --help` lists the commands");
}

ExitCode run_command_line(std::vector<std::string> words, const CommandLineWorld& world) {
  const bool json = has(words, "--json");
  try {
    if (words.empty()) {
      world.err << overview();
      return kUsage;
    }
    if (words == std::vector<std::string>{"help"} || words.front() == "--help" || words.front() == "-h") {
      world.out << overview();
      return kReached;
    }
    if (words.front() == "--version") {
      world.out << "playbook " << tool_version() << "\n";
      return kReached;
    }
    return run_command(with_command(std::move(words)), world);
  } catch (const Error& error) {
    return failed(error, world, json);
  } catch (const std::exception& error) {
    return failed({Code::internal, error.what(), "this is a defect of playbook; please report it"}, world, json);
  }
}

}  // namespace playbook::cli
