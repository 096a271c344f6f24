// migrate.watch: follows the log and the health of a server that migrates its database as it starts, until it is ready or has failed.
//
// The log is asked for again and again from the last line that was seen, by docker's own times: a client that follows it would have to be
// found again after a restart of the container, which is the very thing that is watched for.
#include <algorithm>
#include <deque>
#include <regex>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/duration.h"
#include "runtime/primitives/http.h"

namespace playbook {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds kPause{200};
constexpr size_t kMatched = 4096;  // std::regex recurses: of a line only so much is looked at

std::vector<std::regex> patterns(const Json& args, const char* name) {
  std::vector<std::regex> all;
  for (const Json texts = get_or<Json>(args, name, Json::array()); const Json& text : texts) try {
      all.emplace_back(text.get<std::string>(), std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error&) {
      throw Error(Code::argument_invalid,
                  std::string("migrate.watch: ") + name + " \"" + text.get<std::string>() + "\" is no regular expression");
    }
  return all;
}

bool matches(const std::vector<std::regex>& all, const std::string& line) {
  const std::string part = line.substr(0, kMatched);
  return std::any_of(all.begin(), all.end(), [&](const std::regex& one) { return std::regex_search(part, one); });
}

class Watch {
 public:
  Watch(Context& context, const Json& args)
      : context_(context),
        args_(args),
        work_(context, {{"project", args.at("project")}, {"services", Json::array({args.at("service")})}}),
        service_(args.at("service")),
        fail_(patterns(args, "fail")),
        progress_(patterns(args, "progress")),
        ready_lines_(patterns(get_or<Json>(args, "ready", Json::object()), "lines")),
        client_(make_http_client()) {
    request_.url = args.at("url");
    request_.follow = 0;
    learn_secrets(context, work_.checked_config());
  }

  Json wait() {
    const auto began = context_.clock().monotonic(), end = began + duration_of(args_, "deadline");
    for (;;) {
      std::optional<Container> container = look();
      if (container) follow(*container);
      if (container && container->state == "running" && is_ready())
        return {{"ready_after_ms", std::chrono::duration_cast<milliseconds>(context_.clock().monotonic() - began).count()},
                {"lines", lines_}};
      if (context_.clock().monotonic() + kPause >= end)
        throw Error(Code::timeout,
                    "service " + service_ + " was not ready within " + humane(duration_of(args_, "deadline")) + "; last: " + answer_,
                    "look at its log", details());
      if (!context_.cancel().wait(kPause)) context_.cancel().check();
    }
  }

 private:
  // The container, and whether it has ended or restarts for ever.
  std::optional<Container> look() {
    std::vector<Container> all = work_.containers();
    if (all.empty()) {
      answer_ = "it has no container";
      return std::nullopt;
    }
    Container& container = all[0];
    if (container.id != id_) {
      id_ = container.id, restarts_ = container.restarts, seen_.clear(), seen_at_ = beginning(container);
      said_.assign(ready_lines_.size(), false);
    }
    const bool ended = container.state == "exited" || container.state == "dead";
    const int restarts = container.restarts - restarts_;
    if (ended || restarts > args_.at("restarts").get<int>()) {
      follow(container);  // a line that tells why is worth more than that it ended
      std::string what = ended ? "ended with status " + std::to_string(container.exit_code)
                               : "has restarted " + std::to_string(restarts) + (restarts == 1 ? " time" : " times");
      throw Error(Code::container_failed, "service " + service_ + " " + what + (last_.empty() ? "" : ": " + last_.back().substr(0, 500)),
                  "", details({{"status", container.exit_code}, {"restarts", restarts}}));
    }
    if (container.state != "running") answer_ = "it is " + container.state;
    return container;
  }

  // New lines of its log. `--since` includes the moment that it names, so lines of that moment that were seen are passed over.
  void follow(const Container& container) {
    Command command;
    command.argv = {"docker", "logs", "--timestamps", "--since", seen_at_, container.id};
    command.deadline = 1min;
    command.capture_limit = 4096;
    std::vector<std::string> fresh;
    Exit exit = context_.children().run(
        command, [&](Stream, std::string_view line) { fresh.emplace_back(line); }, &context_.cancel());
    context_.cancel().check();
    if (exit.status != 0) return;  // it may just have been removed; the next look tells
    std::stable_sort(fresh.begin(), fresh.end(), [](const std::string& a, const std::string& b) { return time_of(a) < time_of(b); });
    std::vector<std::string> known = seen_;
    for (const std::string& line : fresh) {
      if (time_of(line) != seen_at_) {
        seen_at_ = time_of(line);
        seen_.clear();
      } else if (auto was = std::find(known.begin(), known.end(), line); was != known.end()) {
        known.erase(was);
        continue;
      }
      seen_.push_back(line);
      take(line.substr(std::min(line.size(), seen_at_.size() + 1)));
    }
  }

  // Of its present life. Docker notes a start a moment after the program's first lines.
  static std::string beginning(const Container& container) {
    if (container.is_running()) return std::max(container.created, container.finished);
    constexpr size_t kMilliseconds = sizeof "2026-11-21T07:13:49.123" - 1;
    return to_iso(parse_iso(container.started.substr(0, kMilliseconds) + "Z") - 2s);
  }

  static std::string time_of(const std::string& line) { return line.substr(0, line.find(' ')); }

  void take(const std::string& raw) {
    ++lines_;
    std::string line = to_utf8(context_.redactor().apply(raw));
    last_.push_back(line);
    if (last_.size() > 20) last_.pop_front();
    if (matches(fail_, line))
      throw Error(Code::container_failed, "service " + service_ + " says that it failed: " + line.substr(0, 500), "",
                  details({{"line", line}}));
    bool tells = matches(progress_, line);
    for (size_t i = 0; i < ready_lines_.size(); ++i)
      if (matches({ready_lines_[i]}, line)) said_[i] = tells = true;
    context_.log(tells ? LogLevel::info : LogLevel::debug, line);
    if (tells) context_.progress(static_cast<std::uint64_t>(lines_), std::nullopt, "lines");
  }

  bool is_ready() try {
    const Json ready = get_or<Json>(args_, "ready", Json::object()), starting = get_or<Json>(args_, "starting", Json::object());
    request_.timeout = 5s;
    HttpResponse response = client_->send(request_, &context_.cancel());
    answer_ = "it answers " + std::to_string(response.status);
    if (response.status != get_or(ready, "status", 200)) {
      if (response.status == get_or(starting, "status", 0)) answer_ += ", still starting";
      return false;
    }
    if (std::find(said_.begin(), said_.end(), false) != said_.end()) {
      answer_ += ", its log does not say yet that it is ready";
      return false;
    }
    if (!ready.contains("json")) return true;
    std::string differs = json_difference(ready["json"], context_.redactor().apply(json_body(request_, response)));
    if (!differs.empty()) answer_ += ", " + differs;
    return differs.empty();
  } catch (const Error& error) {
    if (error.code() != Code::http_failed && error.code() != Code::timeout && error.code() != Code::json_invalid) throw;
    answer_ = error.message();
    return false;
  }

  Json details(Json more = Json::object()) const {
    more["service"] = service_;
    more["last_lines"] = last_;
    return more;
  }

  Context& context_;
  const Json& args_;
  ComposeWork work_;
  std::string service_, id_;
  std::vector<std::regex> fail_, progress_, ready_lines_;
  std::vector<bool> said_;  // which of ready_lines_ the log had in the container's present life
  std::unique_ptr<HttpClient> client_;
  HttpRequest request_;
  int restarts_ = 0;
  std::int64_t lines_ = 0;
  std::string seen_at_;            // docker's time of the last line, at first of the beginning
  std::vector<std::string> seen_;  // the lines of that moment
  std::deque<std::string> last_;
  std::string answer_ = "it has not answered";
};

class MigrateWatch : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }
  Json run(Context& context, const Json& args, const Json&) override {
    for (const char* name : {"service", "url"})
      if (!args.contains(name)) throw Error(Code::argument_invalid, std::string("migrate.watch: ") + name + " must be given");
    return Watch(context, args).wait();
  }
  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Planned plan(Context&, const Json& args) override {
    Planned planned;
    planned.text = "follow service " + get_or<std::string>(args, "service", "?") + " until " +
                   shown_url(get_or<std::string>(args, "url", "?")) + " says that it is ready";
    return planned;
  }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    std::vector<std::string> things{project_thing(context, args)};
    if (args.contains("url")) things.push_back(http_thing(args));
    return things;
  }

 private:
  const Declaration declaration_{
      .name = "migrate.watch",
      .kind = Kind::read,
      .summary = "Follows log and health of a server that migrates its database as it starts, until it is ready or has failed.",
      .parameters = {project_parameter(),
                     {"service", Type::string, "the server; must be given", false, nullptr},
                     {"url", Type::string, "where it tells how it is; must be given", false, nullptr},
                     {"ready", Type::map,
                      "{status=200, json=?, lines={regular expressions}?}: the answer, and lines of the log, that are waited for", false,
                      Json{{"status", 200}}},
                     {"starting", Type::map, "{status=503}: the answer while it starts", false, nullptr},
                     {"fail", Type::strings, "regular expressions of log lines that say that it failed", false, nullptr},
                     {"progress", Type::strings, "regular expressions of log lines that people want to see", false, nullptr},
                     {"restarts", Type::integer, "how often its container may restart meanwhile", false, 0},
                     compose_deadline_parameter(300, "how long to go on")},
      .returns = "{ready_after_ms: integer, lines: integer}",
      .returns_help = "time since the watch began, and how many lines the log had",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "process.missing", "timeout", "unsupported", "cancelled"},
      .example =
          "migrate.watch({}, {service=\"app\", url=\"http://127.0.0.1:3000/health\", fail={\"^error: \"}, deadline=600}).lines --> 41",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_migrate_watch() { return std::make_unique<MigrateWatch>(); }

}  // namespace playbook
