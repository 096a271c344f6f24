// scratch.serve: starts a server beside the one that runs, on a port of its own, waits until it answers, and ends it again: a new release
// is seen to start on a copy of the data. It lives no longer than this call: the guardian ends it where the host dies.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <regex>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/pin/service_variables.h"
#include "runtime/primitives/duration.h"
#include "runtime/primitives/http.h"
#include "runtime/primitives/process.h"

namespace playbook {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPause{100};
constexpr size_t kLastLines = 20;

/// One that nobody listened on a moment ago.
int free_port() {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (!socket || ::bind(socket.get(), any, size) != 0 || ::getsockname(socket.get(), any, &size) != 0)
    throw system_error(errno, "cannot find a free port");
  return ntohs(address.sin_port);
}

/// By what applications call their secrets; a connection string holds a password.
bool may_be_secret(const std::string& name) {
  static const std::regex kSecret("(key|secret|password|token|dsn|connectionstring)", std::regex::icase);
  return std::regex_search(name, kSecret);
}

std::string with_port(std::string text, int port) {
  constexpr std::string_view kPlace = "{port}";
  for (size_t at = 0; (at = text.find(kPlace, at)) != std::string::npos;) text.replace(at, kPlace.size(), std::to_string(port));
  return text;
}

/// The server, on a thread of its own; ended and waited for by the destructor.
class Server {
 public:
  Server(Context& context, Command command) : context_(context), command_(std::move(command)) {
    thread_ = std::thread([this] { work(); });
  }
  ~Server() { end(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void end() {
    if (!thread_.joinable()) return;
    stop_.request();
    thread_.join();
  }

  /// Hands its new lines to the log; throws where it has ended by itself.
  void look() {
    const std::lock_guard lock(mutex_);
    for (const std::string& line : fresh_) context_.log(LogLevel::info, line);
    fresh_.clear();
    if (failure_) std::rethrow_exception(failure_);
    if (exit_)
      throw Error(Code::process_failed,
                  command_line(command_.argv) + " ended with status " + std::to_string(exit_->status) + " before it answered" +
                      (last_.empty() ? "" : ": " + last_.back().substr(0, 500)),
                  "", {{"argv", command_.argv}, {"status", exit_->status}, {"last_lines", last_}});
  }

  Json last_lines() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  void work() {
    try {
      const Exit exit = context_.children().run(
          command_, [this](Stream, std::string_view line) { hear(line); }, &stop_);
      const std::lock_guard lock(mutex_);
      exit_ = exit;
    } catch (const std::exception&) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
  }

  void hear(std::string_view line) {
    const std::string text = to_utf8(context_.redactor().apply(line));
    const std::lock_guard lock(mutex_);
    fresh_.push_back(text);
    last_.push_back(text);
    if (last_.size() > kLastLines) last_.pop_front();
  }

  Context& context_;
  const Command command_;
  CancelToken stop_;
  std::mutex mutex_;
  std::vector<std::string> fresh_;
  std::deque<std::string> last_;
  std::optional<Exit> exit_;
  std::exception_ptr failure_;
  std::thread thread_;
};

std::vector<Parameter> serve_parameters() {
  std::vector<Parameter> all;
  for (Parameter& one : command_parameters(600))
    if (one.name == "argv" || one.name == "env" || one.name == "folder" || one.name == "deadline") all.push_back(std::move(one));
  all[1].help += "; {port} stands for the port";
  all.back().help = "how long it may take until it answers";
  all.push_back({"env_files", Type::strings, "of variables beneath `env`, as of appsettings.get: what its service gets", false, nullptr});
  all.push_back({"url", Type::string, "that is asked, such as http://127.0.0.1:{port}/health; must be given", false, nullptr});
  all.push_back({"statuses", Type::list, "any of these is waited for", false, Json::array({200})});
  all.push_back({"body", Type::string, "the whole answer as text, white space around it apart", false, nullptr});
  all.push_back({"give_up_on", Type::list, "statuses that will not get better: they end the waiting", false, nullptr});
  return all;
}

class ScratchServe : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    if (!args.contains("url")) throw Error(Code::argument_invalid, "scratch.serve: url must be given");
    const int port = free_port();
    const auto began = context.clock().monotonic();
    context.reach("scratch.serve.before");
    Server server(context, command_from(context, args, port));
    await(context, args, port, server, began + duration_of(args, "deadline"));
    context.reach("scratch.serve.answered");
    server.end();
    return {{"ready_after_ms", std::chrono::duration_cast<milliseconds>(context.clock().monotonic() - began).count()}};
  }

