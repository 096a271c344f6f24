// http.wait: asks again and again until the answer is the one that is waited for, as long as what should answer runs.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/duration.h"
#include "runtime/primitives/http.h"
#include "runtime/primitives/process.h"

namespace playbook {
namespace {

std::vector<Parameter> parameters() {
  std::vector<Parameter> all = request_parameters(10);
  all.insert(all.begin(), {"url", Type::string, "http or https", true, nullptr});
  all.push_back({"status", Type::integer, "the status that is waited for", false, 200});
  all.push_back({"body", Type::string, "the whole answer as text, white space around it apart", false, nullptr});
  all.push_back({"json", Type::map, "what the answer must hold at least, as JSON", false, nullptr});
  all.push_back({"give_up_on", Type::list, "statuses that will not get better: they end the waiting", false, nullptr});
  all.push_back(
      {"runs", Type::strings, "a command that ends with 0 as long as it runs that should answer: else the waiting ends", false, nullptr});
  all.push_back({"deadline", Type::duration, "how long to go on", false, 60});
  all.push_back({"every", Type::duration, "pause between questions", false, 0.5});
  return all;
}

std::string first_line(const std::string& body) { return std::string(trim(body.substr(0, body.find('\n')))).substr(0, 200); }

class HttpWait : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    HttpRequest request = request_from(context, args);
    auto client = make_http_client();
    const auto timeout = request.timeout, deadline = duration_of(args, "deadline");
    const auto end = context.clock().monotonic() + deadline;
    std::string last;
    for (std::uint64_t attempt = 1;; ++attempt) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(end - context.clock().monotonic());
      request.timeout = std::clamp(left, std::chrono::milliseconds(1), std::max(timeout, std::chrono::milliseconds(1)));
      if (std::optional<Json> result = ask(context, *client, request, args, last)) {
        (*result)["attempts"] = attempt;
        return *result;
      }
      if (args.contains("runs")) demand_running(context, args, last);
      context.progress(attempt, std::nullopt, "attempts");
      if (context.clock().monotonic() + duration_of(args, "every") >= end)
        throw Error(Code::timeout, shown_url(request.url) + " did not answer as expected within " + humane(deadline) + "; last: " + last,
                    "", {{"attempts", attempt}, {"last", last}});
      if (!context.cancel().wait(duration_of(args, "every"))) context.cancel().check();
    }
  }

  /// Assumes that what is waited for comes.
  Planned plan(Context&, const Json& args) override {
    Json result{{"status", args.at("status")}, {"headers", Json::object()}, {"body", ""}, {"truncated", false}, {"attempts", 1}};
    if (args.contains("json")) result["json"] = args["json"];
    return {.text = "wait until " + shown_url(args.at("url")) + " answers", .diff = "", .predicted = true, .result = result};
  }

  std::vector<std::string> touches(Context&, const Json& args) const override { return {http_thing(args)}; }

 private:
  static void demand_running(Context& context, const Json& args, const std::string& last) {
    Command command;
    command.argv = args["runs"].get<std::vector<std::string>>();
    command.folder = context.instance();
    command.deadline = std::chrono::seconds(20);
    const Exit exit = context.children().run(command, nullptr, &context.cancel());
    context.cancel().check();
    if (exit.status == 0 && !exit.timed_out) return;
    throw Error(Code::http_failed,
                "what should answer at " + shown_url(args["url"]) + " does not run any more, says " + command_line(command.argv) +
                    "; last: " + last,
                "look at the application's log", {{"url", shown_url(args["url"])}, {"reason", "ended"}});
  }

  // One question: the result when the answer fits, else nothing, and `last` says why.
  static std::optional<Json> ask(Context& context, HttpClient& client, const HttpRequest& request, const Json& args,
                                 std::string& last) try {
    HttpResponse response = client.send(request, &context.cancel());
    Json result = recorded(context, response);
    last = "status " + std::to_string(response.status);
    Json hopeless = get_or<Json>(args, "give_up_on", Json::array());
    if (std::find(hopeless.begin(), hopeless.end(), Json(response.status)) != hopeless.end())
      throw Error(Code::http_failed,
                  shown_url(request.url) + " answers " + last + ", which ends the waiting: " + first_line(result["body"]),
                  "look at the application's log", {{"url", shown_url(request.url)}, {"reason", "gave_up"}, {"status", response.status}});
    if (response.status != args.at("status").get<int>()) {
      if (std::string line = first_line(result["body"]); !line.empty()) last += ", " + line;
      return std::nullopt;
    }
    if (args.contains("body") && trim(response.body) != args["body"].get<std::string>()) {
      last += ", \"" + first_line(result["body"]) + "\" and not \"" + args["body"].get<std::string>() + "\"";
      return std::nullopt;
    }
    if (!args.contains("json")) return result;
    result["json"] = context.redactor().apply(json_body(request, response));
    std::string differs = json_difference(args["json"], result["json"]);
    if (differs.empty()) return result;
    last += ", " + differs;
    return std::nullopt;
  } catch (const Error& error) {
    bool may_get_better = error.code() == Code::timeout || error.code() == Code::json_invalid ||
                          (error.code() == Code::http_failed && get_or<std::string>(error.details(), "reason", "") != "gave_up");
    if (!may_get_better) throw;
    bool cut_short = error.code() == Code::timeout && request.timeout < duration_of(args, "timeout");  // by the deadline: says nothing new
    if (!cut_short || last.empty()) last = error.message();
    return std::nullopt;
  }

  const Declaration declaration_{
      .name = "http.wait",
      .kind = Kind::read,
      .summary = "Asks a URL until its answer is the one that is waited for.",
      .parameters = parameters(),
      .returns = "{status: integer, headers: table<string, string>, body: string, truncated: boolean, json: any, attempts: integer}",
      .returns_help = "the answer as http.get gives it, and how often it was asked",
      .errors = {"timeout", "http.failed", "argument.invalid", "process.missing", "secret.missing", "cancelled"},
      .example = "http.wait(\"http://127.0.0.1:8080/health\", {json={status=\"ok\"}, deadline=30}).status --> 200",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_http_wait() { return std::make_unique<HttpWait>(); }

}  // namespace playbook
