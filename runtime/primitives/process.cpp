#include "runtime/primitives/process.h"

#include <algorithm>
#include <csignal>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/duration.h"

namespace playbook {
namespace {

constexpr size_t kKept = 64 * 1024;
constexpr size_t kMargin = 64 * 1024;  // captured beyond what is kept, so that the cut never leaves half of a secret unredacted

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string shown(const Context& context, std::string_view bytes) {
  std::string text = to_utf8(context.redactor().apply(bytes));
  if (text.size() <= kKept) return text;
  size_t at = text.size() - kKept;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;  // not inside a character
  return text.substr(at);
}

Json last_lines(const std::string& text, size_t count) {
  std::vector<std::string> lines = split(trim(text), '\n');
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

Command command_from(const Context& context, const Json& args, const std::filesystem::path& folder) {
  Command command;
  command.argv = args.at("argv").get<std::vector<std::string>>();
  for (const Json& status : args.at("ok"))
    if (!status.is_number_integer() && !(status.is_number() && status == status.get<std::int64_t>()))
      throw Error(Code::argument_invalid, "ok must be a list of integers, found " + canonical(status), "such as {0, 1}");
  command.folder = folder;
  command.capture_limit = kKept + kMargin;
  if (args.contains("deadline")) command.deadline = duration_of(args, "deadline");
  const Json environment = get_or<Json>(args, "env", Json::object());  // outlives the loop
  for (const auto& [name, value] : environment.items()) {
    if (!value.is_string() && !is_secret(value))
      throw Error(Code::argument_invalid, "env." + name + " must be a string or a secret reference", "write numbers as strings");
    if (name.empty() || name.find('=') != std::string::npos)
      throw Error(Code::argument_invalid, "env: \"" + name + "\" is not a name of a variable");
    command.environment[name] = context.open_secret(value);
  }
  command.environment["PLAYBOOK_ACTION"] = context.action_id();
  if (args.contains("input")) command.input = context.open_secret(args["input"]);
  return command;
}

[[noreturn]] void throw_failure(const Command& command, const Exit& exit, const Json& result) {
  std::string ended = exit.signal ? "was killed by signal SIG" + std::string(sigabbrev_np(exit.signal))
                                  : "ended with status " + std::to_string(exit.status);
  std::string heard = result.at("err").get<std::string>();
  Json lines = last_lines(trim(heard).empty() ? result.at("out").get<std::string>() : heard, 20);
  std::string last = lines.empty() ? "" : lines.back().get<std::string>().substr(0, 500);
  std::string hint = exit.signal == SIGKILL ? "somebody killed it; `dmesg` tells whether memory ran out" : "";
  throw Error(Code::process_failed, command_line(command.argv) + " " + ended + (last.empty() ? "" : ": " + last), hint,
              {{"argv", command.argv}, {"status", exit.status}, {"last_lines", lines}});
}

}  // namespace

std::vector<Parameter> command_parameters(const Json& default_deadline) {
  return {{"argv", Type::strings, "the program, looked up in PATH, and its arguments; no shell, no secrets", true, nullptr},
          {"env", Type::map, "variables beside the host's own; values are strings or secret references", false, nullptr},
          {"folder", Type::path, "where it runs; the instance when not given", false, nullptr},
          {"input", Type::secret, "given on standard input, which then ends", false, nullptr},
          {"deadline", Type::duration, "after this it is ended, and the call fails", false, default_deadline},
          {"ok", Type::list, "statuses that mean success", false, Json::array({0})},
          {"secret_output", Type::boolean, "its output is neither logged nor given back", false, false}};
}

Json run_command(Context& context, const Json& args) {
  HostPlace here(context.children());
  return run_command(context, args, here, args.contains("folder") ? context.resolve(args["folder"]) : context.instance());
}

Json run_command(Context& context, const Json& args, Place& place, const std::filesystem::path& folder) {
  Command command = command_from(context, args, folder);
  bool secret_output = get_or(args, "secret_output", false);
  LineSink to_log = [&](Stream, std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    context.log(LogLevel::info, to_utf8(context.redactor().apply(line)));
  };
  Exit exit = place.run(command, secret_output ? nullptr : to_log, &context.cancel());
  if (exit.cancelled) throw Error(Code::cancelled, command_line(command.argv) + " was cancelled and ended");
  if (exit.timed_out)
    throw Error(Code::timeout, command_line(command.argv) + " did not end within " + humane(*command.deadline) + " and was ended",
                "give it a longer deadline");
  Json result{{"status", exit.status}, {"out", ""}, {"err", ""}};
  if (!secret_output) result["out"] = shown(context, exit.out), result["err"] = shown(context, exit.err);
  const Json& ok = args.at("ok");
  if (exit.signal || std::find(ok.begin(), ok.end(), Json(exit.status)) == ok.end()) throw_failure(command, exit, result);
  return result;
}

std::vector<Parameter> change_parameters() {
  return {{"harmless", Type::boolean, "it cannot touch the application's data, so it needs no way back", false, false},
          {"repeat_safe", Type::boolean, "running it again after it was cut short is right", false, false},
          {"done_when", Type::strings,
           "a question: a command whose status 0 says that this is done already; asked before it runs and after a crash", false, nullptr}};
}

bool is_harmless(const Json& args) { return get_or(args, "harmless", false); }

bool is_done(Context& context, const Json& args, Place& place, const std::filesystem::path& folder) {
  if (!args.contains("done_when")) return false;
  Command command;
  command.argv = args["done_when"].get<std::vector<std::string>>();
  command.folder = folder;
  const Json environment = get_or<Json>(args, "env", Json::object());  // outlives the loop
  for (const auto& [name, value] : environment.items()) command.environment[name] = context.open_secret(value);
  command.deadline = std::chrono::minutes(1);
  command.capture_limit = 0;
  Exit exit = place.run(command, nullptr, &context.cancel());
  if (exit.cancelled) throw Error(Code::cancelled, command_line(command.argv) + " was cancelled and ended");
  if (exit.timed_out || exit.signal)
    throw Error(Code::process_failed,
                command_line(command.argv) + " gave no answer: it " + (exit.timed_out ? "did not end within a minute" : "was killed"));
  return exit.status == 0;
}

Json done_already(const Json& args) {
  return {{"status", args.at("ok").empty() ? Json(0) : args["ok"][0]}, {"out", ""}, {"err", ""}, {"done_already", true}};
}

Probe probe_command(Context& context, const Record& record, Place& place, const std::filesystem::path& folder) {
  std::string what = command_line(record.args.at("argv"));
  if (record.args.contains("done_when")) try {
      if (is_done(context, record.args, place, folder)) return {Probe::State::done, done_already(record.args), "", false};
      return {Probe::State::not_done, nullptr, "", false};
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      return {Probe::State::unknown, nullptr, what + " was cut short, and its done_when does not answer: " + error.message(), true};
    }
  if (get_or(record.args, "repeat_safe", false)) return {Probe::State::not_done, nullptr, "", false};
  return {Probe::State::unknown, nullptr, what + " was cut short; it may have done all, part or nothing of its work", true};
}

std::string command_line(const std::vector<std::string>& argv) {
  std::vector<std::string> words;
  for (const std::string& word : argv) words.push_back(quoted(word));
  return join(words, " ");
}

}  // namespace playbook