  Planned plan(Context& context, const Json& args) override {
    Planned planned;
    planned.text =
        "start " + command_line(args.at("argv")) + " in " + folder_of(context, args).string() + ", on a port of its own, until it answers";
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  bool repeatable() const override { return true; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + folder_of(context, args).string()};
  }

 private:
  static std::filesystem::path folder_of(const Context& context, const Json& args) {
    return args.contains("folder") ? context.resolve(args["folder"].get<std::string>()) : context.instance();
  }

  static Command command_from(const Context& context, const Json& args, int port) {
    Command command;
    for (const Json words = args.at("argv"); const Json& word : words) command.argv.push_back(with_port(word.get<std::string>(), port));
    command.folder = folder_of(context, args);
    std::vector<std::filesystem::path> files;
    for (const Json all = get_or<Json>(args, "env_files", Json::array()); const Json& file : all) files.push_back(context.resolve(file));
    command.environment = service_variables(files);
    for (const auto& [name, value] : command.environment)
      if (may_be_secret(name)) context.redactor().add(name, value);
    for (const Json env = get_or<Json>(args, "env", Json::object()); const auto& [name, value] : env.items())
      command.environment[name] = with_port(context.open_secret(value), port);
    command.environment["PLAYBOOK_ACTION"] = context.action_id();
    return command;
  }

  static void await(Context& context, const Json& args, int port, Server& server, std::chrono::steady_clock::time_point end) {
    HttpRequest request;
    request.url = with_port(args.at("url"), port);
    request.follow = 0;
    request.timeout = std::chrono::seconds(30);
    const auto client = make_http_client();
    for (std::string last = "it has not answered"; !answers(context, *client, request, args, last, server);) {
      server.look();
      if (context.clock().monotonic() + kPause >= end)
        throw Error(Code::timeout,
                    command_line(args.at("argv")) + " did not answer as expected within " + humane(duration_of(args, "deadline")) +
                        "; last: " + last,
                    "", {{"last", last}, {"last_lines", server.last_lines()}});
      if (!context.cancel().wait(kPause)) context.cancel().check();
    }
    server.look();
  }

  static bool answers(Context& context, HttpClient& client, const HttpRequest& request, const Json& args, std::string& last,
                      Server& server) {
    HttpResponse response;
    try {
      response = client.send(request, &context.cancel());
    } catch (const Error& error) {
      if (error.code() != Code::http_failed && error.code() != Code::timeout) throw;
      last = error.message();
      return false;
    }
    const std::string body = to_utf8(context.redactor().apply(std::string(trim(response.body)).substr(0, 200)));
    last = "status " + std::to_string(response.status) + (body.empty() ? "" : ", " + body.substr(0, body.find('\n')));
    const Json hopeless = get_or<Json>(args, "give_up_on", Json::array());
    if (std::find(hopeless.begin(), hopeless.end(), Json(response.status)) != hopeless.end())
      throw Error(Code::http_failed, command_line(args.at("argv")) + " answers " + last + ", which ends the waiting", "",
                  {{"status", response.status}, {"last_lines", server.last_lines()}});
    const Json& wanted = args.at("statuses");
    return std::find(wanted.begin(), wanted.end(), Json(response.status)) != wanted.end() &&
           (!args.contains("body") || trim(response.body) == args["body"].get<std::string>());
  }

  const Declaration declaration_{
      .name = "scratch.serve",
      .kind = Kind::change,
      .summary = "Starts a server of a scratch copy on a port of its own, waits until it answers as expected, and ends it.",
      .parameters = serve_parameters(),
      .returns = "{ready_after_ms: integer}",
      .returns_help = "how long it took",
      .errors = {"argument.invalid", "http.failed", "process.failed", "process.missing", "secret.missing", "timeout", "cancelled"},
      .example =
          "scratch.serve({\"./server\"}, { folder = copy, env = { PORT = \"{port}\" }, url = \"http://127.0.0.1:{port}/health\" })"
          ".ready_after_ms --> 812",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_scratch_serve() { return std::make_unique<ScratchServe>(); }

}  // namespace playbook
