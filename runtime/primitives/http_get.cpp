// http.get: asks once and gives whatever answer comes.
#include "runtime/primitives/http.h"

namespace playbook {
namespace {

std::vector<Parameter> parameters() {
  std::vector<Parameter> all = request_parameters(30);
  all.insert(all.begin(), {"url", Type::string, "http or https", true, nullptr});
  all.push_back({"json", Type::boolean, "reads the body as JSON into `json`", false, false});
  return all;
}

class HttpGet : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    HttpRequest request = request_from(context, args);
    HttpResponse response = make_http_client()->send(request, &context.cancel());
    Json result = recorded(context, response);
    if (get_or(args, "json", false)) result["json"] = json_body(request, response);
    return result;
  }

  std::vector<std::string> touches(Context&, const Json& args) const override { return {http_thing(args)}; }

 private:
  const Declaration declaration_{
      .name = "http.get",
      .kind = Kind::read,
      .summary = "Asks a URL once; any status is an answer.",
      .parameters = parameters(),
      .returns = "{status: integer, headers: table<string, string>, body: string, truncated: boolean, json: any}",
      .returns_help = "header names in lower case, the first 64 KiB of the body, secrets masked",
      .errors = {"http.failed", "timeout", "json.invalid", "argument.invalid", "secret.missing", "cancelled"},
      .example = "http.get(\"http://127.0.0.1:8080/health\", {json=true}).json.version --> \"1.1\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_http_get() { return std::make_unique<HttpGet>(); }

}  // namespace playbook
